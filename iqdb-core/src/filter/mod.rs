//! Filters: typed expressions over payload fields and ids.
//!
//! # Meaning
//! A filter is true or false of a record; there is no third value.
//!
//! - A field that is absent makes every comparison on it false, `!=` included. So `year != 2020`
//!   asks for a year that differs, and `not year = 2020` also takes records without a year.
//! - Null is a value of its own: `year = null` and `year is null` are true where the field is
//!   there and null, `year exists` is true there too.
//! - `not` is the plain complement: exactly the records for which its operand is false.
//! - Integers and floats compare as numbers, exactly. Values of different kinds are never equal
//!   and have no order, so `<`, `<=`, `>` and `>=` between them are false and `!=` is true.
//!   Strings compare by their UTF-8 bytes; false is below true.
//! - `contains` and `in` compare elements by the same rule; `contains` is false for a field that
//!   is not a list, and a whole list equals nothing.
//!
//! # Text
//! ```text
//! filter     = and-filter { "or" and-filter }
//! and-filter = unary { "and" unary }
//! unary      = "not" unary | "(" filter ")" | predicate
//! predicate  = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!            | field "in" "[" [ value { "," value } ] "]"
//!            | field "contains" value
//!            | field "starts_with" string
//!            | field "exists" | field "is" "null"
//!            | "@id" "in" "[" [ id { "," id } ] "]"
//! value      = "null" | "true" | "false" | integer | float | string
//! id         = unsigned integer | string | "uuid" string
//! field      = letter or "_", then letters, digits, "_", ".", "-" | "`" any text "`"
//! string     = '"' text with the escapes \" \\ \n \r \t \u{…} '"'
//! ```
//! Keywords are read in any case. A field named like one, or with other characters in it, stands
//! in backticks, with a backtick inside doubled. Printing is canonical: spacing, case, needless
//! parentheses, and the order and repetition inside `in` leave no trace, and parsing what was
//! printed gives the same filter back.

mod narrow;
mod parse;
mod predicate;
mod print;
mod sets;

use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

pub use narrow::MaskPool;
pub use predicate::{Comparison, Predicate};
pub use sets::{IdSet, ValueSet};

use crate::limits::{FILTER_DEPTH_MAX, FILTER_TERMS_MAX, FILTER_TEXT_BYTES_MAX};
use crate::{Error, ErrorKind, IdRef, PayloadRef, RecordId, Result, Value};

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
/// reports it. Cloning is O(1); joining is O(terms of the smaller filter) unless the larger one has
/// clones.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Result<Arc<Node>, TooLarge>);

