//! Many runs as one word of an address: their ids between commas, or 22 characters for each (base64url of its 16 bytes).
//! A thousand runs are 22 kB, which servers and browsers take as the address of a page.

use crate::RunId;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use std::collections::HashSet;
use uuid::Uuid;

/// Characters of a packed id.
const PACKED: usize = 22;
/// Up to so many runs are written as plain ids, which people and other programs can read.
const PLAIN: usize = 20;

/// Writes runs as one word of an address.
pub fn write_runs(ids: &[RunId]) -> String {
    if ids.len() <= PLAIN {
        return ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    }
    ids.iter().map(|id| BASE64_URL_SAFE_NO_PAD.encode(id.0.as_bytes())).collect()
}

/// Reads the ids in such a word, each once. Packed and plain ones may stand side by side; what is neither stays as it is,
/// for whoever says what isn't there.
pub fn read_runs(text: &str) -> Vec<String> {
    let mut once = HashSet::new();
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .flat_map(|word| unpacked(word).unwrap_or_else(|| vec![word.to_owned()]))
        .filter(|id| once.insert(id.clone()))
        .collect()
}

fn unpacked(word: &str) -> Option<Vec<String>> {
    if !word.len().is_multiple_of(PACKED) {
        return None;
    }
    let unpack = |packed: &[u8]| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(packed).ok()?;
        Some(RunId(Uuid::from_slice(&bytes).ok()?).to_string())
    };
    word.as_bytes().chunks(PACKED).map(unpack).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(count: u128) -> Vec<RunId> {
        (0..count).map(|number| RunId(Uuid::from_u128(number * 0x1234_5678_9abc_def0_1357))).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        for count in [0, 1, 2, 20, 21, 1000] {
            let ids = runs(count);
            let text = write_runs(&ids);
            let expected: Vec<String> = ids.iter().map(ToString::to_string).collect();
            assert_eq!(read_runs(&text), expected, "{count} runs");
            assert!(
                text.len() <= 22_000
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_,".contains(&b))
            );
        }
    }

    #[test]
    fn ids_count_once_and_what_is_none_stays() {
        assert_eq!(read_runs("a,b,,a, c"), ["a", "b", "c"]);
        assert!(read_runs("").is_empty());
        let packed = write_runs(&runs(21));
        let plain = runs(2)[1].to_string();
        assert_eq!(read_runs(&format!("{plain},{packed}")).len(), 21);
        let odd = "!".repeat(22);
        assert_eq!(read_runs(&odd), [odd.as_str()]);
        let words = "é".repeat(11);
        assert_eq!(read_runs(&words), [words.as_str()]);
    }
}
