//! What numbers, times and absent values of files become: one rule for all formats.
//!
//! - An integer that no `i64` holds is an error, never a rounded float.
//! - A time with a zone is a date; one without a zone is an error unless `--assume-tz` says the zone. What
//!   is finer than a microsecond is an error unless `--timestamps` says what becomes of it. A day is its
//!   midnight in UTC. A text is a date only where `--dates` names its column.
//! - NaN, `NaT` and null are no value: the record has no such key, and the import says how many.

use iqdb::{DateTime, Error, ErrorKind, Result, Value};

use super::offset::Offset;

/// How the values of a file are read, where there is a choice.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What becomes of timestamps; without it, dates, of which none is finer than a microsecond.
    pub timestamps: Option<Timestamps>,
    /// The zone of times that have none.
    pub assume_tz: Option<Offset>,
    /// The columns of texts that are dates.
    pub dates: Vec<String>,
    /// The columns whose cells are texts, whatever they look like.
    pub texts: Vec<String>,
}

/// What becomes of timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Timestamps {
    /// Dates; what is finer than a microsecond is cut off
    Truncate,
    /// Texts of RFC 3339, with up to nine digits behind the seconds
    Text,
    /// Integers, the numbers that the file has; of a text, nanoseconds since 1970
    Int,
}

const NANOS_PER_MICRO: i64 = 1_000;
const MICROS_PER_SECOND: i64 = 1_000_000;

impl Rules {
    /// The flag of a rule that is not what it is by default.
    pub(super) fn first_flag(&self) -> Option<&'static str> {
        let flags = [
            (self.timestamps.is_some(), "--timestamps"),
            (self.assume_tz.is_some(), "--assume-tz"),
            (!self.dates.is_empty(), "--dates"),
            (!self.texts.is_empty(), "--text"),
        ];
        flags.iter().find(|(is_set, _)| *is_set).map(|(_, flag)| *flag)
    }

    /// Checks that `--dates` and `--text` name columns among these.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] for a name that is not among them, and for one that is named by both.
    pub(super) fn check_columns(&self, columns: &[&str]) -> Result<()> {
        for (flag, names) in [("--dates", &self.dates), ("--text", &self.texts)] {
            if let Some(name) = names.iter().find(|name| !columns.contains(&name.as_str())) {
                return Err(Error::new(ErrorKind::NotSupported, "there is no such column")
                    .expected(format_args!("{flag} with one of {}", columns.join(", ")))
                    .found(name));
            }
        }
        if let Some(name) = self.dates.iter().find(|name| self.texts.contains(name)) {
            return Err(Error::new(ErrorKind::NotSupported, "a column is either dates or texts")
                .expected("its name behind --dates or --text")
                .found(format_args!("{name} behind both")));
        }
        Ok(())
    }

    /// The date that a text says.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] for a text that is no date, lacks a zone, or is finer than a
    /// microsecond.
    pub fn date(&self, text: &str) -> Result<Value> {
        let mut normal = text.trim_ascii().to_owned();
        if normal.is_char_boundary(10) && normal[10..].starts_with(' ') {
            // Python and SQL write a space there.
            normal.replace_range(10..11, "T");
        }
        let has_time = normal.len() > 10;
        let has_zone = normal.ends_with(['Z', 'z'])
            || normal.get(10..).is_some_and(|time| time.contains(['+', '-']));
        if has_time && !has_zone {
            normal += self.assume_tz.as_ref().ok_or_else(|| without_zone(text))?.as_str();
        }
        let nanos = cut_fraction(&mut normal);
        let date = normal.parse::<DateTime>()?;
        let nanos = nanos.ok_or_else(|| finer(text))?;
        match self.timestamps {
            Some(Timestamps::Int) => {
                let whole = date.as_micros().checked_mul(NANOS_PER_MICRO);
                let whole = whole.and_then(|whole| whole.checked_add(nanos));
                whole.map(Value::from).ok_or_else(|| large_integer(text))
            }
            _ => self.moment(date, nanos, text),
        }
    }

    /// The value of the point in time that lies `nanos` nanoseconds after `date`, of which the file says `found`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] where there are any, and nothing says what becomes of them.
    pub(super) fn moment(&self, date: DateTime, nanos: i64, found: &str) -> Result<Value> {
        match self.timestamps {
            Some(Timestamps::Text) => Ok(exact_text(date, nanos).into()),
            None | Some(Timestamps::Int) if nanos != 0 => Err(finer(found)),
            _ => Ok(date.into()),
        }
    }
}

/// Leaves six digits of a fraction of a second, and returns the nanoseconds that the next ones say; `None`
/// where it goes on behind them.
fn cut_fraction(text: &mut String) -> Option<i64> {
    const KEPT: usize = 6;
    let Some(dot) = text.find('.') else {
        return Some(0);
    };
    let digits = text[dot + 1..].bytes().take_while(u8::is_ascii_digit).count();
    if digits <= KEPT {
        return Some(0);
    }
    let start = dot + 1 + KEPT;
    let cut: String = text.drain(start..dot + 1 + digits).collect();
    let nanos = cut.trim_end_matches('0');
    if nanos.len() > 3 { None } else { format!("{nanos:0<3}").parse().ok() }
}

/// A point in time with all its digits.
fn exact_text(date: DateTime, nanos: i64) -> String {
    let micros = date.as_micros().rem_euclid(MICROS_PER_SECOND);
    let whole = DateTime::from_micros(date.as_micros() - micros).unwrap_or(date).to_string();
    let fraction = format!("{:09}", micros * NANOS_PER_MICRO + nanos);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{}{dot}{fraction}Z", whole.trim_end_matches('Z'))
}

