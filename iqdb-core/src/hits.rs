//! Hits: what a search found, in a buffer that the caller reuses.

use std::fmt;

use uuid::Uuid;

use crate::{IdRef, Payload, RecordId, Vector, VectorRef, Verdict};

/// One record found, owned.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Hit {
    /// The record.
    pub id: RecordId,
    /// How far it is: the canonical distance of the [`Metric`](crate::Metric), smaller is nearer.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "finite"))]
    pub distance: f64,
    /// Its payload, when the query asked for payloads.
    pub payload: Option<Payload>,
    /// Its vector of the field that was asked, when the query asked for vectors.
    #[cfg_attr(feature = "serde", serde(default))]
    pub vector: Option<Vector>,
}

/// A distance is always finite, also one that comes from outside.
#[cfg(feature = "serde")]
fn finite<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    use serde::de::{Error, Unexpected};
    let distance = <f64 as serde::Deserialize>::deserialize(deserializer)?;
    if distance.is_finite() {
        return Ok(distance);
    }
    Err(D::Error::invalid_value(Unexpected::Float(distance), &"a finite distance"))
}

/// One record found, borrowed from its [`Hits`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HitRef<'a> {
    /// The record.
    pub id: IdRef<'a>,
    /// How far it is: the canonical distance of the [`Metric`](crate::Metric), smaller is nearer.
    pub distance: f64,
    /// Its payload, when the query asked for payloads.
    pub payload: Option<&'a Payload>,
    /// Its vector of the field that was asked, when the query asked for vectors.
    pub vector: Option<VectorRef<'a>>,
}

/// The hits of one query, nearest first, ties by id.
///
/// Reused from query to query, it keeps its memory.
#[derive(Clone, Default)]
pub struct Hits {
    entries: Vec<Entry>,
    /// The string ids, one after the other.
    texts: String,
    verdict: Verdict,
}

#[derive(Clone)]
struct Entry {
    id: EntryId,
    distance: f64,
    payload: Option<Payload>,
    vector: Option<Vector>,
}

#[derive(Clone, Copy)]
enum EntryId {
    Number(u64),
    Uuid(Uuid),
    Text { start: usize, end: usize },
}

impl Hits {
    /// An empty buffer. Allocates nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the hits and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.texts.clear();
        self.verdict = Verdict::Exact;
    }

    /// How exact the answer is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Says how exact the answer is. A search that says nothing claims that it is exact.
    pub fn set_verdict(&mut self, verdict: Verdict) {
        self.verdict = verdict;
    }

    /// Appends a hit. A search pushes them nearest first, ties by id.
    pub fn push(&mut self, id: IdRef<'_>, distance: f64, payload: Option<Payload>) {
        let id = match id {
            IdRef::Number(number) => EntryId::Number(number),
            IdRef::Uuid(uuid) => EntryId::Uuid(uuid),
            IdRef::Text(text) => {
                let start = self.texts.len();
                self.texts.push_str(text);
                EntryId::Text { start, end: self.texts.len() }
            }
        };
        self.entries.push(Entry { id, distance, payload, vector: None });
    }

    /// Gives the hit that was pushed last a copy of its vector.
    pub fn attach_vector(&mut self, vector: VectorRef<'_>) {
        if let Some(entry) = self.entries.last_mut() {
            entry.vector = Some(vector.to_vector());
        }
    }

    /// How many hits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Hit number `n`, counted from the nearest.
    #[must_use]
    pub fn get(&self, n: usize) -> Option<HitRef<'_>> {
        self.entries.get(n).map(|entry| self.lend(entry))
    }

    /// The hits, nearest first.
    #[must_use]
    pub fn iter(&self) -> HitsIter<'_> {
        HitsIter { hits: self, entries: self.entries.iter() }
    }

    /// The hits as owned values, nearest first.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Hit> {
        self.iter().map(HitRef::to_hit).collect()
    }

    fn lend<'a>(&'a self, entry: &'a Entry) -> HitRef<'a> {
        HitRef {
            id: match entry.id {
                EntryId::Number(number) => IdRef::Number(number),
                EntryId::Uuid(uuid) => IdRef::Uuid(uuid),
                EntryId::Text { start, end } => IdRef::Text(&self.texts[start..end]),
            },
            distance: entry.distance,
            payload: entry.payload.as_ref(),
            vector: entry.vector.as_ref().map(Vector::as_ref),
        }
    }
}

impl HitRef<'_> {
    /// An owned copy.
    #[must_use]
    pub fn to_hit(self) -> Hit {
        Hit {
            id: self.id.to_id(),
            distance: self.distance,
            payload: self.payload.cloned(),
            vector: self.vector.map(VectorRef::to_vector),
        }
    }
}

/// The hits are compared, not the verdict. Distances are compared as numbers.
impl PartialEq for Hits {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// The iterator of [`Hits::iter`].
#[derive(Debug, Clone)]
pub struct HitsIter<'a> {
    hits: &'a Hits,
    entries: std::slice::Iter<'a, Entry>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({})", self.distance)
    }
}

impl<'a> Iterator for HitsIter<'a> {
    type Item = HitRef<'a>;

    fn next(&mut self) -> Option<HitRef<'a>> {
        self.entries.next().map(|entry| self.hits.lend(entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for HitsIter<'_> {}

impl<'a> IntoIterator for &'a Hits {
    type Item = HitRef<'a>;
    type IntoIter = HitsIter<'a>;

    fn into_iter(self) -> HitsIter<'a> {
        self.iter()
    }
}

/// Owned hits, nearest first.
#[derive(Debug)]
pub struct IntoHits {
    texts: String,
    entries: std::vec::IntoIter<Entry>,
}

impl Iterator for IntoHits {
    type Item = Hit;

    fn next(&mut self) -> Option<Hit> {
        self.entries.next().map(|entry| Hit {
            id: match entry.id {
                EntryId::Number(number) => number.into(),
                EntryId::Uuid(uuid) => uuid.into(),
                EntryId::Text { start, end } => self.texts[start..end].into(),
            },
            distance: entry.distance,
            payload: entry.payload,
            vector: entry.vector,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for IntoHits {}

impl IntoIterator for Hits {
    type Item = Hit;
    type IntoIter = IntoHits;

    fn into_iter(self) -> IntoHits {
        IntoHits { texts: self.texts, entries: self.entries.into_iter() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_come_back_as_they_were_pushed() {
        let payload = Payload::new().with("lang", "en");
        let mut hits = Hits::new();
        hits.push(IdRef::Text("gone"), 9.0, None);
        hits.clear();
        hits.push(IdRef::Text("a"), 0.5, Some(payload.clone()));
        hits.push(IdRef::Number(7), 1.0, None);
        let vector = Vector::try_from([1_i8, 2]).unwrap();
        hits.attach_vector(vector.as_ref());
        assert_eq!(hits.get(1).unwrap().vector, Some(vector.as_ref()));
        hits.push(IdRef::Text(""), 1.5, None);
        let ids: Vec<_> = hits.iter().map(|hit| hit.id.to_id()).collect();
        let expected: [RecordId; 3] = ["a".into(), 7.into(), "".into()];
        assert_eq!(ids, expected);
        assert_eq!(hits.get(0).unwrap().payload, Some(&payload));
        assert_eq!(hits.get(3), None);
        assert_eq!(hits.to_vec(), hits.clone().into_iter().collect::<Vec<_>>());
    }
}
