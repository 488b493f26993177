//! The canonical text of a filter.

use std::fmt::{self, Display};

use super::{Expr, Filter, Predicate};
use crate::path::FirstKey;
use crate::quoted::Quoted;
use crate::{IdRef, RecordId};

/// The text form; a filter over a limit prints as what is wrong with it, in angle brackets.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expr() {
            Ok(Expr::And(operands)) => join(f, operands, " and "),
            Ok(Expr::Or(operands)) => join(f, operands, " or "),
            Ok(Expr::Not(operand)) => write!(f, "not {}", Operand(operand)),
            Ok(Expr::Is(predicate)) => predicate.fmt(f),
            Err(error) => write!(f, "<{error}>"),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, operands: &[Filter], operator: &str) -> fmt::Result {
    for (position, operand) in operands.iter().enumerate() {
        if position > 0 {
            f.write_str(operator)?;
        }
        Operand(operand).fmt(f)?;
    }
    Ok(())
}

/// A filter inside another: an `and` or `or` stands in parentheses, whatever is around it, so
/// that a person who reads it need not know which binds tighter.
struct Operand<'a>(&'a Filter);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.expr() {
            Ok(Expr::And(_) | Expr::Or(_)) => write!(f, "({})", self.0),
            _ => self.0.fmt(f),
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { path, comparison, value } => {
                write!(f, "{path} {} {value}", comparison.as_str())
            }
            Self::In { path, values } => {
                write!(f, "{path} in [")?;
                list(f, values.as_slice())
            }
            Self::Contains { path, value } => write!(f, "{path} contains {value}"),
            Self::StartsWith { path, prefix } => {
                write!(f, "{path} starts_with {}", Quoted(prefix))
            }
            Self::ContainsText { path, text } => {
                write!(f, "{path} contains_text {}", Quoted(text))
            }
            Self::Exists { path } => write!(f, "{path} exists"),
            Self::IsNull { path } => write!(f, "{path} is null"),
            Self::Has { field } => write!(f, "@has {}", FirstKey(field)),
            Self::IdIn { ids } => {
                f.write_str("@id in [")?;
                list(f, ids.as_slice().iter().map(Id))
            }
        }
    }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = impl fmt::Display>,
) -> fmt::Result {
    for (position, item) in items.into_iter().enumerate() {
        let separator = if position == 0 { "" } else { ", " };
        write!(f, "{separator}{item}")?;
    }
    f.write_str("]")
}

struct Id<'a>(&'a RecordId);

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref() {
            IdRef::Number(number) => write!(f, "{number}"),
            IdRef::Uuid(uuid) => write!(f, "uuid \"{uuid}\""),
            IdRef::Text(text) => Quoted(text).fmt(f),
        }
    }
}
