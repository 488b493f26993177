//! Column files that are damaged, missing or forged, and computations that this build lacks.

use std::path::Path;

use iqdb_file::Defect;
use iqdb_file::reseal::reseal;

use super::*;

/// The files of a database of two segments to which a field was added, and its model.
fn added() -> (BTreeMap<String, Vec<u8>>, Model) {
    let disk = SimVfs::new();
    let store = FileStore::create(DIR, schema(&[]), &options(&disk)).unwrap();
    let mut model = Model::new(schema(&[]));
    apply(&store, &mut model, &batch(0..60));
    add(&store, &mut model, "title", &mut ());
    apply(&store, &mut model, &batch(60..90));
    add(&store, &mut model, "body", &mut ());
    drop(store);
    (files(&disk), model)
}

fn open(files: &BTreeMap<String, Vec<u8>>, mode: ReadMode) -> Result<FileStore> {
    let disk =
        with_files(files.iter().map(|(name, bytes)| (Path::new(DIR).join(name), bytes.clone())));
    FileStore::open_read_only(DIR, &options(&disk).with_read_mode(mode))
}

const MODES: [ReadMode; 2] = [ReadMode::Map, ReadMode::Copy];

/// Opens, reads all computed bytes and verifies.
fn read(files: &BTreeMap<String, Vec<u8>>, mode: ReadMode) -> Result<()> {
    let store = open(files, mode)?;
    let read = (|| {
        for record in store.snapshot()?.records(None) {
            let record = record?;
            record.computed("body")?;
            record.computed("title")?;
        }
        Ok(())
    })();
    store.verify(&mut ()).map(drop).and(read)
}

#[test]
fn any_flipped_byte_of_a_column_file_is_damage_that_names_it() {
    let (files, model) = added();
    let columns: Vec<&String> = files.keys().filter(|name| name.starts_with("column")).collect();
    assert_eq!(columns, ["column-00000001", "column-00000002", "column-00000003"]);
    for mode in MODES {
        shows(&open(&files, mode).unwrap(), &model).unwrap();
    }
    for name in columns {
        let len = files[name].len();
        for at in (0..4_200).step_by(97).chain(4_096..len) {
            let mut flipped = files.clone();
            flipped.get_mut(name).unwrap()[at] ^= 0x10;
            let error = read(&flipped, MODES[at % 2]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "{name}, byte {at}: {error}");
            assert!(error.to_string().contains(name), "byte {at}: {error}");
        }
        for len in [0, 31, 4_095, 4_096, len - 1, len + 1] {
            let mut cut = files.clone();
            cut.get_mut(name).unwrap().resize(len, 0);
            let error = open(&cut, ReadMode::Map).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
        let mut missing = files.clone();
        missing.remove(name);
        let error = open(&missing, ReadMode::Map).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn forged_ends_and_rows_are_damage_and_no_panic() {
    let (files, _) = added();
    let name = "column-00000002";
    // Whatever it says now, reading it ends in damage or in bytes that core doesn't look at.
    let mut damaged = 0;
    for at in (4_096..files[name].len() - 8).step_by(4) {
        for number in [0, 1, u64::MAX, 1 << 40, 1 << 62 | 64] {
            let mut forged = files.clone();
            forged.get_mut(name).unwrap()[at..at + 8].copy_from_slice(&u64::to_le_bytes(number));
            reseal(&mut forged);
            for mode in MODES {
                match read(&forged, mode).map_err(|error| error.kind()) {
                    Ok(()) => {}
                    Err(ErrorKind::Damaged) => damaged += 1,
                    Err(kind) => panic!("byte {at}, {number}: {kind}"),
                }
            }
        }
    }
    assert!(damaged > 100, "{damaged}");
}

#[test]
fn a_column_of_another_segment_or_field_is_damage() {
    let (files, _) = added();
    let swaps = [
        ("column-00000001", "column-00000002"),
        ("column-00000002", "column-00000003"),
        ("segment-00000003", "column-00000002"),
    ];
    for ((a, b), is_resealed) in swaps.into_iter().flat_map(|swap| [(swap, false), (swap, true)]) {
        let mut swapped = files.clone();
        swapped.insert(a.to_owned(), files[b].clone());
        swapped.insert(b.to_owned(), files[a].clone());
        if is_resealed {
            reseal(&mut swapped);
        }
        let error = open(&swapped, ReadMode::Map).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{a} and {b}: {error}");
    }
}

#[test]
fn a_manifest_without_a_column_that_a_segment_needs_is_damage() {
    let disk = SimVfs::new();
    let options = options(&disk).with_defect(Defect::ColumnFileNotNamed);
    let store = FileStore::create(DIR, schema(&[]), &options).unwrap();
    store.apply(&batch(0..20)).unwrap();
    store.add_field(lengths("body"), Budget::new(), &mut ()).unwrap();
    drop(store);
    let error = FileStore::open(DIR, &self::options(&disk)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
    assert!(error.to_string().contains("column"), "{error}");
}

#[test]
fn a_computation_that_this_build_lacks_is_not_supported_and_changes_nothing() {
    let (mut files, _) = added();
    let manifest = files.keys().find(|name| name.starts_with("manifest")).unwrap().clone();
    let (bytes, name) = (files.get_mut(&manifest).unwrap(), b"text_lengths/1");
    let at = bytes.windows(name.len()).position(|found| found == name).unwrap();
    bytes[at + name.len() - 1] = b'2';
    reseal(&mut files);
    let disk =
        with_files(files.iter().map(|(name, bytes)| (Path::new(DIR).join(name), bytes.clone())));
    for open in [FileStore::open, FileStore::open_read_only] {
        let error = open(Path::new(DIR), &options(&disk)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
        assert!(error.to_string().contains(&manifest), "{error}");
        assert_eq!(error.finding(), Some("\"text_lengths/2\""));
        assert_eq!(self::files(&disk), files);
    }
}
