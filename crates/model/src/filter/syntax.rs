//! The grammar that all languages share: `clause (AND clause)*`, and the readers that the languages build on.
//!
//! A clause is read here as written; whether its name, comparator and value fit is for [`Condition::read`] to say.

use std::fmt;
use std::ops::Range;

use super::FilterError;
use super::term::{Key, NumberOp, OneOf, Text, TextTest, stands_bare};
use super::token::{Kind, Token, tokens};

/// What one clause of a filter asks, for one kind of thing. Implemented in this module only.
pub trait Condition: Sized + fmt::Display {
    /// Gives the clause its meaning, or says what is wrong with it.
    #[doc(hidden)]
    fn read(comparison: &Comparison<'_>) -> Result<Self, FilterError>;

    /// The message about pieces that make no clause. `found` quotes them.
    #[doc(hidden)]
    fn refuse(_filter: &str, found: &str) -> String {
        format!("Invalid clause(s) in filter string: {found}")
    }
}

/// A clause as written.
#[derive(Debug)]
pub struct Comparison<'a> {
    pub name: Name<'a>,
    pub test: Test<'a>,
}

/// What is compared: `prefix.key`, or `key` alone.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    pub prefix: Option<&'a str>,
    pub key: &'a str,
    /// Whether the key stands in quotes.
    pub quoted: bool,
    pub raw: &'a str,
    pub start: usize,
}

#[derive(Debug)]
pub enum Test<'a> {
    /// `IS NULL` or, if `negated`, `IS NOT NULL`.
    Null {
        negated: bool,
        span: Range<usize>,
    },
    Value {
        operator: Operator,
        value: Value<'a>,
    },
}

/// A comparator: signs, or keywords in upper case with one blank between them.
#[derive(Debug)]
pub struct Operator {
    pub word: String,
    pub span: Range<usize>,
}

/// The right side of a comparison.
#[derive(Debug)]
pub struct Value<'a> {
    pub kind: ValueKind<'a>,
    /// As written.
    pub raw: &'a str,
    pub start: usize,
}

#[derive(Debug)]
pub enum ValueKind<'a> {
    Number,
    Text {
        quote: char,
        inner: &'a str,
    },
    /// A word without quotes, or in backticks.
    Word,
    List(Vec<Token<'a>>),
}

impl Name<'_> {
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    pub fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError { message: message.into(), span: self.span() }
    }

    /// The key as one of a metric, param or tag.
    pub fn to_key(self) -> Result<Key, FilterError> {
        Key::new(self.key).ok_or_else(|| {
            self.error(format!("Invalid identifier '{}'. A key must follow the period.", self.raw))
        })
    }
}

