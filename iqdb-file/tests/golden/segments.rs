//! Segments and the column files beside them, by `docs/format.md`.

use iqdb_core::Record;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::bytes::Bytes;
use super::columns::{Field, assert_computed, kind, read_column};
use super::payloads::{ids, payloads};
use super::reader::{ColumnEntry, Entry, Files, Manifest};

/// Every row of a segment, dead ones included.
pub(crate) fn segment(files: &Files, entry: &Entry, manifest: &Manifest) -> Vec<Record> {
    let file = &files[&format!("segment-{:08}", entry.number)];
    assert_eq!(file.len(), entry.file_len);
    let mut header = Bytes(&file[..4_096]);
    assert_eq!(header.take(8), b"iqdb seg");
    assert_eq!((header.number(4), header.number(4)), (2, 0));
    assert_eq!(header.take(16), manifest.database);
    assert_eq!(header.u64(), entry.number);
    let (block_rows, fields) = (header.len(4), header.len(4));
    // Fields may have been added since.
    let schema = &manifest.schema[..fields];
    let row_bytes = schema.iter().map(Field::stride).sum::<usize>().max(64);
    assert_eq!(block_rows, 1 << ((4 << 20) / row_bytes).clamp(1, 1 << 16).ilog2());
    let kinds: Vec<Field> = (0..fields).map(|_| kind(&mut header)).collect();
    let nameless =
        |field: &Field| Field { name: String::new(), source: String::new(), ..field.clone() };
    assert_eq!(kinds, schema.iter().map(nameless).collect::<Vec<_>>());
    header.zeros(header.0.len());

    let (seed, sections) = footer(file, entry.rows, entry.hash);
    let mut sections = sections.into_iter();
    let mut section = || sections.next().unwrap();
    let mut records = Vec::new();
    while records.len() < entry.rows {
        let (first, count) = (records.len(), block_rows.min(entry.rows - records.len()));
        let ids = ids(section(), count);
        let payloads = payloads(section(), count);
        lineage(section(), count);
        for (id, payload) in ids.into_iter().zip(payloads) {
            records.push(Record::without_vector(id).with_payload(payload));
        }
        for field in schema {
            let parts = std::array::from_fn(|_| section());
            match field.computation {
                Some(_) => {
                    assert_computed(field, parts, &records[first..], &is_dead(entry, first));
                }
                None => read_column(field, parts, &mut records[first..]),
            }
        }
    }
    index(section(), seed, &records);
    assert!(sections.next().is_none(), "more than the sections");
    let later =
        (fields..manifest.schema.len()).filter(|n| manifest.schema[*n].computation.is_some());
    assert!(later.eq(entry.columns.iter().map(|column| column.field)), "the column files");
    for column in &entry.columns {
        column_file(files, (entry, column), block_rows, manifest, &records);
    }
    records
}

/// Whether a row of a block is dead, whose first row is this one.
fn is_dead(entry: &Entry, first: usize) -> impl Fn(usize) -> bool {
    move |row| entry.dead.contains(&(first + row))
}

/// Sees that the file of a column beside a segment has what follows from the payloads.
fn column_file(
    files: &Files,
    (entry, column): (&Entry, &ColumnEntry),
    block_rows: usize,
    manifest: &Manifest,
    records: &[Record],
) {
    let file = &files[&format!("column-{:08}", column.number)];
    assert_eq!(file.len(), column.file_len);
    let mut header = Bytes(&file[..4_096]);
    assert_eq!(header.take(8), b"iqdb col");
    assert_eq!((header.number(4), header.number(4)), (2, 0));
    assert_eq!(header.take(16), manifest.database);
    assert_eq!((header.u64(), header.len(4)), (column.number, block_rows));
    assert_eq!(header.len(4), column.field);
    let field = &manifest.schema[column.field];
    assert_eq!(
        kind(&mut header),
        Field { name: String::new(), source: String::new(), ..field.clone() }
    );
    header.zeros(header.0.len());
    let (seed, sections) = footer(file, entry.rows, column.hash);
    assert_eq!(seed, 0);
    let (blocks, rest) = sections.as_chunks::<7>();
    assert!(rest == [&[0_u8; 0][..]] && blocks.len() == entry.rows.div_ceil(block_rows));
    for (n, [ids, payloads, lineage, parts @ ..]) in blocks.iter().enumerate() {
        assert!(ids.is_empty() && payloads.is_empty() && lineage.is_empty(), "only a column");
        let first = n * block_rows;
        let records = &records[first..entry.rows.min(first + block_rows)];
        assert_computed(field, *parts, records, &is_dead(entry, first));
    }
}

