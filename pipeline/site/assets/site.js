// Sorts, filters and pages the table of a branch. The rows are in data/BRANCH/N.js, which are
// loaded as scripts, since a page that is opened from a folder may not fetch anything.
"use strict";
(() => {
	const table = document.querySelector("table.receipts");
	if (!table) return;
	const shown = 100; // rows at a time
	const mostFacts = 8; // columns of metadata
	const form = document.querySelector("form.filter");
	const count = document.querySelector(".count");
	const pager = document.querySelector(".pager");
	const [previous, next] = pager.querySelectorAll("button");
	const number = new Intl.NumberFormat("en");
	const collator = new Intl.Collator("en", { numeric: true });
	const chunks = table.dataset.chunks.split(" "); // a digest of each

	let rows = []; // {id, at, files, size, shownSize, keys, facts, and on demand text}
	let keys = []; // of the columns of metadata
	let found = []; // the rows that the filter lets through, sorted
	let sort = { column: "date", descending: true };
	let page = 0;

	// Loading.
	const loaded = [];
	let waiting = chunks.length;
	window.datapact = {
		rows(n, chunk) { loaded[n] = chunk; },
	};
	for (let n = chunks.length - 1; n >= 0; n--) {
		const script = document.createElement("script");
		script.src = table.dataset.chunk + n + ".js?" + chunks[n];
		script.onload = () => { if (--waiting === 0) start(); };
		script.onerror = () => { count.textContent += " They cannot be sorted and filtered: a part of the data could not be loaded."; };
		document.head.append(script);
	}

	const two = (n) => (n < 10 ? "0" : "") + n;
	function dateOf(seconds) {
		if (seconds === null) return "";
		const d = new Date(seconds * 1000);
		return String(d.getUTCFullYear()).padStart(4, "0") + "-" + two(d.getUTCMonth() + 1) + "-" + two(d.getUTCDate()) +
			" " + two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + ":" + two(d.getUTCSeconds());
	}

	function start() {
		const often = new Map();
		for (const chunk of loaded) {
			const told = chunk.keys.map(() => 0);
			for (const row of chunk.rows) {
				const facts = row.slice(5);
				rows.push({ id: row[0], at: row[1], files: row[2], size: row[3], shownSize: row[4], keys: chunk.keys, facts, text: undefined });
				for (let i = 0; i < facts.length; i++) if (facts[i] !== null) told[i]++;
			}
			told.forEach((n, i) => { if (n > 0) often.set(chunk.keys[i], (often.get(chunk.keys[i]) || 0) + n); });
		}
		const there = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.fact).filter((key) => key !== undefined);
		keys = [...often.keys()].sort((a, b) => often.get(b) - often.get(a)).slice(0, mostFacts);
		keys.sort((a, b) => place(there, a) - place(there, b));
		drawHead();
		const told = new URLSearchParams(location.hash.slice(1));
		for (const name of ["q", "from", "to"]) form.elements[name].value = told.get(name) || "";
		if (told.get("sort")) sort = { column: told.get("sort").replace(/^-/, ""), descending: told.get("sort").startsWith("-") };
		form.hidden = false;
		form.addEventListener("submit", (event) => event.preventDefault());
		form.addEventListener("input", () => { page = 0; update(); });
		previous.addEventListener("click", () => { page--; draw(); });
		next.addEventListener("click", () => { page++; draw(); });
		update(false);
		table.dataset.ready = "";
	}

	const place = (list, key) => { const at = list.indexOf(key); return at < 0 ? list.length : at; };

	// Columns.
	function value(row, column) {
		switch (column) {
		case "date": return row.at === null ? -Infinity : row.at;
		case "id": return row.id;
		case "files": return row.files;
		case "size": return row.size;
		}
		const at = row.keys.indexOf(column.slice(5));
		return at < 0 ? null : row.facts[at];
	}

	function drawHead() {
		const line = table.tHead.rows[0];
		for (const cell of [...line.cells]) if (cell.dataset.fact !== undefined) cell.remove();
		for (const key of keys) {
			const cell = document.createElement("th");
			cell.scope = "col";
			cell.dataset.fact = key;
			cell.textContent = key;
			line.insertBefore(cell, line.querySelector("[data-key=files]"));
		}
		for (const cell of line.cells) {
			const button = document.createElement("button");
			button.type = "button";
			button.textContent = cell.textContent;
			cell.replaceChildren(button);
			button.addEventListener("click", () => {
				const column = columnOf(cell);
				sort = { column, descending: sort.column === column ? !sort.descending : column === "date" };
				page = 0;
				update();
			});
		}
	}

	const columnOf = (cell) => (cell.dataset.fact !== undefined ? "fact " + cell.dataset.fact : cell.dataset.key);

	// Filter.
	const numeric = (text) => (text !== "" && text !== null && !Number.isNaN(Number(text)) ? Number(text) : null);

	function compare(a, b) {
		const x = numeric(a), y = numeric(b);
		return x !== null && y !== null ? x - y : collator.compare(a, b);
	}

	const operators = {
		"=": (a, b) => a === b,
		"!=": (a, b) => a !== b,
		"<": (a, b) => compare(a, b) < 0,
		"<=": (a, b) => compare(a, b) <= 0,
		">": (a, b) => compare(a, b) > 0,
		">=": (a, b) => compare(a, b) >= 0,
		"~": (a, b) => a.toLowerCase().includes(b.toLowerCase()),
	};

	function textOf(row, key) {
		const fact = value(row, "fact " + key);
		if (fact !== null || !["date", "id", "files", "size"].includes(key)) return fact;
		return key === "date" ? dateOf(row.at) : String(row[key]);
	}

	function test(word) {
		const parts = /^([^=<>!~]+)(!=|<=|>=|=|<|>|~)(.*)$/.exec(word);
		if (parts) {
			const [, key, operator, want] = parts;
			return (row) => {
				const have = textOf(row, key);
				return have !== null && operators[operator](have, want);
			};
		}
		const part = word.toLowerCase();
		return (row) => {
			if (row.text === undefined) row.text = (row.id + " " + dateOf(row.at) + " " + row.facts.join(" ")).toLowerCase();
			return row.text.includes(part);
		};
	}

	function update(remember = true) {
		const tests = form.elements.q.value.split(/\s+/).filter((word) => word !== "").map(test);
		const from = form.elements.from.value, to = form.elements.to.value;
		if (from) tests.push((row) => dateOf(row.at).slice(0, 10) >= from);
		if (to) tests.push((row) => row.at !== null && dateOf(row.at).slice(0, 10) <= to);
		found = tests.length === 0 ? rows.slice() : rows.filter((row) => tests.every((one) => one(row)));
		order();
		for (const cell of table.tHead.rows[0].cells) {
			if (columnOf(cell) === sort.column) cell.setAttribute("aria-sort", sort.descending ? "descending" : "ascending");
			else cell.removeAttribute("aria-sort");
		}
		if (remember) store();
		draw();
	}

	function order() {
		let values = found.map((row) => value(row, sort.column));
		let by;
		if (values.every((v) => v === null || typeof v === "number" || numeric(v) !== null)) {
			values = values.map((v) => (v === null ? null : Number(v)));
			by = (a, b) => a - b;
		} else if (sort.column === "id") {
			by = (a, b) => (a < b ? -1 : 1);
		} else {
			by = (a, b) => collator.compare(a, b);
		}
		const sign = sort.descending ? -1 : 1;
		const places = found.map((_, i) => i).sort((a, b) => {
			const x = values[a], y = values[b];
			if (x === null || y === null) return (x === null) - (y === null); // what has no value comes last
			return sign * by(x, y);
		});
		found = places.map((i) => found[i]);
	}

	function store() {
		const told = new URLSearchParams();
		for (const name of ["q", "from", "to"]) if (form.elements[name].value) told.set(name, form.elements[name].value);
		if (sort.column !== "date" || !sort.descending) told.set("sort", (sort.descending ? "-" : "") + sort.column);
		history.replaceState(null, "", told.size ? "#" + told : location.pathname + location.search);
	}

	// Drawing.
	function cell(text, kind) {
		const td = document.createElement("td");
		td.textContent = text;
		if (kind) td.className = kind;
		return td;
	}

	function draw() {
		const body = document.createDocumentFragment();
		for (const row of found.slice(page * shown, (page + 1) * shown)) {
			const tr = document.createElement("tr");
			const link = document.createElement("a");
			link.className = "mono";
			link.href = table.dataset.receipt + row.id.slice(0, 2) + "/" + row.id.slice(2) + ".html";
			link.textContent = row.id.slice(0, 12);
			const id = document.createElement("td");
			id.append(link);
			tr.append(cell(dateOf(row.at), "date"), id);
			for (const key of keys) tr.append(cell(value(row, "fact " + key) ?? ""));
			tr.append(cell(number.format(row.files), "number"), cell(row.shownSize, "number"));
			body.append(tr);
		}
		table.tBodies[0].replaceChildren(body);
		const all = number.format(rows.length), some = number.format(found.length);
		count.textContent = (found.length === rows.length ? all : some + " of " + all) + (rows.length === 1 ? " receipt." : " receipts.");
		pager.hidden = found.length <= shown;
		previous.disabled = page === 0;
		next.disabled = (page + 1) * shown >= found.length;
		pager.querySelector("span").textContent = number.format(page * shown + 1) + "–" + number.format(Math.min(found.length, (page + 1) * shown)) + " of " + some;
	}
})();
