//! Makes changed files of a database pass for written ones, for tests that attack the reader behind
//! the checksums. As `docs/format.md` has it; shares no code with what it is to get past.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use crate::format::file_name::FileName;

/// The files of a database by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The chain hashes of logs, by number, and by where their frames end.
type Chains = BTreeMap<u64, BTreeMap<u64, u64>>;

/// The lengths of segments and columns, and the hashes of their footers.
type Seals = BTreeMap<FileName, (u64, u64)>;

/// What every file but a manifest has: magic, format, zeros, the database's id, its own number.
const SALUTATION: usize = 40;
const SEGMENT_HEADER: usize = 4_096;
const TRAILER: usize = 24;
const LOG_HEADER: usize = 64;
/// Where a log and a manifest have the chain hash at the start of the log.
const LOG_CHAIN: usize = 40;
const MANIFEST_CHAIN: usize = 48;
const FRAME_HEAD: usize = 48;
/// Where a manifest has the number of its log, and the length of it that was known.
const MANIFEST_LOG: usize = 56;
const MANIFEST_LOG_END: usize = 64;
/// Where `lock` has marks; where a mark has its log, the end of that, and its own hash.
const SLOTS: [usize; 2] = [4_096, 8_192];
const MARK_LOG: usize = 16;
const MARK_END: usize = 24;
const MARK_HASH: usize = 504;
/// Before the fields of a manifest.
const MANIFEST_HEAD: usize = 100;
/// The code of a computed field.
const COMPUTED: u8 = 6;
const DERIVED_HEADER: usize = 64;
const DERIVED_HEAD: usize = 32;

/// Computes anew every checksum in these files that still has a place, from the bytes that it covers,
/// and makes each file's header that of the newest manifest's database, and its log the one that goes
/// on from there. O(bytes).
pub fn reseal(files: &mut Files) {
    let named: Vec<(String, FileName)> =
        files.keys().filter_map(|name| Some((name.clone(), FileName::parse(name)?))).collect();
    let manifests = named.iter().filter(|(_, name)| matches!(name, FileName::Manifest(_)));
    let newest = manifests.max_by_key(|(_, name)| *name).and_then(|(name, _)| files.get(name));
    let database = newest.and_then(|bytes| bytes.get(16..32)?.first_chunk::<16>().copied());
    let log_and_chain = newest
        .and_then(|bytes| Some((u64_at(bytes, MANIFEST_LOG)?, u64_at(bytes, MANIFEST_CHAIN)?)));
    for (file, name) in &named {
        if let (
            FileName::Log(number)
            | FileName::Segment(number)
            | FileName::Column(number)
            | FileName::Derived(number),
            Some(database),
        ) = (name, database)
            && let Some(head) = files.get_mut(file).and_then(|bytes| bytes.get_mut(..SALUTATION))
        {
            head[16..32].copy_from_slice(&database);
            head[32..].copy_from_slice(&number.to_le_bytes());
        }
    }
    if let Some((number, chain)) = log_and_chain
        && let Some(bytes) = files.get_mut(&FileName::Log(number).to_string())
    {
        put(bytes, LOG_CHAIN, chain);
    }
    let (mut seals, mut chains) = (Seals::new(), Chains::new());
    for (file, name) in &named {
        match (name, files.get_mut(file)) {
            (FileName::Segment(_) | FileName::Column(_), Some(bytes)) => {
                seals.extend(segment(bytes).map(|hash| (*name, (bytes.len() as u64, hash))));
            }
            (FileName::Derived(_), Some(bytes)) => derived(bytes),
            (FileName::Log(number), Some(bytes)) => {
                let mut bytes = std::mem::take(bytes);
                chains.extend(log(&mut bytes, *number, files).map(|chain| (*number, chain)));
                files.insert(file.clone(), bytes);
            }
            _ => {}
        }
    }
    for (file, name) in &named {
        match (name, files.get_mut(file)) {
            (FileName::Lock, Some(bytes)) => {
                database.into_iter().for_each(|database| lock(bytes, database, &chains));
            }
            (FileName::Manifest(_), Some(bytes)) => _ = manifest(bytes, &seals, &chains),
            (FileName::Derived(number), Some(bytes)) => {
                if let Some((_, hash)) = seals.get(&FileName::Segment(*number)) {
                    put(bytes, SALUTATION, *hash);
                }
            }
            _ => {}
        }
    }
}

