//! Pictures that a run logged at steps: MLflow's `log_image(image, key="predictions", step=30)` puts them into the folder
//! `images`, and all that is known of one is in its name.
//!
//! `predictions+step+30+timestamp+1700000000000+<uuid>.png`, and beside it the same in small, `…+compressed.webp`. Older clients
//! write `%` in the place of `+`. A `/` in the key is a `#`.

use crate::Millis;
use serde::{Deserialize, Serialize};

/// Where clients put them, below the root of a run's artifacts.
pub const FOLDER: &str = "images";

/// Pictures that a page shows at most.
pub const IMAGES_SHOWN: usize = 2000;

/// The pictures of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSeries {
    /// What they were logged as.
    pub key: String,
    /// By step; of several at a step the last one.
    pub images: Vec<LoggedImage>,
}

/// A picture at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedImage {
    /// The step.
    pub step: i64,
    /// The name of its file.
    pub file: String,
    /// The name of a smaller one.
    pub small: Option<String>,
}

/// What a run logged, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoggedImages {
    /// By key.
    pub series: Vec<ImageSeries>,
    /// Whether there are more than are shown.
    pub is_more: bool,
}

impl LoggedImages {
    /// Of these files of the folder, at most so many pictures.
    pub fn among(names: &[String], most: usize) -> Self {
        let mut found: Vec<Name<'_>> = names.iter().filter_map(|name| Name::read(name)).collect();
        // A small one comes behind the picture that it is of.
        found.sort_unstable();
        let mut images = Self::default();
        let mut last = None;
        let mut count = 0;
        for name in found {
            let same_key = images.series.last().is_some_and(|series| series.key == name.key);
            if !same_key {
                images.series.push(ImageSeries { key: name.key.clone(), images: Vec::new() });
                last = None;
            }
            let Some(series) = images.series.last_mut() else { continue };
            let one = (name.step, name.timestamp, name.mark);
            match series.images.last_mut() {
                Some(image) if last == Some(one) && name.is_small => image.small = Some(name.file.to_owned()),
                Some(image) if image.step == name.step => *image = name.image(),
                _ if count == most => {
                    images.is_more = true;
                    break;
                }
                _ => {
                    series.images.push(name.image());
                    count += 1;
                }
            }
            last = Some(one);
        }
        images.series.retain(|series| !series.images.is_empty());
        images
    }
}

/// What the name of a file says, in the order in which pictures are shown.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    key: String,
    step: i64,
    timestamp: Millis,
    mark: &'a str,
    is_small: bool,
    file: &'a str,
}

impl<'a> Name<'a> {
    fn read(file: &'a str) -> Option<Self> {
        ['+', '%'].into_iter().find_map(|separator| Self::separated(file, separator))
    }

    fn separated(file: &'a str, separator: char) -> Option<Self> {
        let (stem, ending) = file.rsplit_once('.')?;
        let (stem, is_small) =
            match stem.strip_suffix("compressed").and_then(|stem| stem.strip_suffix(separator)) {
                Some(stem) => (stem, true),
                None => (stem, false),
            };
        if !["png", "webp", "jpg", "jpeg"].contains(&ending) {
            return None;
        }
        // From the right: a key may hold the separator.
        let mut parts = stem.rsplitn(6, separator);
        let mark = parts.next().filter(|mark| !mark.is_empty())?;
        let timestamp = parts.next()?.parse().ok()?;
        parts.next().filter(|word| *word == "timestamp")?;
        let step = parts.next()?.parse().ok()?;
        parts.next().filter(|word| *word == "step")?;
        let key = parts.next().filter(|key| !key.is_empty())?.replace('#', "/");
        Some(Self { key, step, timestamp, mark, is_small, file })
    }

    fn image(&self) -> LoggedImage {
        LoggedImage { step: self.step, file: self.file.to_owned(), small: None }
    }
}

