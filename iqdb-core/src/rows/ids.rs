//! A column of ids.

use std::cmp::Ordering;

use uuid::Uuid;

use crate::{IdRef, RecordId};

/// Ids, one after the other: as numbers where all are numbers, as UUIDs or as texts where all are
/// those, and else mixed. A cleared column keeps its memory.
#[derive(Debug, Clone, Default)]
pub struct IdColumn {
    kind: Kind,
    numbers: Vec<u64>,
    uuids: Vec<Uuid>,
    /// The bytes of all texts.
    text: String,
    /// Where each text ends, of a column of texts.
    ends: Vec<usize>,
    mixed: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Numbers,
    Uuids,
    Texts,
    Mixed,
}

/// An id of a mixed column.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Number(u64),
    Uuid(Uuid),
    Text { start: usize, end: usize },
}

impl IdColumn {
    /// A column without ids. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many ids there are. O(1).
    #[must_use]
    pub fn len(&self) -> usize {
        match self.kind {
            Kind::Numbers => self.numbers.len(),
            Kind::Uuids => self.uuids.len(),
            Kind::Texts => self.ends.len(),
            Kind::Mixed => self.mixed.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Id number `n`. O(1).
    #[must_use]
    pub fn get(&self, n: usize) -> Option<IdRef<'_>> {
        (n < self.len()).then(|| self.at(n))
    }

    /// Id number `n`. O(1).
    ///
    /// # Panics
    /// When there is no such id.
    #[must_use]
    pub fn at(&self, n: usize) -> IdRef<'_> {
        match self.kind {
            Kind::Numbers => IdRef::Number(self.numbers[n]),
            Kind::Uuids => IdRef::Uuid(self.uuids[n]),
            Kind::Texts => {
                let start = n.checked_sub(1).map_or(0, |before| self.ends[before]);
                IdRef::Text(&self.text[start..self.ends[n]])
            }
            Kind::Mixed => match self.mixed[n] {
                Entry::Number(number) => IdRef::Number(number),
                Entry::Uuid(uuid) => IdRef::Uuid(uuid),
                Entry::Text { start, end } => IdRef::Text(&self.text[start..end]),
            },
        }
    }

    /// The ids in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = IdRef<'_>> {
        (0..self.len()).map(|n| self.at(n))
    }

    /// Where `id` is in a column that rises, or where it would be. O(log ids).
    ///
    /// # Errors
    /// `Err` with the place where it would be, as [`slice::binary_search`] has it.
    pub fn binary_search(&self, id: IdRef<'_>) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.at(middle).cmp(&id) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// The ids, where all of them are numbers.
    #[must_use]
    pub fn as_numbers(&self) -> Option<&[u64]> {
        (self.kind == Kind::Numbers).then_some(&self.numbers)
    }

    /// The ids, where all of them are UUIDs and there is one.
    #[must_use]
    pub fn as_uuids(&self) -> Option<&[Uuid]> {
        (self.kind == Kind::Uuids).then_some(&self.uuids)
    }

    /// Appends an id. O(bytes), or O(ids) for the first one of another kind.
    pub fn push(&mut self, id: IdRef<'_>) {
        let kind = match id {
            IdRef::Number(_) => Kind::Numbers,
            IdRef::Uuid(_) => Kind::Uuids,
            IdRef::Text(_) => Kind::Texts,
        };
        if self.is_empty() {
            self.kind = kind;
        } else if self.kind != kind && self.kind != Kind::Mixed {
            self.mix();
        }
        match (self.kind, id) {
            (Kind::Numbers, IdRef::Number(number)) => self.numbers.push(number),
            (Kind::Uuids, IdRef::Uuid(uuid)) => self.uuids.push(uuid),
            (Kind::Texts, IdRef::Text(text)) => {
                self.text.push_str(text);
                self.ends.push(self.text.len());
            }
            (_, IdRef::Number(number)) => self.mixed.push(Entry::Number(number)),
            (_, IdRef::Uuid(uuid)) => self.mixed.push(Entry::Uuid(uuid)),
            (_, IdRef::Text(text)) => {
                let start = self.text.len();
                self.text.push_str(text);
                self.mixed.push(Entry::Text { start, end: self.text.len() });
            }
        }
    }

    /// Forgets the ids and keeps the memory.
    pub fn clear(&mut self) {
        self.kind = Kind::Numbers;
        self.numbers.clear();
        self.uuids.clear();
        self.text.clear();
        self.ends.clear();
        self.mixed.clear();
    }

    /// Makes the column a mixed one.
    fn mix(&mut self) {
        let mut start = 0;
        let texts = self.ends.drain(..).map(|end| {
            let entry = Entry::Text { start, end };
            start = end;
            entry
        });
        self.mixed.extend(texts);
        self.mixed.extend(self.numbers.drain(..).map(Entry::Number));
        self.mixed.extend(self.uuids.drain(..).map(Entry::Uuid));
        self.kind = Kind::Mixed;
    }
}

