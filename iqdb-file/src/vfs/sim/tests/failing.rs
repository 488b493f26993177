//! Calls that fail, full disks, power that is gone, and locks.

use super::*;

#[test]
fn a_failed_sync_lies_from_then_on() {
    let (vfs, file) = disk_with(&OLD);
    let next = vfs.calls().len() as u64;
    let fault = Fault { at: next + 2, kind: FaultKind::SyncFailsThenLies, sticky: false };
    vfs.set_fault(Some(fault));
    file.write_all_at(&[2; 2 * SECTOR], 0).unwrap();
    assert!(file.sync_data().is_err());
    assert_eq!(vfs.faults_fired(), 1);
    // It reads well, and syncs well, and is not there.
    assert_eq!(vfs.files()[at("a")], [2; 2 * SECTOR]);
    file.sync_data().unwrap();
    assert_eq!(found(&vfs, "a"), only(&[OLD, [0; SECTOR]].concat()));
    // What is written again is.
    file.write_all_at(b"x", 0).unwrap();
    file.sync_data().unwrap();
    let rewritten = [b"x", &NEW[1..], &[0; SECTOR]].concat();
    assert_eq!(found(&vfs, "a"), only(&rewritten));
}

#[test]
fn a_failed_sync_loses_no_length() {
    let (vfs, file) = disk_with(&[OLD, OLD].concat());
    file.set_len(SECTOR as u64).unwrap();
    file.set_len(2 * SECTOR as u64).unwrap();
    let at_call = vfs.calls().len() as u64 + 1;
    vfs.set_fault(Some(Fault { at: at_call, kind: FaultKind::SyncFailsThenLies, sticky: false }));
    assert!(file.sync_data().is_err());
    file.sync_data().unwrap();
    assert_eq!(found(&vfs, "a"), only(&[OLD, [0; SECTOR]].concat()));
}

#[test]
fn a_sync_that_fails_honestly_can_be_asked_again() {
    let (vfs, file) = disk_with(&OLD);
    file.write_all_at(&NEW, 0).unwrap();
    let at_call = vfs.calls().len() as u64 + 1;
    vfs.set_fault(Some(Fault { at: at_call, kind: FaultKind::Eio, sticky: false }));
    assert!(file.sync_data().is_err());
    assert!(found(&vfs, "a").contains(&Some(OLD.to_vec())));
    file.sync_data().unwrap();
    assert_eq!(found(&vfs, "a"), only(&NEW));
}

/// How many calls [`every_call`] makes to prepare.
const PREPARED: u64 = 4;

/// Every call that there is, on a fresh disk; how each ended.
fn every_call(fault: Option<Fault>) -> Vec<(Call, Result<usize, ErrorKind>)> {
    let vfs = SimVfs::new();
    for name in ["a", "b", "c", "full/a"] {
        vfs.put(at(name), b"abcd").unwrap();
    }
    let root = vfs.open_dir(at("")).unwrap();
    root.create_dir("empty").unwrap();
    let file = root.open("a", Access::Write).unwrap();
    let dir = root.open_dir("full").unwrap();
    assert_eq!(vfs.calls().len() as u64, PREPARED);
    vfs.set_fault(fault);
    let mut room = [0; 4];
    let results = [
        root.open_dir("empty").map(|_| 0),
        dir.parent().map(|_| 0),
        root.create_dir("d").map(|()| 0),
        root.open("new", Access::Create).map(|_| 0),
        root.open("a", Access::Read).map(|_| 0),
        root.rename("b", "e").map(|()| 0),
        root.remove("c").map(|()| 0),
        root.remove_dir("empty").map(|()| 0),
        root.list().map(|_| 0),
        root.lookup("a").map(|_| 0),
        root.is_linked().map(|_| 0),
        root.sync().map(|()| 0),
        root.lock(Sharing::Shared).map(|_| 0),
        file.len().map(|_| 0),
        file.id().map(|_| 0),
        file.read_at(&mut room, 0),
        file.write_at(b"wxyz", 0),
        file.set_len(5).map(|()| 0),
        file.sync_data().map(|()| 0),
        file.map(1, Reading::Ahead).map(|_| 0),
    ];
    let results = results.map(|result| result.map_err(|error| error.kind()));
    let prepared = usize::try_from(PREPARED).unwrap();
    vfs.calls().into_iter().skip(prepared).zip(results).collect()
}

#[test]
fn each_call_fails_in_each_way_that_applies_to_it() {
    let well = every_call(None);
    assert_eq!(well.iter().map(|(call, _)| call).collect::<BTreeSet<_>>().len(), well.len());
    for kind in FaultKind::ALL {
        for n in 0..well.len() {
            let at = n as u64 + PREPARED + 1;
            let faulty = every_call(Some(Fault { at, kind, sticky: false }));
            for (i, (call, result)) in faulty.iter().enumerate() {
                let expected = match kind {
                    _ if i != n || !kind.applies_to(*call) => well[i].1,
                    FaultKind::Eio | FaultKind::SyncFailsThenLies => Err(ErrorKind::Other),
                    FaultKind::Enospc => Err(ErrorKind::StorageFull),
                    FaultKind::Eacces => Err(ErrorKind::PermissionDenied),
                    FaultKind::Emfile => Err(fault::emfile().kind()),
                    FaultKind::Enotdir => Err(ErrorKind::NotADirectory),
                    FaultKind::Eintr => Err(ErrorKind::Interrupted),
                    FaultKind::Short => Ok(2),
                };
                assert_eq!(*result, expected, "{kind:?} at {n}: {call:?}");
            }
        }
    }
}

