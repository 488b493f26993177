//! The bytes of one file: as they are read, as they are on the disk, and what is between.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

/// The unit in which a disk keeps, loses or tears what was not synced, in bytes.
pub const SECTOR: usize = 512;

/// A file without its name.
///
/// The last of `lengths` is the length of `now`; where there is none, that of `durable` is.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    /// What a program reads.
    now: Vec<u8>,
    /// What a sync has brought to the disk.
    durable: Vec<u8>,
    /// The lengths that the file has had since.
    lengths: Vec<usize>,
    /// What each sector has been since, in order.
    sectors: BTreeMap<usize, Vec<Sector>>,
    /// The sectors that take room on the disk. The others are holes.
    allocated: BTreeSet<usize>,
}

type Sector = [u8; SECTOR];

impl Content {
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        let allocated = (0..bytes.len().div_ceil(SECTOR)).collect();
        Self { now: bytes.clone(), durable: bytes, allocated, ..Self::default() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.now
    }

    pub(super) fn len(&self) -> usize {
        self.now.len()
    }

    pub(super) fn used(&self) -> usize {
        self.allocated.len() * SECTOR
    }

    /// How many sectors more it takes to write there.
    pub(super) fn sectors_needed(&self, offset: usize, count: usize) -> usize {
        touched(offset, count).filter(|sector| !self.allocated.contains(sector)).count()
    }

    /// How many of `count` bytes are before the last sector that they touch.
    pub(super) fn without_last_sector(&self, offset: usize, count: usize) -> usize {
        touched(offset, count).last().map_or(0, |last| (last * SECTOR).saturating_sub(offset))
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if end > self.now.len() && !bytes.is_empty() {
            self.now.resize(end, 0);
            self.lengths.push(end);
        }
        if !bytes.is_empty() {
            self.now[offset..end].copy_from_slice(bytes);
        }
        for sector in touched(offset, bytes.len()) {
            self.allocated.insert(sector);
            self.note(sector);
        }
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let before = self.now.len();
        if len == before {
            return;
        }
        self.now.resize(len, 0);
        self.lengths.push(len);
        self.allocated.retain(|sector| sector * SECTOR < len);
        // Should the file grow again, there will be zeros.
        for sector in touched(len, before.saturating_sub(len)) {
            self.note(sector);
        }
    }

    fn note(&mut self, sector: usize) {
        let versions = self.sectors.entry(sector).or_default();
        versions.push(sector_of(&self.now, sector));
    }

    /// What a sync does that succeeds.
    pub(super) fn sync(&mut self) {
        if let Some(least) = self.lengths.iter().min() {
            self.durable.truncate(*least);
            self.durable.resize(self.now.len(), 0);
        }
        for sector in self.sectors.keys() {
            put_sector(&mut self.durable, *sector, &sector_of(&self.now, *sector));
        }
        self.lengths.clear();
        self.sectors.clear();
    }

    /// What a sync does that fails: the pages count as clean, and no sync will write them any more.
    /// The length is kept elsewhere and is still to come.
    pub(super) fn drop_pages(&mut self) {
        self.sectors.clear();
    }

    /// What may be found after a power loss.
    pub(super) fn crashed(&self, rng: &mut Rng) -> Self {
        let mood = Mood::draw(rng);
        let mut lengths = vec![self.durable.len()];
        lengths.extend(&self.lengths);
        let at = if mood.keeps(rng) { lengths.len() - 1 } else { rng.usize(..lengths.len()) };
        let mut found = self.durable.clone();
        found.resize(lengths[at], 0);
        for (&sector, versions) in &self.sectors {
            let old = sector_of(&self.durable, sector);
            let at = if rng.u8(..4) > 0 { versions.len() - 1 } else { rng.usize(..versions.len()) };
            let new = versions[at];
            let kept = match () {
                () if mood.tears(rng) => torn(&old, &new, rng),
                () if mood.keeps(rng) => new,
                () => old,
            };
            put_sector(&mut found, sector, &kept);
        }
        Self::durable(found)
    }
}

/// How a crash treats what was not synced. Drawn anew for each file and directory, because what an
/// even mixture does is rarely all, nothing, or all but one.
pub(super) struct Mood {
    keeps_percent: u8,
    tears_percent: u8,
}

impl Mood {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        Self {
            keeps_percent: [0, 10, 50, 90, 100][rng.usize(..5)],
            tears_percent: [0, 0, 5, 30][rng.usize(..4)],
        }
    }

    pub(super) fn keeps(&self, rng: &mut Rng) -> bool {
        rng.u8(..100) < self.keeps_percent
    }

    fn tears(&self, rng: &mut Rng) -> bool {
        rng.u8(..100) < self.tears_percent
    }
}

/// A sector of which only a part was written. Bytes that were to stay what they are do.
fn torn(old: &Sector, new: &Sector, rng: &mut Rng) -> Sector {
    let cut = rng.usize(..=SECTOR);
    let mut torn = *old;
    match rng.u8(..4) {
        0 => torn[..cut].copy_from_slice(&new[..cut]),
        1 => torn[cut..].copy_from_slice(&new[cut..]),
        2 => {
            for (old, new) in torn.chunks_mut(8).zip(new.chunks(8)) {
                if rng.bool() {
                    old.copy_from_slice(new);
                }
            }
        }
        _ => {
            torn[..cut].copy_from_slice(&new[..cut]);
            for (old, new) in torn[cut..].iter_mut().zip(&new[cut..]) {
                if old != new {
                    *old = rng.u8(..);
                }
            }
        }
    }
    torn
}

fn touched(offset: usize, count: usize) -> std::ops::Range<usize> {
    let first = offset / SECTOR;
    first..if count == 0 { first } else { (offset + count).div_ceil(SECTOR) }
}

/// A sector, with zeros where the file is shorter.
fn sector_of(bytes: &[u8], sector: usize) -> Sector {
    let mut copy = [0; SECTOR];
    let from = bytes.get(sector * SECTOR..).unwrap_or(&[]);
    let count = from.len().min(SECTOR);
    copy[..count].copy_from_slice(&from[..count]);
    copy
}

/// Writes as much of a sector as the file is long.
fn put_sector(bytes: &mut [u8], sector: usize, content: &Sector) {
    let to = bytes.get_mut(sector * SECTOR..).unwrap_or(&mut []);
    let count = to.len().min(SECTOR);
    to[..count].copy_from_slice(&content[..count]);
}
