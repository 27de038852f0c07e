//! HMAC-SHA256 (RFC 2104), by which receivers know that a delivery is ours.

use sha2::{Digest as _, Sha256};

/// Bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;

/// The code of a text, which is given in parts.
pub fn hmac_sha256(key: &str, parts: &[&str]) -> Vec<u8> {
    let mut block = [0_u8; BLOCK];
    let key = if key.len() > BLOCK { Sha256::digest(key).to_vec() } else { key.as_bytes().to_vec() };
    block[..key.len()].copy_from_slice(&key);
    let mut inner = Sha256::new();
    inner.update(block.map(|byte| byte ^ 0x36));
    for part in parts {
        inner.update(part);
    }
    let mut outer = Sha256::new();
    outer.update(block.map(|byte| byte ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn codes_are_those_of_rfc_4231() {
        let check = |key: &str, parts: &[&str], expected: &str| {
            assert_eq!(hex(&hmac_sha256(key, parts)), expected);
        };
        check(
            &"\u{b}".repeat(20),
            &["Hi ", "There"],
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        );
        check(
            "Jefe",
            &["what do ya want for nothing?"],
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
    }

    /// Made by the function of MLflow's that signs.
    #[test]
    fn signatures_are_those_of_mlflow() {
        let check = |key: &str, expected: &str| {
            let parts = ["3f0c6c1e-0000-4000-8000-000000000001", ".", "1700000000", ".", r#"{"a": 1}"#];
            assert_eq!(BASE64_STANDARD.encode(hmac_sha256(key, &parts)), expected);
        };
        check("s3cret", "IZFq4l58OjDCCeG1tOSwAGkXM3TJtYbwAiV5GIgpZbw=");
        check(&"ä".repeat(60), "vKFdAmyfR743Wi6CAuvzvUbVrxJffnmaEkickMPT8sQ=");
    }
}
