//! What groups hits, with a defect planted in it.

use std::cmp::{Ordering, Reverse};

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::{
    Explain, Goal, Group, Grouped, Grouping, Hit, Hits, Path, Payload, PayloadRef, Query, Result,
    Scratch, Search, Snapshot, Value, ValueRef, Verdict,
};

use crate::defect::Defect;

/// Whether a defect is one of groups.
pub(crate) fn is_of_groups(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::GroupsAreCutEarly
            | Defect::GroupsAreNotFilled
            | Defect::GroupsBySize
            | Defect::GroupsOfFirstElements
            | Defect::GroupsOfNull
            | Defect::GroupsHaveRecordsTwice
            | Defect::GroupsTellNumbersApart
            | Defect::GroupsForgetTheFilter
            | Defect::GroupsForgetTheDistance
            | Defect::GroupsOfKHits
            | Defect::GroupsHavePayloads
            | Defect::GroupsMayBeNone
    )
}

pub(crate) struct PlantedGroups(pub(crate) Option<Defect>);

impl PlantedGroups {
    fn has(&self, defect: Defect) -> bool {
        self.0 == Some(defect)
    }

    pub(crate) fn group(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Grouping<'_>,
    ) -> Result<Grouped> {
        if !self.has(Defect::GroupsMayBeNone) {
            by.check()?;
        }
        query.check(on.schema())?;
        let mut groups: Vec<Group> = Vec::new();
        for hit in self.hits(on, query, by)? {
            if self.has(Defect::GroupsAreNotFilled) && groups.len() == by.groups {
                break;
            }
            let values = self.values(by.path, hit.payload.as_ref())?;
            let payload = hit
                .payload
                .filter(|_| query.wants_payload() || self.has(Defect::GroupsHavePayloads));
            let hit = Hit { payload, vector: hit.vector.filter(|_| query.wants_vector()), ..hit };
            for value in values {
                let is_it = |group: &&mut Group| self.is_one(&group.value, &value);
                match groups.iter_mut().find(is_it) {
                    Some(group) => group.hits.push(hit.clone()),
                    None => groups.push(Group { value: shown(value), hits: vec![hit.clone()] }),
                }
            }
        }
        if self.has(Defect::GroupsBySize) {
            groups.sort_by_key(|group| Reverse(group.hits.len()));
        }
        groups.truncate(by.groups);
        groups.iter_mut().for_each(|group| group.hits.truncate(by.per_group));
        let explain = Explain::of("planted", "planted");
        Ok(Grouped { groups, verdict: Verdict::Exact, explain })
    }

    /// The hits that are grouped, nearest first.
    fn hits(&self, on: &dyn Snapshot, query: &Query<'_>, by: Grouping<'_>) -> Result<Vec<Hit>> {
        let most = match self.0 {
            Some(Defect::GroupsAreCutEarly) => by.groups.saturating_mul(by.per_group).max(1),
            Some(Defect::GroupsOfKHits) => query.goal().limit(),
            _ => usize::MAX,
        };
        let goal = match query.goal() {
            Goal::Within { distance, .. } if !self.has(Defect::GroupsForgetTheDistance) => {
                Goal::Within { distance, limit: most }
            }
            _ => Goal::Nearest { k: most },
        };
        let mut all = Query::new(query.input(), goal).with_payload(true).with_vector(true);
        all = query.field().map_or(all, |field| all.with_field(field));
        if !self.has(Defect::GroupsForgetTheFilter) {
            all = query.filter().map_or(all, |filter| all.with_filter(filter));
        }
        let mut hits = [Hits::new()];
        NaiveSearch.search(on, &[all], &mut hits, &mut Scratch::new())?;
        Ok(hits[0].to_vec())
    }

    fn is_one(&self, a: &Value, b: &Value) -> bool {
        match self.0 {
            Some(Defect::GroupsTellNumbersApart) => a == b,
            _ => a == &shown(b.clone()),
        }
    }

    /// The values that make groups, in their order.
    fn values(&self, path: &Path, payload: Option<&Payload>) -> Result<Vec<Value>> {
        let Some(payload) = payload else { return Ok(Vec::new()) };
        let Some(first) = PayloadRef::from(payload).get(path.first_key()?)?.map(ValueRef::to_value)
        else {
            return Ok(Vec::new());
        };
        let mut values = Vec::new();
        path.any(first.as_ref(), |value| {
            match value.to_value() {
                Value::List(list) if self.has(Defect::GroupsOfFirstElements) => {
                    values.extend(list.iter().next().cloned());
                }
                Value::List(list) => values.extend(list.iter().cloned()),
                value => values.push(value),
            }
            false
        });
        let makes_one = |value: &Value| match value {
            Value::Null => self.has(Defect::GroupsOfNull),
            value => value.as_ref().sort_order(value.as_ref()).is_some(),
        };
        values.retain(makes_one);
        values.sort_by(|a, b| a.as_ref().sort_order(b.as_ref()).unwrap_or(Ordering::Equal));
        if !self.has(Defect::GroupsHaveRecordsTwice) {
            values.dedup_by(|a, b| a.as_ref().compare(b.as_ref()).is_some_and(Ordering::is_eq));
        }
        Ok(values)
    }
}

/// A whole number as an integer.
#[allow(clippy::cast_possible_truncation)] // The numbers of the cases are small.
fn shown(value: Value) -> Value {
    match value {
        Value::Float(float) if float.fract() == 0.0 => Value::Int(float as i64),
        other => other,
    }
}
