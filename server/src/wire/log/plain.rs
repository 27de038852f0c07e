//! The bodies of logging calls as MLflow's clients write them, read in one pass: a metric costs one allocation, its key.
//!
//! Only the plain shape is read: known fields, each once, numbers as numbers, texts as texts. Whatever else stands there
//! gives `None`, and the patient reading of [`super`] decides what it means and what is said of it. So this must never
//! be more generous than that, nor understand anything otherwise; the tests hold it to that.

use model::{
    RunId,
    metric::Point,
    name::limit,
    run::{LogBatch, MetricInput, Tag},
};
use std::borrow::Cow;

/// Bytes that a metric takes in a body at least: no memory is set aside for more metrics than can be there.
const SHORTEST_METRIC: usize = 32;

/// So many digits are a whole number for certain, however large: no step and no time of this age has more.
const CERTAIN_DIGITS: usize = 18;

/// `log-batch`: the run, and what is logged.
pub(super) fn batch(body: &[u8]) -> Option<(RunId, LogBatch)> {
    let mut reader = Reader::of(body)?;
    let (mut run, mut metrics, mut params, mut tags) = (None, None, None, None);
    reader.object(|reader, name| match name {
        "run_id" => set(&mut run, reader.text()?),
        "metrics" => {
            let room = (reader.rest() / SHORTEST_METRIC).min(limit::BATCH_METRICS);
            set(&mut metrics, reader.list(room, |reader| Metric::read(reader)?.input())?)
        }
        "params" => set(&mut params, reader.entries()?),
        "tags" => set(&mut tags, reader.entries()?),
        _ => None,
    })?;
    reader.end()?;
    let batch = LogBatch {
        metrics: metrics.unwrap_or_default(),
        params: params.unwrap_or_default(),
        tags: tags.unwrap_or_default(),
    };
    Some((run?.parse().ok()?, batch))
}

/// `log-metric`.
pub(super) fn metric(body: &[u8]) -> Option<(RunId, MetricInput)> {
    let mut reader = Reader::of(body)?;
    let metric = Metric::read(&mut reader)?;
    reader.end()?;
    let run = metric.run.as_deref()?.parse().ok()?;
    Some((run, metric.input()?))
}

/// `log-parameter` and `set-tag`.
pub(super) fn entry(body: &[u8]) -> Option<(RunId, Tag)> {
    let mut reader = Reader::of(body)?;
    let entry = Entry::read(&mut reader)?;
    reader.end()?;
    let run = entry.run.as_deref()?.parse().ok()?;
    Some((run, entry.tag()?))
}

/// Fills a field; a second value is no plain shape.
fn set<T>(field: &mut Option<T>, value: T) -> Option<()> {
    field.is_none().then(|| *field = Some(value))
}

/// The fields of a metric, in a call of its own or in a batch. Clients name its run in both; in a batch that of the batch
/// counts.
#[derive(Default)]
struct Metric<'a> {
    run: Option<Cow<'a, str>>,
    old_run: Option<Cow<'a, str>>,
    key: Option<Cow<'a, str>>,
    value: Option<f64>,
    timestamp: Option<i64>,
    step: Option<i64>,
    model: Option<Cow<'a, str>>,
    dataset_name: Option<Cow<'a, str>>,
    dataset_digest: Option<Cow<'a, str>>,
}

impl<'a> Metric<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let mut metric = Self::default();
        reader.object(|reader, name| match name {
            "key" => set(&mut metric.key, reader.text()?),
            "value" => set(&mut metric.value, reader.double()?),
            "timestamp" => set(&mut metric.timestamp, reader.int()?),
            "step" => set(&mut metric.step, reader.int()?),
            "run_id" => set(&mut metric.run, reader.text()?),
            "run_uuid" => set(&mut metric.old_run, reader.text()?),
            "model_id" => set(&mut metric.model, reader.text()?),
            "dataset_name" => set(&mut metric.dataset_name, reader.text()?),
            "dataset_digest" => set(&mut metric.dataset_digest, reader.text()?),
            _ => None,
        })?;
        Some(metric)
    }

    fn input(self) -> Option<MetricInput> {
        let filled = |text: Option<Cow<'a, str>>| text.filter(|text| !text.is_empty());
        let model = match filled(self.model) {
            None => None,
            Some(id) => Some(id.parse().ok()?),
        };
        let dataset = filled(self.dataset_name)
            .map(|name| (name.into_owned(), self.dataset_digest.unwrap_or_default().into_owned()));
        let point =
            Point { step: self.step.unwrap_or_default(), timestamp: self.timestamp?, value: self.value? };
        Some(MetricInput { key: filled(self.key)?.into_owned(), point, model, dataset })
    }
}

