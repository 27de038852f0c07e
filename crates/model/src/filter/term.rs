//! Keys, values and tests: what the conditions of every language are made of.

use std::fmt;

/// The key of a metric, param or tag, as a filter can name it: not empty, and quotable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// `None` if the key is empty, or holds all three kinds of quotes so that no quoting can carry it.
    pub fn new(key: impl Into<String>) -> Option<Key> {
        let key = key.into();
        (!key.is_empty() && ['`', '"', '\''].iter().any(|&quote| can_quote(&key, quote))).then_some(Key(key))
    }

    /// The key without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.chars().all(stands_bare) {
            return f.write_str(&self.0);
        }
        write_quoted(f, &self.0, &['`', '"', '\''])
    }
}

/// Whether a key may hold this character without quotes.
pub fn stands_bare(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.')
}

/// A text to compare with, as a filter can say it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// `None` if the text holds both kinds of quotes: the language has no escape, so it can't say such a text.
    pub fn new(text: impl Into<String>) -> Option<Text> {
        let text = text.into();
        ['\'', '"'].iter().any(|&quote| can_quote(&text, quote)).then_some(Text(text))
    }

    /// The text without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quoted(f, &self.0, &['\'', '"'])
    }
}

/// Whether the text can stand between two of this quote: inside, the quote may only come in pairs.
pub fn can_quote(text: &str, quote: char) -> bool {
    text.split(|c| c != quote).all(|run| run.len() % 2 == 0)
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str, quotes: &[char]) -> fmt::Result {
    let quote = quotes.iter().copied().find(|&quote| can_quote(text, quote)).unwrap_or('\'');
    write!(f, "{quote}{text}{quote}")
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl NumberOp {
    /// The six comparators, in the order messages list them.
    pub const ALL: [NumberOp; 6] =
        [NumberOp::Eq, NumberOp::Ne, NumberOp::Gt, NumberOp::Ge, NumberOp::Lt, NumberOp::Le];

    /// The comparator as it is written, here and in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            NumberOp::Eq => "=",
            NumberOp::Ne => "!=",
            NumberOp::Lt => "<",
            NumberOp::Le => "<=",
            NumberOp::Gt => ">",
            NumberOp::Ge => ">=",
        }
    }
}

impl fmt::Display for NumberOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A comparison with a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// `= 'x'`
    Eq(Text),
    /// `!= 'x'`
    Ne(Text),
    /// `LIKE 'x%'`: case sensitive, see [`like`](super::like).
    Like(Text),
    /// `ILIKE 'x%'`: in any case.
    Ilike(Text),
}

impl fmt::Display for TextTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextTest::Eq(text) => write!(f, "= {text}"),
            TextTest::Ne(text) => write!(f, "!= {text}"),
            TextTest::Like(text) => write!(f, "LIKE {text}"),
            TextTest::Ilike(text) => write!(f, "ILIKE {text}"),
        }
    }
}

/// A test of a key that a thing may lack. A [`TextTest`], even `!=`, only holds where the key is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyTest {
    /// The key is there and its value fits.
    Text(TextTest),
    /// `IS NULL`: the key is missing.
    IsNull,
    /// `IS NOT NULL`: the key is there.
    IsNotNull,
}

impl fmt::Display for KeyTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyTest::Text(test) => test.fmt(f),
            KeyTest::IsNull => f.write_str("IS NULL"),
            KeyTest::IsNotNull => f.write_str("IS NOT NULL"),
        }
    }
}

/// A comparison with a text or with a list of texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListTest {
    /// A comparison with one text.
    Text(TextTest),
    /// `IN ('a', 'b')`
    In(OneOf<Text>),
    /// `NOT IN ('a', 'b')`
    NotIn(OneOf<Text>),
}

impl fmt::Display for ListTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListTest::Text(test) => test.fmt(f),
            ListTest::In(list) => write!(f, "IN ({list})"),
            ListTest::NotIn(list) => write!(f, "NOT IN ({list})"),
        }
    }
}

/// A comparison of a thing that can only be the same or not: a number that is an id, a status.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IdTest<T> {
    /// `= '1'`
    Eq(T),
    /// `!= '1'`
    Ne(T),
    /// `IN ('1', '2')`
    In(OneOf<T>),
    /// `NOT IN ('1', '2')`
    NotIn(OneOf<T>),
}

impl<T: fmt::Display> fmt::Display for IdTest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, list) = match self {
            IdTest::Eq(id) => return write!(f, "= '{id}'"),
            IdTest::Ne(id) => return write!(f, "!= '{id}'"),
            IdTest::In(list) => ("IN", list),
            IdTest::NotIn(list) => ("NOT IN", list),
        };
        let ids: Vec<String> = list.as_slice().iter().map(|id| format!("'{id}'")).collect();
        write!(f, "{word} ({})", ids.join(", "))
    }
}

/// The values of a list: one at least.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OneOf<T>(Vec<T>);

impl<T> OneOf<T> {
    /// `None` if there are no values.
    pub fn new(values: Vec<T>) -> Option<OneOf<T>> {
        (!values.is_empty()).then_some(OneOf(values))
    }

    /// The values in the order they were written.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The same list of other values; the first value that can't be converted ends it.
    pub fn try_map<U, E>(&self, convert: impl FnMut(&T) -> Result<U, E>) -> Result<OneOf<U>, E> {
        Ok(OneOf(self.0.iter().map(convert).collect::<Result<_, _>>()?))
    }
}

impl<T: fmt::Display> fmt::Display for OneOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, value) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            value.fmt(f)?;
        }
        Ok(())
    }
}

/// The shortest text that reads back as the same number.
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:?}", self.0);
        f.write_str(text.strip_suffix(".0").unwrap_or(&text))
    }
}
