//! Each weakness of the simulated disk can be seen, and nothing that was promised is weak.

use std::collections::BTreeSet;
use std::io::ErrorKind;

mod failing;
mod names;

use super::*;
use crate::vfs::{Access, Entry, File, FileExt, Found, Guard, Reading, Sharing};

const SEEDS: u64 = 400;
const OLD: [u8; SECTOR] = [1; SECTOR];
const NEW: [u8; SECTOR] = [2; SECTOR];

fn at(path: &str) -> &Path {
    Path::new(path)
}

/// The calls of a directory by the path of what they are about, for tests in which it doesn't matter
/// that the directory is opened first.
trait ByPath {
    fn within<T>(
        &self,
        path: &Path,
        call: impl FnOnce(&(dyn Dir + 'static), &str) -> io::Result<T>,
    ) -> io::Result<T>;

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn File>> {
        self.within(path, |dir, name| dir.open(name, access))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.within(path, Dir::create_dir)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.within(path, Dir::remove)
    }

    /// Within one directory.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let to = to.file_name().unwrap().to_str().unwrap();
        self.within(from, |dir, name| dir.rename(name, to))
    }
}

impl ByPath for SimVfs {
    fn within<T>(
        &self,
        path: &Path,
        call: impl FnOnce(&(dyn Dir + 'static), &str) -> io::Result<T>,
    ) -> io::Result<T> {
        let dir = self.open_dir(path.parent().unwrap())?;
        call(&*dir, path.file_name().unwrap().to_str().unwrap())
    }
}

fn names(vfs: &SimVfs, dir: &str) -> Vec<String> {
    let entries = vfs.open_dir(at(dir)).unwrap().list().unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

fn sync_dir(vfs: &SimVfs, dir: &str) {
    vfs.open_dir(at(dir)).unwrap().sync().unwrap();
}

fn create(vfs: &SimVfs, path: &str, bytes: &[u8]) -> Box<dyn File> {
    let file = vfs.open(at(path), Access::Create).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file
}

/// A disk with the file `a`, which is there for good, and open.
fn disk_with(bytes: &[u8]) -> (SimVfs, Box<dyn File>) {
    let vfs = SimVfs::new();
    vfs.put(at("a"), bytes).unwrap();
    let file = vfs.open(at("a"), Access::Write).unwrap();
    (vfs, file)
}

/// What the file may be after a power loss, `None` for gone.
fn found(vfs: &SimVfs, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    let crash = |seed| vfs.crash(&mut Rng::with_seed(seed)).files().remove(at(path));
    (0..SEEDS).map(crash).collect()
}

fn only(bytes: &[u8]) -> BTreeSet<Option<Vec<u8>>> {
    [Some(bytes.to_vec())].into()
}

#[test]
fn what_is_written_is_read_and_mapped() {
    let vfs = SimVfs::new();
    let file = create(&vfs, "a", b"abc");
    file.write_all_at(b"xy", 600).unwrap();
    assert_eq!(file.len().unwrap(), 602);
    let file = vfs.open(at("a"), Access::Read).unwrap();
    let mut room = [7; 4];
    file.read_exact_at(&mut room, 0).unwrap();
    assert_eq!(&room, b"abc\0");
    assert_eq!(&file.map(602, Reading::Ahead).unwrap()[599..], b"\0xy");
    assert_eq!(file.read_at(&mut room, 601).unwrap(), 1);
    assert_eq!(file.read_at(&mut room, u64::MAX).unwrap(), 0);
    assert_eq!(file.map(603, Reading::Ahead).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(file.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(file.set_len(0).unwrap_err().kind(), ErrorKind::PermissionDenied);
    let error = vfs.open(at("a"), Access::Create).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    for (offset, bytes) in [(u64::MAX, 1), (1 << 40, 1)] {
        let file = vfs.open(at("a"), Access::Write).unwrap();
        let error = file.write_at(&vec![0; bytes], offset).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    }
}

#[test]
fn a_file_that_is_cut_grows_by_zeros() {
    let (vfs, file) = disk_with(&OLD);
    file.set_len(100).unwrap();
    file.set_len(200).unwrap();
    let cut = [vec![1; 100], vec![0; 100]].concat();
    assert_eq!(vfs.files()[at("a")], cut);
    file.sync_data().unwrap();
    assert_eq!(found(&vfs, "a"), only(&cut));
}

#[test]
fn an_open_file_survives_the_loss_of_its_name() {
    let vfs = SimVfs::new();
    let file = create(&vfs, "a", b"abc");
    vfs.remove(at("a")).unwrap();
    assert_eq!(&*file.map(3, Reading::Ahead).unwrap(), b"abc");
    assert_eq!(create(&vfs, "a", b"").len().unwrap(), 0);
    assert_eq!(file.len().unwrap(), 3);
}

#[test]
fn what_was_synced_is_always_found() {
    let (vfs, file) = disk_with(&OLD);
    file.write_all_at(&NEW, 0).unwrap();
    file.write_all_at(b"tail", SECTOR as u64).unwrap();
    file.sync_data().unwrap();
    let synced = [&NEW[..], b"tail"].concat();
    assert_eq!(found(&vfs, "a"), only(&synced));
}

#[test]
fn what_was_not_synced_is_kept_or_lost_or_torn() {
    let (vfs, file) = disk_with(&OLD);
    file.write_all_at(&NEW, 0).unwrap();
    let found = found(&vfs, "a");
    assert!(found.contains(&Some(OLD.to_vec())) && found.contains(&Some(NEW.to_vec())));
    let torn: Vec<_> = found.iter().flatten().filter(|f| f[..] != OLD && f[..] != NEW).collect();
    assert!(torn.iter().any(|f| f.iter().all(|b| [1, 2].contains(b))), "no mixture");
    assert!(torn.iter().any(|f| f.iter().any(|b| ![1, 2].contains(b))), "no garbage");
}

#[test]
fn sectors_go_their_own_ways() {
    let (vfs, file) = disk_with(&[1; 2 * SECTOR]);
    file.write_all_at(&[2; 2 * SECTOR], 0).unwrap();
    let found = found(&vfs, "a");
    for (first, second) in [(OLD, NEW), (NEW, OLD), (OLD, OLD), (NEW, NEW)] {
        assert!(found.contains(&Some([first, second].concat())), "{} {}", first[0], second[0]);
    }
}

#[test]
fn a_sector_that_is_torn_keeps_what_was_there_before() {
    let (vfs, file) = disk_with(b"synced");
    file.write_all_at(&NEW, 6).unwrap();
    assert!(found(&vfs, "a").iter().flatten().all(|bytes| bytes.starts_with(b"synced")));
}

#[test]
fn a_sector_may_be_found_as_it_was_between_two_writes() {
    let (vfs, file) = disk_with(b"1");
    file.write_all_at(b"2", 0).unwrap();
    file.write_all_at(b"3", 0).unwrap();
    for bytes in [b"1", b"2", b"3"] {
        assert!(found(&vfs, "a").contains(&Some(bytes.to_vec())));
    }
}

#[test]
fn lengths_go_their_own_ways() {
    let (vfs, file) = disk_with(b"abc");
    file.write_all_at(b"def", 3).unwrap();
    let grown = found(&vfs, "a");
    for bytes in [&b"abc"[..], b"abcdef", b"abc\0\0\0"] {
        assert!(grown.contains(&Some(bytes.to_vec())), "{}", bytes.escape_ascii());
    }
    file.sync_data().unwrap();
    file.set_len(2).unwrap();
    let cut = found(&vfs, "a");
    assert!(cut.contains(&Some(b"ab".to_vec())) && cut.contains(&Some(b"abcdef".to_vec())));
}

#[test]
fn what_was_cut_off_may_come_back_when_the_file_grows() {
    let (vfs, file) = disk_with(&[OLD, OLD].concat());
    file.set_len(SECTOR as u64).unwrap();
    file.write_all_at(b"x", 2 * SECTOR as u64 - 1).unwrap();
    let unsynced = found(&vfs, "a");
    assert!(unsynced.contains(&Some([OLD, OLD].concat())));
    assert!(unsynced.contains(&Some([OLD, [0; SECTOR]].concat())));
    file.sync_data().unwrap();
    let zeros = [&OLD[..], &[0; SECTOR - 1], b"x"].concat();
    assert_eq!(found(&vfs, "a"), only(&zeros));
}

#[test]
fn a_name_that_was_not_synced_may_be_lost_with_everything() {
    let vfs = SimVfs::new();
    create(&vfs, "a", b"abc").sync_data().unwrap();
    assert_eq!(found(&vfs, "a"), [None, Some(b"abc".to_vec())].into());
    sync_dir(&vfs, "");
    assert_eq!(found(&vfs, "a"), only(b"abc"));
}

#[test]
fn a_directory_that_was_not_synced_may_be_lost_with_its_files() {
    let vfs = SimVfs::new();
    vfs.create_dir(at("d")).unwrap();
    create(&vfs, "d/a", b"abc").sync_data().unwrap();
    sync_dir(&vfs, "d");
    assert_eq!(found(&vfs, "d/a"), [None, Some(b"abc".to_vec())].into());
    sync_dir(&vfs, "");
    assert_eq!(found(&vfs, "d/a"), only(b"abc"));
}

#[test]
fn a_synced_name_says_nothing_about_the_bytes() {
    let vfs = SimVfs::new();
    let _file = create(&vfs, "a", b"abc");
    sync_dir(&vfs, "");
    assert!(found(&vfs, "a").contains(&Some(Vec::new())));
    assert!(!found(&vfs, "a").contains(&None));
}

#[test]
fn a_rename_happened_or_it_did_not() {
    let vfs = SimVfs::new();
    vfs.put(at("a"), b"new").unwrap();
    vfs.rename(at("a"), at("b")).unwrap();
    let crash = |seed| vfs.crash(&mut Rng::with_seed(seed)).files();
    let found: BTreeSet<_> = (0..SEEDS).map(crash).collect();
    let before = [("a".into(), b"new".to_vec())].into();
    let after = [("b".into(), b"new".to_vec())].into();
    assert_eq!(found, [before, after].into());
    sync_dir(&vfs, "");
    assert_eq!(self::found(&vfs, "b"), only(b"new"));
}

#[test]
fn names_go_their_own_ways_but_a_file_has_one() {
    let vfs = SimVfs::new();
    vfs.put(at("a"), b"a").unwrap();
    vfs.rename(at("a"), at("b")).unwrap();
    vfs.rename(at("b"), at("c")).unwrap();
    create(&vfs, "new", b"").sync_data().unwrap();
    let crash = |seed| names(&vfs.crash(&mut Rng::with_seed(seed)), "").concat();
    let found: BTreeSet<String> = (0..SEEDS).map(crash).collect();
    let all = ["a", "b", "c", "anew", "bnew", "cnew"].map(str::to_owned);
    assert_eq!(found, all.into());
}

#[test]
fn a_removal_may_be_lost() {
    let (vfs, _file) = disk_with(b"abc");
    vfs.remove(at("a")).unwrap();
    assert_eq!(found(&vfs, "a"), [None, Some(b"abc".to_vec())].into());
    sync_dir(&vfs, "");
    assert_eq!(found(&vfs, "a"), [None].into());
}

#[test]
fn a_crash_follows_from_its_seed_and_disturbs_nobody() {
    let (vfs, file) = disk_with(&OLD);
    file.write_all_at(&NEW, 0).unwrap();
    for seed in 0..50 {
        let [one, other] = [seed; 2].map(|seed| vfs.crash(&mut Rng::with_seed(seed)).files());
        assert_eq!(one, other);
    }
    assert_eq!(vfs.files()[at("a")], NEW);
    let crashed = vfs.crash(&mut Rng::with_seed(0));
    let found = crashed.files();
    crashed.remove(at("a")).unwrap();
    assert_eq!(vfs.files()[at("a")], NEW);
    // What was found has come from the disk, so it is durable.
    assert_eq!(crashed.crash_at(0, &mut Rng::with_seed(1)).files(), found);
}

#[test]
fn the_past_is_replayed_change_by_change() {
    let vfs = SimVfs::new();
    vfs.put(at("c"), b"c").unwrap();
    let file = create(&vfs, "a", b"1");
    file.sync_data().unwrap();
    sync_dir(&vfs, "");
    file.write_all_at(b"2", 0).unwrap();
    file.set_len(3).unwrap();
    file.sync_data().unwrap();
    vfs.rename(at("a"), at("b")).unwrap();
    vfs.remove(at("b")).unwrap();
    assert_eq!(vfs.changes(), 9);
    let mut replay = vfs.replay();
    let changes: Vec<Call> = std::iter::from_fn(|| replay.advance()).collect();
    let mut calls = vfs.calls();
    calls.retain(|call| *call != Call::OpenDir);
    assert_eq!(changes, calls);
    assert_eq!((replay.done(), replay.advance()), (9, None));
    let at_change = |n| vfs.crash_at(n, &mut Rng::with_seed(3)).files();
    assert_eq!(at_change(0), [("c".into(), b"c".to_vec())].into());
    assert_eq!(at_change(4)[at("a")], b"1");
    assert_eq!(at_change(7)[at("a")], b"2\0\0");
    assert_eq!(at_change(9), at_change(usize::MAX));
}
