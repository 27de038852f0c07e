//! What can be written where the cursor stands in a filter, however unfinished the text is, and what becomes of the text
//! once something was chosen.
//!
//! Start reading at [`Language::complete`]. What is before the cursor tells what is expected; what is behind it only tells
//! how much of it a choice replaces. What the names of a language are is in `run` and `trace`; all else they share.

mod run;
#[cfg(test)]
mod test;
mod trace;

use std::ops::Range;

use super::facet::RunField;
use super::field::LIST_OPS;
use super::syntax::{Cursor, Name};
use super::term::{Key, Text};
use super::token::{Kind, Token, tokens};
use crate::page::KeyKind;

pub use self::run::RUN_LANGUAGE;
pub use self::trace::{TRACE_LANGUAGE, TraceField, TraceKeys, TraceWords};

/// What can be written in the filters of one kind of thing.
#[derive(Debug)]
pub struct Language {
    /// How a condition can start, the most wanted first.
    names: &'static [&'static str],
    /// What can stand behind the period of a name, by what stands before it.
    behind: fn(&Name<'_>) -> Option<Expected>,
    /// What a condition with a whole name is about.
    subject: fn(&Name<'_>) -> Option<Subject>,
}

/// What is expected at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What can be chosen from.
    pub expected: Expected,
    /// The bytes of the text that a choice takes the place of.
    pub span: Range<usize>,
    /// What is typed of it so far, without quotes.
    pub part: String,
    /// How a condition can start.
    names: &'static [&'static str],
}

/// A kind of thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Nothing that could be told.
    Nothing,
    /// The start of a condition.
    Name,
    /// A key, of which those that there are can be found.
    Key(KeysOf),
    /// One of these words, such as stand behind `attributes.` or `span.`
    Word(&'static [&'static str]),
    /// How it is compared.
    Operator(Subject),
    /// What it is compared with.
    Value(Subject, Place),
    /// The word before one more condition.
    And,
}

/// What a condition is about, as far as it matters for what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A metric or a time: compared with numbers.
    Number,
    /// A text of which the values that there are can be found.
    Field(FieldOf),
    /// A text that is one of these, also compared with lists.
    OneOf(&'static [&'static str]),
    /// Another text, and what it is compared by.
    Text(&'static [&'static str]),
}

/// Whose keys can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysOf {
    /// Of runs.
    Run(KeyKind),
    /// Of traces.
    Trace(TraceKeys),
}

/// Of what the values can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldOf {
    /// Of runs.
    Run(RunField),
    /// Of traces.
    Trace(TraceField),
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Alone.
    Alone,
    /// Where a list should be.
    FirstOfList,
    /// Within the parentheses of a list.
    InList,
}

