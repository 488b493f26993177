//! Flipped bits, and forged places of vectors behind good checksums.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use iqdb_core::{Batch, ErrorKind, Hits, Query, Result, Scratch, Search, Store, StoreExt};
use iqdb_file::reseal::reseal;
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{FileStore, ReadMode};
use iqdb_search::ExactSearch;

use crate::{DIR, FIELDS, options, record, schema, vector, with_files};

/// The files of a database of one segment, whose columns have every part.
fn sealed() -> BTreeMap<String, Vec<u8>> {
    let disk = SimVfs::new();
    let store = FileStore::create(DIR, schema(), &options(&disk)).unwrap();
    let batch = (1..40).fold(Batch::new(), |batch, n| {
        batch.upsert(record(n, if n % 3 == 0 { 0b11111 } else { 0b00001 << (n % 5) }))
    });
    store.apply(&batch).unwrap();
    store.compact().unwrap();
    drop(store);
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    let files = disk
        .files()
        .into_iter()
        .filter(|(path, _)| path.parent().is_some_and(|dir| dir.ends_with(DIR)));
    files.filter_map(|(path, bytes)| Some((name(path)?, bytes))).collect()
}

fn open(files: &BTreeMap<String, Vec<u8>>, mode: ReadMode) -> Result<FileStore> {
    let disk =
        with_files(files.iter().map(|(name, bytes)| (Path::new(DIR).join(name), bytes.clone())));
    FileStore::open_read_only(DIR, &options(&disk).with_read_mode(mode))
}

/// The sections of a segment of one block, as `docs/format.md` lists them.
fn sections(file: &[u8]) -> Vec<Range<usize>> {
    let number = |at: usize| {
        usize::try_from(u64::from_le_bytes(file[at..at + 8].try_into().unwrap())).unwrap()
    };
    let footer = file.len() - 24 - number(file.len() - 24);
    let first = footer + 24 + 16 * number(footer + 16);
    (first..file.len() - 24).step_by(16).map(|at| number(at)..number(at + 8)).collect()
}

fn segment(files: &BTreeMap<String, Vec<u8>>) -> String {
    files.keys().find(|name| name.starts_with("segment")).unwrap().clone()
}

#[test]
fn a_flipped_bit_in_a_section_of_any_kind_is_found() {
    let files = sealed();
    let name = segment(&files);
    let sections = sections(&files[&name]);
    assert_eq!(sections.len(), 3 + 4 * FIELDS.len() + 1);
    let mut parts = [false; 4];
    for (slot, section) in sections.iter().enumerate().filter(|(_, section)| !section.is_empty()) {
        if (3..sections.len() - 1).contains(&slot) {
            parts[(slot - 3) % 4] = true;
        }
        for at in [section.start, section.end - 1] {
            let mut flipped = files.clone();
            flipped.get_mut(&name).unwrap()[at] ^= 4;
            for mode in [ReadMode::Map, ReadMode::Copy] {
                let store = open(&flipped, mode).unwrap();
                let error = store.verify(&mut ()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Damaged, "section {slot}");
            }
        }
    }
    assert_eq!(parts, [true; 4], "vectors, rows, ends and weights");
}

/// Searches every field of a store, and reads every record.
fn read(store: &FileStore) -> Result<()> {
    for field in FIELDS {
        let vector = vector(field, 5);
        let query = Query::nearest(vector.as_ref(), 9).with_field(field);
        let (snapshot, mut hits) = (store.snapshot()?, [Hits::default()]);
        ExactSearch::new().search(&*snapshot, &[query], &mut hits, &mut Scratch::new())?;
    }
    for n in 1..40_u64 {
        store.get(&n.into())?;
    }
    Ok(())
}

#[test]
fn forged_places_of_vectors_are_damage_and_no_panic() {
    let files = sealed();
    let name = segment(&files);
    let sections = sections(&files[&name]);
    for (slot, section) in sections.iter().enumerate() {
        // The rows of vectors, and their ends.
        let part = slot.checked_sub(3).filter(|n| *n < 4 * FIELDS.len()).map(|n| n % 4);
        let size = match part {
            Some(1) => 4,
            Some(2) => 8,
            _ => continue,
        };
        for at in section.clone().step_by(size) {
            for number in [u64::MAX, u64::MAX / 4, 1 << 40 | 40, 1 << 32 | 2] {
                let mut forged = files.clone();
                let bytes = &mut forged.get_mut(&name).unwrap()[at..at + size];
                if bytes == &number.to_le_bytes()[..size] {
                    continue;
                }
                bytes.copy_from_slice(&number.to_le_bytes()[..size]);
                reseal(&mut forged);
                for mode in [ReadMode::Map, ReadMode::Copy] {
                    let store = open(&forged, mode).unwrap();
                    for result in [read(&store), store.verify(&mut ()).map(drop)] {
                        let kind = result.map_err(|error| error.kind());
                        let can_be = size == 4 && number == 1 << 32 | 2;
                        let is_damage = kind == Err(ErrorKind::Damaged);
                        assert!(is_damage || can_be, "slot {slot}, {at}: {number}, {kind:?}");
                    }
                }
            }
        }
    }
}
