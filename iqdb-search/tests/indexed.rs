//! What an index may and may not do: soundness, repeatability, and when the exact scan answers.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Accuracy, Batch, Budget, Element, FieldKind, Filter, Hit, Hits, Metric, Plan, Query, Record,
    Result, Schema, Scratch, Search, Snapshot, Store, StoreExt, VectorRef, Verdict,
};
use iqdb_search::{ExactSearch, IndexedSearch, Kernel};

fn options() -> ArenaOptions {
    ArenaOptions::new().with_chunk_rows(64, 512).with_dead_ratio_max(1.0).with_dead_bytes_min(0)
}

fn vector(rng: &mut fastrand::Rng, dim: usize) -> Vec<f32> {
    (0..dim).map(|_| rng.f32() + rng.f32() - 1.0).collect()
}

fn store(metric: Metric, rows: &[Vec<f32>]) -> Result<ArenaStore> {
    let store = ArenaStore::with_options(Schema::new(rows[0].len(), metric)?, options());
    upsert(&store, rows.iter().enumerate())?;
    Ok(store)
}

fn upsert<'a>(store: &ArenaStore, rows: impl Iterator<Item = (usize, &'a Vec<f32>)>) -> Result<()> {
    let batch = rows.fold(Batch::new(), |batch, (n, row)| {
        batch.upsert(Record::new(n as u64, row.clone()).unwrap().with("n", n as i64 % 100))
    });
    store.apply(&batch).map(drop)
}

fn indexed() -> IndexedSearch {
    IndexedSearch::new().with_index_rows_min(0)
}

fn built(search: &IndexedSearch, store: &ArenaStore) -> Result<()> {
    assert!(search.build_index(&*store.snapshot()?, Budget::new(), &mut ())?);
    Ok(())
}

fn answer(search: &dyn Search, on: &dyn Snapshot, query: Query<'_>) -> Result<(Vec<Hit>, Verdict)> {
    let mut hits = [Hits::new()];
    search.search(on, &[query], &mut hits, &mut Scratch::new())?;
    Ok((hits[0].to_vec(), hits[0].verdict()))
}

fn is_estimated(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Estimated { epoch: Some(_), .. })
}

/// Panics unless every hit is one of the exact answer without a limit, at its place, once.
fn check_sound(search: &dyn Search, on: &dyn Snapshot, query: Query<'_>) -> Result<Verdict> {
    let (found, verdict) = answer(search, on, query)?;
    let mut all = Query::nearest(query.input(), usize::MAX);
    if let Some(filter) = query.filter() {
        all = all.with_filter(filter);
    }
    let all = answer(&ExactSearch::new(), on, all)?.0;
    assert!(found.len() <= query.goal().limit());
    let mut rest = all.iter();
    for hit in &found {
        let same = |it: &&Hit| it.id == hit.id && it.distance.to_bits() == hit.distance.to_bits();
        assert!(rest.find(same).is_some(), "{hit:?} is no hit, or not at its place");
    }
    if verdict.is_exact() {
        assert_eq!(found, all[..found.len()]);
    }
    Ok(verdict)
}

#[test]
fn hits_are_alive_and_match_and_are_there_once_whatever_is_written_later() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(1);
    let rows: Vec<_> = (0..6_000).map(|_| vector(&mut rng, 24)).collect();
    let (store, search) = (store(Metric::Euclidean, &rows)?, indexed());
    let first = store.snapshot()?;
    built(&search, &store)?;
    let half: Filter = "n < 50".parse()?;
    let mut estimated = 0;
    for round in 0_u64..4 {
        let on = store.snapshot()?;
        for on in [&on, &first] {
            for _ in 0..12 {
                let wanted = vector(&mut rng, 24);
                for recall in [0.5, 0.95] {
                    let query = Query::nearest(VectorRef::new(&wanted)?, 10)
                        .with_accuracy(Accuracy::Recall(recall));
                    for query in [query, query.with_filter(&half)] {
                        estimated += i32::from(is_estimated(check_sound(&search, &**on, query)?));
                    }
                }
            }
        }
        let gone = (0..6_000).filter(|n| n % 7 == round);
        store.apply(&gone.fold(Batch::new(), Batch::delete))?;
        let other: Vec<_> = (0..300).map(|_| vector(&mut rng, 24)).collect();
        upsert(&store, (round as usize * 11..).step_by(3).zip(&other))?;
        match round {
            1 => store.compact(),
            2 => built(&search, &store)?,
            _ => {}
        }
    }
    assert!(estimated > 250, "{estimated} of 384");
    Ok(())
}

