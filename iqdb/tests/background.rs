//! What a database makes in the background, and when.

#![cfg(feature = "arena")]
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use iqdb::{
    Accuracy, Background, Budget, Field, IndexedSearch, Iqdb, Metric, Record, Result, Schema,
};

const DIM: usize = 8;

/// Numbers that look random.
fn vector(n: u64) -> [f32; DIM] {
    std::array::from_fn(|i| {
        let mixed = (n * DIM as u64 + i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 48) as f32 - 32_768.0
    })
}

fn filled(background: Background) -> Result<Iqdb> {
    let db = Iqdb::builder()
        .search(IndexedSearch::new().with_index_rows_min(0))
        .background(background)
        .open_in_memory(Schema::new(DIM, Metric::Euclidean)?)?;
    // Enough rows to seal some blocks.
    db.upsert_many((0..5_000).map(|n| Record::new(n, vector(n)).unwrap()))?;
    Ok(db)
}

fn has_index(db: &Iqdb) -> Result<bool> {
    Ok(db.index_stats(Field::DEFAULT)?.is_some())
}

#[test]
fn an_index_is_built_once_a_query_asks_for_a_recall_and_not_before() -> Result<()> {
    let db = filled(Background::Budget { percent: 90 })?;
    db.query(vector(3)).k(5).run()?;
    db.prepare()?;
    assert!(!has_index(&db)?, "no query has asked for it");
    let hits = db.query(vector(3)).k(5).accuracy(Accuracy::Recall(0.5)).run()?;
    assert!(hits.verdict().is_exact());
    let start = Instant::now();
    while !has_index(&db)? {
        assert!(start.elapsed() < Duration::from_secs(300), "no index was built");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[test]
fn without_a_thread_all_is_made_where_it_is_asked_for() -> Result<()> {
    let db = filled(Background::Off)?;
    let ask = || db.query(vector(3)).k(5).accuracy(Accuracy::Recall(0.5)).run();
    assert!(ask()?.verdict().is_exact());
    std::thread::sleep(Duration::from_millis(50));
    assert!(!has_index(&db)?);
    assert!(db.build_index(Budget::new(), &mut ())?);
    assert!(has_index(&db)?);
    assert!(!ask()?.verdict().is_exact());
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn the_thread_has_the_lowest_priority() -> Result<()> {
    /// The niceness of a thread of this process of which this is the name.
    fn niceness(name: &str) -> Option<i32> {
        std::fs::read_dir("/proc/self/task").unwrap().flatten().find_map(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
            let (start, rest) = stat.rsplit_once(')')?;
            // The 19th field; the second one is the name.
            start.ends_with(name).then(|| rest.split_whitespace().nth(16)?.parse().ok())?
        })
    }
    let db = filled(Background::default())?;
    let start = Instant::now();
    // The thread lowers it when it starts.
    while niceness("iqdb-prepare") != Some(19) {
        assert!(start.elapsed() < Duration::from_secs(300), "{:?}", niceness("iqdb-prepare"));
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(db);
    Ok(())
}
