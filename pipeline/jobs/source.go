package jobs

import (
	"maps"
	"slices"
)

// knownSourceKeys are the keys that a source of a datapact resource understands.
var knownSourceKeys = slices.Concat([]string{
	"uri", "branch", "private_key", "private_key_user", "private_key_passphrase", "known_hosts", "username", "password",
	"skip_ssl_verification", "git_config", "committer_name", "committer_email", "filters", "initial", "store", "store_env", "plan", "plan_jobs", "code",
}, bucketKeys())

// IgnoredSourceKeys are the keys of Concourse's git resource that say nothing about
// receipts. A source may have them, so that one source can serve both.
var IgnoredSourceKeys = []string{
	"clean_tags", "commit_filter", "commit_verification_key_ids", "commit_verification_keys", "debug", "disable_ci_skip", "disable_git_lfs",
	"fetch_tags", "forward_agent", "git_crypt_key", "gpg_keyserver", "https_tunnel", "ignore_paths", "paths", "search_remote_refs",
	"short_ref_format", "sparse_paths", "submodule_credentials", "submodule_recursive", "submodule_remote", "submodules",
	"tag_behaviour", "tag_filter", "tag_regex", "version_depth",
}

// UnknownSourceKeys lists the keys of a source that no datapact resource understands,
// sorted.
func UnknownSourceKeys(source map[string]any) []string {
	var unknown []string
	for _, key := range slices.Sorted(maps.Keys(source)) {
		if !slices.Contains(knownSourceKeys, key) && !slices.Contains(IgnoredSourceKeys, key) {
			unknown = append(unknown, key)
		}
	}
	return unknown
}
