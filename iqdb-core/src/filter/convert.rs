//! What converts into a filter: its text above all, as which it is serialised, too.

use std::str::FromStr;

use super::Filter;
use super::parse::parse;
use crate::{Error, Result};

impl From<&Filter> for Filter {
    fn from(filter: &Filter) -> Self {
        filter.clone()
    }
}

impl FromStr for Filter {
    type Err = Error;

    /// Reads the [text form](super#text). O(length).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter) with the column and what was expected there, or when the text
    /// or the filter is over a limit.
    fn from_str(text: &str) -> Result<Self> {
        parse(text)
    }
}

impl TryFrom<&str> for Filter {
    type Error = Error;
    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl TryFrom<&String> for Filter {
    type Error = Error;
    fn try_from(text: &String) -> Result<Self> {
        text.parse()
    }
}

impl TryFrom<String> for Filter {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

/// As its text.
#[cfg(feature = "serde")]
impl serde::Serialize for Filter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check().map_err(serde::ser::Error::custom)?;
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Filter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
