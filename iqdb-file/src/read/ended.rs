//! Which rows of a block have ended, and when.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use iqdb_core::{Narrow, Version};

/// The dead rows of a block. Takes no memory until the first row ends.
#[derive(Debug)]
pub(crate) struct Ended {
    rows: usize,
    ends: OnceLock<Ends>,
    /// From which version on it is known when rows ended, and up to which.
    known_from: AtomicU64,
    known_to: AtomicU64,
}

/// Writers set the bit of a row last, and readers look at it first. In most blocks they need no more.
#[derive(Debug)]
struct Ends {
    /// A bit per row, 64 to a word: whether it has ended.
    words: Box<[AtomicU64]>,
    /// The last version that ended one. Raised before the row's bit is set.
    last: AtomicU64,
    /// The version that ended each of them. Set before the row's bit.
    versions: Box<[AtomicU64]>,
    /// The rows that have ended, in the order of their ends. Readers look below `count`, and at the
    /// published ones only, which never change.
    order: Box<[AtomicU32]>,
    count: AtomicUsize,
}

impl Ended {
    pub(crate) fn none(rows: usize) -> Self {
        Self {
            rows,
            ends: OnceLock::new(),
            known_from: AtomicU64::new(u64::MAX),
            known_to: AtomicU64::new(u64::MAX),
        }
    }

    /// Ends a row. A reader that sees what is published afterwards sees the end. For writers only,
    /// one at a time, with versions that never fall.
    pub(crate) fn end(&self, row: usize, version: Version) {
        let zeros = |count: usize| (0..count).map(|_| AtomicU64::new(0)).collect();
        let ends = self.ends.get_or_init(|| Ends {
            words: zeros(self.rows.div_ceil(64)),
            last: AtomicU64::new(0),
            versions: zeros(self.rows),
            order: (0..self.rows).map(|_| AtomicU32::new(0)).collect(),
            count: AtomicUsize::new(0),
        });
        if let (Some(ended), Some(word)) = (ends.versions.get(row), ends.words.get(row / 64)) {
            ended.store(version.0, Ordering::Relaxed);
            ends.last.fetch_max(version.0, Ordering::Relaxed);
            word.fetch_or(1 << (row % 64), Ordering::Release);
            ends.push(row);
        }
    }

    /// Says that it is known of all ends after `version` when they were.
    pub(crate) fn know_from(&self, version: Version) {
        self.known_from.store(version.0, Ordering::Relaxed);
    }

    /// Says that the records have other rows after `version`, and that nothing is known of later ends. Before a later version is published, whose readers then know it.
    pub(crate) fn know_up_to(&self, version: Version) {
        self.known_to.fetch_min(version.0, Ordering::Relaxed);
    }

    /// Appends the rows that ended after `since`, up to and with `at`, and returns true; false where
    /// it is not known when they ended. O(log rows) and O(their number).
    pub(crate) fn between(&self, since: Version, at: Version, out: &mut Vec<u32>) -> bool {
        let [from, to] = [&self.known_from, &self.known_to].map(|it| it.load(Ordering::Relaxed));
        if since.0 < from || at.0 > to {
            return false;
        }
        if let Some(ends) = self.ends.get() {
            out.extend(ends.between(since, at));
        }
        true
    }

    /// Takes back the end of a row that no view has shown.
    pub(crate) fn revive(&self, row: usize) {
        if let Some(word) = self.ends.get().and_then(|ends| ends.words.get(row / 64)) {
            word.fetch_and(!(1 << (row % 64)), Ordering::Relaxed);
        }
        if let Some(ends) = self.ends.get() {
            ends.remove(row);
        }
    }

    pub(crate) fn is_alive(&self, row: usize, at: Version) -> bool {
        row < self.rows
            && self
                .ends
                .get()
                .is_none_or(|ends| ends.alive_among_64(row / 64, at) >> (row % 64) & 1 == 1)
    }

    /// O(1) while no row has ended, else O(rows / 64), and O(rows) for a snapshot that is older than
    /// the last end.
    pub(crate) fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) {
        if let Some(ends) = self.ends.get() {
            live.retain_words(|first, _| ends.alive_among_64(first / 64, at));
        }
    }
}

impl Ends {
    fn push(&self, row: usize) {
        let count = self.count.load(Ordering::Relaxed);
        if let (Some(slot), Ok(row)) = (self.order.get(count), u32::try_from(row)) {
            slot.store(row, Ordering::Release);
            self.count.store(count + 1, Ordering::Release);
        }
    }

