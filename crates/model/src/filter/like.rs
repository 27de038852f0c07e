//! What LIKE and ILIKE mean, as a reference for the databases.

/// Whether the whole text fits an SQL LIKE pattern: `%` stands for any characters, `_` for one. There is no escape.
///
/// ILIKE is this without `case_sensitive`: letters of all scripts are compared in lower case.
pub fn like(pattern: &str, text: &str, case_sensitive: bool) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let fits =
        |p: char, t: char| p == '_' || p == t || (!case_sensitive && p.to_lowercase().eq(t.to_lowercase()));
    let (mut p, mut t) = (0, 0);
    // After a `%`: the place behind it in the pattern, and how much of the text it has swallowed.
    let mut retry = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'%') {
            p += 1;
            retry = Some((p, t));
        } else if pattern.get(p).is_some_and(|&c| fits(c, text[t])) {
            p += 1;
            t += 1;
        } else if let Some((behind, swallowed)) = retry {
            p = behind;
            t = swallowed + 1;
            retry = Some((behind, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '%')
}
