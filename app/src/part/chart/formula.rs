//! Formulas over metrics, as people type them: `train/loss - val/loss`, ``log10(`eval loss`)``, `(a + b) / 2`.
//!
//! A name is letters, digits, `_`, `.` and `/`, the latter without spaces around it; others stand in backticks. So a ratio has
//! spaces: `a / b`.

use super::measure::{Measure, Tree};
use std::cell::RefCell;
use winnow::{
    ModalResult, Parser,
    ascii::{float, space0},
    combinator::{
        Infix::Left, Prefix, alt, cut_err, delimited, dispatch, expression, fail, preceded, repeat,
        terminated,
    },
    error::{ContextError, ErrMode},
    token::{any, take_while},
};

/// Bytes of a formula.
const LONGEST: usize = 500;
/// Parentheses within each other.
const DEEPEST: usize = 24;

/// Reads a formula.
///
/// # Errors
/// What can't be read, in words.
pub fn parse(text: &str) -> Result<Measure, String> {
    let text = text.trim();
    if text.len() > LONGEST {
        return Err(format!("A formula has at most {LONGEST} characters."));
    }
    let keys = RefCell::new(Vec::new());
    let parsed = terminated(|input: &mut &str| sum(input, &keys, 0), space0).parse(text);
    let tree = parsed.map_err(|error| match text.get(error.offset()..).unwrap_or_default() {
        "" => "Something is missing at the end.".to_owned(),
        rest => format!("This can't be read: {rest}"),
    })?;
    match keys.into_inner() {
        keys if keys.is_empty() => Err("There is no metric in it.".to_owned()),
        keys => Ok(Measure::formula(text.to_owned(), keys, tree)),
    }
}

type Keys = RefCell<Vec<String>>;

fn two(function: fn(f64, f64) -> f64, a: Tree, b: Tree) -> Tree {
    Tree::Two(function, Box::new([a, b]))
}

fn sum(input: &mut &str, keys: &Keys, depth: usize) -> ModalResult<Tree> {
    if depth > DEEPEST {
        return fail.parse_next(input);
    }
    expression(preceded(space0, |input: &mut &str| operand(input, keys, depth)))
        .prefix(dispatch! {preceded(space0, any);
            '-' => Prefix(9, |_: &mut _, a| Ok(Tree::One(|a| -a, Box::new(a)))),
            _ => fail,
        })
        .infix(dispatch! {preceded(space0, any);
            '+' => Left(5, |_: &mut _, a, b| Ok(two(|a, b| a + b, a, b))),
            '-' => Left(5, |_: &mut _, a, b| Ok(two(|a, b| a - b, a, b))),
            '*' => Left(7, |_: &mut _, a, b| Ok(two(|a, b| a * b, a, b))),
            '/' => Left(7, |_: &mut _, a, b| Ok(two(|a, b| a / b, a, b))),
            _ => fail,
        })
        .parse_next(input)
}

fn operand(input: &mut &str, keys: &Keys, depth: usize) -> ModalResult<Tree> {
    let within = |input: &mut &str| {
        delimited('(', cut_err(|input: &mut &str| sum(input, keys, depth + 1)), (space0, cut_err(')')))
            .parse_next(input)
    };
    if input.starts_with('(') {
        return within(input);
    }
    if input.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return float.map(Tree::Number).parse_next(input);
    }
    let quoted =
        delimited('`', take_while(1.., |c| c != '`'), '`').map(|name: &str| (name.to_owned(), false));
    let (name, bare) = alt((quoted, bare.map(|name: &str| (name.to_owned(), true)))).parse_next(input)?;
    if bare && input.starts_with('(') {
        let function: fn(f64) -> f64 = match name.as_str() {
            "log" => f64::ln,
            "log10" => f64::log10,
            "exp" => f64::exp,
            "sqrt" => f64::sqrt,
            "abs" => f64::abs,
            _ => return fail.parse_next(input),
        };
        return Ok(Tree::One(function, Box::new(within(input)?)));
    }
    let mut keys = keys.borrow_mut();
    let known = keys.iter().position(|key| *key == name);
    Ok(Tree::Key(known.unwrap_or_else(|| {
        keys.push(name);
        keys.len() - 1
    })))
}

/// A name that needs no backticks.
fn bare<'i>(input: &mut &'i str) -> ModalResult<&'i str> {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let first = take_while(1, |c: char| c.is_alphabetic() || c == '_');
    let part = move || take_while::<_, _, ErrMode<ContextError>>(1.., word);
    (first, take_while(0.., word), repeat::<_, _, (), _, _>(0.., ('/', part()))).take().parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of a formula and its value where they are 8, 2, 1…
    fn check(text: &str, keys: &[&str], expected: f64) {
        let measure = parse(text).unwrap();
        assert_eq!(measure.keys, keys, "{text}");
        let value = measure.value(&[8.0, 2.0, 1.0]);
        assert!((value - expected).abs() < 1e-12, "{text}: {value}");
    }

    #[test]
    fn formulas_are_read_as_people_mean_them() {
        check("train/loss - val/loss", &["train/loss", "val/loss"], 6.0);
        check("a / b", &["a", "b"], 4.0);
        check("a-b", &["a", "b"], 6.0);
        check("a - b - c", &["a", "b", "c"], 5.0);
        check("a + b * c", &["a", "b", "c"], 10.0);
        check("(a + b) * -c", &["a", "b", "c"], -10.0);
        check("-a * 2e1", &["a"], -160.0);
        check("log10(a * 12.5) + a", &["a"], 10.0);
        check("`eval loss (x)` * 2", &["eval loss (x)"], 16.0);
        check("  sqrt( abs(a * -2) )  ", &["a"], 4.0);
        check("a + a", &["a"], 16.0);
        check("log", &["log"], 8.0);
    }

    #[test]
    fn what_can_not_be_read_is_said() {
        let check = |text: &str, expected: &str| assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        check("a +", "Something is missing at the end.");
        check("a b", "This can't be read: b");
        check("1 + 2", "There is no metric in it.");
        check("(a", "Something is missing at the end.");
        check("", "Something is missing at the end.");
        assert!(parse("sin(a)").is_err());
        assert!(parse(&"(".repeat(400)).is_err());
        assert!(parse(&"a".repeat(501)).is_err());
    }

    #[test]
    fn a_lone_name_is_the_metric_itself() {
        assert_eq!(parse("`my loss`").unwrap().plain(), Some("my loss"));
        assert_eq!(parse("a + 0").unwrap().plain(), None);
    }
}