impl Language {
    /// What is expected where the cursor, counted in bytes, stands in a filter.
    pub fn complete(&self, text: &str, cursor: usize) -> Completion {
        let cursor = text.floor_char_boundary(cursor);
        let before = &text[..cursor];
        let (expected, start) = self.expected_at_end(before).unwrap_or((Expected::Nothing, cursor));
        let piece = &before[start..];
        let part = match expected {
            Expected::Key(_) | Expected::Word(_) | Expected::Value(..) => unquoted(piece),
            _ => piece.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        let end = end_of(text, cursor, start, &expected);
        Completion { expected, span: start..end, part, names: self.names }
    }

    /// What is expected at the end of a text, and where what is typed of it starts; `None` for what can't be told.
    fn expected_at_end(&self, before: &str) -> Option<(Expected, usize)> {
        let here = before.len();
        let mut at = Cursor::new(before, |_, _| String::new());
        let mut joined = true;
        loop {
            while let Some(and) = at.take(|token| token.is("AND")) {
                if and.end() == here {
                    return Some((Expected::And, and.start));
                }
                joined = true;
            }
            let Some(first) = at.peek() else {
                return Some((if joined { Expected::Name } else { Expected::And }, here));
            };
            if !joined && first.kind == Kind::Word && first.end() == here && begins("AND", first.text) {
                return Some((Expected::And, first.start));
            }
            joined = false;
            let name = at.name()?;
            if let Some(found) = self.key_at_end(&name, at.peek(), here)? {
                return Some(found);
            }
            let subject = (self.subject)(&name);
            let operator = match operator(&mut at, subject.as_ref(), here)? {
                Operator::At(start) => return Some((Expected::Operator(subject?), start)),
                Operator::Done(operator) => operator,
            };
            let (place, read) = match operator.as_str() {
                "IS NULL" | "IS NOT NULL" => continue,
                "IN" | "NOT IN" if at.take(|token| token.kind == Kind::Open).is_some() => {
                    (Place::InList, item(&mut at, here)?)
                }
                // What isn't a list has no place here.
                "IN" | "NOT IN" if at.peek().is_some() => return None,
                "IN" | "NOT IN" => (Place::FirstOfList, Read::At(here)),
                _ => (Place::Alone, single(&mut at, here)?),
            };
            match read {
                // Whatever it is: larger and smaller are numbers.
                Read::At(start) if operator.starts_with(['<', '>']) => {
                    return subject.map(|_| (Expected::Value(Subject::Number, place), start));
                }
                Read::At(start) => return Some((Expected::Value(subject?, place), start)),
                Read::Done => {}
            }
        }
    }

    /// What is expected if the name, or the key whose quote opens right behind it, ends the text: nothing that could be told is
    /// `None`, a text that goes on `Some(None)`.
    fn key_at_end(
        &self,
        name: &Name<'_>,
        next: Option<Token<'_>>,
        here: usize,
    ) -> Option<Option<(Expected, usize)>> {
        let end = name.span().end;
        let opens = |token: &Token<'_>| token.kind == Kind::Unclosed && token.start == end;
        let start = match next.filter(opens) {
            Some(open) if name.prefix.is_some() && name.key.is_empty() => open.start,
            _ if end != here => return Some(None),
            _ if name.prefix.is_none() => return Some(Some((Expected::Name, name.start))),
            _ => end - name.key.len() - if name.quoted { 2 } else { 0 },
        };
        Some(Some(((self.behind)(name)?, start)))
    }
}

impl Completion {
    /// The words that can be chosen whatever was logged, as far as they fit what is typed.
    pub fn words(&self) -> Vec<&'static str> {
        let words: &[&'static str] = match &self.expected {
            Expected::Name => self.names,
            Expected::Word(words) | Expected::Value(Subject::OneOf(words), _) => words,
            Expected::Operator(subject) => subject.operators(),
            Expected::And => &["AND"],
            Expected::Nothing | Expected::Key(_) | Expected::Value(..) => &[],
        };
        words.iter().copied().filter(|word| begins(word, &self.part)).collect()
    }

    /// The text with this choice, in quotes where it needs them, and where the cursor then is. `None` for what the language
    /// can't say. A name may also be a whole one: `metrics.loss`.
    pub fn accept(&self, text: &str, choice: &str) -> Option<(String, usize)> {
        let (before, behind) = (text.get(..self.span.start)?, text.get(self.span.end..)?);
        let written = match &self.expected {
            Expected::Nothing => return None,
            Expected::Key(_) => Key::new(choice)?.to_string(),
            Expected::Value(Subject::Number, _) => choice.to_owned(),
            Expected::Value(_, place) => {
                let value = Text::new(choice)?;
                match place {
                    Place::Alone => value.to_string(),
                    Place::FirstOfList => format!("({value})"),
                    Place::InList if behind.trim_start().starts_with([',', ')']) => value.to_string(),
                    Place::InList => format!("{value})"),
                }
            }
            _ => choice.to_owned(),
        };
        let mut new = before.to_owned();
        let begins_word =
            matches!(self.expected, Expected::Operator(_) | Expected::Value(..) | Expected::And);
        if begins_word && before.ends_with(|c: char| !c.is_whitespace() && !matches!(c, '(' | ',')) {
            new.push(' ');
        }
        new.push_str(&written);
        let goes_on = match self.expected {
            Expected::Value(..) => false,
            Expected::Name | Expected::Word(_) => !choice.ends_with('.'),
            _ => true,
        };
        let blank = behind.chars().next().filter(|c| c.is_whitespace());
        let cursor = match blank {
            _ if !goes_on => new.len(),
            Some(blank) => new.len() + blank.len_utf8(),
            None => {
                new.push(' ');
                new.len()
            }
        };
        new.push_str(behind);
        Some((new, cursor))
    }
}

impl Subject {
    /// What it can be compared by.
    pub fn operators(&self) -> &'static [&'static str] {
        match self {
            Subject::Number => &["<", "<=", ">", ">=", "=", "!="],
            Subject::Field(FieldOf::Run(field)) => run::operators(field),
            Subject::Field(FieldOf::Trace(field)) => trace::operators(field),
            Subject::OneOf(_) => &LIST_OPS,
            Subject::Text(operators) => operators,
        }
    }

    /// Whether this is one of its operators and can't become another.
    fn is_final(&self, operator: &str) -> bool {
        let operators = self.operators();
        operators.contains(&operator)
            && !operators.iter().any(|other| *other != operator && other.starts_with(operator))
    }
}