#[test]
fn rows_that_a_compaction_moved_are_found_by_their_lineage() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(2);
    let rows: Vec<_> = (0..5_000).map(|_| vector(&mut rng, 16)).collect();
    let (store, search) = (store(Metric::Cosine, &rows)?, indexed());
    built(&search, &store)?;
    store.apply(&(0_u64..5_000).filter(|n| n % 3 == 0).fold(Batch::new(), Batch::delete))?;
    store.compact();
    let on = store.snapshot()?;
    let mut found = 0;
    for row in rows.iter().skip(1).step_by(3).take(200) {
        let query = Query::nearest(VectorRef::new(row)?, 1).with_accuracy(Accuracy::Recall(0.9));
        let (hits, verdict) = answer(&search, &*on, query)?;
        assert!(is_estimated(verdict));
        found += i32::from(hits[0].distance < 1e-6);
    }
    assert!(found > 180, "{found} of 200 rows find themselves");
    Ok(())
}

#[test]
fn every_kernel_gives_the_same_bits_at_one_epoch() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(3);
    for (metric, dim) in [(Metric::Cosine, 70), (Metric::Dot, 64), (Metric::Euclidean, 9)] {
        let rows: Vec<_> = (0..3_000).map(|_| vector(&mut rng, dim)).collect();
        let store = store(metric, &rows)?;
        built(&indexed(), &store)?;
        let on = store.snapshot()?;
        for _ in 0..20 {
            let wanted = vector(&mut rng, dim);
            let query =
                Query::nearest(VectorRef::new(&wanted)?, 12).with_accuracy(Accuracy::Recall(0.8));
            let expected = answer(&indexed(), &*on, query)?;
            assert!(is_estimated(expected.1));
            for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
                let found = answer(&indexed().with_kernel(kernel), &*on, query)?;
                assert_eq!(found, expected, "{kernel}");
            }
        }
    }
    Ok(())
}

#[test]
fn threads_that_search_at_once_and_in_batches_find_the_same() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(9);
    let rows: Vec<_> = (0..3_000).map(|_| vector(&mut rng, 12)).collect();
    let store = store(Metric::Euclidean, &rows)?;
    built(&indexed(), &store)?;
    let (on, half) = (store.snapshot()?, "n < 50".parse::<Filter>()?);
    let vectors: Vec<_> = (0..250).map(|_| vector(&mut rng, 12)).collect();
    let mut queries = Vec::new();
    for vector in &vectors {
        for recall in [0.6, 0.95] {
            let query =
                Query::nearest(VectorRef::new(vector)?, 10).with_accuracy(Accuracy::Recall(recall));
            queries.extend([query, query.with_filter(&half)]);
        }
    }
    let mut expected = vec![Hits::new(); queries.len()];
    indexed().search(&*on, &queries, &mut expected, &mut Scratch::new())?;
    let estimated = expected.iter().filter(|hits| is_estimated(hits.verdict())).count();
    assert!(estimated > 900, "{estimated} of 1,000");
    let search = indexed();
    std::thread::scope(|scope| {
        for size in [1, 3, 70, 1_000] {
            let (search, on, queries, expected) = (&search, &*on, &queries, &expected);
            scope.spawn(move || {
                let (mut hits, mut scratch) = (vec![Hits::new(); size], Scratch::new());
                for (queries, expected) in queries.chunks(size).zip(expected.chunks(size)) {
                    let hits = &mut hits[..queries.len()];
                    search.search(on, queries, hits, &mut scratch).unwrap();
                    for (found, expected) in hits.iter().zip(expected) {
                        assert_eq!(found.to_vec(), expected.to_vec());
                        assert_eq!(found.verdict(), expected.verdict());
                    }
                }
            });
        }
    });
    Ok(())
}

#[test]
fn an_index_that_lacks_nothing_is_not_built_again() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(4);
    let rows: Vec<_> = (0..1_500).map(|_| vector(&mut rng, 20)).collect();
    let store = store(Metric::Cosine, &rows)?;
    let on = store.snapshot()?;
    built(&indexed(), &store)?;
    let shelf = on.blocks().unwrap().shelf().unwrap();
    let replaced = shelf.replaced();
    built(&indexed(), &store)?;
    upsert(&store, rows.iter().take(20).enumerate())?;
    built(&indexed(), &store)?;
    assert_eq!(shelf.replaced(), replaced);
    Ok(())
}

