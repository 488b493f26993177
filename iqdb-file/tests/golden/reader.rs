//! A second reader, written from `docs/format.md` and sharing no code with the first: the slow and
//! plain way from the bytes of a directory to its records. It panics where the page is broken.

use std::collections::BTreeMap;

use iqdb_core::{Batch, Change, Record, RecordId};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::bytes::Bytes;
use super::columns::{Field, schema, take_vectors};
use super::segments::segment;

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What a manifest says.
#[derive(Debug, PartialEq)]
pub(crate) struct Manifest {
    pub(crate) database: Vec<u8>,
    pub(crate) schema: Vec<Field>,
    pub(crate) number: u64,
    pub(crate) version: u64,
    pub(crate) chain: u64,
    pub(crate) log: u64,
    pub(crate) log_len: u64,
    pub(crate) log_chain: u64,
    pub(crate) growing: u64,
    pub(crate) next: u64,
    pub(crate) segments: Vec<Entry>,
}

/// A segment in a manifest.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) rows: usize,
    pub(crate) file_len: usize,
    pub(crate) hash: u64,
    pub(crate) columns: Vec<ColumnEntry>,
    pub(crate) dead: Vec<usize>,
    /// Whether dead rows were listed by their numbers.
    pub(crate) by_number: bool,
}

/// A column file of a segment in a manifest.
#[derive(Debug, PartialEq)]
pub(crate) struct ColumnEntry {
    pub(crate) field: usize,
    pub(crate) number: u64,
    pub(crate) file_len: usize,
    pub(crate) hash: u64,
}

pub(crate) fn manifest(bytes: &[u8]) -> Manifest {
    let (content, hash) = bytes.split_at(bytes.len() - 8);
    assert_eq!(Bytes(hash).u64(), xxh3_64(content), "the hash of the manifest");
    let mut from = Bytes(content);
    assert_eq!(from.take(8), b"iqdb man");
    assert_eq!((from.number(4), from.number(4)), (2, 0), "the format");
    let database = from.take(16).to_vec();
    let [number, version, chain, log] = std::array::from_fn(|_| from.u64());
    let [log_len, log_chain, growing, next] = std::array::from_fn(|_| from.u64());
    assert!(log_len > 0 || log_chain == 0, "the chain hash of no end");
    let schema = schema(&mut from);
    let count = from.len(8);
    let segments = (0..count).map(|_| entry(&mut from)).collect();
    assert!(from.0.is_empty(), "more than the segments");
    Manifest {
        database,
        schema,
        number,
        version,
        chain,
        log,
        log_len,
        log_chain,
        growing,
        next,
        segments,
    }
}

fn entry(from: &mut Bytes<'_>) -> Entry {
    let (number, rows, file_len, hash) = (from.u64(), from.len(8), from.len(8), from.u64());
    let columns = (0..from.len(1)).map(|_| ColumnEntry {
        field: from.len(1),
        number: from.u64(),
        file_len: from.len(8),
        hash: from.u64(),
    });
    let columns: Vec<ColumnEntry> = columns.collect();
    assert!(columns.is_sorted_by(|a, b| a.field < b.field), "the columns are in order");
    let count = from.len(4);
    let by_number = count <= rows / 32;
    let dead: Vec<usize> = if by_number {
        (0..count).map(|_| from.len(4)).collect()
    } else {
        let bits = from.take(rows.div_ceil(8));
        (0..rows).filter(|row| bits[row / 8] >> (row % 8) & 1 == 1).collect()
    };
    assert_eq!(dead.len(), count);
    Entry { number, rows, file_len, hash, columns, dead, by_number }
}

/// A frame of a log, and where it ends.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) version: u64,
    pub(crate) synced: u64,
    pub(crate) hash: u64,
    pub(crate) body: &'a [u8],
    pub(crate) end: usize,
}

/// All frames of a log, none of which was cut off.
pub(crate) fn frames<'a>(log: &'a [u8], manifest: &Manifest) -> Vec<Frame<'a>> {
    let mut header = Bytes(&log[..64]);
    assert_eq!(header.take(8), b"iqdb log");
    assert_eq!((header.number(4), header.number(4)), (2, 0));
    assert_eq!(header.take(16), manifest.database);
    assert_eq!(header.u64(), manifest.log);
    assert_eq!(header.u64(), manifest.chain, "the chain hash at the start of the log");
    header.zeros(16);
    let salt = xxh3_64_with_seed(&manifest.database, manifest.log);
    let mut frames = Vec::new();
    let (mut at, mut chain) = (64, manifest.chain);
    while at < log.len() {
        let mut from = Bytes(&log[at..]);
        assert_eq!(from.take(4), b"iqfr");
        let len = from.len(4);
        assert_eq!(from.len(8), at, "the offset of a frame");
        let (version, synced) = (from.u64(), from.u64());
        assert_eq!(from.u64(), chain, "the frame at {at} follows the one before");
        let hash = from.u64();
        let body = from.take(len);
        let hashed = [&log[at..at + 40], body].concat();
        assert_eq!(hash, xxh3_64_with_seed(&hashed, salt), "the hash of the frame at {at}");
        let end = (at + 48 + len).next_multiple_of(8);
        from.zeros(end - (at + 48 + len));
        frames.push(Frame { version, synced, hash, body, end });
        (at, chain) = (end, hash);
    }
    if manifest.log_len > 0 {
        let known = frames.iter().find(|frame| frame.end as u64 == manifest.log_len);
        assert_eq!(known.unwrap().hash, manifest.log_chain, "the chain hash at the known end");
    }
    frames
}

