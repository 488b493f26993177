//! Building filters in code: the leaves, and how they are joined without growing past the limits.

use std::fmt::{self, Write};
use std::sync::Arc;

use super::{Comparison, Expr, Filter, Node, Predicate, Size, TooLarge};
use crate::limits::{FILTER_DEPTH_MAX, FILTER_TERMS_MAX, FILTER_TEXT_BYTES_MAX};
use crate::{Path, RecordId, Value};

impl Filter {
    /// The value is there and equals `value`.
    #[must_use]
    pub fn eq(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Self::compare(path, Comparison::Eq, value)
    }

    /// The value is there and differs from `value`.
    #[must_use]
    pub fn ne(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Self::compare(path, Comparison::Ne, value)
    }

    /// The value is there and below `value`.
    #[must_use]
    pub fn lt(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Self::compare(path, Comparison::Lt, value)
    }

    /// The value is there and at most `value`.
    #[must_use]
    pub fn le(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Self::compare(path, Comparison::Le, value)
    }

    /// The value is there and above `value`.
    #[must_use]
    pub fn gt(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Self::compare(path, Comparison::Gt, value)
    }

    /// The value is there and at least `value`.
    #[must_use]
    pub fn ge(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Self::compare(path, Comparison::Ge, value)
    }

    /// The value is there and compares to `value` as asked.
    #[must_use]
    pub fn compare(path: impl Into<Path>, comparison: Comparison, value: impl Into<Value>) -> Self {
        Predicate::Compare { path: path.into(), comparison, value: value.into() }.into()
    }

    /// The value is there and equals one of `values`.
    #[must_use]
    pub fn is_in<V: Into<Value>>(
        path: impl Into<Path>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Predicate::In { path: path.into(), values }.into()
    }

    /// The value is a list and one of its elements equals `value`.
    #[must_use]
    pub fn contains(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Predicate::Contains { path: path.into(), value: value.into() }.into()
    }

    /// The value is a string that starts with `prefix`.
    #[must_use]
    pub fn starts_with(path: impl Into<Path>, prefix: impl Into<String>) -> Self {
        Predicate::StartsWith { path: path.into(), prefix: prefix.into() }.into()
    }

    /// The value is a string and `text` is part of it, byte for byte.
    #[must_use]
    pub fn contains_text(path: impl Into<Path>, text: impl Into<String>) -> Self {
        Predicate::ContainsText { path: path.into(), text: text.into() }.into()
    }

    /// The value is there, null or not.
    #[must_use]
    pub fn exists(path: impl Into<Path>) -> Self {
        Predicate::Exists { path: path.into() }.into()
    }

    /// The value is there and null.
    #[must_use]
    pub fn is_null(path: impl Into<Path>) -> Self {
        Predicate::IsNull { path: path.into() }.into()
    }

    /// The record has a vector of the field.
    #[must_use]
    pub fn has(field: impl Into<String>) -> Self {
        Predicate::Has { field: field.into() }.into()
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
    /// that no other filter shares gives them away, so that a chain of a thousand is not copied
    /// each time.
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
