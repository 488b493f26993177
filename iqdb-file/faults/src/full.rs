//! Full disks: what fails changes nothing, and deleting and compacting give the space back.

use fastrand::Rng;
use iqdb_core::{Batch, ErrorKind, Metric, Record, Schema, StoreExt};
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{FileOptions, FileStore};

use crate::draw;
use crate::finding::{Breach, Finding, caught};
use crate::law::{Look, holds};
use crate::past::{Bounds, Past};
use crate::run::works;
use crate::script::DIR;
use crate::tally::Tally;
use crate::terminal::count;

/// What the database keeps back for itself, in bytes; a segment is smaller. Those of less than half of
/// that are joined, which has to be more than the 4.5 KiB that the least of them has.
const RESERVE_BYTES: u64 = 32 << 10;
const SEGMENT_BYTES: u64 = 16 << 10;

/// Fills disks of many sizes.
pub(crate) fn run(first: u64, disks: u64) -> bool {
    let tally = Tally::default();
    tally.fill(first, disks, |seed| {
        tally.add(1);
        if let Err(finding) = caught(|| fill(seed)) {
            tally.found(format!("--seed {seed} --disks 1"), finding);
        }
    });
    tally.report("faults", &format!("{} full disks from seed {first}", count(tally.images())))
}

fn fill(seed: u64) -> Result<(), Finding> {
    let mut rng = Rng::with_seed(draw::mixed(seed, 3));
    let disk = SimVfs::new();
    works("a disk", put(&disk))?;
    let schema = works("a schema", Schema::new(16, Metric::Dot))?;
    let options = FileOptions::new()
        .with_vfs(disk.clone())
        .with_seal_bounds(4 << 10, 100, SEGMENT_BYTES)
        .with_placed_from_bytes([256, 1 << 20][rng.usize(..2)])
        .with_reserve_bytes(RESERVE_BYTES);
    let mut past = Past::new(schema.clone());
    let store = works("create", FileStore::create(DIR, schema.clone(), &options))?;
    disk.set_quota(Some(disk.used() + rng.u64(16 << 10..128 << 10)));
    // Until it is full.
    let mut ids = 0..100_000_u64;
    let failed = loop {
        let mut batch = Batch::new();
        for id in ids.by_ref().take(rng.usize(1..20)) {
            let vector = (0..16).map(|_| rng.f32() + 0.1).collect::<Vec<_>>();
            batch = batch.upsert(works("a record", Record::new(id, vector))?);
        }
        let mut ahead = past.clone();
        works("the model", ahead.start(disk.changes(), &batch))?;
        match store.apply(&batch) {
            Ok(_) => past = ahead,
            Err(error) => break error,
        }
    };
    if failed.kind() != ErrorKind::Io {
        return Err(Finding::failed("a full disk is an error of kind Io", &failed));
    }
    is_at(&store, &past)?;
    // Deleting works, one by one or many at once, and compacting gives room.
    let full = disk.used();
    let mut doomed: Vec<u64> = (0..past.newest().len() as u64).filter(|id| id % 2 == 0).collect();
    while !doomed.is_empty() {
        let batch = doomed.split_off(doomed.len().saturating_sub(rng.usize(1..60)));
        let batch = batch.into_iter().fold(Batch::new(), Batch::delete);
        works("the model", past.start(disk.changes(), &batch))?;
        works("delete on a full disk", store.apply(&batch))?;
        // A writer whose upsert is refused tries again, and gets no space that deletes will need.
        let record = works("a record", Record::new(ids.next().unwrap_or(0), vec![1.0; 16]))?;
        let batch = Batch::new().upsert(record);
        let mut ahead = past.clone();
        works("the model", ahead.start(disk.changes(), &batch))?;
        match store.apply(&batch) {
            Ok(_) => past = ahead,
            Err(error) if error.kind() == ErrorKind::Io => {}
            Err(error) => {
                return Err(Finding::failed("a full disk is an error of kind Io", &error));
            }
        }
    }
    is_at(&store, &past)?;
    works("compact on a full disk", store.compact())?;
    is_at(&store, &past)?;
    if disk.used() >= full {
        let story = format!("{} bytes before and {} after compaction", full, disk.used());
        return Err(Finding::new(Breach::Behaviour, story));
    }
    let record = works("a record", Record::new(1_000_000, vec![1.0; 16]))?;
    works("the model", past.start(disk.changes(), &Batch::new().upsert(record.clone())))?;
    works("a write once there is room", store.upsert(record))?;
    drop(store);
    let store = works("open", FileStore::open(DIR, &options))?;
    is_at(&store, &past)?;
    drop(store);
    let found = FileStore::open(DIR, &options.with_vfs(disk.crash(&mut rng)));
    is_at(&works("open after a crash", found)?, &past)
}

fn is_at(store: &FileStore, past: &Past) -> Result<(), Finding> {
    let version = past.version();
    holds(
        store,
        past,
        Bounds { least: Some(version), most: version, strangers: false },
        Look::Quick,
    )
    .map(drop)
}

/// The directory that the database's is in.
fn put(disk: &SimVfs) -> iqdb_core::Result<()> {
    let put = disk.put("disk/a".as_ref(), b"");
    put.map_err(|error| iqdb_core::Error::new(ErrorKind::Io, "a disk").caused_by(error))
}
