//! Whatever kernel searches, a hit has the canonical distance, bit for bit: that of a transcript of
//! the definition in another language (`iqdb-core/tests/canonical`).
#![allow(clippy::unwrap_used)]

#[path = "../../iqdb-core/tests/canonical/cases.rs"]
mod cases;

use std::collections::HashMap;

use iqdb_core::{
    Batch, Change, Field, FieldKind, Hits, IdRef, Plan, Query, Record, Schema, Scratch, Search,
    Store, StoreExt,
};
use iqdb_memory::MemoryStore;
use iqdb_search::{ExactSearch, Kernel};

use self::cases::Case;

/// A store with the second vector of each case; the number of the case is its id.
fn store(kind: FieldKind, cases: &[Case]) -> MemoryStore {
    let schema = Schema::from_fields([Field::new(Field::DEFAULT, kind).unwrap()]).unwrap();
    let store = MemoryStore::new(schema);
    let record =
        |(n, case): (usize, &Case)| Change::Upsert(Record::new(n as u64, case.b.clone()).unwrap());
    let batch: Batch = cases.iter().enumerate().map(record).collect();
    store.apply(&batch).unwrap();
    store
}

/// Asks for all rows, and for those that are not farther than the expected distance: a score that
/// excludes a row at its own distance would lose it.
fn check(search: &ExactSearch, kernel: Kernel, kind: FieldKind, cases: &[Case]) {
    let store = store(kind, cases);
    let snapshot = store.snapshot().unwrap();
    let mut queries = Vec::new();
    for case in cases {
        let Ok(Some(bits)) = case.expected else { panic!("{case} has no distance") };
        let vector = case.a.as_ref();
        queries.push(Query::nearest(vector, cases.len()).with_plan(Plan::F32));
        let within = Query::within(vector, f64::from_bits(bits), cases.len());
        queries.push(within.with_plan(Plan::F32));
    }
    for together in [1, queries.len()] {
        let mut hits: Vec<Hits> = queries.iter().map(|_| Hits::new()).collect();
        let mut scratch = Scratch::new();
        for (queries, hits) in queries.chunks(together).zip(hits.chunks_mut(together)) {
            search.search(&*snapshot, queries, hits, &mut scratch).unwrap();
        }
        for (n, hits) in hits.iter().enumerate() {
            let case = &cases[n / 2];
            let id = IdRef::Number((n / 2) as u64);
            let hit = hits.iter().find(|hit| hit.id == id);
            let hit = hit.unwrap_or_else(|| panic!("{case} by {kernel}: no hit in query {n}"));
            assert_eq!(Ok(Some(hit.distance.to_bits())), case.expected, "{case} by {kernel}");
        }
    }
}

#[test]
fn every_kernel_finds_the_distances_of_the_transcript() {
    let mut by_kind: HashMap<FieldKind, Vec<Case>> = HashMap::new();
    for case in cases::all().into_iter().filter(|case| matches!(case.expected, Ok(Some(_)))) {
        by_kind.entry(case.kind).or_default().push(case);
    }
    assert!(by_kind.len() > 1_000);
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let search = ExactSearch::new().with_kernel(kernel);
        for (kind, cases) in &by_kind {
            check(&search, kernel, *kind, cases);
        }
    }
}

#[test]
fn sparse_vectors_without_a_common_index_are_no_hits() {
    for case in cases::all().into_iter().filter(|case| case.expected == Ok(None)) {
        let cases = [case];
        let store = store(cases[0].kind, &cases);
        let snapshot = store.snapshot().unwrap();
        let mut hits = [Hits::new()];
        let query = Query::nearest(cases[0].a.as_ref(), 1);
        ExactSearch::new().search(&*snapshot, &[query], &mut hits, &mut Scratch::new()).unwrap();
        assert_eq!(hits[0].len(), 0, "{}", cases[0]);
    }
}
