//! What a reader has to say about its file beside the records: what it left out, and what it took for
//! granted.

use std::collections::BTreeMap;

use crate::count::counted;

/// Remarks on a file, in the order in which an import says them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    said: Vec<String>,
    /// How many values are NaN, `NaT` or null, by the column that they are in.
    absent: BTreeMap<String, u64>,
}

impl Notes {
    /// Keeps a remark, once.
    pub(super) fn say(&mut self, remark: impl Into<String>) {
        let remark = remark.into();
        if !self.said.contains(&remark) {
            self.said.push(remark);
        }
    }

    /// Counts a value of this column that is none.
    pub(super) fn absent(&mut self, column: &str) {
        match self.absent.get_mut(column) {
            Some(count) => *count += 1,
            None => drop(self.absent.insert(column.to_owned(), 1)),
        }
    }

    /// The remarks, a sentence each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let absent = self.absent.iter().map(|(column, count)| {
            let rows = counted(*count, "row");
            format!("In {rows} the column {column} has no value (NaN or null): no key there.")
        });
        self.said.iter().cloned().chain(absent).collect()
    }
}