/// One operator of a [`Filter`] with its operands, for whoever walks or translates it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Expr {
    /// All of at least two operands, none of them an `And`.
    And(Vec<Filter>),
    /// Any of at least two operands, none of them an `Or`.
    Or(Vec<Filter>),
    /// The complement of an operand that is not a `Not`.
    Not(Filter),
    /// A condition on one field or on the id.
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
    /// The field is there and equals `value`.
    #[must_use]
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(field, Comparison::Eq, value)
    }

    /// The field is there and differs from `value`.
    #[must_use]
    pub fn ne(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(field, Comparison::Ne, value)
    }

    /// The field is there and below `value`.
    #[must_use]
    pub fn lt(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(field, Comparison::Lt, value)
    }

    /// The field is there and at most `value`.
    #[must_use]
    pub fn le(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(field, Comparison::Le, value)
    }

    /// The field is there and above `value`.
    #[must_use]
    pub fn gt(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(field, Comparison::Gt, value)
    }

    /// The field is there and at least `value`.
    #[must_use]
    pub fn ge(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(field, Comparison::Ge, value)
    }

    /// The field is there and compares to `value` as asked.
    #[must_use]
    pub fn compare(
        field: impl Into<String>,
        comparison: Comparison,
        value: impl Into<Value>,
    ) -> Self {
        Predicate::Compare { field: field.into(), comparison, value: value.into() }.into()
    }

    /// The field is there and equals one of `values`.
    #[must_use]
    pub fn is_in<V: Into<Value>>(
        field: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Predicate::In { field: field.into(), values }.into()
    }

    /// The field is a list and one of its elements equals `value`.
    #[must_use]
    pub fn contains(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Predicate::Contains { field: field.into(), value: value.into() }.into()
    }

    /// The field is a string that starts with `prefix`.
    #[must_use]
    pub fn starts_with(field: impl Into<String>, prefix: impl Into<String>) -> Self {
        Predicate::StartsWith { field: field.into(), prefix: prefix.into() }.into()
    }

    /// The field is there, null or not.
    #[must_use]
    pub fn exists(field: impl Into<String>) -> Self {
        Predicate::Exists { field: field.into() }.into()
    }

    /// The field is there and null.
    #[must_use]
    pub fn is_null(field: impl Into<String>) -> Self {
        Predicate::IsNull { field: field.into() }.into()
    }

    /// The id is one of `ids`.
    #[must_use]
    pub fn id_in<I: Into<RecordId>>(ids: impl IntoIterator<Item = I>) -> Self {
        Predicate::IdIn { ids: ids.into_iter().map(Into::into).collect() }.into()
    }

    /// Both this and `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.joined(other, Joint::And)
    }

    /// This or `other` or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.joined(other, Joint::Or)
    }

    /// The complement: what this is false of.
    #[must_use]
    #[allow(clippy::should_implement_trait)]
    pub fn not(self) -> Self {
        let size = match &self.0 {
            Err(_) => return self,
            Ok(node) => match &node.expr {
                Expr::Not(operand) => return operand.clone(),
                _ => node.size,
            },
        };
        let size = Size {
            depth: size.depth + 1,
            terms: size.terms + 1,
            text_bytes: size.text_bytes + "not ()".len(),
        };
        Self::limited(size, || Expr::Not(self))
    }

    /// Joins two filters into one n-ary operator, taking apart those that are one already.
    fn joined(self, other: Self, joint: Joint) -> Self {
        let (left, right) = match (self.0, other.0) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(too_large), _) | (_, Err(too_large)) => return Self(Err(too_large)),
        };
        let as_operand = |node: &Node| match joint.operands(&node.expr) {
            Some(_) => Size { terms: node.size.terms - 1, ..node.size },
            None => Size {
                depth: node.size.depth + 1,
                text_bytes: node.size.text_bytes + "()".len(),
                ..node.size
            },
        };
        let (a, b) = (as_operand(&left), as_operand(&right));
        let size = Size {
            depth: a.depth.max(b.depth),
            terms: 1 + a.terms + b.terms,
            text_bytes: a.text_bytes + " and ".len() + b.text_bytes,
        };
        Self::limited(size, || {
            let mut operands = joint.into_operands(left);
            operands.append(&mut joint.into_operands(right));
            match joint {
                Joint::And => Expr::And(operands),
                Joint::Or => Expr::Or(operands),
            }
        })
    }

    fn limited(size: Size, expr: impl FnOnce() -> Expr) -> Self {
        let Size { depth, terms, text_bytes } = size;
        if depth > FILTER_DEPTH_MAX
            || terms > FILTER_TERMS_MAX
            || text_bytes > FILTER_TEXT_BYTES_MAX
        {
            return Self(Err(TooLarge(size)));
        }
        Self(Ok(Arc::new(Node { expr: expr(), size })))
    }

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

    /// Checks that the filter can be asked. O(terms).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when it broke a limit while it was built, names a field that
    /// no payload can have, or compares with a list or a float that is not finite.
    pub fn check(&self) -> Result<()> {
        match self.expr()? {
            Expr::And(operands) | Expr::Or(operands) => operands.iter().try_for_each(Self::check),
            Expr::Not(operand) => operand.check(),
            Expr::Is(predicate) => predicate.check(),
        }
    }

    /// Whether the filter is true of a record.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when it broke a limit while it was built; whatever reading the
    /// payload reports.
    pub fn matches(&self, id: IdRef<'_>, payload: &PayloadRef<'_>) -> Result<bool> {
        Ok(match self.expr()? {
            Expr::And(operands) => {
                for operand in operands {
                    if !operand.matches(id, payload)? {
                        return Ok(false);
                    }
                }
                true
            }
            Expr::Or(operands) => {
                for operand in operands {
                    if operand.matches(id, payload)? {
                        return Ok(true);
                    }
                }
                false
            }
            Expr::Not(operand) => !operand.matches(id, payload)?,
            Expr::Is(predicate) => predicate.matches(id, payload)?,
        })
    }
}

impl From<Predicate> for Filter {
    fn from(predicate: Predicate) -> Self {
        let mut text = Counted(0);
        // Counting never fails.
        let _ = write!(text, "{predicate}");
        let size = Size { depth: 1, terms: predicate.terms(), text_bytes: text.0 };
        Self::limited(size, || Expr::Is(predicate))
    }
}

/// Counts the bytes of a text instead of keeping them.
struct Counted(usize);

impl Write for Counted {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// The two n-ary operators.
#[derive(Clone, Copy)]
enum Joint {
    And,
    Or,
}

impl Joint {
    /// The operands of an expression that is this operator.
    fn operands(self, expr: &Expr) -> Option<&[Filter]> {
        match (self, expr) {
            (Self::And, Expr::And(operands)) | (Self::Or, Expr::Or(operands)) => Some(operands),
            _ => None,
        }
    }

    /// What a node contributes to this operator: its operands if it is one, else itself. A node
    /// that nobody shares gives them away, so that a chain of a thousand is not copied each time.
    fn into_operands(self, node: Arc<Node>) -> Vec<Filter> {
        if self.operands(&node.expr).is_none() {
            return vec![Filter(Ok(node))];
        }
        match Arc::try_unwrap(node) {
            Ok(Node { expr: Expr::And(operands) | Expr::Or(operands), .. }) => operands,
            Ok(_) => Vec::new(),
            Err(shared) => self.operands(&shared.expr).unwrap_or_default().to_vec(),
        }
    }
}

impl From<&Filter> for Filter {
    fn from(filter: &Filter) -> Self {
        filter.clone()
    }
}

impl FromStr for Filter {
    type Err = Error;

    /// Reads the [text form](self#text). O(length).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] with the column and what was expected there, or when the text
    /// or the filter is over a limit.
    fn from_str(text: &str) -> Result<Self> {
        parse::parse(text)
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

#[cfg(test)]
mod tests;
