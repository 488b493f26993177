//! Golden databases, one folder per format: what was written once is read for ever, and what is
//! written today is written as then. `docs/format.md` says what the bytes mean.

#![allow(clippy::unwrap_used)]

mod bytes;
mod columns;
mod payloads;
mod reader;
mod segments;
mod v2;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use iqdb_conformance::{Model, check_same};
use iqdb_core::{Batch, Element, ErrorKind, Metric, Payload, Record, StoreExt};
use iqdb_file::reseal::reseal;
use iqdb_file::{FileOptions, FileStore, ReadMode};
use iqdb_search::ExactSearch;
use reader::Files;
use tempfile::TempDir;
use xxhash_rust::xxh3::xxh3_64;

/// What all golden databases of a format may take, in bytes.
const BYTES_MAX: usize = 260 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v2")
}

/// The committed files of a database.
fn committed(name: &str) -> Files {
    let file = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
    };
    fs::read_dir(folder().join(name)).unwrap().map(|entry| file(entry.unwrap())).collect()
}

fn written(files: &Files) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    fs::create_dir(&dir).unwrap();
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).unwrap();
    }
    (home, dir)
}

fn read_back(dir: &Path) -> Files {
    let names = fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| name != "reserve");
    names.map(|name| (name.clone(), fs::read(dir.join(name)).unwrap())).collect()
}

fn options(read_mode: ReadMode) -> FileOptions {
    FileOptions::new().with_read_mode(read_mode).with_reserve_bytes(0)
}

fn check(store: &FileStore, model: &Model) {
    check_same(store, model, &ExactSearch::new()).unwrap();
    let verified = store.verify(&mut ()).unwrap();
    assert_eq!(verified.records, model.len() as u64);
}

#[test]
fn the_same_calls_write_the_same_bytes_as_ever() {
    let mut bytes = 0;
    for made in v2::all().unwrap() {
        let committed = committed(made.name);
        assert_same(&made.files, &committed, made.name);
        bytes += committed.values().map(Vec::len).sum::<usize>();
    }
    assert!(bytes <= BYTES_MAX, "{bytes} bytes are too many to be kept");
}

fn assert_same(found: &Files, expected: &Files, name: &str) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "the files of {name}");
    for (file, expected) in expected {
        let found = &found[file];
        let differs = found.iter().zip(expected).position(|(a, b)| a != b);
        let lens = (found.len(), expected.len());
        assert!(
            differs.is_none() && lens.0 == lens.1,
            "{name}/{file} is of {} bytes, not {}, and differs from byte {differs:?} on: that is \
             another format",
            lens.0,
            lens.1,
        );
    }
}

#[test]
fn blocks_and_pieces_are_written_as_ever() {
    let made = v2::large().unwrap();
    let hashes = fs::read_to_string(folder().join("large.txt")).unwrap();
    let found: Vec<String> = made
        .files
        .iter()
        .map(|(name, bytes)| format!("{name} {} {:016x}", bytes.len(), xxh3_64(bytes)))
        .collect();
    assert_eq!(found, hashes.lines().collect::<Vec<_>>());
    assert_records(&reader::records(&made.files), &made.model);
}

#[test]
fn every_golden_database_is_read_and_goes_on() {
    for made in v2::all().unwrap() {
        let (_home, dir) = written(&committed(made.name));
        let before = read_back(&dir);
        for read_mode in [ReadMode::Map, ReadMode::Copy] {
            let store = FileStore::open_read_only(&dir, &options(read_mode)).unwrap();
            check(&store, &made.model);
            drop(store);
            assert_same(&read_back(&dir), &before, made.name);
        }
        let mut model = made.model.clone();
        let store = FileStore::open(&dir, &options(ReadMode::Map)).unwrap();
        check(&store, &model);
        let like = model.records().next().cloned();
        let mut new = like.unwrap_or_else(|| Record::without_vector("new"));
        (new.id, new.payload) = ("new".into(), Payload::new().with("new", true));
        let batch = Batch::new().upsert(new);
        let batch =
            model.records().take(3).map(|record| record.id.clone()).fold(batch, Batch::delete);
        model.apply(&batch).unwrap();
        store.apply(&batch).unwrap();
        check(&store, &model);
        store.compact().unwrap();
        check(&store, &model);
        assert_eq!(store.stats().unwrap().dead_rows, 0);
        drop(store);
        let store = FileStore::open(&dir, &options(ReadMode::Map)).unwrap();
        check(&store, &model);
        assert!(store.delete("new").unwrap());
    }
}

