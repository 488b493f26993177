//! A second reader, written from `docs/format.md` and sharing no code with the first: the slow and
//! plain way from the bytes of a directory to its records. It panics where the page is broken.

use std::collections::BTreeMap;

use iqdb_core::{Batch, Change, DateTime, Payload, Record, RecordId, Uuid, Value};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::columns::{Field, kind, read_column, schema, take_vectors};
use super::payloads::{ids, payloads};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Bytes that are read from the first to the last.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    pub(crate) fn number(&mut self, len: usize) -> u64 {
        self.take(len).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.number(8)
    }

    pub(crate) fn len(&mut self, bytes: usize) -> usize {
        usize::try_from(self.number(bytes)).unwrap()
    }

    pub(crate) fn text(&mut self, len: usize) -> &'a str {
        std::str::from_utf8(self.take(len)).unwrap()
    }

    pub(crate) fn f64(&mut self) -> f64 {
        f64::from_bits(self.u64())
    }

    pub(crate) fn zeros(&mut self, len: usize) {
        assert!(self.take(len).iter().all(|byte| *byte == 0), "bytes that have to be zeros");
    }

    pub(crate) fn id(&mut self) -> RecordId {
        match self.take(1)[0] {
            0 => self.u64().into(),
            1 => Uuid::from_bytes(self.take(16).try_into().unwrap()).into(),
            2 => {
                let len = self.len(2);
                self.text(len).into()
            }
            kind => panic!("an id of kind {kind}"),
        }
    }

    pub(crate) fn value(&mut self) -> Value {
        match self.take(1)[0] {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Int(self.u64().cast_signed()),
            4 => Value::Float(self.f64()),
            5 => self.date(),
            6 => {
                let len = self.len(4);
                self.text(len).into()
            }
            7 => {
                let end = self.len(4);
                let mut inner = Bytes(self.take(end));
                let count = inner.len(4);
                let values = (0..count).map(|_| inner.value()).collect();
                assert!(inner.0.is_empty(), "more than the elements of a list");
                Value::List(values)
            }
            8 => {
                let end = self.len(4);
                let mut inner = Bytes(self.take(end));
                let count = inner.len(4);
                let entries = inner.entries(count).collect();
                assert!(inner.0.is_empty(), "more than the entries of a map");
                Value::Map(entries)
            }
            kind => panic!("a value of kind {kind}"),
        }
    }

    pub(crate) fn payload(&mut self) -> Payload {
        let count = self.len(2);
        self.entries(count).collect()
    }

    fn entries(&mut self, count: usize) -> impl Iterator<Item = (String, Value)> {
        (0..count).map(|_| {
            let len = self.len(2);
            (self.text(len).to_owned(), self.value())
        })
    }

    pub(crate) fn date(&mut self) -> Value {
        DateTime::from_micros(self.u64().cast_signed()).unwrap().into()
    }
}

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
    pub(crate) dead: Vec<usize>,
    /// Whether dead rows were listed by their numbers.
    pub(crate) by_number: bool,
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
    let count = from.len(4);
    let by_number = count <= rows / 32;
    let dead: Vec<usize> = if by_number {
        (0..count).map(|_| from.len(4)).collect()
    } else {
        let bits = from.take(rows.div_ceil(8));
        (0..rows).filter(|row| bits[row / 8] >> (row % 8) & 1 == 1).collect()
    };
    assert_eq!(dead.len(), count);
    Entry { number, rows, file_len, hash, dead, by_number }
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
        let file = &files[&format!("segment-{:08}", entry.number)];
        for (row, record) in segment(file, entry, &manifest).into_iter().enumerate() {
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

/// Every row of a segment, dead ones included.
fn segment(file: &[u8], entry: &Entry, manifest: &Manifest) -> Vec<Record> {
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
    let nameless = |field: &Field| Field { name: String::new(), ..field.clone() };
    assert_eq!(kinds, schema.iter().map(nameless).collect::<Vec<_>>());
    header.zeros(header.0.len());

    let mut trailer = Bytes(&file[file.len() - 24..]);
    let (footer_len, hash) = (trailer.len(8), trailer.u64());
    assert_eq!(trailer.take(8), b"iqdb end");
    let footer_start = file.len() - 24 - footer_len;
    let footer = &file[footer_start..file.len() - 24];
    assert_eq!(hash, xxh3_64(&[&file[..4_096], footer].concat()), "the hash of the footer");
    assert_eq!(hash, entry.hash);
    let mut footer = Bytes(footer);
    assert_eq!(footer.len(8), entry.rows);
    let seed = footer.u64();
    let mut start = 4_096;
    for _ in 0..footer.len(8) {
        let (end, hash) = (footer.len(8), footer.u64());
        assert!(end % 64 == 0 && end - start <= 16 << 10);
        assert_eq!(hash, xxh3_64(&file[start..end]), "the hash of a piece");
        start = end;
    }
    assert_eq!(start, footer_start);
    let mut section = || {
        let (start, end) = (footer.len(8), footer.len(8));
        assert!(start.is_multiple_of(64));
        &file[start..end]
    };
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
            read_column(field, parts, &mut records[first..]);
        }
    }
    index(section(), seed, &records);
    assert!(footer.0.is_empty(), "more than the sections");
    records
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
