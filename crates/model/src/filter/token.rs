//! Words, numbers, quoted texts and signs: the pieces that a search text is cut into.

use std::ops::Range;

/// What a piece is, as far as its characters tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A run of characters that is nothing else: a name, a keyword, or a mistake.
    Word,
    /// A decimal number: `1`, `-2.5`, `.5`, `1e-3`.
    Number,
    /// A text between two of this quote. The quote twice stands inside the text, as written.
    Quoted(char),
    /// A quote that is never closed, with the rest of the text.
    Unclosed,
    /// A run of `=`, `<`, `>` and `!`.
    Sign,
    Open,
    Close,
    Comma,
    Semicolon,
}

#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    /// The piece as written, with its quotes.
    pub text: &'a str,
    pub start: usize,
}

impl<'a> Token<'a> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn span(&self) -> Range<usize> {
        self.start..self.end()
    }

    /// The text between the quotes, or the whole piece if it has none.
    pub fn inner(&self) -> &'a str {
        match self.kind {
            Kind::Quoted(_) => &self.text[1..self.text.len() - 1],
            _ => self.text,
        }
    }

    /// Whether this is the keyword, in any case. A quoted word is no keyword.
    pub fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether this word has a meaning of its own, so that it can't be a name.
    pub fn is_keyword(&self) -> bool {
        ["AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "RLIKE", "BETWEEN"]
            .iter()
            .any(|keyword| self.is(keyword))
    }
}

/// Cuts a text into its pieces. Nothing but blanks lies between them.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (kind, len) = first_piece(rest, first);
        found.push(Token { kind, text: &rest[..len], start: text.len() - rest.len() });
        rest = rest[len..].trim_start();
    }
    found
}

fn first_piece(rest: &str, first: char) -> (Kind, usize) {
    match first {
        '(' => (Kind::Open, 1),
        ')' => (Kind::Close, 1),
        ',' => (Kind::Comma, 1),
        ';' => (Kind::Semicolon, 1),
        '\'' | '"' | '`' => quoted(rest, first),
        _ if is_sign(first) => (Kind::Sign, rest.find(|c| !is_sign(c)).unwrap_or(rest.len())),
        _ => {
            let len = rest.find(ends_word).unwrap_or(rest.len());
            (if is_number(&rest[..len]) { Kind::Number } else { Kind::Word }, len)
        }
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, '=' | '<' | '>' | '!')
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || is_sign(c) || matches!(c, '(' | ')' | ',' | ';' | '\'' | '"' | '`')
}

fn quoted(rest: &str, quote: char) -> (Kind, usize) {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return (Kind::Quoted(quote), at + 1);
        }
    }
    (Kind::Unclosed, rest.len())
}

fn is_number(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digit = !(whole.is_empty() && fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !power.is_empty() && digits(power)
    });
    has_digit && digits(whole) && digits(fraction) && exponent_fits
}
