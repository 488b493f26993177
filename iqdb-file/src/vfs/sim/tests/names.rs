//! Names and directories of a simulated disk, and what another program does to them.

use super::*;

#[test]
fn paths_are_those_of_a_file_system() {
    let vfs = SimVfs::new();
    vfs.create_dir(at("d")).unwrap();
    create(&vfs, "d/a", b"a");
    create(&vfs, "./d/b", b"b");
    assert_eq!(names(&vfs, "/d"), ["a", "b"]);
    let d = Entry { name: "d".into(), is_dir: true };
    assert_eq!(vfs.open_dir(at("")).unwrap().list().unwrap(), [d]);
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(vfs.create_dir(at("x/y"))), ErrorKind::NotFound);
    assert_eq!(kind(vfs.create_dir(at("d/a"))), ErrorKind::AlreadyExists);
    assert_eq!(kind(vfs.open(at("d"), Access::Read).map(drop)), ErrorKind::IsADirectory);
    assert_eq!(kind(vfs.open(at("c"), Access::Write).map(drop)), ErrorKind::NotFound);
    assert_eq!(kind(vfs.remove(at("d/c"))), ErrorKind::NotFound);
    assert_eq!(kind(vfs.rename(at("d/c"), at("d/x"))), ErrorKind::NotFound);
    assert_eq!(kind(vfs.rename(at("d/a"), at("d/b"))), ErrorKind::AlreadyExists);
    assert_eq!(kind(vfs.open_dir(at("d/a")).map(drop)), ErrorKind::NotADirectory);
    assert_eq!(kind(vfs.create_dir(at("d/../e"))), ErrorKind::InvalidInput);
    vfs.rename(at("d/a"), at("d/c")).unwrap();
    assert_eq!(names(&vfs, "d"), ["b", "c"]);
}

#[test]
fn an_open_directory_stays_what_it_is_whatever_it_is_called() {
    let vfs = SimVfs::new();
    let root = vfs.open_dir(at("")).unwrap();
    for name in ["d", "e"] {
        root.create_dir(name).unwrap();
    }
    let dir = root.open_dir("d").unwrap();
    assert!(dir.is_linked().unwrap());
    vfs.interfere(Outside::Exchange("d".into(), "e".into())).unwrap();
    vfs.interfere(Outside::Rename("e".into(), "f".into())).unwrap();
    let file = dir.open("a", Access::Create).unwrap();
    assert_eq!(names(&vfs, "f"), ["a"]);
    let found = dir.lookup("a").unwrap().unwrap();
    assert_eq!(found, Found { id: file.id().unwrap(), links: 1 });
    assert_eq!(dir.lookup("b").unwrap(), None);
    assert_eq!(dir.parent().unwrap().list().unwrap(), root.list().unwrap());
    assert_eq!(root.remove_dir("f").unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
    vfs.interfere(Outside::Put("f/a".into(), b"another".to_vec())).unwrap();
    assert_ne!(dir.lookup("a").unwrap().unwrap().id, file.id().unwrap());
    vfs.interfere(Outside::Remove("f".into())).unwrap();
    assert!(!dir.is_linked().unwrap());
    assert_eq!(dir.lookup("a").unwrap(), None);
    assert_eq!(dir.open("b", Access::Create).unwrap_err().kind(), ErrorKind::NotFound);
    // What another program did is on the disk at once.
    let found = vfs.crash(&mut Rng::with_seed(1));
    assert_eq!(names(&found, ""), ["d"]);
    root.remove_dir("d").unwrap();
}

#[test]
fn somebody_else_interferes_before_the_call_of_a_number() {
    let vfs = SimVfs::new();
    vfs.put(at("a"), b"abc").unwrap();
    let root = vfs.open_dir(at("")).unwrap();
    let rename = Outside::Rename("a".into(), "b".into());
    let chosen = rename.clone();
    vfs.interfere_at(vfs.calls().len() as u64 + 2, |files| {
        assert_eq!(files[at("a")], b"abc");
        Some(chosen)
    });
    assert!(root.lookup("a").unwrap().is_some());
    assert_eq!(vfs.interfered(), None);
    assert!(root.lookup("a").unwrap().is_none());
    vfs.interfere_at(1, |_| Some(Outside::Remove("nothing".into())));
    assert!(root.lookup("b").unwrap().is_some(), "what can't be done changes nothing");
    assert_eq!(vfs.interfered(), Some((0, rename)));
    assert_eq!(vfs.crash_at(usize::MAX, &mut Rng::with_seed(0)).files(), vfs.files());
}