/// Gives the marks in a file `lock` the database, the chain hashes, and their own hashes.
fn lock(bytes: &mut [u8], database: [u8; 16], chains: &Chains) {
    if let Some(id) = bytes.get_mut(16..32) {
        id.copy_from_slice(&database);
    }
    let seed = u64_at(&database, 0).unwrap_or(0);
    for slot in SLOTS {
        let Some(mark) = bytes.get_mut(slot..slot + MARK_HASH + 8) else { continue };
        if mark.iter().all(|byte| *byte == 0) {
            continue;
        }
        if let (Some(log), Some(end)) = (u64_at(mark, MARK_LOG), u64_at(mark, MARK_END))
            && let Some(chain) = chains.get(&log).and_then(|chains| chains.get(&end))
        {
            put(mark, MARK_END + 8, *chain);
        }
        let hash = xxh3_64_with_seed(&mark[..MARK_HASH], seed);
        put(mark, MARK_HASH, hash);
    }
}

/// Where in a file something of interest begins: sections, frames, fields.
#[must_use]
pub fn landmarks(name: &str, bytes: &[u8]) -> Vec<usize> {
    match FileName::parse(name) {
        Some(FileName::Segment(_) | FileName::Column(_)) => {
            let start = footer_start(bytes).unwrap_or(bytes.len());
            // Numbers in the footer that could be offsets, and the footer's own.
            let footer = (start..bytes.len()).step_by(8);
            let offsets = footer.clone().filter_map(|at| at_most(bytes, at, bytes.len()));
            [SEGMENT_HEADER].into_iter().chain(offsets).chain(footer).collect()
        }
        Some(FileName::Log(_)) => {
            let frames = (LOG_HEADER..bytes.len()).step_by(8);
            frames.filter(|at| bytes[*at..].starts_with(b"iqfr")).collect()
        }
        _ => (0..bytes.len()).step_by(4).collect(),
    }
}

/// Reseals pieces and footer of a segment or a column; returns the footer's hash.
fn segment(bytes: &mut [u8]) -> Option<u64> {
    let start = footer_start(bytes)?;
    let count = at_most(bytes, start + 16, bytes.len())?;
    let mut from = SEGMENT_HEADER;
    for at in (start + 24..bytes.len() - TRAILER).step_by(16).take(count) {
        let Some(end) = at_most(bytes, at, start).filter(|end| *end >= from) else {
            break;
        };
        let hash = xxh3_64(&bytes[from..end]);
        put(bytes, at + 8, hash);
        from = end;
    }
    let trailer = bytes.len() - TRAILER;
    let mut hash = Xxh3::new();
    hash.update(&bytes[..SEGMENT_HEADER]);
    hash.update(&bytes[start..trailer]);
    put(bytes, trailer + 8, hash.digest());
    Some(hash.digest())
}

fn footer_start(bytes: &[u8]) -> Option<usize> {
    let trailer = bytes.len().checked_sub(TRAILER)?;
    // A segment that grows has none.
    bytes.ends_with(b"iqdb end").then_some(())?;
    let len = at_most(bytes, trailer, trailer)?;
    (trailer - len >= SEGMENT_HEADER).then_some(trailer - len)
}

/// Reseals frames, and the pieces of the rows that they have placed. Returns the chain hashes.
fn log(bytes: &mut [u8], number: u64, files: &Files) -> Option<BTreeMap<u64, u64>> {
    let salt = xxh3_64_with_seed(bytes.get(16..32)?, number);
    let mut chain = u64_at(bytes, LOG_CHAIN)?;
    let mut chains = BTreeMap::from([(LOG_HEADER as u64, chain)]);
    let (mut at, mut row_end) = (LOG_HEADER, SEGMENT_HEADER);
    while at + FRAME_HEAD <= bytes.len() {
        let len = u32_at(bytes, at + 4).map_or(usize::MAX, |len| len as usize);
        let end = (at + FRAME_HEAD).saturating_add(len);
        if !bytes[at..].starts_with(b"iqfr") || end > bytes.len() {
            at += 8;
            continue;
        }
        pieces(&mut bytes[at + FRAME_HEAD..end], &mut row_end, files);
        put(bytes, at + 32, chain);
        let mut hash = Xxh3::with_seed(salt);
        hash.update(&bytes[at..at + 40]);
        hash.update(&bytes[at + FRAME_HEAD..end]);
        chain = hash.digest();
        put(bytes, at + 40, chain);
        at = end.next_multiple_of(8);
        chains.insert(at as u64, chain);
    }
    Some(chains)
}

