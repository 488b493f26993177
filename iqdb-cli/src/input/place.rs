//! Where in a file something stands, in the words of its format.

use std::fmt;

use iqdb::Error;

/// How many characters of a column's name an error shows.
const COLUMN_CHARS_MAX: usize = 60;

/// A row of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A row of a binary file, counted from 0, as numpy does.
    Row(u64),
    /// A line of a text file, counted from 1, as editors do.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "row {row}"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

impl Place {
    /// The error, which then says that it was met here.
    pub(crate) fn of(self, name: &str, error: Error) -> Error {
        error.during(format!("reading {self} of {name}"))
    }

    /// The error, which then says that it was met in this column. The end of a long name is left out, so
    /// that there is room for that of the file.
    pub(crate) fn column(self, column: &str, name: &str, error: Error) -> Error {
        let mut room = COLUMN_CHARS_MAX;
        let end = column.char_indices().find(|(_, character)| {
            let left = room.checked_sub(printed_chars(*character));
            room = left.unwrap_or(0);
            left.is_none()
        });
        let (shown, more) = end.map_or((column, ""), |(end, _)| (&column[..end], "…"));
        error.during(format!("reading {self}, column {shown}{more}, of {name}"))
    }
}

/// How many characters an error prints for this one at most: others than letters, digits and those of ASCII
/// may be printed as `\u{10ffff}`.
fn printed_chars(character: char) -> usize {
    match character.is_alphanumeric() || character.is_ascii_graphic() || character == ' ' {
        true => 1,
        false => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iqdb::ErrorKind;

    #[test]
    fn an_error_names_the_file_behind_a_column_of_any_length() {
        let shown = |column: &str| {
            let error = Error::new(ErrorKind::Damaged, "it is not JSON");
            Place::Line(3).column(column, "words.jsonl", error).to_string()
        };
        let name = "ä".repeat(COLUMN_CHARS_MAX);
        let expected = format!("reading line 3, column {name}, of words.jsonl: ");
        assert!(shown(&name).starts_with(&expected), "{}", shown(&name));
        let expected = format!("reading line 3, column {name}…, of words.jsonl: ");
        for more in ["x", &"x".repeat(1000)] {
            let shown = shown(&(name.clone() + more));
            assert!(shown.starts_with(&expected), "{shown}");
        }
        // Each of these is printed as several characters.
        for control in ["\u{7f}", "\u{10ffff}", "\u{202e}", "\n"] {
            let shown = shown(&control.repeat(60));
            assert!(shown.contains("…, of words.jsonl: "), "{shown}");
        }
    }
}