pub(super) fn without_zone(found: &str) -> Error {
    Error::new(ErrorKind::InvalidPayload, "the time has no zone")
        .expected("a zone, such as +02:00 or Z")
        .found(found)
        .hint("say which one with --assume-tz, as --assume-tz UTC")
}

fn finer(found: &str) -> Error {
    Error::new(ErrorKind::InvalidPayload, "the timestamp is finer than a microsecond")
        .expected("whole microseconds")
        .found(found)
        .hint("say what becomes of it: --timestamps truncate, text or int")
}

/// That no `i64` holds an integer.
pub(super) fn large_integer(found: &str) -> Error {
    Error::new(ErrorKind::InvalidPayload, "the integer does not fit 64 bits")
        .expected(format_args!("{} to {}", i64::MIN, i64::MAX))
        .found(found)
        .hint(
            "keep it as a text: in quotes in JSON, by --text COLUMN in a file of columns; or write it \
             as a float, such as 1.0e19",
        )
}

/// The first integer in a text of JSON that no `i64` holds, other than below these keys of the outermost
/// object. JSON's reader makes a rounded float of it. O(length).
pub(super) fn integer_beyond_64_bits(json: &[u8], except: &[&str]) -> Option<String> {
    let (mut at, mut depth, mut is_excepted) = (0, 0_usize, false);
    while let Some(byte) = json.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                at = end_of_string(json, at);
                let rest = json.get(at..).unwrap_or_default().trim_ascii_start();
                if depth == 1 && rest.starts_with(b":") {
                    let key = &json[start + 1..at - 1];
                    is_excepted = except.iter().any(|name| name.as_bytes() == key);
                }
            }
            b'-' | b'0'..=b'9' => {
                let is_part =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                at += json[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = str::from_utf8(&json[start..at]).unwrap_or_default();
                let is_integer = !number.contains(['.', 'e', 'E']);
                if is_integer && !is_excepted && number.parse::<i64>().is_err() {
                    return Some(number.to_owned());
                }
            }
            _ => {}
        }
    }
    None
}

/// Where a string of JSON that begins before `at` ends, its closing quote included.
fn end_of_string(json: &[u8], mut at: usize) -> usize {
    while let Some(byte) = json.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_date_with_its_zone_or_the_assumed_one() {
        let with = |timestamps, assume_tz: Option<&str>| Rules {
            timestamps,
            assume_tz: assume_tz.map(|zone| zone.parse().unwrap()),
            ..Rules::default()
        };
        let shown = |rules: &Rules, text: &str| match rules.date(text) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        };
        let zone = "say which one with --assume-tz, as --assume-tz UTC";
        let fine = "say what becomes of it: --timestamps truncate, text or int";
        for (timestamps, assume_tz, text, expected) in [
            (None, None, "2025-01-31", r#"date("2025-01-31T00:00:00Z")"#),
            (None, None, "2025-01-31T10:00:00Z", r#"date("2025-01-31T10:00:00Z")"#),
            (None, None, "2025-01-31 10:00:00+02:00", r#"date("2025-01-31T08:00:00Z")"#),
            (None, None, "2025-01-31 10:00:00.000000000+00:00", r#"date("2025-01-31T10:00:00Z")"#),
            (None, None, "2025-01-31 10:00:00", zone),
            (None, Some("UTC"), "2025-01-31 10:00:00", r#"date("2025-01-31T10:00:00Z")"#),
            (None, Some("-05:30"), "2025-01-31 10:00:00", r#"date("2025-01-31T15:30:00Z")"#),
            (None, None, "2025-01-31T10:00:00.000000001Z", fine),
            (
                Some(Timestamps::Truncate),
                None,
                "1969-12-31T23:59:59.999999999Z",
                r#"date("1969-12-31T23:59:59.999999Z")"#,
            ),
            (
                Some(Timestamps::Text),
                None,
                "2025-01-31T12:00:00.5000001+02:00",
                r#""2025-01-31T10:00:00.5000001Z""#,
            ),
            (Some(Timestamps::Int), None, "1969-12-31T23:59:59.999999999Z", "-1"),
        ] {
            let shown = shown(&with(timestamps, assume_tz), text);
            assert!(shown == expected || shown.ends_with(expected), "{text}: {shown}");
        }
        for text in ["31.01.2025", "", "ääääää", "2025-01-31T10:00:00.0000000001Z"] {
            assert!(Rules::default().date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_integer_beyond_64_bits_is_found_outside_of_texts_and_vectors() {
        let found = |json: &str| integer_beyond_64_bits(json.as_bytes(), &["vector"]);
        for json in [
            "",
            "\"",
            r#"{"a": 9223372036854775807, "b": -9223372036854775808, "c": 1e30, "d": 1.5}"#,
            r#"{"a": "9223372036854775808", "b\"": "\\"}"#,
            r#"{"vector": [9223372036854775808]}"#,
        ] {
            assert_eq!(found(json), None, "{json}");
        }
        for json in [
            "9223372036854775808",
            r#"{"vector": [1], "a": [{"b": 9223372036854775808}]}"#,
            r#"{"a": {"vector": 9223372036854775808}}"#,
        ] {
            assert_eq!(found(json).as_deref(), Some("9223372036854775808"), "{json}");
        }
    }
}