#[test]
fn a_sticky_fault_stays_and_interruptions_let_one_through() {
    let sticky = |kind| every_call(Some(Fault { at: PREPARED + 3, kind, sticky: true }));
    let failed = sticky(FaultKind::Eio).iter().filter(|(_, result)| result.is_err()).count();
    assert_eq!(failed, every_call(None).len() - 2);
    let (vfs, file) = disk_with(b"");
    for kind in FaultKind::ALL.into_iter().filter(|kind| kind.applies_to(Call::Read)) {
        vfs.set_fault((kind != FaultKind::Eio).then_some(Fault { at: 1, kind, sticky: true }));
        file.write_all_at(&NEW, 0).unwrap();
        assert_eq!(vfs.files()[at("a")], NEW, "{kind:?}");
    }
    assert!(vfs.faults_fired() > 3);
}

#[test]
fn nothing_works_without_power_and_what_was_synced_is_found() {
    let (vfs, file) = disk_with(b"old");
    file.write_all_at(b"new", 0).unwrap();
    file.sync_data().unwrap();
    vfs.power_off_at(vfs.calls().len() as u64 + 1);
    assert!(is_power_off(&file.write_at(b"x", 0).unwrap_err()));
    assert!(is_power_off(&vfs.open_dir(at("")).unwrap_err()));
    assert!(is_power_off(&vfs.open(at("a"), Access::Read).unwrap_err()));
    assert!(!is_power_off(&fault::eio()));
    assert_eq!(found(&vfs, "a"), only(b"new"));
    let found = vfs.crash(&mut Rng::with_seed(0));
    assert!(found.open(at("a"), Access::Read).is_ok());
}

#[test]
fn a_full_disk_takes_what_fits() {
    let (vfs, file) = disk_with(&OLD);
    vfs.set_quota(Some(3 * SECTOR as u64));
    assert_eq!(vfs.used(), SECTOR as u64);
    // Where there is room already, writing takes none.
    file.write_all_at(&NEW, 0).unwrap();
    assert_eq!(file.write_at(&[3; 4 * SECTOR], 100).unwrap(), 3 * SECTOR - 100);
    assert_eq!(vfs.used(), 3 * SECTOR as u64);
    let full = |result: io::Result<usize>| result.unwrap_err().kind() == ErrorKind::StorageFull;
    assert!(full(file.write_at(b"x", 3 * SECTOR as u64)));
    let other = vfs.open(at("b"), Access::Create).unwrap();
    assert!(full(other.write_at(b"x", 0)));
    // A hole is no reserve.
    other.set_len(5 * SECTOR as u64).unwrap();
    assert!(full(other.write_at(b"x", 0)));
    // Cutting gives room, and so does removing, once no handle has the file open.
    file.set_len(2 * SECTOR as u64).unwrap();
    other.write_all_at(b"x", 0).unwrap();
    vfs.remove(at("a")).unwrap();
    assert!(full(other.write_at(b"x", SECTOR as u64)));
    drop(file);
    other.write_all_at(b"x", SECTOR as u64).unwrap();
}

#[test]
fn locks_are_held_until_they_are_dropped_or_the_power_fails() {
    let vfs = SimVfs::new();
    vfs.put(at("d/lock"), b"").unwrap();
    let of_dir = |vfs: &SimVfs, sharing| vfs.open_dir(at("d")).unwrap().lock(sharing);
    let of_file = |vfs: &SimVfs, sharing| {
        vfs.open_dir(at("d")).unwrap().open("lock", Access::Read).unwrap().lock(sharing)
    };
    type Lock<'a> = &'a dyn Fn(&SimVfs, Sharing) -> io::Result<Box<dyn Guard>>;
    for lock in [&of_dir as Lock<'_>, &of_file] {
        let lock = |vfs: &SimVfs, sharing| lock(vfs, sharing).map_err(|error| error.kind());
        let held = lock(&vfs, Sharing::Exclusive).unwrap();
        for sharing in [Sharing::Exclusive, Sharing::Shared] {
            assert_eq!(lock(&vfs, sharing).unwrap_err(), ErrorKind::WouldBlock);
            assert!(lock(&vfs.crash(&mut Rng::with_seed(0)), sharing).is_ok());
        }
        drop(held);
        let one = lock(&vfs, Sharing::Shared).unwrap();
        let other = lock(&vfs, Sharing::Shared).unwrap();
        drop(one);
        assert_eq!(lock(&vfs, Sharing::Exclusive).unwrap_err(), ErrorKind::WouldBlock);
        drop(other);
        assert!(lock(&vfs, Sharing::Exclusive).is_ok());
    }
    vfs.set_locks_dirs(false);
    let error = of_dir(&vfs, Sharing::Exclusive).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(of_file(&vfs, Sharing::Exclusive).is_ok());
}
