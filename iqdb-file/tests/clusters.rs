//! The index of clusters over a directory: it is saved and lent again, survives checkpoints and
//! compactions, and where its file is damaged or gone, the answers are exact until it is built again.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use iqdb_core::{
    Accuracy, Batch, Budget, Hit, Hits, Metric, Query, Record, Result, Schema, Scratch, Search,
    Store, StoreExt, VectorRef, Verdict,
};
use iqdb_file::{FileOptions, FileStore};
use iqdb_search::{ExactSearch, IndexedSearch};

fn vector(rng: &mut fastrand::Rng) -> Vec<f32> {
    (0..12).map(|_| rng.f32() + rng.f32() - 1.0).collect()
}

fn search() -> IndexedSearch {
    IndexedSearch::new().with_index_rows_min(0)
}

fn filled(dir: &Path) -> Result<FileStore> {
    let store = FileStore::create(dir, Schema::new(12, Metric::Cosine)?, &FileOptions::new())?;
    let mut rng = fastrand::Rng::with_seed(1);
    let batch = (0_u64..3_000).try_fold(Batch::new(), |batch, n| {
        Ok::<_, iqdb_core::Error>(batch.upsert(Record::new(n, vector(&mut rng))?))
    })?;
    store.apply(&batch)?;
    store.compact()?;
    Ok(store)
}

fn answers(search: &dyn Search, store: &FileStore) -> Result<Vec<(Vec<Hit>, Verdict)>> {
    let (mut rng, on) = (fastrand::Rng::with_seed(2), store.snapshot()?);
    let (mut hits, mut scratch) = ([Hits::new()], Scratch::new());
    let mut answers = Vec::new();
    for _ in 0..40 {
        let vector = vector(&mut rng);
        let query =
            Query::nearest(VectorRef::new(&vector)?, 8).with_accuracy(Accuracy::Recall(0.8));
        search.search(&*on, &[query], &mut hits, &mut scratch)?;
        answers.push((hits[0].to_vec(), hits[0].verdict()));
    }
    Ok(answers)
}

fn are_estimated(answers: &[(Vec<Hit>, Verdict)]) -> bool {
    answers.iter().all(|(_, verdict)| matches!(verdict, Verdict::Estimated { epoch: Some(_), .. }))
}

fn saved_files(dir: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let is_shelf = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("shelf-"))
    };
    files.filter(is_shelf).collect()
}

#[test]
fn an_index_is_lent_again_with_the_same_answers_and_survives_compaction() -> Result<()> {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    let store = filled(&dir)?;
    assert!(search().build_index(&*store.snapshot()?, Budget::new(), &mut ())?);
    let before = answers(&search(), &store)?;
    assert!(are_estimated(&before));
    drop(store);

    let store = FileStore::open(&dir, &FileOptions::new())?;
    assert!(!are_estimated(&answers(&search(), &store)?), "no query reads a file");
    assert!(search().prepare(&*store.snapshot()?, Budget::new(), &mut ())?);
    assert!(answers(&search(), &store)? == before, "the same epoch, and the same bits");

    store.apply(&(0_u64..3_000).filter(|n| n % 5 == 0).fold(Batch::new(), Batch::delete))?;
    store.compact()?;
    let after = answers(&search(), &store)?;
    assert!(are_estimated(&after), "rows are found by their lineage");
    let exact = answers(&ExactSearch::new(), &store)?;
    let pairs = after.iter().zip(&exact);
    let found: usize = pairs.map(|(a, b)| a.0.iter().filter(|hit| b.0.contains(hit)).count()).sum();
    assert!(found > 40 * 8 * 7 / 10, "{found} of 320");
    Ok(())
}

#[test]
fn a_damaged_or_missing_file_is_no_error_and_the_index_is_built_again() -> Result<()> {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    let store = filled(&dir)?;
    assert!(search().build_index(&*store.snapshot()?, Budget::new(), &mut ())?);
    let epoch = answers(&search(), &store)?[0].1;
    drop(store);
    let [file] = &saved_files(&dir)[..] else { panic!("one file is saved") };
    let bytes = std::fs::read(file).unwrap();
    let mut rng = fastrand::Rng::with_seed(3);
    for n in 0..24 {
        let mut damaged = bytes.clone();
        match n {
            0 => damaged.clear(),
            1 => damaged.truncate(bytes.len() / 2),
            _ => damaged[rng.usize(..bytes.len())] ^= 1 << rng.u8(..8),
        }
        std::fs::write(file, damaged).unwrap();
        let store = FileStore::open(&dir, &FileOptions::new())?;
        assert!(search().prepare(&*store.snapshot()?, Budget::new(), &mut ())?);
        let found = answers(&search(), &store)?;
        assert!(found == answers(&ExactSearch::new(), &store)?, "exact until there is one again");
    }
    std::fs::remove_file(file).unwrap();
    let store = FileStore::open(&dir, &FileOptions::new())?;
    assert!(search().build_index(&*store.snapshot()?, Budget::new(), &mut ())?);
    assert_eq!(answers(&search(), &store)?[0].1, epoch, "of the same rows, it is the same one");
    Ok(())
}
