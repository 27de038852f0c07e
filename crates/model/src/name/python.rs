//! Texts as Python prints them, because that is how MLflow's messages quote them.

use std::fmt::Write;

/// What Python's `repr` makes of a text: `'it'`, `"it's"`, `'a\nb'`.
pub fn python_repr(text: &str) -> String {
    let quote = quote_for(text.contains('\''), text.contains('"'));
    let mut repr = String::from(quote);
    for c in text.chars() {
        match c {
            c if c.is_control() && c >= '\u{80}' => push(&mut repr, format_args!("\\x{:02x}", u32::from(c))),
            c if c.is_ascii() => push_ascii(&mut repr, c, quote),
            c => repr.push(c),
        }
    }
    repr.push(quote);
    repr
}

/// What Python's `repr` makes of bytes: `b'it'`, `b'\xff'`.
pub fn python_repr_bytes(bytes: &[u8]) -> String {
    let quote = quote_for(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut repr = format!("b{quote}");
    for &byte in bytes {
        match byte {
            0x80.. => push(&mut repr, format_args!("\\x{byte:02x}")),
            byte => push_ascii(&mut repr, char::from(byte), quote),
        }
    }
    repr.push(quote);
    repr
}

fn quote_for(single: bool, double: bool) -> char {
    if single && !double { '"' } else { '\'' }
}

fn push_ascii(repr: &mut String, c: char, quote: char) {
    match c {
        '\n' => repr.push_str("\\n"),
        '\r' => repr.push_str("\\r"),
        '\t' => repr.push_str("\\t"),
        '\\' => repr.push_str("\\\\"),
        c if c == quote => push(repr, format_args!("\\{c}")),
        c if c.is_control() => push(repr, format_args!("\\x{:02x}", u32::from(c))),
        c => repr.push(c),
    }
}

fn push(repr: &mut String, piece: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = repr.write_fmt(piece);
}