#[test]
fn awkward_rows_are_answered() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(5);
    let random = |rng: &mut fastrand::Rng, count: usize, dim: usize| -> Vec<Vec<f32>> {
        (0..count).map(|_| vector(rng, dim)).collect()
    };
    let mut flat = random(&mut rng, 900, 64);
    flat.iter_mut().for_each(|row| row[2..].fill(0.5));
    let halves: Vec<_> =
        random(&mut rng, 500, 8).iter().flat_map(|it| vec![it.clone(); 2]).collect();
    let mut huge = random(&mut rng, 700, 6);
    huge[650][0] = 3.0e38;
    for (what, rows) in [
        ("one row", random(&mut rng, 1, 4)),
        ("fewer rows than a sample", random(&mut rng, 90, 4)),
        ("all rows equal", vec![vec![0.3, -0.4, 0.5]; 1_200]),
        ("each row twice", halves),
        ("no variance in most dimensions", flat),
        ("two dimensions", random(&mut rng, 2_000, 2)),
        ("sixteen dimensions", random(&mut rng, 2_000, 16)),
        ("many dimensions", random(&mut rng, 70, 1_500)),
        ("the most dimensions", random(&mut rng, 4, 65_536)),
        ("one cluster", random(&mut rng, 40, 30)),
        ("a component that overflows", huge),
    ] {
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            if rows[0].len() > 2_000 && metric != Metric::Dot {
                continue;
            }
            let (store, search) = (store(metric, &rows)?, indexed());
            built(&search, &store)?;
            let on = store.snapshot()?;
            for n in 0..4 {
                let wanted = rows[n * 13 % rows.len()].clone();
                for (k, recall) in [(1, 0.5), (10, 0.9), (150, 0.9)] {
                    let query = Query::nearest(VectorRef::new(&wanted)?, k)
                        .with_accuracy(Accuracy::Recall(recall));
                    check_sound(&search, &*on, query).inspect_err(|_| eprintln!("{what}"))?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn the_exact_scan_answers_where_it_is_faster_or_has_to() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(6);
    let rows: Vec<_> = (0..3_000).map(|_| vector(&mut rng, 12)).collect();
    let (store, search) = (store(Metric::Cosine, &rows)?, indexed());
    let wanted = VectorRef::new(&rows[5])?;
    let query = Query::nearest(wanted, 5).with_accuracy(Accuracy::Recall(0.9));
    let verdict = |search: &IndexedSearch, query| -> Result<Verdict> {
        Ok(answer(search, &*store.snapshot()?, query)?.1)
    };
    assert!(verdict(&search, query)?.is_exact(), "there is no index yet");
    built(&IndexedSearch::new(), &store)?;
    assert!(verdict(&search, query)?.is_exact(), "by default, so few rows are not indexed");
    built(&search, &store)?;
    assert!(is_estimated(verdict(&search, query)?));
    let few: Filter = "n = 3".parse()?;
    let exact = [
        query.with_accuracy(Accuracy::Exact),
        query.with_accuracy(Accuracy::Recall(1.0)),
        query.with_filter(&few),
        Query::nearest(wanted, 101).with_accuracy(Accuracy::Recall(0.9)),
        Query::within(wanted, 0.5, 10).with_accuracy(Accuracy::Recall(0.9)),
        query.with_plan(Plan::F32),
    ];
    for query in exact {
        assert!(verdict(&search, query)?.is_exact(), "{query:?}");
    }
    let mut hits = [Hits::new()];
    let explain = search.search(&*store.snapshot()?, &[query], &mut hits, &mut Scratch::new())?;
    assert_eq!(explain.plan, "clusters");
    assert!(explain.rescored >= 5 && explain.candidates == explain.excluded + explain.rescored);
    let explained = |recall: f32| {
        let query = query.with_accuracy(Accuracy::Recall(recall));
        search.search(&*store.snapshot()?, &[query], &mut [Hits::new()], &mut Scratch::new())
    };
    let (less, more) = (explained(0.2)?, explained(0.99)?);
    let rows = 12 * 4 * more.rescored.saturating_sub(less.rescored);
    assert!(more.bytes_read > less.bytes_read + rows, "codes are read, too: {less}; {more}");
    // A batch may mix them.
    let queries = [exact[0], query, exact[2], query];
    let mut hits = vec![Hits::new(); 4];
    search.search(&*store.snapshot()?, &queries, &mut hits, &mut Scratch::new())?;
    for (query, hits) in queries.iter().zip(&hits) {
        assert_eq!(answer(&search, &*store.snapshot()?, *query)?, (hits.to_vec(), hits.verdict()));
    }
    Ok(())
}

#[test]
fn fields_of_other_kinds_are_scanned_and_each_field_has_its_own_index() -> Result<()> {
    let dense = |element, metric| FieldKind::Dense { dim: 8, metric, element };
    let schema = Schema::builder()
        .field("a", dense(Element::F32, Metric::Cosine))
        .field("b", dense(Element::I8, Metric::Euclidean))
        .field("bits", dense(Element::Binary, Metric::Hamming))
        .build()?;
    let store = ArenaStore::with_options(schema, options());
    let mut rng = fastrand::Rng::with_seed(7);
    let mut batch = Batch::new();
    for n in 0_u64..2_000 {
        let mut record = Record::without_vector(n);
        let row = vector(&mut rng, 8);
        if n % 3 != 0 {
            record = record.with_vector("a", row.clone())?;
        }
        let bytes: Vec<i8> = row.iter().map(|x| (x * 100.0) as i8).collect();
        record = record.with_vector("b", bytes)?;
        let bits = iqdb_core::Vector::binary(8, vec![rng.u8(..)])?;
        batch = batch.upsert(record.with_vector("bits", bits)?);
    }
    store.apply(&batch)?;
    let search = indexed();
    built(&search, &store)?;
    let (on, row) = (store.snapshot()?, vector(&mut rng, 8));
    let query = |field, vector| {
        Query::nearest(vector, 5).with_field(field).with_accuracy(Accuracy::Recall(0.8))
    };
    let bytes = [3_i8, 40, -50, 6, 70, -8, 9, 10];
    let a = answer(&search, &*on, query("a", VectorRef::new(&row)?))?;
    let b = answer(&search, &*on, query("b", VectorRef::try_from(&bytes[..])?))?;
    assert!(is_estimated(a.1) && is_estimated(b.1) && a.1 != b.1);
    assert!(a.0.iter().all(|hit| on.get(&hit.id).unwrap().is_some()));
    let bits = iqdb_core::Vector::binary(8, vec![0b1010_0110])?;
    assert!(answer(&search, &*on, query("bits", bits.as_ref()))?.1.is_exact());
    Ok(())
}

#[test]
fn a_build_that_is_cancelled_leaves_nothing_and_progress_never_goes_back() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(8);
    let rows: Vec<_> = (0..3_000).map(|_| vector(&mut rng, 12)).collect();
    let (store, search) = (store(Metric::Cosine, &rows)?, indexed());
    let on = store.snapshot()?;
    let query = Query::nearest(VectorRef::new(&rows[5])?, 5).with_accuracy(Accuracy::Recall(0.9));
    for stop in [0, 20, 45, 70, 90] {
        let cancel = std::sync::atomic::AtomicBool::new(false);
        let mut at = 0;
        let mut progress = |done: u64, of: u64| {
            assert!(done >= at && done <= of, "{done} of {of} after {at}");
            at = done;
            cancel.store(done >= stop, std::sync::atomic::Ordering::Relaxed);
        };
        let budget = Budget::new().with_cancel(&cancel);
        assert!(!search.build_index(&*on, budget, &mut progress)?, "{stop}");
        assert!(answer(&search, &*on, query)?.1.is_exact(), "{stop}");
    }
    // A query has asked for a recall: the next time that the search is prepared, there is an index.
    assert!(search.prepare(&*on, Budget::new(), &mut ())?);
    assert!(is_estimated(answer(&search, &*on, query)?.1));
    Ok(())
}

#[test]
fn an_index_that_lacks_more_rows_than_it_has_is_not_asked() -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(9);
    let rows: Vec<_> = (0..5_000).map(|_| vector(&mut rng, 12)).collect();
    let (store, search) = (store(Metric::Cosine, &rows[..2_000])?, indexed());
    built(&search, &store)?;
    let query = Query::nearest(VectorRef::new(&rows[5])?, 5).with_accuracy(Accuracy::Recall(0.9));
    let verdict = || -> Result<Verdict> { Ok(answer(&search, &*store.snapshot()?, query)?.1) };
    let some = |range: std::ops::Range<usize>| range.map(|n| (n, &rows[n]));
    upsert(&store, some(2_000..3_000))?;
    assert!(is_estimated(verdict()?), "the rows that it lacks are scanned");
    upsert(&store, some(3_000..5_000))?;
    assert!(verdict()?.is_exact(), "it lacks three rows in five");
    built(&search, &store)?;
    assert!(is_estimated(verdict()?));
    Ok(())
}
