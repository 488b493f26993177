//! The recall of an index: on rows that are made here, and on word embeddings where they are at hand.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use iqdb_arena::ArenaStore;
use iqdb_core::{
    Accuracy, Batch, Budget, Hits, Metric, Query, Record, Result, Schema, Scratch, Search,
    Snapshot, Store, StoreExt, VectorRef, Verdict,
};
use iqdb_search::{ExactSearch, IndexedSearch};

/// Vectors in clumps, whose centres are in clumps, too.
fn clumped(rng: &mut fastrand::Rng, count: usize, dim: usize) -> Vec<Vec<f32>> {
    let mut normal = move || (0..6).map(|_| rng.f32() - 0.5).sum::<f32>();
    let mut around = |center: &[f32], spread: f32| -> Vec<f32> {
        center.iter().map(|x| x + spread * normal()).collect()
    };
    let tops: Vec<_> = (0..8).map(|_| around(&vec![0.0; dim], 1.0)).collect();
    let clumps: Vec<_> = (0..200).map(|n| around(&tops[n % 8], 0.8)).collect();
    (0..count).map(|n| around(&clumps[n * 31 % 200], 0.5)).collect()
}

fn filled(metric: Metric, rows: &[Vec<f32>]) -> Result<ArenaStore> {
    let store = ArenaStore::new(Schema::new(rows[0].len(), metric)?);
    for (n, rows) in rows.chunks(1_000).enumerate() {
        let batch = (0..).zip(rows).try_fold(Batch::new(), |batch, (m, row)| {
            Ok::<_, iqdb_core::Error>(batch.upsert(Record::new(n as u64 * 1_000 + m, row.clone())?))
        })?;
        store.apply(&batch)?;
    }
    Ok(store)
}

/// The mean recall of queries for `k` hits, and of the recall that their verdicts name; every hit has its
/// canonical distance, and is there once.
fn recall(
    search: &IndexedSearch,
    on: &dyn Snapshot,
    queries: &[Vec<f32>],
    k: usize,
    accuracy: f32,
) -> Result<(f64, f64)> {
    let metric = on.schema().fields()[0].kind().metric().unwrap();
    let (mut found, mut expected) = ([Hits::new()], [Hits::new()]);
    let (mut scratch, exact) = (Scratch::new(), ExactSearch::new());
    let (mut same, mut all, mut named) = (0, 0, 0.0);
    for vector in queries {
        let query = Query::nearest(VectorRef::new(vector)?, k);
        exact.search(on, &[query], &mut expected, &mut scratch)?;
        let estimated = query.with_accuracy(Accuracy::Recall(accuracy));
        search.search(on, &[estimated], &mut found, &mut scratch)?;
        let Verdict::Estimated { recall, epoch: Some(_) } = found[0].verdict() else {
            panic!("the index answers: {:?}", found[0].verdict());
        };
        named += f64::from(recall);
        let hits = found[0].to_vec();
        assert!(hits.windows(2).all(|two| two[0].distance <= two[1].distance));
        let mut ids: Vec<_> = hits.iter().map(|hit| hit.id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), hits.len(), "a hit twice");
        for hit in &hits {
            let row = on.get(&hit.id)?.unwrap().to_record()?;
            let row = row.only_vector()?.as_f32().unwrap();
            let distance = iqdb_core::distance::of_numbers(metric, row, vector);
            assert_eq!(hit.distance.to_bits(), distance.to_bits());
        }
        same += expected[0].iter().filter(|hit| hits.iter().any(|it| it.id == hit.id)).count();
        all += expected[0].len();
    }
    let count = queries.len() as f64;
    Ok((same as f64 / all as f64, named / count))
}

/// Whether an emulator runs the tests, as `cargo xtask cross` says. There are fewer rows then.
fn is_emulated() -> bool {
    std::env::var_os("IQDB_EMULATED").is_some()
}

#[test]
fn the_recall_asked_for_is_reached_for_every_metric() -> Result<()> {
    let (row_count, query_count) = if is_emulated() { (5_000, 20) } else { (20_000, 100) };
    let all = [(Metric::Dot, 100), (Metric::Cosine, 96), (Metric::Euclidean, 48)];
    for (metric, dim) in all.into_iter().take(if is_emulated() { 1 } else { all.len() }) {
        let mut rng = fastrand::Rng::with_seed(dim as u64);
        let mut rows = clumped(&mut rng, row_count + query_count, dim);
        let queries = rows.split_off(row_count);
        let store = filled(metric, &rows)?;
        let (search, on) = (IndexedSearch::new(), store.snapshot()?);
        assert!(search.build_index(&*on, Budget::new(), &mut ())?);
        for (k, target) in [(10, 0.5), (10, 0.9), (10, 0.99), (1, 0.9), (50, 0.95)] {
            let (reached, named) = recall(&search, &*on, &queries, k, target)?;
            assert!(named >= f64::from(target), "{metric}: {named} for {target}");
            assert!(reached >= f64::from(target) - 0.03, "{metric}, k {k}: {reached} for {target}");
        }
    }
    Ok(())
}

/// The rows of an array of `f32`, and their dimension, in the format of numpy.
fn read_npy(path: PathBuf) -> Option<Vec<Vec<f32>>> {
    let bytes = std::fs::read(path).ok()?;
    let head = usize::from(u16::from_le_bytes([*bytes.get(8)?, *bytes.get(9)?]));
    let text = String::from_utf8_lossy(bytes.get(10..10 + head)?).into_owned();
    let shape = text.split_once("shape': (")?.1.split_once(')')?.0;
    let dim: usize = shape.split(',').nth(1)?.trim().parse().ok()?;
    let numbers = bytes[10 + head..].as_chunks::<4>().0.iter().map(|it| f32::from_le_bytes(*it));
    Some(numbers.collect::<Vec<_>>().chunks(dim).map(<[f32]>::to_vec).collect())
}

#[test]
fn the_recall_asked_for_is_reached_on_word_embeddings() -> Result<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/wordnet384");
    if is_emulated() {
        eprintln!("skipped: an emulator takes hours for it");
        return Ok(());
    }
    let read = |name| read_npy(folder.join(name));
    let (Some(rows), Some(queries)) = (read("base.npy"), read("queries.npy")) else {
        eprintln!("skipped: there are no word embeddings in {}", folder.display());
        return Ok(());
    };
    let store = filled(Metric::Cosine, &rows)?;
    let (search, on) = (IndexedSearch::new(), store.snapshot()?);
    assert!(search.build_index(&*on, Budget::new(), &mut ())?);
    for (k, target) in [(10, 0.95), (10, 0.99), (1, 0.95), (100, 0.95)] {
        let (reached, named) = recall(&search, &*on, &queries[..300], k, target)?;
        eprintln!("k {k}: {reached:.4} for {target}, said to be {named:.4}");
        assert!(reached >= f64::from(target) - 0.01, "k {k}: {reached} for {target}");
    }
    Ok(())
}
