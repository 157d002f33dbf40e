/*
Package receipts defines the receipt, the small JSON document that records one
execution of a data job: what it read, what it produced and when. This comment
is the specification of the format; the code below it reads and writes it and
nothing else. Functions may be called concurrently; values may be read, but not
changed, by several goroutines at once.

# Where receipts live

A dataset is a git branch. Next to the job that produces it (config/, docker/)
it keeps one file per result:

	result/ab/cdef….json

ab and cdef… together are the 40 hex digits of the receipt's id, see [ID.Path]
and [IDFromPath]. The id depends on the inputs and not on the outputs. A second
execution on the same inputs therefore replaces the file in a new commit: the
tip of the branch holds the current receipt, its history every execution.

# Document

A receipt is one JSON object (RFC 8259) in UTF-8:

	{
	  "branch": "aws-xen-centos-7-metadata",
	  "input": [
	    {
	      "branch": "aws-xen-centos-7-stemcell",
	      "metadata": [
	        {
	          "key": "version",
	          "value": "3263.7"
	        }
	      ],
	      "result": "404d4a107ba1122ff64970ca6275d20a8d50305d",
	      "timestamp": "2016-09-22T02:27:13Z"
	    }
	  ],
	  "metadata": [
	    {
	      "key": "buildenv",
	      "value": "0aed24f371e44660b614eabef08f7ce31a99df9c"
	    }
	  ],
	  "output": [
	    {
	      "blob": "332e7bdf1999fcf4a90019d3956794bbcc75eefc",
	      "checksum": {
	        "sha256": "d12fd8363fc362c8eb0bf0d72e2c9ba911256fb47c1a579191bec643964df509"
	      },
	      "filters": [
	        "gz"
	      ],
	      "path": "filelist.gz",
	      "size": 1694528
	    }
	  ],
	  "timestamp": "2016-09-22T03:58:16Z"
	}

The keys of the receipt:

  - branch (required): the branch that the execution produced. In the bucket it
    is the folder of the blobs. The rules of git-check-ref-format(1) apply.
  - input: what the execution read, in the order that the id is made of. Always
    written, as [] if there is none.
  - job: what ran. Left out when unknown.
  - metadata: an array of facts about the execution, each a key and a value.
    Left out when empty.
  - output: what the execution produced, sorted by path. Always written.
  - timestamp (required): when the execution finished.

The keys of a job, each left out when it says nothing or is unknown:

  - code: what came from an ordinary branch, an object with ref, the commit, and
    tree, that of the files that were chosen of it and of no others.
  - config: a hash of the effective task.
  - docker: the tree of the folder docker/.
  - image: the digest of the container image.

The keys of an input:

  - branch (required): the dataset branch that was read. A name that starts
    with a colon is a pseudo-branch for what no branch holds; ":concourse" is a
    resource of the Concourse CI system.
  - metadata: facts that came along, as in the receipt. Left out when empty.
  - result (required): the id of the receipt that was read, and for a
    pseudo-branch any text that is not empty.
  - timestamp: that of the receipt as it was when it was read, which tells one
    execution from a later one with the same id. Always written, as null when
    unknown.

The keys of an output:

  - blob (required): the name of the stored object; its key in the bucket is
    <prefix><branch>/<blob>. Readers see no meaning in it. It is not empty, has
    no control character and no "..", and does not start with a slash.
  - checksum (required): an object with the sha256 of the stored object in
    lower-case hex, and possibly digests by other algorithms.
  - content: an object with the sha256 and the size of the file before the
    filters. Left out when unknown. Of a folder that the filter tar packs it
    has files, how many there are, size, that of all of them together, and
    sha256, that of a list of them, which package filters/bundle describes:
    it proves each file without the others.
  - filters: the names of the filters that made the stored object from the
    file, in the order applied. Left out when there are none.
  - mode: "0755" for an executable file. Left out for any other.
  - path (required): the name of the stored object below the result directory,
    with slashes; it has the suffixes of the filters. [CheckPath] has the rules.
    Paths are unique, and none is a folder of another.
  - size (required): the size of the stored object in bytes, a whole number
    from 0 to 2⁶³−1 without fraction or exponent.

A value of metadata is any JSON value; its key need not be unique. A timestamp
is an instant in UTC with whole seconds, written 2006-01-02T15:04:05Z and in no
other way; see [Timestamp].

# Reading

A reader accepts any white space and order of keys. It takes inputs for input
and outputs for output, but not both in one receipt; null stands for an empty
array, a missing content or an unknown timestamp. It keeps keys that it does not
know, in whatever object they are, so that they survive a rewrite; see [Extra].

It refuses documents above [MaxSize], bytes that are not UTF-8, nesting deeper
than 100, a key twice in one object, half a surrogate pair, a missing required
key, a value of the wrong type and anything after the document. Its errors
name the key ("output[3].size") and the line, and never quote the document.

A null receipt is an empty file, {}, null or a link to /dev/null. Older tools
started branches with one, under the id [NullID]. It is not a result, and
finding one is not an error.

# Canonical bytes

A writer writes exactly what "jq -S ." prints. Members are sorted by the bytes
of their keys, unknown ones among the known; the indent is two spaces per
level; a line feed ends each line and the document; an empty array is [] and an
empty object {}. Strings are raw UTF-8 except for the quote and the backslash,
which a backslash escapes, and the control characters: \b \f \n \r \t in this
short form, the others up to U+001F and U+007F as \u and four lower-case
digits. Unlike jq, which may round a number, a writer keeps its text.

Of what may be left out, a writer leaves out what is empty. What is always
written but was missing in the document that was read (input and output of a
receipt, timestamp of an input) stays missing until it gets a value. So
valid bytes that are canonical already are written again unchanged.

# Id

The id is the sha1, in lower-case hex, of one line for each input, in order,
ended by a line feed and without any white space otherwise:

	{"input":{"branch":"<branch>","result":"<result>"}}

with strings as in the canonical bytes. A receipt without inputs has one line,
with branch datapact-timestamp and the receipt's timestamp as result. For
example, the branch :concourse and the result
bosh-aws-xen-ubuntu-trusty-go_agent/3263.7 alone have the id
460783c4f026dbfc580c9297ad5296f3f861c367.

So that equal inputs give equal ids, they are brought in order and rid of
doubles before they are recorded; see [SortInputs].

# Documents of an execution

In the .datapact folder of its result directory an execution may leave

  - input or result: a seed, which counts as an input. It lets the first stage
    of a pipeline have an id that does not depend on the time; see
    [ParseInputs];
  - metadata.json: the metadata of the receipt to be; see [ParseMetadata].

The directory of a fetched input has .datapact/result with its receipt and
one more key, "result", the receipt's id; see [Receipt.EncodeResult]. It reads
as a seed.

# Words

The project uses these words for these things, here and everywhere else:

  - dataset: what a branch holds receipts of; job: what makes it, as
    config/job.json and docker/ on the branch say.
  - execution: one run of a job on certain inputs; task: the program it runs;
    run: the embedded engine at work on everything that is due.
  - result: the files that an execution made; output: one of them, or a folder
    packed as one, as its receipt tells; input: a receipt that it read; seed: an
    input that no branch holds.
  - recording: a commit that puts a receipt on a branch; replay: a recording of
    what was not executed again; request: a commit that asks for executions;
    retraction: a commit that takes receipts back; expiry: one that says that
    blobs are not kept any more.
  - plan: the executions that the receipts of inputs call for; state: how one of
    them stands to what it reads.
  - object: what a store holds under a key; blob: the name of an object, from its
    content; filter: a transform between a file and its object.
  - store: where objects are kept; backend: a kind of store; helper: the program
    that reaches one.
  - index: what receipts say, in a form that is searched; known: what was read of
    files that have not changed since. Either may be deleted at any time.
*/
package receipts