/// A mark in the file `lock`.
#[derive(Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) sequence: u64,
    pub(crate) manifest: u64,
    pub(crate) log: u64,
    pub(crate) end: u64,
    pub(crate) chain: u64,
    pub(crate) boot: u64,
    pub(crate) process: u64,
    pub(crate) host: String,
    pub(crate) is_clean: bool,
}

/// The marks of a database, the older one first.
pub(crate) fn marks(lock: &[u8], database: &[u8]) -> Vec<Mark> {
    assert_eq!(lock.len(), 12_288);
    let mut head = Bytes(&lock[..4_096]);
    assert_eq!(head.take(8), b"iqdb lck");
    assert_eq!((head.number(4), head.number(4)), (2, 0));
    if head.take(16) != database {
        return Vec::new();
    }
    head.zeros(head.0.len());
    let seed = Bytes(database).u64();
    let mut marks = Vec::new();
    for (odd, slot) in [(0, &lock[4_096..8_192]), (1, &lock[8_192..])] {
        let (mark, rest) = slot.split_at(512);
        Bytes(rest).zeros(rest.len());
        if mark.iter().all(|byte| *byte == 0) {
            continue;
        }
        let mut from = Bytes(mark);
        let [sequence, manifest, log, end, chain] = std::array::from_fn(|_| from.u64());
        assert_eq!(sequence % 2, odd, "the slot of a mark");
        let (boot, upper) = (from.u64(), from.u64());
        assert_eq!(upper, 0, "the golden databases have small numbers there");
        from.date();
        let (process, clean, len) = (from.number(4), from.number(1), from.len(1));
        assert!(clean <= 1);
        let host = from.text(len).to_owned();
        from.zeros(from.0.len() - 8);
        assert_eq!(from.u64(), xxh3_64_with_seed(&mark[..504], seed), "the hash of a mark");
        let is_clean = clean == 1;
        marks.push(Mark { sequence, manifest, log, end, chain, boot, process, host, is_clean });
    }
    marks.sort_by_key(|mark| mark.sequence);
    marks
}

/// Checks that the newest mark is of this manifest and this log, where the mark says it is.
fn check_mark(lock: &[u8], manifest: &Manifest, frames: &[Frame<'_>]) {
    let Some(mark) = marks(lock, &manifest.database).pop() else { return };
    assert!(mark.manifest <= manifest.number, "the manifest of the mark is missing");
    if mark.log == manifest.log {
        let ends = frames.iter().map(|frame| (frame.end as u64, frame.hash));
        let mut ends = ends.chain([(64, manifest.chain)]);
        assert!(ends.any(|end| end == (mark.end, mark.chain)), "the log has no end as marked");
    }
}

/// The records of a database, as its files say.
pub(crate) fn records(files: &Files) -> BTreeMap<RecordId, Record> {
    let newest = files.keys().rfind(|name| name.starts_with("manifest-")).unwrap();
    let manifest = manifest(&files[newest]);
    assert_eq!(*newest, format!("manifest-{:08}", manifest.number));
    let mut records = BTreeMap::new();
    for entry in &manifest.segments {
        for (row, record) in segment(files, entry, &manifest).into_iter().enumerate() {
            if !entry.dead.contains(&row) {
                let before = records.insert(record.id.clone(), record);
                assert!(before.is_none(), "{before:?} and a second one of its id");
            }
        }
    }
    let growing = files.get(&format!("segment-{:08}", manifest.growing));
    let log = &files[&format!("log-{:08}", manifest.log)];
    let (mut version, mut rows_end, mut rows_count) = (manifest.version, 4_096, 0);
    let frames = frames(log, &manifest);
    check_mark(&files["lock"], &manifest, &frames);
    for frame in frames {
        version += 1;
        assert_eq!(frame.version, version);
        let mut from = Bytes(frame.body);
        let (changes, placed) = (from.len(4), from.len(4));
        let mut rows = Bytes(&[]);
        if placed > 0 {
            let growing = growing.unwrap();
            assert_eq!((from.u64(), from.len(8)), (manifest.growing, rows_count));
            let start = rows_end;
            for _ in 0..from.len(4) {
                let (end, hash) = (from.len(8), from.u64());
                assert_eq!(hash, xxh3_64(&growing[rows_end..end]), "the hash of a piece");
                rows_end = end;
            }
            rows_count += placed;
            rows = Bytes(&growing[start..rows_end]);
        }
        let batch: Batch = (0..changes).map(|_| change(&mut from, &mut rows, &manifest)).collect();
        assert!(from.0.is_empty() && rows.0.is_empty(), "more than the changes");
        for change in batch.changes() {
            match change {
                Change::Upsert(record) => _ = records.insert(record.id.clone(), record.clone()),
                Change::Delete(id) => _ = records.remove(id),
                Change::SetPayload(id, payload) => {
                    if let Some(record) = records.get_mut(id) {
                        record.payload = payload.clone();
                    }
                }
                _ => panic!("a change that no frame has"),
            }
        }
    }
    records
}

fn change(from: &mut Bytes<'_>, rows: &mut Bytes<'_>, manifest: &Manifest) -> Change {
    let (kind, id) = (from.take(1)[0], from.id());
    match kind {
        0 => {
            let mut record = Record::without_vector(id);
            take_vectors(from, &manifest.schema, &mut record);
            Change::Upsert(record.with_payload(from.payload()))
        }
        1 => Change::Delete(id),
        2 => Change::SetPayload(id, from.payload()),
        3 => {
            let field = &manifest.schema[0];
            assert!(manifest.schema.len() == 1 && field.stride().is_multiple_of(64));
            let mut record = Record::without_vector(id);
            record.set_vector(field.name.clone(), Some(field.row(rows)));
            Change::Upsert(record.with_payload(from.payload()))
        }
        kind => panic!("a change {kind}"),
    }
}