fn pieces(body: &mut [u8], from: &mut usize, files: &Files) -> Option<()> {
    if u32_at(body, 4)? == 0 {
        return None;
    }
    let rows = files.get(&FileName::Segment(u64_at(body, 8)?).to_string())?;
    for at in (28..body.len()).step_by(16).take(u32_at(body, 24)? as usize) {
        let end = at_most(body, at, rows.len()).filter(|end| end >= from)?;
        put(body, at + 8, xxh3_64(&rows[*from..end]));
        *from = end;
    }
    Some(())
}

/// Reseals entries, each of which says how long it is.
fn derived(bytes: &mut [u8]) {
    let mut at = DERIVED_HEADER;
    while let (Some(key), Some(len)) = (u32_at(bytes, at + 4), at_most(bytes, at + 8, bytes.len()))
    {
        let start = (at + DERIVED_HEAD).saturating_add(key as usize);
        let Some(content) = bytes.get(start..start.saturating_add(len)) else {
            break;
        };
        let (hash, end) = (xxh3_64(content), start + len);
        put(bytes, at + 16, hash);
        let head = [&bytes[at..at + 24], &bytes[at + DERIVED_HEAD..start]].concat();
        put(bytes, at + 24, xxh3_64(&head));
        at = end;
    }
}

/// Gives the segments and columns in a manifest their seals, the known end of its log the chain hash
/// there, and the manifest its hash.
fn manifest(bytes: &mut [u8], seals: &Seals, chains: &Chains) -> Option<()> {
    let content = bytes.len().checked_sub(8)?;
    if let (Some(log), Some(end)) = (u64_at(bytes, MANIFEST_LOG), u64_at(bytes, MANIFEST_LOG_END))
        && let Some(chain) = chains.get(&log).and_then(|chains| chains.get(&end))
    {
        put(bytes, MANIFEST_LOG_END + 8, *chain);
    }
    let mut at = MANIFEST_HEAD;
    for _ in 0..u32_at(bytes, MANIFEST_HEAD - 4).unwrap_or(0).min(16) {
        // The length of a name, the name, and a kind.
        at += 2 + usize::from(u16_at(bytes, at).unwrap_or(0));
        at += match bytes.get(at..) {
            Some([COMPUTED, len, ..]) => 2 + usize::from(*len),
            _ => 6,
        };
    }
    let count = u64_at(bytes, at).unwrap_or(0);
    at += 8;
    for _ in 0..count {
        let (Some(number), Some(rows), Some(columns)) =
            (u64_at(bytes, at), u64_at(bytes, at + 8), bytes.get(at + 32).copied())
        else {
            break;
        };
        seal(bytes, at + 16, seals.get(&FileName::Segment(number)));
        at += 33;
        for _ in 0..columns {
            let Some(number) = u64_at(bytes, at + 1) else { break };
            seal(bytes, at + 9, seals.get(&FileName::Column(number)));
            at += 25;
        }
        let Some(dead) = u32_at(bytes, at) else { break };
        let dead = match u64::from(dead) <= rows / 32 {
            true => 4 * u64::from(dead),
            false => rows.div_ceil(8),
        };
        at = at.saturating_add(4).saturating_add(usize::try_from(dead).unwrap_or(usize::MAX));
    }
    let hash = xxh3_64(&bytes[..content]);
    put(bytes, content, hash);
    Some(())
}

/// Writes the length of a file and the hash of its footer.
fn seal(bytes: &mut [u8], at: usize, seal: Option<&(u64, u64)>) {
    if let Some((len, hash)) = seal {
        put(bytes, at, *len);
        put(bytes, at + 8, *hash);
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn at_most(bytes: &[u8], at: usize, most: usize) -> Option<usize> {
    usize::try_from(u64_at(bytes, at)?).ok().filter(|number| *number <= most)
}

fn put(bytes: &mut [u8], at: usize, number: u64) {
    if let Some(room) = bytes.get_mut(at..at.saturating_add(8)) {
        room.copy_from_slice(&number.to_le_bytes());
    }
}
