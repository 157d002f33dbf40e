package gitcmd

import "testing"

func TestSimilar(t *testing.T) {
	there := []string{"record", "replay", "retract", "status", "store", "übung"}
	tests := []struct{ name, want string }{
		{"statsu", "the most similar command is status"},
		{"recrod", "the most similar command is record"},
		{"rec", "the most similar command is record"},
		{"sotre", "the most similar command is store"},
		{"ubung", "the most similar command is übung"},
		{"re", "the most similar ones are record, replay, retract"},
		{"rplays", "the most similar command is replay"},
		{"quux", "otherwise"},
		{"s", "otherwise"},
		{"", "otherwise"},
	}
	for _, test := range tests {
		if got := Similar(test.name, "command", there, "otherwise"); got != test.want {
			t.Errorf("Similar(%q) is %q, want %q", test.name, got, test.want)
		}
	}
}

func TestTypos(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "", 2}, {"ab", "ba", 1}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"abcd", "acbd", 1}} {
		if got := typos(test.a, test.b); got != test.want {
			t.Errorf("typos(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