/// Reads the footer of a segment or a column, and returns its seed and the bytes of each section.
fn footer(file: &[u8], rows: usize, expected: u64) -> (u64, Vec<&[u8]>) {
    let mut trailer = Bytes(&file[file.len() - 24..]);
    let (footer_len, hash) = (trailer.len(8), trailer.u64());
    assert_eq!(trailer.take(8), b"iqdb end");
    let footer_start = file.len() - 24 - footer_len;
    let footer = &file[footer_start..file.len() - 24];
    assert_eq!(hash, xxh3_64(&[&file[..4_096], footer].concat()), "the hash of the footer");
    assert_eq!(hash, expected);
    let mut footer = Bytes(footer);
    assert_eq!(footer.len(8), rows);
    let seed = footer.u64();
    let mut start = 4_096;
    for _ in 0..footer.len(8) {
        let (end, hash) = (footer.len(8), footer.u64());
        assert!(end % 64 == 0 && end - start <= 16 << 10);
        assert_eq!(hash, xxh3_64(&file[start..end]), "the hash of a piece");
        start = end;
    }
    assert_eq!(start, footer_start);
    let mut sections = Vec::new();
    while !footer.0.is_empty() {
        let (start, end) = (footer.len(8), footer.len(8));
        assert!(start.is_multiple_of(64));
        sections.push(&file[start..end]);
    }
    (seed, sections)
}

/// Sees that the runs of a lineage are rows of the block, in order, and come from blocks that it names.
fn lineage(bytes: &[u8], rows: usize) {
    let mut from = Bytes(bytes);
    if bytes.is_empty() {
        return;
    }
    let blocks = from.len(4);
    let ids: std::collections::BTreeSet<_> = (0..blocks).map(|_| from.take(16)).collect();
    assert_eq!(ids.len(), blocks, "a block comes from each other one once");
    let (mut end, runs) = (0, from.len(4));
    for _ in 0..runs {
        let (first, count, block) = (from.len(4), from.len(4), from.len(4));
        from.len(4);
        assert!(first >= end && count > 0 && block < blocks, "a run of a lineage");
        end = first + count;
    }
    assert!(end <= rows && runs >= blocks && from.0.is_empty(), "the runs of a lineage");
}

/// Sees that the table is the one of these rows. Those that never had a record have the number 0,
/// which no record of the golden databases has.
fn index(bytes: &[u8], seed: u64, records: &[Record]) {
    let entered = records.iter().enumerate().filter(|(_, record)| record.id != 0_u64);
    let count = entered.clone().count();
    let slots = (4 * count).div_ceil(3).next_power_of_two();
    let mut table = vec![0; slots];
    for (row, record) in entered {
        let hash = match record.id.as_ref() {
            iqdb_core::IdRef::Number(number) => {
                xxh3_64_with_seed(&[&[0], &number.to_le_bytes()[..]].concat(), seed)
            }
            iqdb_core::IdRef::Uuid(uuid) => {
                xxh3_64_with_seed(&[&[1], &uuid.as_bytes()[..]].concat(), seed)
            }
            iqdb_core::IdRef::Text(text) => {
                xxh3_64_with_seed(text.as_bytes(), seed ^ 0x9e37_79b9_7f4a_7c15)
            }
        };
        let mut slot = usize::try_from(hash % slots as u64).unwrap();
        while table[slot] != 0 {
            slot = (slot + 1) % slots;
        }
        table[slot] = hash >> 32 << 32 | (row as u64 + 1);
    }
    let mut from = Bytes(bytes);
    assert_eq!((0..slots).map(|_| from.u64()).collect::<Vec<_>>(), table, "the index");
    assert!(from.0.is_empty(), "more than the index");
}
