package remote

import "testing"

func TestHide(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`Put "https://a.example/c/b?sig=x&se=y": no route`, `Put "https://a.example/c/b": no route`},
		{"open s3://me:pw@bucket/p: denied", "open s3://bucket/p: denied"},
		{`reading blob "a@b/c": really?`, `reading blob "a@b/c": really?`},
	} {
		if got := secrets(nil).hide(test.text); got != test.want {
			t.Errorf("hide(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}
