//! The offset of a time zone, as `--assume-tz` names it.

use std::str::FromStr;

/// A fixed offset from UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    /// As RFC 3339 writes it, behind a time.
    text: String,
    minutes: i64,
}

impl Offset {
    /// As RFC 3339 writes it: `Z` or `+02:00`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many minutes a clock of the zone is ahead of UTC.
    #[must_use]
    pub fn minutes(&self) -> i64 {
        self.minutes
    }
}

impl FromStr for Offset {
    type Err = String;

    /// Reads `UTC`, `Z`, or an offset as `+02:00`.
    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text, "UTC" | "utc" | "Z" | "z") {
            return Ok(Self { text: "Z".into(), minutes: 0 });
        }
        let minutes = || {
            let (sign, rest) = match text.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            let (hours, minutes) = rest.split_once(':')?;
            let number = |digits: &str, below: i64| {
                let is_number =
                    digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
                digits.parse::<i64>().ok().filter(|number| is_number && *number < below)
            };
            Some(sign * (number(hours, 24)? * 60 + number(minutes, 60)?))
        };
        match minutes() {
            Some(minutes) => Ok(Self { text: text.to_owned(), minutes }),
            None => Err("expected UTC or an offset such as +02:00".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_utc_or_an_offset() {
        let minutes = |text: &str| text.parse::<Offset>().map(|offset| offset.minutes()).ok();
        for (text, expected) in [
            ("UTC", Some(0)),
            ("Z", Some(0)),
            ("+02:00", Some(120)),
            ("-05:30", Some(-330)),
            ("+24:00", None),
            ("+2:00", None),
            ("02:00", None),
            ("+02:60", None),
            ("+0é:00", None),
            ("Europe/Berlin", None),
            ("", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }
}
