//! Time and randomness: the only places where the domain takes them from the machine.

use crate::error::{Error, Result};
use model::Millis;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Now.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Fault(format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}

/// A random (version 4) UUID.
pub(crate) fn new_uuid() -> Result<Uuid> {
    Ok(uuid::Builder::from_random_bytes(random()?).into_uuid())
}

/// 256 random bits, to hash with.
pub(crate) fn new_key() -> Result<[u8; 32]> {
    random()
}

/// 256 random bits as text that survives URLs and shells.
pub(crate) fn new_secret() -> Result<String> {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// 160 random bits, of which codes are made (RFC 4226, 4).
pub(crate) fn new_code_secret() -> Result<[u8; 20]> {
    random()
}

/// 80 random bits as people copy them: five times four hexadecimal digits.
pub(crate) fn new_recovery_code() -> Result<String> {
    let digits = hex::encode(random::<10>()?);
    let parts: Vec<&str> = (0..5).map(|part| &digits[part * 4..part * 4 + 4]).collect();
    Ok(parts.join("-"))
}

/// 96 random bits as sixteen characters, for addresses that people pass on: nobody finds one by trying.
pub(crate) fn new_code() -> Result<String> {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<12>()?))
}

/// A name for what the client left unnamed, as MLflow makes them: adjective, noun, number; 20 characters at most.
pub(crate) fn new_name() -> Result<String> {
    const ADJECTIVES: [&str; 32] = [
        "able", "amused", "bold", "brave", "bright", "calm", "caring", "clean", "clever", "crisp", "deft",
        "eager", "fast", "fierce", "gentle", "glad", "grand", "humble", "keen", "kind", "lively", "loud",
        "merry", "neat", "polite", "proud", "quick", "quiet", "rare", "sharp", "silent", "wise",
    ];
    const NOUNS: [&str; 32] = [
        "ant", "bass", "bear", "bird", "carp", "crab", "crane", "crow", "deer", "doe", "dove", "duck", "eel",
        "elk", "finch", "fish", "fox", "frog", "goat", "hare", "hawk", "hen", "lamb", "lynx", "mole", "moth",
        "newt", "owl", "pug", "seal", "swan", "wren",
    ];
    let [a, b, c, d] = random::<4>()?;
    let number = u16::from_le_bytes([c, d]) % 1000;
    Ok(format!("{}-{}-{number}", ADJECTIVES[usize::from(a) % 32], NOUNS[usize::from(b) % 32]))
}
