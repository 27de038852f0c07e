//! Requests full of points, whose numbers are written over in place before each sending.
//!
//! Every point of every request is new (no run, metric and step comes twice), so a server that recognises duplicates
//! has no profit from it; and nothing is put together while the clock runs.

/// A cheap source of noise (splitmix64). The same seed gives the same numbers to every peer.
pub struct Noise(pub u64);

impl Noise {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number of [0, 1).
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A value as a loss has it: falls with the step, and jitters by a hundredth. Between 0 and 1.
pub fn loss(step: u64, noise: &mut Noise) -> f64 {
    0.05 + 0.9 * (-(step as f64) / 3000.0).exp() + 0.01 * noise.fraction()
}

/// When training began: milliseconds since 1970.
pub const START: u64 = 1_760_000_000_000;

/// Steps have seven digits from the first to the last, so that they can be written over.
const FIRST_STEP: u64 = 1_000_000;

const VALUE_DIGITS: usize = 16;
const TIME_DIGITS: usize = 13;
const STEP_DIGITS: usize = 7;

/// The body of a request with `keys` metrics at `steps` steps.
pub struct Points {
    bytes: Vec<u8>,
    /// Where the first point's numbers are, and how far it is from one point to the next.
    places: Places,
    keys: usize,
    steps: usize,
    step: u64,
    every: u64,
    noise: Noise,
}

#[derive(Clone, Copy)]
struct Places {
    value: usize,
    time: usize,
    step: usize,
    stride: usize,
}

impl Points {
    /// The body of `log-batch`, as MLflow's client writes it.
    pub fn batch(run: &str, keys: usize, steps: usize, seed: u64) -> Points {
        let mut bytes = format!("{{\"run_id\": \"{run}\", \"metrics\": [").into_bytes();
        let start = bytes.len();
        for index in 0..keys * steps {
            let key = format!("metric_{:04}", index % keys);
            bytes.extend_from_slice(if index == 0 { b"" } else { b", " });
            bytes.extend_from_slice(point(&key).as_bytes());
        }
        let length = point("metric_0000").len();
        bytes.extend_from_slice(b"]}");
        Points::new(bytes, start, length + 2, keys, steps, seed)
    }

    /// The body of `log-metric`.
    pub fn single(run: &str, key: &str, seed: u64) -> Points {
        let head = format!("{{\"run_uuid\": \"{run}\", \"run_id\": \"{run}\", ");
        let start = head.len() - 1;
        let bytes = (head + &point(key)[1..]).into_bytes();
        Points::new(bytes, start, 0, 1, 1, seed)
    }

    fn new(bytes: Vec<u8>, start: usize, stride: usize, keys: usize, steps: usize, seed: u64) -> Points {
        let after = |name: &str| {
            let wanted = format!("\"{name}\": ");
            let found = bytes[start..].windows(wanted.len()).position(|window| window == wanted.as_bytes());
            start + found.unwrap_or_default() + wanted.len()
        };
        // The value's digits begin after its "0.".
        let places =
            Places { value: after("value") + 2, time: after("timestamp"), step: after("step"), stride };
        Points { bytes, places, keys, steps, step: 0, every: 1, noise: Noise(seed) }
    }

    /// Of the steps, takes the one numbered `first` and each `every`th from there: several connections share a series.
    pub fn share(self, first: u64, every: u64) -> Points {
        Points { step: first, every, ..self }
    }

    /// How many points a request has.
    pub fn count(&self) -> u64 {
        (self.keys * self.steps) as u64
    }

    /// Bytes of the body; the same for every request.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the body with new numbers to `request`, which is cut to `head` bytes first.
    pub fn write(&mut self, request: &mut Vec<u8>, head: usize) {
        let Places { value, time, step, stride } = self.places;
        let mut at = 0;
        for _ in 0..self.steps {
            for _ in 0..self.keys {
                let number = (loss(self.step, &mut self.noise) * 1e16) as u64;
                put(&mut self.bytes[value + at..][..VALUE_DIGITS], number);
                put(&mut self.bytes[time + at..][..TIME_DIGITS], START + self.step * 100);
                put(&mut self.bytes[step + at..][..STEP_DIGITS], FIRST_STEP + self.step);
                at += stride;
            }
            self.step += self.every;
        }
        request.truncate(head);
        request.extend_from_slice(&self.bytes);
    }
}

fn point(key: &str) -> String {
    let (value, time, step) = ("0".repeat(VALUE_DIGITS), "0".repeat(TIME_DIGITS), "0".repeat(STEP_DIGITS));
    format!("{{\"key\": \"{key}\", \"value\": 0.{value}, \"timestamp\": {time}, \"step\": {step}}}")
}

/// Writes a number's last digits, leading zeros included.
pub fn put(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Every point that ten requests carry: its text, and its key and step.
    fn sent(mut points: Points) -> Vec<(String, u64)> {
        let mut request = b"HEAD".to_vec();
        let mut all = Vec::new();
        for _ in 0..10 {
            points.write(&mut request, 4);
            assert_eq!(&request[..4], b"HEAD");
            assert_eq!(request.len(), 4 + points.len());
            let body: serde_json::Value = serde_json::from_slice(&request[4..]).unwrap();
            let single = vec![body.clone()];
            for point in body["metrics"].as_array().unwrap_or(&single) {
                let value = point["value"].as_f64().unwrap();
                assert!(0.0 < value && value < 1.0, "{point}");
                assert!(point["timestamp"].as_u64().unwrap() >= START);
                all.push((point["key"].as_str().unwrap().to_owned(), point["step"].as_u64().unwrap()));
            }
        }
        all
    }

    fn check(points: Points, keys: usize, count: usize) {
        let all = sent(points);
        assert_eq!(all.len(), count);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), count, "a point came twice");
        assert_eq!(all.iter().map(|(key, _)| key).collect::<HashSet<_>>().len(), keys);
    }

    #[test]
    fn every_point_of_every_request_is_new_and_the_json_is_valid() {
        check(Points::batch("r", 1000, 1, 7), 1000, 10_000);
        check(Points::batch("r", 10, 100, 7), 10, 10_000);
        check(Points::batch("r", 1, 1, 7), 1, 10);
        check(Points::single("r", "loss", 7), 1, 10);
    }

    #[test]
    fn connections_that_share_a_series_send_no_point_twice() {
        let all: Vec<_> = (0..8).flat_map(|n| sent(Points::batch("r", 1, 1, 7).share(n, 8))).collect();
        let steps: HashSet<u64> = all.iter().map(|(_, step)| *step).collect();
        assert_eq!(steps, (FIRST_STEP..FIRST_STEP + 80).collect());
    }

    #[test]
    fn values_use_the_whole_mantissa() {
        let mut noise = Noise(1);
        let values: HashSet<u64> = (0..1000).map(|step| loss(step, &mut noise).to_bits()).collect();
        assert_eq!(values.len(), 1000);
    }

    #[test]
    fn numbers_keep_their_width() {
        let mut digits = *b"xxxxx";
        put(&mut digits, 123);
        assert_eq!(&digits, b"00123");
    }
}