#[test]
fn a_second_reader_finds_the_same_records() {
    for made in v2::all().unwrap() {
        assert_records(&reader::records(&committed(made.name)), &made.model);
    }
}

/// Prints of floats have all their bits.
fn assert_records(found: &BTreeMap<iqdb_core::RecordId, Record>, model: &Model) {
    let mut expected: Vec<&Record> = model.records().collect();
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    let found: Vec<&Record> = found.values().collect();
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

#[test]
fn a_manifest_and_a_log_are_what_the_page_says() {
    let files = committed("full");
    let manifest = reader::manifest(&files["manifest-00000025"]);
    assert_eq!(kinds(&manifest), [("vector", Some(Element::F32), Some(Metric::Euclidean), 3)]);
    assert_eq!((manifest.number, manifest.next), (25, 26));
    assert_eq!((manifest.log, manifest.growing), (22, 23));
    assert_eq!(manifest.version, 5);
    let segments = manifest.segments.iter();
    let segments: Vec<_> = segments
        .map(|entry| (entry.number, entry.rows, entry.dead.len(), entry.by_number))
        .collect();
    assert_eq!(
        segments,
        [
            (3, 300, 6, true),
            (6, 40, 20, false),
            (10, 2, 0, true),
            (15, 25, 3, false),
            (19, 2, 0, true)
        ],
        "segments with their rows, how many are dead, and whether they are listed by number"
    );
    let log = &files["log-00000022"];
    let frames = reader::frames(log, &manifest);
    assert_eq!(frames.len(), 4);
    assert_eq!(frames[0].end as u64, manifest.log_len, "the log was closed after its first frame");
    let placed = |frame: &reader::Frame<'_>| frame.body[4..8] != [0; 4];
    assert_eq!(frames.iter().map(placed).collect::<Vec<_>>(), [false, false, true, false]);
    assert_eq!(frames.iter().map(|frame| frame.version).collect::<Vec<_>>(), [6, 7, 8, 9]);
    for pair in frames.windows(2) {
        assert_eq!(pair[1].synced, pair[0].end as u64, "each frame follows a sync");
    }
    let closed = committed("closed");
    let manifest = reader::manifest(&closed["manifest-00000004"]);
    assert_eq!(manifest.schema[0].metric, Some(Metric::Dot));
    assert_eq!(manifest.log_len, closed["log-00000002"].len() as u64);
    let empty = committed("empty");
    assert_eq!(reader::marks(&empty["lock"], &manifest.database), [], "of another database");
    let empty = reader::manifest(&empty["manifest-00000001"]);
    assert_eq!(kinds(&empty), [("vector", Some(Element::F32), Some(Metric::Cosine), 384)]);
    assert_eq!((empty.version, empty.log, empty.log_len, empty.growing), (0, 2, 0, 3));
    assert_eq!(empty.next, 4);
}

#[test]
fn the_marks_are_what_the_page_says() {
    let marks = |name: &str, manifest: &str| {
        let files = committed(name);
        let manifest = reader::manifest(&files[manifest]);
        (reader::marks(&files["lock"], &manifest.database), files, manifest)
    };
    let (full, files, manifest) = marks("full", "manifest-00000025");
    let frames = reader::frames(&files["log-00000022"], &manifest);
    assert_eq!(full.len(), 2, "each slot has one");
    for (mark, frame) in full.iter().rev().zip(frames.iter().rev()) {
        assert_eq!((mark.manifest, mark.log), (25, 22));
        assert_eq!((mark.end, mark.chain), (frame.end as u64, frame.hash));
        assert_eq!((mark.boot, mark.is_clean), (1, false));
        assert_eq!((mark.process, &*mark.host), (1, "simulated"));
    }
    assert_eq!(full[0].sequence + 1, full[1].sequence);
    let (closed, _, manifest) = marks("closed", "manifest-00000004");
    assert_eq!(closed.iter().map(|mark| mark.is_clean).collect::<Vec<_>>(), [false, true]);
    assert_eq!((closed[0].manifest, closed[1].manifest), (4, 4));
    assert_eq!(closed[1].chain, manifest.log_chain);
    assert_eq!(marks("empty", "manifest-00000001").0, [], "nothing was ever written");
}

fn kinds(manifest: &reader::Manifest) -> Vec<(&str, Option<Element>, Option<Metric>, usize)> {
    let fields = manifest.schema.iter();
    fields.map(|field| (&*field.name, field.element, field.metric, field.dim)).collect()
}

#[test]
fn what_is_sealed_anew_is_what_it_was_and_a_forged_row_is_believed() {
    for made in v2::all().unwrap() {
        let mut files = made.files.clone();
        reseal(&mut files);
        assert_same(&files, &made.files, made.name);
    }
    let mut files = committed("full");
    // Components of a row, a row that is placed, and a dimension that the segments don't have.
    for (file, byte) in
        [("segment-00000003", 4_096 + 64 * 20), ("segment-00000023", 4_096 + 64 * 2)]
    {
        files.get_mut(file).unwrap()[byte] ^= 1;
        let (_home, dir) = written(&files);
        let options = options(ReadMode::Copy);
        let store = FileStore::open_read_only(&dir, &options);
        assert!(store.and_then(|store| store.verify(&mut ())).is_err(), "{file}");
        reseal(&mut files);
        let (_home, dir) = written(&files);
        FileStore::open_read_only(&dir, &options).unwrap().verify(&mut ()).unwrap();
    }
    files.get_mut("manifest-00000025").unwrap()[96 + 4 + 2 + "vector".len() + 2] += 1;
    reseal(&mut files);
    let (_home, dir) = written(&files);
    let error = FileStore::open(&dir, &options(ReadMode::Map)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
}

#[test]
fn another_format_is_refused_and_left_alone() {
    for (format, written_by) in [(1_u32, "before its first release"), (3, "a later version")] {
        refuses(format, written_by);
    }
}

fn refuses(format: u32, written_by: &str) {
    for (file, with_hash) in [
        ("manifest-00000025", false),
        ("manifest-00000025", true),
        ("log-00000022", false),
        ("segment-00000003", false),
    ] {
        let mut files = committed("full");
        let bytes = files.get_mut(file).unwrap();
        assert_eq!(bytes[8..12], 2_u32.to_le_bytes());
        bytes[8..12].copy_from_slice(&format.to_le_bytes());
        // An earlier format had its hash where this one has it; a later one may not.
        if with_hash || (format < 2 && file.starts_with("manifest")) {
            let content = bytes.len() - 8;
            let hash = xxh3_64(&bytes[..content]);
            bytes[content..].copy_from_slice(&hash.to_le_bytes());
        }
        let (_home, dir) = written(&files);
        for open in [FileStore::open, FileStore::open_read_only] {
            let error = open(&dir, &options(ReadMode::Map)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
            let text = error.to_string();
            assert!(
                text.contains("format 2") && text.contains(&format!("format {format}")),
                "{text}"
            );
            assert!(text.contains(file) && text.contains(written_by), "{text}");
            assert_same(&read_back(&dir), &files, "what a later release wrote");
        }
    }
}