/// The fields of a param or a tag, in a call of its own or in a batch.
#[derive(Default)]
struct Entry<'a> {
    run: Option<Cow<'a, str>>,
    old_run: Option<Cow<'a, str>>,
    key: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let mut entry = Self::default();
        reader.object(|reader, name| match name {
            "key" => set(&mut entry.key, reader.text()?),
            "value" => set(&mut entry.value, reader.text()?),
            "run_id" => set(&mut entry.run, reader.text()?),
            "run_uuid" => set(&mut entry.old_run, reader.text()?),
            _ => None,
        })?;
        Some(entry)
    }

    fn tag(self) -> Option<Tag> {
        let key = self.key.filter(|key| !key.is_empty())?;
        Some(Tag { key: key.into_owned(), value: self.value.unwrap_or_default().into_owned() })
    }
}

/// JSON, read from left to right. Every step is `None` if something else stands there.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn of(body: &'a [u8]) -> Option<Self> {
        Some(Self { text: std::str::from_utf8(body).ok()?, at: 0 })
    }

    fn rest(&self) -> usize {
        self.text.len() - self.at
    }

    /// The byte here, whatever it is.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Nothing but white space is left.
    fn end(mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    /// `{"name": …, …}`, each value read by `field`.
    fn object(&mut self, mut field: impl FnMut(&mut Self, &str) -> Option<()>) -> Option<()> {
        self.eat(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.eat(b'"')?;
            let name = self.until_quote()?;
            self.eat(b':')?;
            field(self, name)?;
            if self.closes(b'}')? {
                return Some(());
            }
        }
    }

    /// `[…, …]`, each item read by `item`; `room` is how many are expected.
    fn list<T>(&mut self, room: usize, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.eat(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(Vec::new());
        }
        let mut items = Vec::with_capacity(room);
        loop {
            items.push(item(self)?);
            if self.closes(b']')? {
                return Some(items);
            }
        }
    }

    /// Behind an item: a comma, or the end.
    fn closes(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(false),
            byte if byte == end => Some(true),
            _ => None,
        }
    }

    fn entries(&mut self) -> Option<Vec<Tag>> {
        self.list(0, |reader| Entry::read(reader)?.tag())
    }

    /// A text without escapes, whose opening quote is read already.
    fn until_quote(&mut self) -> Option<&'a str> {
        let start = self.at;
        loop {
            match self.byte()? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(&self.text[start..self.at - 1])
    }

    /// A text.
    fn text(&mut self) -> Option<Cow<'a, str>> {
        self.eat(b'"')?;
        let start = self.at;
        if let Some(text) = self.until_quote() {
            return Some(Cow::Borrowed(text));
        }
        // Escapes are left to those who know them well.
        let mut escaped = false;
        loop {
            let byte = self.byte()?;
            self.at += 1;
            match byte {
                b'"' if !escaped => break,
                byte => escaped = byte == b'\\' && !escaped,
            }
        }
        serde_json::from_str(&self.text[start - 1..self.at]).ok().map(Cow::Owned)
    }

    /// Digits, at least one.
    fn digits(&mut self) -> Option<&'a str> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then(|| &self.text[start..self.at])
    }

    /// The digits of a whole number: no needless zeros in front.
    fn whole(&mut self) -> Option<&'a str> {
        self.digits().filter(|digits| digits.len() == 1 || !digits.starts_with('0'))
    }

    fn sign(&mut self) -> bool {
        let negative = self.byte() == Some(b'-');
        self.at += usize::from(negative);
        negative
    }

    /// A whole number without a fraction or an exponent.
    fn int(&mut self) -> Option<i64> {
        self.peek()?;
        let negative = self.sign();
        let digits = self.whole()?;
        if digits.len() > CERTAIN_DIGITS || matches!(self.byte(), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        let number = digits.bytes().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        Some(if negative { -number } else { number })
    }

    /// A number, or one of the words for what is none, bare as Python writes them or in quotes.
    fn double(&mut self) -> Option<f64> {
        const WORDS: [(&str, f64); 3] =
            [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];
        if self.peek()? == b'"' {
            let word = self.text()?;
            return WORDS.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        }
        let start = self.at;
        self.sign();
        if matches!(self.byte()?, b'N' | b'I') {
            let (word, value) = WORDS.iter().find(|(word, _)| self.text[start..].starts_with(word))?;
            self.at = start + word.len();
            return Some(*value);
        }
        self.whole()?;
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        // What is too large for a double is no number to the patient reading.
        self.text[start..self.at].parse().ok().filter(|number: &f64| number.is_finite())
    }
}