/// Numbers, without a copy.
impl From<Vec<u64>> for IdColumn {
    fn from(numbers: Vec<u64>) -> Self {
        Self { numbers, ..Self::default() }
    }
}

/// UUIDs, without a copy.
impl From<Vec<Uuid>> for IdColumn {
    fn from(uuids: Vec<Uuid>) -> Self {
        let kind = if uuids.is_empty() { Kind::Numbers } else { Kind::Uuids };
        Self { kind, uuids, ..Self::default() }
    }
}

impl<'a> FromIterator<IdRef<'a>> for IdColumn {
    fn from_iter<I: IntoIterator<Item = IdRef<'a>>>(ids: I) -> Self {
        let mut column = Self::new();
        ids.into_iter().for_each(|id| column.push(id));
        column
    }
}

impl FromIterator<RecordId> for IdColumn {
    fn from_iter<I: IntoIterator<Item = RecordId>>(ids: I) -> Self {
        let mut column = Self::new();
        ids.into_iter().for_each(|id| column.push(id.as_ref()));
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_kinds_come_back_in_order() {
        let uuid = Uuid::from_u128(7);
        let numbers: [RecordId; 2] = [1.into(), u64::MAX.into()];
        let texts: [RecordId; 3] = ["a".into(), "".into(), "ä/b".into()];
        let uuids: [RecordId; 1] = [uuid.into()];
        let kinds = [numbers.as_slice(), &texts, &uuids];
        let mut column = IdColumn::new();
        for first in kinds {
            for second in kinds {
                column.clear();
                let ids: Vec<_> = first.iter().chain(second).cloned().collect();
                ids.iter().for_each(|id| column.push(id.as_ref()));
                let found: Vec<_> = column.iter().map(IdRef::to_id).collect();
                assert_eq!(found, ids);
                assert_eq!((column.len(), column.get(ids.len())), (ids.len(), None));
                assert_eq!(column.as_numbers().is_some(), first == numbers && second == numbers);
                assert_eq!(column.as_uuids().is_some(), first == uuids && second == uuids);
            }
        }
    }

    #[test]
    fn an_id_is_found_in_a_column_that_rises() {
        let column = IdColumn::from(vec![1, 3, 5]);
        let found: Vec<_> = (0..7).map(|n| column.binary_search(IdRef::Number(n))).collect();
        assert_eq!(found, [Err(0), Ok(0), Err(1), Ok(1), Err(2), Ok(2), Err(3)]);
        assert_eq!(column.binary_search(IdRef::Text("a")), Err(3));
    }

    #[test]
    fn a_column_of_numbers_is_taken_as_it_is() {
        let column = IdColumn::from(vec![3, 1]);
        assert_eq!(column.as_numbers(), Some([3, 1].as_slice()));
        let column = IdColumn::from(Vec::<Uuid>::new());
        assert_eq!((column.as_numbers(), column.is_empty()), (Some([].as_slice()), true));
    }
}
