//! Filters: typed expressions over the values of payloads, and ids.
//!
//! # Meaning
//! A filter is true or false of a record; there is no third value.
//!
//! - A condition is about the values that its [path](crate::Path) leads to: a key, `author.name` for
//!   a key in a map, `authors[].name` for that of every element of a list. A path goes through maps
//!   only, and with `[]` through lists; through anything else, or an absent key, it leads to no value.
//! - A path without a value makes every comparison false, `!=` included. So `year != 2020` asks for a
//!   year that differs, and `not year = 2020` also takes records without a year. Of several values
//!   one is enough.
//! - Null is a value of its own: `year = null` and `year is null` are true where the key is there and
//!   null, `year exists` is true there too.
//! - `not` is the plain complement: exactly the records for which its operand is false.
//! - Integers and floats compare as numbers, exactly, and dates as points in time. Values of different
//!   kinds are never equal and have no order, so `<`, `<=`, `>` and `>=` between them are false and
//!   `!=` is true. Strings compare by their UTF-8 bytes; false is below true.
//! - `contains` and `in` compare elements by the same rule; `contains` is false for a value that is
//!   not a list, and a whole list or map equals nothing, as an element of a list, too.
//! - `@has image` is true of the records that have a vector of the field `image`. A schema without
//!   such a field refuses the filter.
//! - `starts_with` and `contains_text` look at the bytes of a string, and are false for anything else.
//!
//! # Text
//! ```text
//! filter     = and-filter { "or" and-filter }
//! and-filter = unary { "and" unary }
//! unary      = "not" unary | "(" filter ")" | predicate
//! predicate  = path ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!            | path "in" "[" [ value { "," value } ] "]"
//!            | path "contains" value
//!            | path "contains_text" string | path "starts_with" string
//!            | path "exists" | path "is" "null"
//!            | "@id" "in" "[" [ id { "," id } ] "]"
//!            | "@has" key
//! value      = "null" | "true" | "false" | integer | float | string | "date" "(" string ")"
//! id         = unsigned integer | string | "uuid" string
//! path       = key { "[]" | "." key }
//! key        = letter or "_", then letters, digits, "_", "-"
//!            | "`" text with the escapes \` \\ \n \r \t \u{…} "`"
//! string     = '"' text with the escapes \" \\ \n \r \t \u{…} '"'
//!            | "'" text with the escapes \' \\ \n \r \t \u{…} "'"
//! ```
//! The string of a date is an RFC 3339 date and time, or a date alone, which is its midnight in UTC.
//! Keywords are read in any case. A key with other characters in it, or a first one named like a
//! keyword, stands in backticks. Printing is canonical: spacing, case, needless parentheses, the kind
//! of quotes, the offset of a date, and the order and repetition inside `in` leave no trace; what would break the
//! line or change the direction of its text is escaped; and parsing what was printed gives the same
//! filter back.

mod build;
mod convert;
mod narrow;
mod parse;
mod predicate;
mod print;
mod sets;
mod subject;

use std::sync::Arc;

pub(crate) use narrow::Asked;
pub use narrow::MaskPool;
pub use predicate::{Comparison, Predicate};
pub use sets::{IdSet, ValueSet};
pub use subject::Subject;

use crate::limits::{FILTER_DEPTH_MAX, FILTER_TERMS_MAX, FILTER_TEXT_BYTES_MAX};
use crate::{Error, ErrorKind, Result, Schema};

/// A condition on records. See the [module](self) for what it means and how it is written.
///
/// ```
/// use iqdb_core::Filter;
///
/// let parsed: Filter = r#"lang = "en" and not tags contains "draft""#.parse()?;
/// let built = Filter::eq("lang", "en").and(Filter::contains("tags", "draft").not());
/// assert_eq!(parsed, built);
/// assert_eq!(built.to_string(), r#"lang = "en" and not tags contains "draft""#);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
///
/// Building one never fails: a filter that grows past [`FILTER_DEPTH_MAX`], [`FILTER_TERMS_MAX`] or
/// [`FILTER_TEXT_BYTES_MAX`] stops growing, and [`check`](Self::check), which every query calls,
/// reports it. Cloning is O(1). Joining is O(operands of the right-hand side) if there is no clone
/// of the left-hand side, so a long chain is best built by appending to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Result<Arc<Node>, TooLarge>);

