//! Paths: which values of a payload a condition is about.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits::{KEY_BYTES_MAX, PATH_STEPS_MAX};
use crate::quoted::{self, Backticked};
use crate::words::{continues_word, is_keyword, is_word, starts_word};
use crate::{Error, ErrorKind, Location, Result, ValueRef};

/// The way from a payload to values inside it: a key, then a step for each map or list on the way.
///
/// A path goes through maps, and with `[]` through all elements of a list. Where it meets anything
/// else, or a key is absent, there is nothing. In text a dot separates keys; a key that is no plain
/// word stands in backticks, with its dots: `` authors[].`first.name` ``. Text converts into a path,
/// read this way; [`Path::key`] takes any key as it is.
///
/// Building one never fails: text that can't be read and a path of more than [`PATH_STEPS_MAX`] steps
/// make one that leads nowhere, and [`check`](Self::check), which every filter calls, says so.
/// Cloning is O(1).
///
/// ```
/// use iqdb_core::Path;
///
/// let path: Path = "authors[].name".parse()?;
/// assert_eq!(path, Path::key("authors").each().then("name"));
/// assert_eq!(Path::key("a.b").to_string(), "`a.b`");
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Path(Result<Steps, Invalid>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Steps {
    key: Arc<str>,
    /// Behind the first key.
    rest: Arc<[Step]>,
}

/// One step of a [`Path`], behind its first key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// From a map to the value of this key.
    Key(Arc<str>),
    /// From a list to each of its elements.
    Each,
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Invalid {
    /// There would be more steps than a payload is deep.
    TooLong,
    Text {
        text: Arc<str>,
        /// In characters from 1.
        column: usize,
        expected: &'static str,
    },
}

impl Path {
    /// The path of one key, whatever characters are in it.
    #[must_use]
    pub fn key(key: impl Into<String>) -> Self {
        Self(Ok(Steps { key: key.into().into(), rest: Arc::default() }))
    }

    /// From the map that this leads to, the value of `key`.
    #[must_use]
    pub fn then(self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into().into()))
    }

    /// From the list that this leads to, each element: `[]` in text.
    #[must_use]
    pub fn each(self) -> Self {
        self.step(Step::Each)
    }

    fn step(self, step: Step) -> Self {
        Self(self.0.and_then(|Steps { key, rest }| {
            if 1 + rest.len() == PATH_STEPS_MAX {
                return Err(Invalid::TooLong);
            }
            Ok(Steps { key, rest: rest.iter().cloned().chain([step]).collect() })
        }))
    }

    /// The key of the payload that the path begins with.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when the path was made from text that can't be read, or of too
    /// many steps.
    pub fn first_key(&self) -> Result<&str> {
        self.steps().map(|(key, _)| key)
    }

    /// The key, if the path is one key only.
    #[must_use]
    pub fn as_key(&self) -> Option<&str> {
        self.0.as_ref().ok().filter(|steps| steps.rest.is_empty()).map(|steps| &*steps.key)
    }

    /// The first key and the steps behind it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when the path was made from text that can't be read, or of too
    /// many steps.
    pub fn steps(&self) -> Result<(&str, &[Step])> {
        let error = |message| Error::new(ErrorKind::InvalidFilter, message);
        match &self.0 {
            Ok(Steps { key, rest }) => Ok((key, rest)),
            Err(Invalid::TooLong) => Err(error("a path has too many steps")
                .expected(format_args!("at most {PATH_STEPS_MAX}, as deep as payloads go"))),
            Err(Invalid::Text { text, column, expected }) => Err(error("a path can't be read")
                .at(Location::Column(*column))
                .expected(expected)
                .found(format_args!("{text:?}"))
                .hint("`Path::key` takes one key as it is, with its dots")),
        }
    }

    /// Checks that a payload can have such a path.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when the path was made from text that can't be read, has too many
    /// steps, or has a key that is empty or too long.
    pub fn check(&self) -> Result<()> {
        let (first, steps) = self.steps()?;
        let keys = steps.iter().filter_map(|step| match step {
            Step::Key(key) => Some(&**key),
            Step::Each => None,
        });
        for key in [first].into_iter().chain(keys) {
            if key.is_empty() || key.len() > KEY_BYTES_MAX {
                return Err(Error::new(ErrorKind::InvalidFilter, "a key has the wrong length")
                    .expected(format_args!("1 to {KEY_BYTES_MAX} bytes"))
                    .found(format_args!("{} bytes", key.len())));
            }
        }
        Ok(())
    }

    /// Whether `is` so of a value that the path leads to, where its first key has the value `first`.
    /// False of a path that leads nowhere. O(values looked at), without allocating.
    pub fn any(&self, first: ValueRef<'_>, mut is: impl FnMut(ValueRef<'_>) -> bool) -> bool {
        match &self.0 {
            Ok(steps) => any(&steps.rest, first, &mut is),
            Err(_) => false,
        }
    }
}