/// Which picture stands for a step: the last one that isn't later, else the first; the last of all if no step is asked for.
pub fn image_at(images: &[LoggedImage], step: Option<i64>) -> usize {
    let before = match step {
        Some(step) => images.partition_point(|image| image.step <= step),
        None => images.len(),
    };
    before.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn among(names: &[&str], most: usize) -> (Vec<String>, bool) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let found = LoggedImages::among(&names, most);
        let series = found.series.iter().map(|series| {
            let images = series.images.iter().map(|image| {
                let small = image.small.as_deref().map(|small| format!(" ({small})")).unwrap_or_default();
                format!("{} {}{small}", image.step, image.file)
            });
            format!("{}: {}", series.key, images.collect::<Vec<_>>().join(", "))
        });
        (series.collect(), found.is_more)
    }

    #[test]
    fn pictures_are_told_by_key_and_step() {
        let names = [
            "dog+step+10+timestamp+5+gx.png",
            "dog+step+9+timestamp+4+gy.png",
            "dog+step+9+timestamp+4+gy+compressed.webp",
            "eval#cat+step+0+timestamp+1+gz.png",
            "a+b+step+-1+timestamp+1+gz.png",
            "old%step%3%timestamp%1700000000000%h1.png",
            "old%step%3%timestamp%1700000000000%h1%compressed.webp",
        ];
        let expected = [
            "a+b: -1 a+b+step+-1+timestamp+1+gz.png",
            "dog: 9 dog+step+9+timestamp+4+gy.png (dog+step+9+timestamp+4+gy+compressed.webp), 10 dog+step+10+timestamp+5+gx.png",
            "eval/cat: 0 eval#cat+step+0+timestamp+1+gz.png",
            "old: 3 old%step%3%timestamp%1700000000000%h1.png (old%step%3%timestamp%1700000000000%h1%compressed.webp)",
        ];
        assert_eq!(among(&names, 10), (expected.map(str::to_owned).to_vec(), false));
    }

    #[test]
    fn of_several_at_a_step_the_last_one_is_shown() {
        let names = [
            "x+step+1+timestamp+20+b.png",
            "x+step+1+timestamp+10+c.png",
            "x+step+1+timestamp+10+c+compressed.webp",
            "x+step+2+timestamp+30+d+compressed.webp",
        ];
        let expected =
            "x: 1 x+step+1+timestamp+20+b.png, 2 x+step+2+timestamp+30+d+compressed.webp".to_owned();
        assert_eq!(among(&names, 10), (vec![expected], false));
    }

    #[test]
    fn they_are_bounded() {
        let names =
            ["x+step+1+timestamp+1+a.png", "x+step+2+timestamp+1+a.png", "y+step+1+timestamp+1+a.png"];
        let first = "x: 1 x+step+1+timestamp+1+a.png, 2 x+step+2+timestamp+1+a.png".to_owned();
        assert_eq!(among(&names, 2), (vec![first], true));
        assert!(!among(&names, 3).1);
    }

    #[test]
    fn other_files_are_passed_over() {
        for name in [
            "plot.png",
            "x+step+one+timestamp+1+a.png",
            "x+step+1+timestamp+1.png",
            "+step+1+timestamp+1+a.png",
            "x+step+1+timestamp+1+a.html",
            "x+step+99999999999999999999+timestamp+1+a.png",
            "",
        ] {
            assert_eq!(among(&[name], 9), (vec![], false), "{name}");
        }
    }

    #[test]
    fn a_step_has_a_picture() {
        let images = [3, 5, 9].map(|step| LoggedImage { step, file: String::new(), small: None });
        let check = |step, place| assert_eq!(image_at(&images, step), place, "{step:?}");
        check(None, 2);
        check(Some(0), 0);
        check(Some(5), 1);
        check(Some(8), 1);
        check(Some(100), 2);
        assert_eq!(image_at(&[], Some(1)), 0);
    }

    proptest! {
        #[test]
        fn every_key_and_step_reads_back(
            key in "[a-zA-Z0-9_.+ -]{1,12}",
            step in any::<i64>(),
            timestamp in any::<i64>(),
            old in any::<bool>(),
        ) {
            let separator = if old { "%" } else { "+" };
            let name = ["", "step", &step.to_string(), "timestamp", &timestamp.to_string(), "g1.png"].join(separator);
            let name = format!("{key}{name}");
            let found = LoggedImages::among(std::slice::from_ref(&name), 1);
            prop_assert_eq!(&found.series[0].key, &key);
            prop_assert_eq!(&found.series[0].images, &vec![LoggedImage { step, file: name, small: None }]);
        }

        #[test]
        fn no_name_is_too_odd(names in proptest::collection::vec(".*", 0..4)) {
            let _ = LoggedImages::among(&names, 2);
        }
    }
}