impl Value<'_> {
    pub fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError { message: message.into(), span: self.start..self.start + self.raw.len() }
    }

    /// A text in quotes.
    ///
    /// # Errors
    /// A word without quotes is told about quotes; anything else what was `expected`.
    pub fn text(&self, expected: &str) -> Result<Text, FilterError> {
        let not_quoted = || {
            self.error(format!(
                "Parameter value is either not quoted or unidentified quote types used for string value {}. \
                 Use either single or double quotes.",
                self.raw
            ))
        };
        match self.kind {
            ValueKind::Text { inner, .. } => Text::new(inner).ok_or_else(not_quoted),
            ValueKind::Word => Err(not_quoted()),
            ValueKind::Number | ValueKind::List(_) => {
                Err(self.error(format!("{expected}. Got value {}", self.raw)))
            }
        }
    }

    /// The texts of a list; `None` if this is no list.
    ///
    /// # Errors
    /// An empty list, or an item that isn't a text in quotes.
    pub fn list(&self) -> Result<Option<OneOf<Text>>, FilterError> {
        let ValueKind::List(items) = &self.kind else { return Ok(None) };
        let texts = items
            .iter()
            .map(|item| {
                let text = match item.kind {
                    Kind::Quoted('\'' | '"') => Text::new(item.inner()),
                    _ => None,
                };
                text.ok_or_else(|| FilterError {
                    message: format!(
                        "While parsing a list in the query, expected string value, punctuation, or whitespace, \
                         but got different type in list: {}",
                        self.raw
                    ),
                    span: item.span(),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        OneOf::new(texts).map(Some).ok_or_else(|| {
            self.error(
                "While parsing a list in the query, expected a non-empty list of string values, \
                 but got empty list",
            )
        })
    }

    /// A number; `None` if this is none. Beyond the range of a double it is the greatest double, as stored metrics are.
    pub fn number(&self) -> Option<f64> {
        let number = matches!(self.kind, ValueKind::Number).then(|| self.raw.parse::<f64>().ok())??;
        Some(number.clamp(f64::MIN, f64::MAX))
    }

    /// The whole number that makes the same comparison with whole numbers as this number does, so that `> 5.5` is `> 5`.
    /// `None` if there is none: nothing is `= 5.5`.
    pub fn whole(&self, op: NumberOp) -> Option<i64> {
        if let Ok(whole) = self.raw.parse() {
            return Some(whole);
        }
        let number = self.number()?;
        match op {
            _ if number.fract() == 0.0 => Some(number as i64),
            NumberOp::Eq | NumberOp::Ne => None,
            NumberOp::Gt | NumberOp::Le => Some(number.floor() as i64),
            NumberOp::Ge | NumberOp::Lt => Some(number.ceil() as i64),
        }
    }
}

impl Operator {
    pub fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError { message: message.into(), span: self.span.clone() }
    }

    pub fn number_op(&self) -> Option<NumberOp> {
        NumberOp::ALL.into_iter().find(|op| op.as_str() == self.word)
    }

    /// One of `= != LIKE ILIKE` with a text; `None` if this is another comparator.
    pub fn text_test(&self, text: Text) -> Option<TextTest> {
        match self.word.as_str() {
            "=" => Some(TextTest::Eq(text)),
            "!=" => Some(TextTest::Ne(text)),
            "LIKE" => Some(TextTest::Like(text)),
            "ILIKE" => Some(TextTest::Ilike(text)),
            _ => None,
        }
    }
}

impl<'a> Comparison<'a> {
    pub fn span(&self) -> Range<usize> {
        let end = match &self.test {
            Test::Null { span, .. } => span.end,
            Test::Value { value, .. } => value.start + value.raw.len(),
        };
        self.name.start..end
    }

    /// The comparator and value of a field that is always there, so that asking whether it is null is a mistake.
    pub fn value(
        &self,
        null_message: impl FnOnce() -> String,
    ) -> Result<(&Operator, &Value<'a>), FilterError> {
        match &self.test {
            Test::Value { operator, value } => Ok((operator, value)),
            Test::Null { span, .. } => Err(FilterError { message: null_message(), span: span.clone() }),
        }
    }
}

/// Cuts a filter into its clauses. More ANDs than needed are no mistake, and neither is a missing one.
pub fn comparisons<C: Condition>(filter: &str) -> Result<Vec<Comparison<'_>>, FilterError> {
    let mut cursor = Cursor::new(filter, C::refuse);
    if let Some(last) = cursor.tokens.last().filter(|last| last.kind == Kind::Unclosed) {
        let found = format!("'{}'", last.text);
        let message = format!("{} The quote is not closed.", as_sentence(C::refuse(filter, &found)));
        return Err(FilterError { message, span: last.span() });
    }
    let mut found = Vec::new();
    loop {
        while cursor.take(|token| token.is("AND")).is_some() {}
        let Some(first) = cursor.peek() else { return Ok(found) };
        found.push(cursor.comparison(first)?);
    }
}

fn as_sentence(mut message: String) -> String {
    if !message.ends_with('.') {
        message.push('.');
    }
    message
}

/// Reads tokens one after the other.
pub struct Cursor<'a> {
    text: &'a str,
    refuse: fn(&str, &str) -> String,
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, refuse: fn(&str, &str) -> String) -> Self {
        Cursor { text, refuse, tokens: tokens(text), at: 0 }
    }

    pub fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    /// The next token if it fits.
    pub fn take(&mut self, fits: impl FnOnce(&Token<'a>) -> bool) -> Option<Token<'a>> {
        let token = self.peek().filter(fits)?;
        self.at += 1;
        Some(token)
    }

    /// The next token if it fits and no blank stands before it.
    fn take_adjacent(&mut self, end: usize, fits: impl FnOnce(&Token<'a>) -> bool) -> Option<Token<'a>> {
        self.take(|token| token.start == end && fits(token))
    }

    /// A name, split at the first period outside quotes. Takes nothing if no name comes next.
    pub fn name(&mut self) -> Option<Name<'a>> {
        let first = self.take(|token| match token.kind {
            Kind::Word => !token.is_keyword() && !token.text.starts_with('.'),
            Kind::Quoted(quote) => quote != '\'',
            _ => false,
        })?;
        let mut last = first;
        let (mut prefix, mut key, mut quoted) = (None, first.inner(), first.kind != Kind::Word);
        if quoted {
            if let Some(behind) = self
                .take_adjacent(first.end(), |token| token.kind == Kind::Word && token.text.starts_with('.'))
            {
                last = behind;
                (prefix, key, quoted) = (Some(key), &behind.text[1..], false);
            }
        } else if let Some((before, behind)) = first.text.split_once('.') {
            (prefix, key) = (Some(before), behind);
        }
        if prefix.is_some()
            && key.is_empty()
            && let Some(behind) =
                self.take_adjacent(last.end(), |token| matches!(token.kind, Kind::Quoted(_)))
        {
            last = behind;
            (key, quoted) = (behind.inner(), true);
        }
        Some(Name { prefix, key, quoted, raw: &self.text[first.start..last.end()], start: first.start })
    }

    /// A clause, of which `first` is the next token.
    fn comparison(&mut self, first: Token<'a>) -> Result<Comparison<'a>, FilterError> {
        let Some(name) = self.name() else { return Err(self.stray(first)) };
        let after = self.at;
        let Some(operator) = self.operator() else { return Err(self.no_operator(name)) };
        if !name.quoted && !name.key.chars().all(stands_bare) {
            let Name { raw, key, .. } = name;
            let hint =
                format!("Quote a key with special characters: {}`{key}`", &raw[..raw.len() - key.len()]);
            return Err(
                name.error(format!("Invalid comparison clause. Expected 'Identifier' found '{raw}'. {hint}"))
            );
        }
        if operator.word == "IS" {
            let negated = self.take(|token| token.is("NOT")).is_some();
            let Some(null) = self.take(|token| token.is("NULL")) else {
                self.take(|_| true);
                return Err(self.refused(name, after));
            };
            let span = operator.span.start..null.end();
            return Ok(Comparison { name, test: Test::Null { negated, span } });
        }
        let needs_list = operator.word.ends_with("IN");
        let value = match self.peek() {
            Some(open) if open.kind == Kind::Open => self.list(open.start)?,
            Some(token) if !needs_list => self.single(token).ok_or_else(|| self.refused(name, after))?,
            _ => {
                self.take(|token| !token.is_keyword());
                return Err(self.refused(name, after));
            }
        };
        Ok(Comparison { name, test: Test::Value { operator, value } })
    }

    /// A comparator, of which `IS` is only the first word. Takes nothing if none comes next.
    fn operator(&mut self) -> Option<Operator> {
        let is_word = |token: &Token<'_>| ["LIKE", "ILIKE", "RLIKE", "IN"].iter().any(|word| token.is(word));
        if let Some(first) = self.take(|token| token.kind == Kind::Sign || token.is("IS") || is_word(token)) {
            return Some(Operator { word: first.text.to_ascii_uppercase(), span: first.span() });
        }
        let second = self.tokens.get(self.at + 1).filter(|token| is_word(token)).copied()?;
        let not = self.take(|token| token.is("NOT"))?;
        self.at += 1;
        let word = format!("NOT {}", second.text.to_ascii_uppercase());
        Some(Operator { word, span: not.start..second.end() })
    }

    fn single(&mut self, token: Token<'a>) -> Option<Value<'a>> {
        let kind = match token.kind {
            Kind::Number => ValueKind::Number,
            Kind::Quoted(quote) if quote != '`' => ValueKind::Text { quote, inner: token.inner() },
            Kind::Quoted(_) => ValueKind::Word,
            Kind::Word if !token.is_keyword() => ValueKind::Word,
            _ => return None,
        };
        self.at += 1;
        Some(Value { kind, raw: token.text, start: token.start })
    }

    /// A list, of which the parenthesis at `start` is the next token. A comma behind the last item is no mistake.
    fn list(&mut self, start: usize) -> Result<Value<'a>, FilterError> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            if let Some(close) = self.take(|token| token.kind == Kind::Close) {
                return Ok(Value {
                    kind: ValueKind::List(items),
                    raw: &self.text[start..close.end()],
                    start,
                });
            }
            let item = self.take(|token| matches!(token.kind, Kind::Word | Kind::Number | Kind::Quoted(_)));
            let comma = self.take(|token| token.kind == Kind::Comma);
            let closes = self.peek().is_some_and(|token| token.kind == Kind::Close);
            match item {
                Some(item) if comma.is_some() || closes => items.push(item),
                _ => {
                    let end = self.peek().map_or(self.text.trim_end().len(), |token| token.end());
                    return Err(FilterError {
                        message: "While parsing a list in the query, expected a non-empty list of string \
                                  values, but got ill-formed list."
                            .to_owned(),
                        span: start..end,
                    });
                }
            }
        }
    }

    /// The error about what stands where a clause should begin.
    fn stray(&mut self, token: Token<'a>) -> FilterError {
        self.at += 1;
        match token.kind {
            Kind::Semicolon if self.peek().is_some() => FilterError {
                message: format!(
                    "Search filter contained multiple expression '{}'. Provide AND-ed expression list.",
                    self.text
                ),
                span: token.span(),
            },
            Kind::Number | Kind::Quoted(_) if self.operator().is_some() => FilterError {
                message: format!("Invalid comparison clause. Expected 'Identifier' found '{}'", token.text),
                span: token.span(),
            },
            Kind::Open => {
                let group = token.start..self.group_end().unwrap_or(token.end());
                let found = format!("'{}'", &self.text[group.clone()]);
                FilterError { message: (self.refuse)(self.text, &found), span: group }
            }
            _ => self.refused_token(token),
        }
    }

    /// Where the parenthesis that was just opened is closed.
    fn group_end(&self) -> Option<usize> {
        let mut depth = 1;
        self.tokens[self.at..].iter().find_map(|token| {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(token.end())
        })
    }

    /// The error about a name without a comparator: it lies in a keyword behind it that is none, or in the name.
    fn no_operator(&self, name: Name<'_>) -> FilterError {
        match self.peek() {
            Some(next) if next.is_keyword() && !next.is("AND") => self.refused_token(next),
            _ => self.refused(name, self.at),
        }
    }

    /// The error about a name and the tokens from `after` to here, which make no clause.
    fn refused(&self, name: Name<'_>, after: usize) -> FilterError {
        let rest = &self.tokens[after..self.at];
        let found: Vec<String> = std::iter::once(name.raw)
            .chain(rest.iter().map(|token| token.text))
            .map(|piece| format!("'{piece}'"))
            .collect();
        FilterError {
            message: (self.refuse)(self.text, &found.join(", ")),
            span: name.start..rest.last().map_or(name.span().end, Token::end),
        }
    }

    /// The error about a token that has no place here.
    fn refused_token(&self, token: Token<'_>) -> FilterError {
        FilterError { message: (self.refuse)(self.text, &format!("'{}'", token.text)), span: token.span() }
    }
}