/// Recurses once per `[]`, of which there are few.
fn any(steps: &[Step], mut value: ValueRef<'_>, is: &mut impl FnMut(ValueRef<'_>) -> bool) -> bool {
    for (n, step) in steps.iter().enumerate() {
        value = match (step, value) {
            (Step::Key(key), ValueRef::Map(map)) => match map.get(key) {
                Some(inner) => inner,
                None => return false,
            },
            (Step::Each, ValueRef::List(list)) => {
                return list.iter().any(|element| any(&steps[n + 1..], element, is));
            }
            _ => return false,
        };
    }
    is(value)
}

/// The text could not be read as a path. Both count from the beginning of what was given.
pub(crate) struct Problem {
    pub(crate) column: usize,
    pub(crate) expected: &'static str,
}

/// Reads a path at the start of `text`; returns it with the bytes it took. It ends before the first
/// character that can't belong to it.
pub(crate) fn read(text: &str) -> Result<(Path, usize), Problem> {
    let (first, mut at) = read_key(text, 0)?;
    let mut path = Path::key(first);
    loop {
        let rest = &text[at..];
        if rest.starts_with("[]") {
            path = path.each();
            at += 2;
        } else if rest.starts_with('.') {
            let (key, end) = read_key(text, at + 1)?;
            path = path.then(key);
            at = end;
        } else {
            return Ok((path, at));
        }
    }
}

/// Reads a key from byte `at` on; returns it with where it ends.
fn read_key(text: &str, at: usize) -> Result<(String, usize), Problem> {
    let column = || text[..at].chars().count() + 1;
    let rest = &text[at..];
    if rest.starts_with('`') {
        return match quoted::read('`', rest) {
            Ok((key, length)) => Ok((key, at + length)),
            Err(problem) => {
                let column = column() + problem.column - 1;
                Err(Problem { column, expected: problem.expected })
            }
        };
    }
    if !rest.starts_with(starts_word) {
        return Err(Problem { column: column(), expected: "a key: a word, or text in backticks" });
    }
    let len = rest.find(|character| !continues_word(character)).unwrap_or(rest.len());
    Ok((rest[..len].to_owned(), at + len))
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        let invalid =
            |column, expected| Self(Err(Invalid::Text { text: text.into(), column, expected }));
        match read(text) {
            Ok((path, used)) if used == text.len() => path,
            Ok((_, used)) => invalid(
                text[..used].chars().count() + 1,
                "`.`, `[]` or the end; other characters stand in backticks",
            ),
            Err(problem) => invalid(problem.column, problem.expected),
        }
    }
}

impl From<String> for Path {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Path {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&Path> for Path {
    fn from(path: &Path) -> Self {
        path.clone()
    }
}

impl FromStr for Path {
    type Err = Error;

    /// Reads the text form. O(length).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] with the column and what was expected there, or when a limit is
    /// broken.
    fn from_str(text: &str) -> Result<Self> {
        let path = Self::from(text);
        path.check()?;
        Ok(path)
    }
}

/// The text form, which reads back as the same path; one that leads nowhere prints as what is wrong
/// with it, in angle brackets.
/// Prints a key that stands first: bare where it is a word that is no keyword, else in backticks.
pub(crate) struct FirstKey<'a>(pub(crate) &'a str);

impl fmt::Display for FirstKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match is_word(self.0) && !is_keyword(self.0) {
            true => f.write_str(self.0),
            false => Backticked(self.0).fmt(f),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, steps) = match self.steps() {
            Ok(steps) => steps,
            Err(error) => return write!(f, "<{error}>"),
        };
        FirstKey(first).fmt(f)?;
        for step in steps {
            match step {
                Step::Each => f.write_str("[]")?,
                Step::Key(name) => {
                    f.write_str(".")?;
                    match is_word(name) {
                        true => f.write_str(name)?,
                        false => Backticked(name).fmt(f)?,
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}

#[cfg(test)]
mod tests;
