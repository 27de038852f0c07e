//! Dates in UTC from milliseconds since 1970, and back. Without a clock and without time zones there is little to do,
//! so no date library is asked.

/// A millisecond's length in the units above it.
pub(crate) const SECOND: i64 = 1000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The days around 1970 that can be named, the same as JavaScript's: 100 million.
const LAST_DAY: i64 = 100_000_000;

/// A moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// Milliseconds since midnight.
    pub time: i64,
}

impl Moment {
    /// The moment this many milliseconds after 1970; `None` beyond 270,000 years from it.
    pub fn from_ms(ms: f64) -> Option<Moment> {
        if ms.is_nan() || ms.abs() > (LAST_DAY * DAY) as f64 {
            return None;
        }
        let ms = ms.floor() as i64;
        // Howard Hinnant's days-to-civil: years start in March, so the leap day comes last.
        let z = ms.div_euclid(DAY) + 719_468;
        let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Some(Moment {
            year,
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            time: ms.rem_euclid(DAY),
        })
    }

    /// Milliseconds from 1970 to the start of a month. Months beyond 12 run into the next years.
    pub fn month_start(year: i64, month: i64) -> i64 {
        let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
        let year = if month <= 2 { year - 1 } else { year };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let from_march = if month > 2 { month - 3 } else { month + 9 };
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * from_march + 2) / 5;
        (era * 146_097 + day_of_era - 719_468) * DAY
    }

    /// "4 Mar".
    pub fn day_name(self) -> String {
        format!("{} {}", self.day, self.month_name())
    }

    /// "4 Mar 2026".
    pub fn date(self) -> String {
        format!("{} {}", self.day_name(), self.year)
    }

    /// "Mar".
    pub fn month_name(self) -> &'static str {
        MONTHS[(self.month - 1) as usize % 12]
    }

    /// "09:05", "09:05:07" or "09:05:07.250": as fine as a step of this many milliseconds needs.
    pub fn clock(self, step: i64) -> String {
        let (h, m, s, ms) =
            (self.time / HOUR, self.time / MINUTE % 60, self.time / SECOND % 60, self.time % SECOND);
        match step {
            ..SECOND => format!("{h:02}:{m:02}:{s:02}.{ms:03}"),
            SECOND..MINUTE => format!("{h:02}:{m:02}:{s:02}"),
            _ => format!("{h:02}:{m:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ms: i64, date: &str, clock: &str) {
        let moment = Moment::from_ms(ms as f64).unwrap();
        assert_eq!((moment.date().as_str(), moment.clock(1).as_str()), (date, clock));
        let start = Moment::month_start(moment.year, moment.month);
        assert_eq!(start + (moment.day - 1) * DAY + moment.time, ms);
    }

    #[test]
    fn moments_have_dates() {
        check(0, "1 Jan 1970", "00:00:00.000");
        check(-1, "31 Dec 1969", "23:59:59.999");
        check(951_782_400_000, "29 Feb 2000", "00:00:00.000");
        check(1_772_582_645_250, "4 Mar 2026", "00:04:05.250");
    }

    #[test]
    fn months_run_over_years() {
        assert_eq!(Moment::month_start(2025, 14), Moment::month_start(2026, 2));
        assert_eq!(Moment::month_start(2026, 0), Moment::month_start(2025, 12));
    }

    #[test]
    fn far_away_has_no_date() {
        assert_eq!(Moment::from_ms(1e300), None);
        assert_eq!(Moment::from_ms(f64::NAN), None);
    }
}
