//! The API's clock: wall time in milliseconds, shifted on request so that tests can make it disagree with the
//! client's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A wall clock with a fixed offset in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    offset_ms: i64,
}

impl Clock {
    pub(crate) fn shifted(offset_ms: i64) -> Self {
        Self { offset_ms }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.offset_ms)
    }

    /// ISO 8601 with milliseconds and `Z`.
    pub(crate) fn timestamp(self) -> String {
        format_ms(self.now_ms())
    }

    /// The value of a `Date` header.
    pub(crate) fn http_date(self) -> String {
        let ms = u64::try_from(self.now_ms()).unwrap_or(0);
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms))
    }
}

fn format_ms(ms: i64) -> String {
    let (year, month, day) = civil_from_days(ms.div_euclid(86_400_000));
    let rest = ms.rem_euclid(86_400_000);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000)
}

/// Year, month and day of a day number counted from 1970-01-01, in the proleptic Gregorian calendar. Counting years
/// from March puts the leap day last, so that months have a closed formula.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_iso_8601() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_756_031_399_999, "2025-08-24T10:29:59.999Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(format_ms(ms), text);
        }
    }

    #[test]
    fn a_shifted_clock_shifts_the_date_header_too() {
        let ahead = Clock::shifted(86_400_000 * 366);
        assert!(ahead.timestamp()[..4] > Clock::default().timestamp()[..4]);
        let date = httpdate::parse_http_date(&ahead.http_date()).unwrap();
        assert!(date > SystemTime::now() + Duration::from_secs(86_400 * 365));
    }
}
