//! Once the caller's buffers have grown, a search on the calling thread allocates nothing.
#![allow(clippy::unwrap_used)]

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Accuracy, Analyzer, Batch, Budget, Filter, Hits, Metric, Query, Record, Schema, Scratch,
    Search, Store, StoreExt, VectorRef, text::TextQuery,
};
use iqdb_memory::MemoryStore;
use iqdb_search::{ExactSearch, IndexedSearch};

#[test]
fn a_search_into_grown_buffers_allocates_nothing() {
    let store = MemoryStore::new(Schema::new(8, Metric::Cosine).unwrap());
    let mut random = fastrand::Rng::with_seed(7);
    let mut vector = || [(); 8].map(|()| random.f32() - 0.5);
    let records: Vec<_> = (0..5_000_i64)
        .map(|n| Record::new(format!("record {n}"), vector()).unwrap().with("n", n % 10))
        .collect();
    store.upsert_many(records).unwrap();
    let snapshot = store.snapshot().unwrap();
    let search = ExactSearch::new();
    let filter: Filter = "n = 3 or not (n < 8 or @id in [\"record 9\"])".parse().unwrap();

    let vectors: Vec<_> = (0..20).map(|_| vector()).collect();
    let queries: Vec<_> = vectors
        .iter()
        .flat_map(|vector| {
            let query = Query::nearest(VectorRef::new(vector).unwrap(), 10);
            [query, query.with_filter(&filter)]
        })
        .collect();
    let mut hits = [Hits::new(), Hits::new()];
    let (mut scratch, mut batch_scratch) = (Scratch::new(), Scratch::new());
    let mut run = || {
        for pair in queries.chunks(2) {
            search.search(&*snapshot, pair, &mut hits, &mut scratch).unwrap();
            assert!(hits.iter().all(|hits| hits.len() == 10));
        }
    };
    run();
    let steady = allocation_counter::measure(&mut run);
    assert_eq!(steady.count_total, 0, "{steady:?}");

    // A batch that is worked through in panels, by filter; then other queries, as many.
    let batch = queries.repeat(5);
    let others: Vec<_> = batch.iter().rev().copied().collect();
    let mut batch_hits: Vec<Hits> = batch.iter().map(|_| Hits::new()).collect();
    let mut run = |queries: &[Query<'_>]| {
        search.search(&*snapshot, queries, &mut batch_hits, &mut batch_scratch).unwrap();
        assert!(batch_hits.iter().all(|hits| hits.len() == 10));
    };
    run(&batch);
    for queries in [&batch, &others] {
        let steady = allocation_counter::measure(|| run(queries));
        assert_eq!(steady.count_total, 0, "{steady:?}");
    }
    // The counter counts.
    let counted = allocation_counter::measure(|| hits = [Hits::new(), hits[0].clone()]);
    assert!(counted.count_total > 0);
}

#[test]
fn an_answer_by_an_index_allocates_nothing_whichever_way_it_is_found() {
    let options = ArenaOptions::new().with_chunk_rows(64, 512);
    let store = ArenaStore::with_options(Schema::new(16, Metric::Cosine).unwrap(), options);
    let mut random = fastrand::Rng::with_seed(8);
    let mut vector = || [(); 16].map(|()| random.f32() - 0.5);
    let batch = (0_u64..4_000).fold(Batch::new(), |batch, n| {
        batch.upsert(Record::new(n, vector()).unwrap().with("n", n.cast_signed() % 100))
    });
    store.apply(&batch).unwrap();
    let (search, on) = (IndexedSearch::new().with_index_rows_min(0), store.snapshot().unwrap());
    assert!(search.prepare(&*on, Budget::new(), &mut ()).unwrap());
    assert!(search.build_index(&*on, Budget::new(), &mut ()).unwrap());
    let filters = ["n < 60", "n < 20", "n < 2"].map(|it| it.parse::<Filter>().unwrap());
    let vectors: Vec<_> = (0..30).map(|_| vector()).collect();
    let mut queries = Vec::new();
    for vector in &vectors {
        let wanted = VectorRef::new(vector).unwrap();
        let query = Query::nearest(wanted, 10).with_accuracy(Accuracy::Recall(0.9));
        queries.push(query);
        queries.extend(filters.iter().map(|filter| query.with_filter(filter)));
        queries.push(Query::within(wanted, 0.4, 10).with_accuracy(Accuracy::Recall(0.9)));
    }
    let (mut hits, mut scratch) = ([Hits::new()], Scratch::new());
    let mut ways = std::collections::BTreeSet::new();
    let mut run = |ways: &mut std::collections::BTreeSet<_>| {
        for query in &queries {
            let explain = search.search(&*on, &[*query], &mut hits, &mut scratch).unwrap();
            ways.insert((explain.plan == "clusters", explain.reason));
        }
    };
    // The second time, blocks keep the masks of filters.
    run(&mut ways);
    run(&mut ways);
    assert!(ways.len() >= 4, "{ways:?}");
    let steady = allocation_counter::measure(|| run(&mut ways));
    assert_eq!(steady.count_total, 0, "{steady:?}");
}

#[test]
fn a_batch_on_several_fields_at_several_accuracies_allocates_nothing() {
    let options = ArenaOptions::new().with_chunk_rows(64, 512);
    let schema = Schema::builder()
        .dense("a", 16, Metric::Cosine)
        .dense("b", 8, Metric::Euclidean)
        .text("body", Analyzer::words())
        .build()
        .unwrap();
    let store = ArenaStore::with_options(schema, options);
    let mut random = fastrand::Rng::with_seed(9);
    let mut vector = |dim: usize| (0..dim).map(|_| random.f32() - 0.5).collect::<Vec<_>>();
    let batch = (0_u64..4_000).fold(Batch::new(), |batch, n| {
        let record = Record::without_vector(n).with_vector("a", vector(16)).unwrap();
        let record = record.with_vector("b", vector(8)).unwrap();
        batch.upsert(record.with("body", if n % 2 == 0 { "red words" } else { "green words" }))
    });
    store.apply(&batch).unwrap();
    let (search, on) = (IndexedSearch::new().with_index_rows_min(0), store.snapshot().unwrap());
    assert!(search.prepare(&*on, Budget::new(), &mut ()).unwrap());
    assert!(search.build_index(&*on, Budget::new(), &mut ()).unwrap());
    let text = TextQuery::parse("red +words", Analyzer::words()).unwrap();
    let (a, b) = (vector(16), vector(8));
    let of_a = Query::nearest(VectorRef::new(&a).unwrap(), 10).with_field("a");
    let of_b = Query::nearest(VectorRef::new(&b).unwrap(), 10).with_field("b");
    let of_text = Query::nearest(&text, 10).with_field("body");
    let estimated = of_a.with_accuracy(Accuracy::Recall(0.9));
    let mixed = [of_a, of_b, of_text, estimated, of_b, estimated, of_a];
    let mut hits: Vec<Hits> = mixed.iter().map(|_| Hits::new()).collect();
    let mut scratch = Scratch::new();
    let mut run = || {
        // All of one field and all exact; one field at two accuracies; all of it.
        for of in [0..1, 3..4, 5..7, 1..3, 0..7] {
            let (queries, hits) = (&mixed[of.clone()], &mut hits[of]);
            search.search(&*on, queries, hits, &mut scratch).unwrap();
            assert!(hits.iter().all(|hits| hits.len() == 10));
        }
    };
    run();
    run();
    let steady = allocation_counter::measure(&mut run);
    assert_eq!(steady.count_total, 0, "{steady:?}");
    assert!(!hits[3].verdict().is_exact() && hits[6].verdict().is_exact());
}