/// One operator of a [`Filter`] with its operands, for code that walks or translates it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Expr {
    /// All of at least two operands, none of them an `And`.
    And(Vec<Filter>),
    /// Any of at least two operands, none of them an `Or`.
    Or(Vec<Filter>),
    /// The complement of an operand that is not a `Not`.
    Not(Filter),
    /// A condition on the values at one path, on the id, or on which vectors there are.
    Is(Predicate),
}

#[derive(Debug, PartialEq)]
struct Node {
    expr: Expr,
    size: Size,
}

/// What the limits are about.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Size {
    depth: usize,
    terms: usize,
    /// Of the printed filter, or a little more.
    text_bytes: usize,
}

/// A filter that broke a limit while it was built, and so holds nothing any more.
#[derive(Debug, Clone, Copy, PartialEq)]
struct TooLarge(Size);

impl Filter {
    /// The operator at the root and its operands.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when the filter broke a limit while it was built.
    pub fn expr(&self) -> Result<&Expr> {
        match &self.0 {
            Ok(node) => Ok(&node.expr),
            Err(TooLarge(Size { depth, terms, text_bytes })) => {
                Err(Error::new(ErrorKind::InvalidFilter, "the filter is too large")
                    .expected(format_args!(
                        "at most depth {FILTER_DEPTH_MAX}, {FILTER_TERMS_MAX} terms and \
                         {FILTER_TEXT_BYTES_MAX} bytes of text"
                    ))
                    .found(format_args!("depth {depth}, {terms} terms, {text_bytes} bytes"))
                    .hint("list values with `in [...]`, or split the filter"))
            }
        }
    }

    /// How many terms it has: operators, conditions and listed values. O(1).
    #[must_use]
    pub fn terms(&self) -> usize {
        match &self.0 {
            Ok(node) => node.size.terms,
            Err(TooLarge(size)) => size.terms,
        }
    }

    /// Checks that the filter can be asked. O(terms).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when it broke a limit while it was built, has a path that can't be
    /// read or that no payload can have, or compares with a list, a map or a float that is not finite.
    pub fn check(&self) -> Result<()> {
        match self.expr()? {
            Expr::And(operands) | Expr::Or(operands) => operands.iter().try_for_each(Self::check),
            Expr::Not(operand) => operand.check(),
            Expr::Is(predicate) => predicate.check(),
        }
    }

    /// Checks that the records of this schema can be asked. O(terms).
    ///
    /// # Errors
    /// Those of [`check`](Self::check); [`ErrorKind::UnknownField`] when the filter asks for vectors of
    /// a field that the schema doesn't have.
    pub fn check_for(&self, schema: &Schema) -> Result<()> {
        match self.expr()? {
            Expr::And(operands) | Expr::Or(operands) => {
                operands.iter().try_for_each(|operand| operand.check_for(schema))
            }
            Expr::Not(operand) => operand.check_for(schema),
            Expr::Is(predicate) => {
                predicate.check()?;
                predicate.field().map_or(Ok(()), |name| schema.field(name).map(drop))
            }
        }
    }

    /// Whether the filter is true of a record: of a [`Record`](crate::Record), or of a
    /// [`RecordRef`](crate::RecordRef).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when it broke a limit while it was built; whatever reading the
    /// payload reports.
    pub fn matches(&self, record: &(impl Subject + ?Sized)) -> Result<bool> {
        Ok(match self.expr()? {
            Expr::And(operands) => {
                for operand in operands {
                    if !operand.matches(record)? {
                        return Ok(false);
                    }
                }
                true
            }
            Expr::Or(operands) => {
                for operand in operands {
                    if operand.matches(record)? {
                        return Ok(true);
                    }
                }
                false
            }
            Expr::Not(operand) => !operand.matches(record)?,
            Expr::Is(predicate) => predicate.matches(record)?,
        })
    }
}

#[cfg(test)]
mod tests;
