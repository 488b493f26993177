//! Groups of hits: the nearest records of each of the nearest values at a path.

use std::collections::BTreeMap;

use crate::reading::values_at;
use crate::{
    Error, ErrorKind, Explain, Filter, Goal, Hit, HitRef, Hits, Path, PayloadRef, Query, Result,
    Scratch, Search, Snapshot, Value, Verdict,
};

/// The fewest hits that are read at first.
const DEPTH_MIN: usize = 32;

/// How hits are grouped: by the values that a path of their payloads leads to. Of a list, each different
/// element has the record in its group; null, maps, and lists in lists make none. Equal numbers are one value.
#[derive(Debug, Clone, Copy)]
pub struct Grouping<'a> {
    /// Where the values are.
    pub path: &'a Path,
    /// The most groups, at least 1.
    pub groups: usize,
    /// The most hits of a group, at least 1.
    pub per_group: usize,
}

/// A value, and the nearest of the records that have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What the records have in common. A number that is whole is an integer.
    pub value: Value,
    /// The hits, nearest first, equal distances by id.
    pub hits: Vec<Hit>,
}

/// The answer of a query for groups.
#[derive(Debug, Clone, Default)]
pub struct Grouped {
    /// The groups, by their nearest hit; those that share it, by their values.
    pub groups: Vec<Group>,
    /// How exact the answer is.
    pub verdict: Verdict,
    /// What was done for it.
    pub explain: Explain,
}

impl Grouping<'_> {
    /// Checks that there can be such groups.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for no groups and for groups of no hits; [`ErrorKind::InvalidFilter`] for a
    /// path that breaks a limit.
    pub fn check(&self) -> Result<()> {
        let none = |message: &'static str| {
            Err(Error::new(ErrorKind::InvalidQuery, message).expected("at least 1").found(0))
        };
        match (self.groups, self.per_group) {
            (0, _) => none("the number of groups is 0"),
            (_, 0) => none("the number of hits in a group is 0"),
            _ => self.path.check(),
        }
    }
}

/// Reads hits, more of them each time, until there are enough groups; and then, for groups that have room
/// left, the hits of these alone.
pub(crate) fn group(
    search: &(impl Search + ?Sized),
    on: &dyn Snapshot,
    query: &Query<'_>,
    by: Grouping<'_>,
    scratch: &mut Scratch,
) -> Result<Grouped> {
    by.check()?;
    query.check(on.schema())?;
    let of = usize::try_from(on.len()).unwrap_or(usize::MAX).max(1);
    let mut depth = by.groups.saturating_mul(by.per_group).saturating_mul(2).max(DEPTH_MIN).min(of);
    let (mut grouped, mut hits) = (Grouped::default(), [Hits::new()]);
    loop {
        let asked = limited(query, depth).with_payload(true);
        grouped.explain.add(&search.search(on, &[asked], &mut hits, scratch)?);
        grouped.verdict = hits[0].verdict();
        grouped.groups = groups_of(&hits[0], query, by)?;
        if depth == of || hits[0].len() < depth {
            return Ok(grouped);
        }
        if grouped.groups.len() == by.groups {
            match fill(search, on, query, by, &mut grouped, scratch)? {
                true => return Ok(grouped),
                false => depth = of,
            }
        } else {
            depth = depth.saturating_mul(4).min(of);
        }
    }
}

/// The query for this many hits.
fn limited<'a>(query: &Query<'a>, most: usize) -> Query<'a> {
    query.with_goal(match query.goal() {
        Goal::Nearest { .. } => Goal::Nearest { k: most },
        Goal::Within { distance, .. } => Goal::Within { distance, limit: most },
    })
}

/// The first groups among hits that come nearest first.
fn groups_of(hits: &Hits, query: &Query<'_>, by: Grouping<'_>) -> Result<Vec<Group>> {
    let (mut places, mut groups) = (BTreeMap::new(), Vec::<Group>::new());
    let mut values = Vec::new();
    for hit in hits {
        let Some(payload) = hit.payload else { continue };
        values_at(by.path, &PayloadRef::from(payload), &mut values)?;
        for value in values.drain(..) {
            let place = match places.get(&value) {
                Some(place) => *place,
                None if groups.len() == by.groups => continue,
                None => {
                    groups.push(Group { value: value.0.clone(), hits: Vec::new() });
                    places.insert(value, groups.len() - 1);
                    groups.len() - 1
                }
            };
            if groups[place].hits.len() < by.per_group {
                groups[place].hits.push(owned(hit, query));
            }
        }
    }
    Ok(groups)
}

/// The hit with the payload only if that was wanted.
fn owned(hit: HitRef<'_>, query: &Query<'_>) -> Hit {
    let payload = hit.payload.filter(|_| query.wants_payload());
    HitRef { payload, ..hit }.to_hit()
}

/// Asks for the hits of each group that has room left. Returns whether it could: no filter takes every value.
fn fill(
    search: &(impl Search + ?Sized),
    on: &dyn Snapshot,
    query: &Query<'_>,
    by: Grouping<'_>,
    grouped: &mut Grouped,
    scratch: &mut Scratch,
) -> Result<bool> {
    let open = |group: &&mut Group| group.hits.len() < by.per_group;
    let mut groups: Vec<&mut Group> = grouped.groups.iter_mut().filter(open).collect();
    if groups.is_empty() {
        return Ok(true);
    }
    let filters: Vec<Filter> =
        groups.iter().map(|group| members(&group.value, query, by.path)).collect();
    if filters.iter().any(|filter| filter.check().is_err()) {
        return Ok(false);
    }
    let queries: Vec<Query<'_>> =
        filters.iter().map(|filter| limited(query, by.per_group).with_filter(filter)).collect();
    let mut found = vec![Hits::new(); queries.len()];
    grouped.explain.add(&search.search(on, &queries, &mut found, scratch)?);
    for (group, hits) in groups.iter_mut().zip(&found) {
        group.hits = hits.to_vec();
        if !hits.verdict().is_exact() {
            grouped.verdict = hits.verdict();
        }
    }
    Ok(true)
}

/// True of the records of a group that the query is about.
fn members(value: &Value, query: &Query<'_>, path: &Path) -> Filter {
    let is = Filter::eq(path.clone(), value.clone());
    let members = is.or(Filter::contains(path.clone(), value.clone()));
    query.filter().map_or(members.clone(), |filter| filter.clone().and(members))
}