/// Whether a word begins with what is typed, in any case.
fn begins(word: &str, typed: &str) -> bool {
    word.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

/// A piece without its quotes, of which the second may be missing.
fn unquoted(piece: &str) -> String {
    match tokens(piece).first() {
        Some(token) if token.kind == Kind::Unclosed => token.text[1..].to_owned(),
        Some(token) if matches!(token.kind, Kind::Quoted(_)) => token.inner().to_owned(),
        _ => piece.to_owned(),
    }
}

enum Operator {
    /// It is being typed, from here on.
    At(usize),
    /// It is there.
    Done(String),
}

fn operator(at: &mut Cursor<'_>, subject: Option<&Subject>, here: usize) -> Option<Operator> {
    let mut words: Vec<Token<'_>> = Vec::new();
    let goes_on = |last: &Token<'_>| last.is("IS") || last.is("NOT");
    while words.last().is_none_or(goes_on) {
        let Some(word) = at.take(|token| token.kind == Kind::Word) else { break };
        words.push(word);
    }
    if words.is_empty() {
        words.extend(at.take(|token| token.kind == Kind::Sign));
    }
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return at.peek().is_none().then_some(Operator::At(here));
    };
    let operator = words.iter().map(|word| word.text.to_ascii_uppercase()).collect::<Vec<_>>().join(" ");
    let may_grow = last.kind == Kind::Word || subject.is_none_or(|subject| !subject.is_final(&operator));
    if (last.end() == here && may_grow) || (goes_on(last) && at.peek().is_none()) {
        return Some(Operator::At(first.start));
    }
    let is_known = last.kind == Kind::Sign
        || ["IS NULL", "IS NOT NULL", "LIKE", "ILIKE", "IN", "NOT IN"].contains(&operator.as_str());
    is_known.then_some(Operator::Done(operator))
}

enum Read {
    /// It is being typed, from here on.
    At(usize),
    /// It is there.
    Done,
}

fn single(at: &mut Cursor<'_>, here: usize) -> Option<Read> {
    let Some(token) = at.take(|_| true) else { return Some(Read::At(here)) };
    match token.kind {
        Kind::Unclosed if !token.text.starts_with('`') => Some(Read::At(token.start)),
        Kind::Word | Kind::Number if token.end() == here => Some(Read::At(token.start)),
        Kind::Word if token.is_keyword() => None,
        Kind::Word | Kind::Number | Kind::Quoted(_) => Some(Read::Done),
        _ => None,
    }
}

/// What comes behind the parenthesis that opens a list.
fn item(at: &mut Cursor<'_>, here: usize) -> Option<Read> {
    let mut is_due = true;
    loop {
        let Some(token) = at.take(|_| true) else { return is_due.then_some(Read::At(here)) };
        match token.kind {
            Kind::Close => return Some(Read::Done),
            Kind::Comma => is_due = true,
            Kind::Unclosed if !token.text.starts_with('`') => return Some(Read::At(token.start)),
            Kind::Word | Kind::Number if token.end() == here => return Some(Read::At(token.start)),
            Kind::Word | Kind::Number | Kind::Quoted(_) => is_due = false,
            _ => return None,
        }
    }
}

/// Where what a choice replaces ends: at the cursor, or at the end of the piece in which, or before which, it stands.
fn end_of(text: &str, cursor: usize, start: usize, expected: &Expected) -> usize {
    let tokens = tokens(text);
    // With a quote too few or too many, the others may be taken for one another.
    let is_open = tokens.last().is_some_and(|last| last.kind == Kind::Unclosed);
    let Some(token) = tokens.iter().find(|token| token.start <= start && cursor < token.end()) else {
        return cursor;
    };
    let is_within = token.start < cursor;
    let is_replaced = match (token.kind, expected) {
        (_, Expected::Nothing) => false,
        (_, Expected::Name | Expected::And) => start < cursor && token.kind == Kind::Word,
        (Kind::Sign, Expected::Operator(_)) => true,
        (Kind::Number, Expected::Value(..)) => true,
        (Kind::Quoted(_), Expected::Key(_) | Expected::Word(_) | Expected::Value(..)) => !is_open,
        (Kind::Word | Kind::Number, _) => is_within,
        _ => false,
    };
    if !is_replaced {
        return cursor;
    }
    // Of a name that is half there, what stands behind the period stays.
    match text[cursor..token.end()].find('.') {
        Some(period) if *expected == Expected::Name => cursor + period + 1,
        _ => token.end(),
    }
}