    /// Removes a row that no view has shown as ended. O(1) for the last one.
    fn remove(&self, row: usize) {
        let count = self.count.load(Ordering::Relaxed);
        let order = self.order.get(..count).unwrap_or_default();
        let row_in = |slot: &AtomicU32| slot.load(Ordering::Relaxed);
        let Some(at) = order.iter().rposition(|slot| row_in(slot) as usize == row) else { return };
        for pair in order[at..].windows(2) {
            pair[0].store(row_in(&pair[1]), Ordering::Release);
        }
        self.count.store(count - 1, Ordering::Release);
    }

    fn between(&self, since: Version, at: Version) -> impl Iterator<Item = u32> {
        let count = self.count.load(Ordering::Acquire);
        let order = self.order.get(..count).unwrap_or_default();
        let version = |row: u32| {
            self.versions.get(row as usize).map_or(u64::MAX, |end| end.load(Ordering::Relaxed))
        };
        let row_in = |slot: &AtomicU32| slot.load(Ordering::Acquire);
        let first = order.partition_point(|slot| version(row_in(slot)) <= since.0);
        let rows = order.get(first..).unwrap_or_default().iter().map(row_in);
        rows.take_while(move |row| version(*row) <= at.0)
    }

    /// A bit for each row of a word that is alive at a version.
    fn alive_among_64(&self, word: usize, at: Version) -> u64 {
        let Some(bits) = self.words.get(word) else { return u64::MAX };
        // A reader that sees a bit sees what was written before it.
        let ended = bits.load(Ordering::Acquire);
        if ended == 0 || self.last.load(Ordering::Relaxed) <= at.0 {
            return !ended;
        }
        let (mut left, mut alive) = (ended, !ended);
        while left != 0 {
            let row = left.trailing_zeros() as usize;
            left &= left - 1;
            let version = self.versions.get(64 * word + row);
            let later = version.is_some_and(|version| version.load(Ordering::Relaxed) > at.0);
            alive |= u64::from(later) << row;
        }
        alive
    }
}

#[cfg(test)]
mod tests {
    use iqdb_core::RowMask;

    use super::*;

    const ROWS: usize = 150;

    fn alive(ended: &Ended, at: u64) -> Vec<usize> {
        let mut mask = RowMask::new();
        mask.set_all(ROWS);
        ended.clear_dead(Version(at), &mut Narrow::new(&mut mask));
        let alive: Vec<usize> = mask.rows().collect();
        let one_by_one = (0..ROWS + 64).filter(|row| ended.is_alive(*row, Version(at)));
        assert!(one_by_one.eq(alive.iter().copied()));
        alive
    }

    #[test]
    fn a_row_is_alive_until_the_version_that_ends_it() {
        let ended = Ended::none(ROWS);
        assert_eq!(alive(&ended, 0).len(), ROWS);
        // Row `n` ends with version `10 + n / 7`, in no order within a version.
        for version in 10..40 {
            for row in (0..ROWS).rev().filter(|row| 10 + row / 7 == version) {
                ended.end(row, Version(version as u64));
            }
        }
        for at in 0..50 {
            let expected: Vec<usize> = (0..ROWS).filter(|row| 10 + row / 7 > at).collect();
            assert_eq!(alive(&ended, at as u64), expected, "at {at}");
        }
        ended.end(ROWS, Version(50));
        assert!(alive(&ended, 60).is_empty(), "a row that is not there changes nothing");
        let mut out = vec![7];
        assert!(!ended.between(Version(9), Version(20), &mut out), "it isn't known from when on");
        ended.know_from(Version(9));
        for (since, at) in [(9, 9), (9, 10), (12, 30), (20, 99), (50, 60)] {
            out.truncate(1);
            assert!(ended.between(Version(since), Version(at), &mut out));
            out.sort_unstable();
            let versions = since + 1..=at;
            let rows = 0..u32::try_from(ROWS).unwrap();
            let expected = rows.filter(|row| versions.contains(&u64::from(10 + row / 7)));
            let mut expected: Vec<u32> = expected.chain([7]).collect();
            expected.sort_unstable();
            assert_eq!(out, expected, "after {since}, up to {at}");
            out = vec![7];
        }
        ended.know_up_to(Version(15));
        assert!(ended.between(Version(9), Version(15), &mut out));
        assert!(!ended.between(Version(9), Version(16), &mut out), "its records have other rows");
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let ended = Ended::none(ROWS);
        ended.revive(3);
        ended.end(3, Version(5));
        ended.end(70, Version(5));
        ended.revive(3);
        assert_eq!(alive(&ended, 9).len(), ROWS - 1);
        assert!(alive(&ended, 9).contains(&3));
        ended.end(3, Version(7));
        ended.know_from(Version(0));
        let mut out = Vec::new();
        assert!(ended.between(Version(5), Version(7), &mut out) && out == [3]);
        assert!(ended.between(Version(4), Version(6), &mut out) && out == [3, 70]);
        assert!(alive(&ended, 6).contains(&3) && !alive(&ended, 7).contains(&3));
    }
}
