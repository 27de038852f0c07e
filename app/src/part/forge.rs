//! Where forges show code. Only those whose addresses are known: what names a repository is whatever a client wrote.

/// A repository on a forge, as far as its addresses are concerned.
struct Repository<'a> {
    host: &'a str,
    path: &'a str,
}

impl<'a> Repository<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let place = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .or_else(|| text.strip_prefix("ssh://git@"))
            .or_else(|| text.strip_prefix("git@"))?;
        // A user name or a token may stand before the host.
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place).trim_end_matches('/');
        let (host, path) = place.split_once([':', '/'])?;
        let path = path.strip_suffix(".git").unwrap_or(path).trim_start_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~".contains(c);
        let is_good = !path.is_empty() && path.chars().all(plain) && !path.contains("..");
        is_good.then_some(Self { host, path })
    }

    fn address(&self, rest: &str) -> String {
        format!("https://{}/{}/{rest}", self.host, self.path)
    }
}

fn is_commit(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where a forge shows a commit.
pub fn commit_address(repository: &str, commit: &str) -> Option<String> {
    let repository = Repository::read(repository).filter(|_| is_commit(commit))?;
    let middle = match repository.host {
        "github.com" | "codeberg.org" | "gitea.com" => "commit",
        "bitbucket.org" => "commits",
        "gitlab.com" => "-/commit",
        _ => return None,
    };
    Some(repository.address(&format!("{middle}/{commit}")))
}

/// Where a forge shows what changed from one commit to another of the same repository.
pub fn range_address(from: (&str, &str), to: (&str, &str)) -> Option<String> {
    let (before, after) = (Repository::read(from.0)?, Repository::read(to.0)?);
    let (old, new) = (from.1, to.1);
    let is_one = before.host == after.host && before.path == after.path;
    if !is_one || old == new || !is_commit(old) || !is_commit(new) {
        return None;
    }
    let range = match after.host {
        "github.com" | "codeberg.org" | "gitea.com" => format!("compare/{old}...{new}"),
        "gitlab.com" => format!("-/compare/{old}...{new}"),
        // It names the newer one first.
        "bitbucket.org" => format!("branches/compare/{new}..{old}"),
        _ => return None,
    };
    Some(after.address(&range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_linked_on_known_forges_only() {
        let check = |repository: &str, address: Option<&str>| {
            assert_eq!(commit_address(repository, "abc123").as_deref(), address, "{repository}");
        };
        check("https://github.com/a/b.git", Some("https://github.com/a/b/commit/abc123"));
        check("git@github.com:a/b.git", Some("https://github.com/a/b/commit/abc123"));
        check("ssh://git@gitlab.com/a/b/c", Some("https://gitlab.com/a/b/c/-/commit/abc123"));
        check("https://token@bitbucket.org/a/b/", Some("https://bitbucket.org/a/b/commits/abc123"));
        check("https://evil.example/github.com/a", None);
        check("javascript:alert(1)", None);
        check("/home/me/code", None);
        assert_eq!(commit_address("https://github.com/a/b", "abc/../x"), None);
    }

    #[test]
    fn a_range_lies_within_one_repository() {
        let check = |repository: &str, address: Option<&str>| {
            let found = range_address((repository, "abc"), (repository, "def"));
            assert_eq!(found.as_deref(), address, "{repository}");
        };
        check("https://github.com/a/b.git", Some("https://github.com/a/b/compare/abc...def"));
        check("git@codeberg.org:a/b", Some("https://codeberg.org/a/b/compare/abc...def"));
        check("https://gitlab.com/a/b/c", Some("https://gitlab.com/a/b/c/-/compare/abc...def"));
        check("https://bitbucket.org/a/b", Some("https://bitbucket.org/a/b/branches/compare/def..abc"));
        check("https://evil.example/a/b", None);
        let github = "https://github.com/a/b";
        let mixed = range_address(("git@github.com:a/b.git", "abc"), (github, "def"));
        assert_eq!(mixed.as_deref(), Some("https://github.com/a/b/compare/abc...def"));
        assert_eq!(range_address((github, "abc"), ("https://github.com/a/c", "def")), None);
        assert_eq!(range_address((github, "abc"), (github, "abc")), None);
        assert_eq!(range_address((github, "abc"), (github, "x/y")), None);
    }
}
