//! How iqdb-file reaches its files: through the handle of the directory that was opened, never by a
//! path, and with no sync but those of `vfs`.
//!
//! Pure. It goes by words: it finds a call by its name, whatever the call is of. Tests may reach
//! files as other programs do, so the code of tests is left out.

use super::finding::Finding;
use super::rust_text::{code, line_of, tokens};
use super::sources::Source;

/// The folder that is looked through.
const FOLDER: &str = "iqdb-file/src/";

/// The folder in it whose files are the only ones to ask the system.
const SYSTEM: &str = "iqdb-file/src/vfs/";

/// Where the code is that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Everywhere,
    /// Everywhere but in `vfs`, which is where such things are done.
    OutsideVfs,
    /// Everywhere but in `vfs` and in these files of `src`.
    OutsideVfsAnd(&'static [&'static str]),
}

/// What must not be written, and what to write instead.
#[derive(Debug)]
struct Rule {
    /// Words and signs that follow each other, whatever blanks are between them.
    pattern: &'static str,
    scope: Scope,
    problem: &'static str,
    remedy: &'static str,
}

const BY_PATH: &str = "reaches a file by its path";
const BY_HANDLE: &str = "reach it through the handle: `DatabaseDir::file`, `lookup` or `entries`";
const OF_SYSTEM: &str = "asks the system outside of vfs";
const IN_VFS: &str = "add it to the traits of vfs, with an implementation for each file system";
const BARE: &str = "is no full sync on Apple's systems";

const RULES: [Rule; 23] = [
    by_path("fs"),
    by_path("File::open"),
    by_path("File::create"),
    by_path("File::create_new"),
    by_path("File::options"),
    by_path("OpenOptions"),
    by_path("read_dir"),
    by_path(".exists("),
    by_path(".try_exists("),
    by_path(".is_file("),
    by_path(".is_dir("),
    by_path(".metadata("),
    by_path(".symlink_metadata("),
    by_path(".canonicalize("),
    by_path(".read_link("),
    of_system("rustix"),
    of_system("libc"),
    of_system("memmap2"),
    Rule {
        pattern: ".sync_all(",
        scope: Scope::OutsideVfs,
        problem: "syncs past vfs",
        remedy: "call `DatabaseDir::sync`, or `sync_data` of a file of vfs",
    },
    Rule {
        pattern: ".within(",
        scope: Scope::OutsideVfsAnd(&["format/file_name.rs", "files/database_dir.rs"]),
        problem: "makes a path of a file",
        remedy: "call `DatabaseDir::path_of` for a message, and `DatabaseDir::file` to open it",
    },
    Rule {
        pattern: ".open_dir(",
        scope: Scope::OutsideVfsAnd(&["files/database_dir.rs", "lifecycle/create.rs"]),
        problem: "resolves a path once more",
        remedy: "use the `DatabaseDir` that is open",
    },
    bare_sync("fsync"),
    bare_sync("fdatasync"),
];

const fn by_path(pattern: &'static str) -> Rule {
    Rule { pattern, scope: Scope::OutsideVfs, problem: BY_PATH, remedy: BY_HANDLE }
}

const fn of_system(pattern: &'static str) -> Rule {
    Rule { pattern, scope: Scope::OutsideVfs, problem: OF_SYSTEM, remedy: IN_VFS }
}

const fn bare_sync(pattern: &'static str) -> Rule {
    let remedy =
        "call `sync_all` or `sync_data` of the standard library, which are F_FULLFSYNC there";
    Rule { pattern, scope: Scope::Everywhere, problem: BARE, remedy }
}

/// How many files were looked through, and what is wrong in them.
pub(crate) fn check(files: &[&Source]) -> (usize, Vec<Finding>) {
    let ours: Vec<&Source> =
        files.iter().copied().filter(|file| file.path.starts_with(FOLDER)).collect();
    let findings = ours.iter().filter(|file| !file.is_test()).flat_map(|file| in_file(file));
    (ours.len(), findings.collect())
}

fn in_file(file: &Source) -> Vec<Finding> {
    let code = without_tests(&code(&file.text));
    let words: Vec<(usize, &str)> = tokens(&code).collect();
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.scope.has(&file.path)) {
        let pattern: Vec<&str> = tokens(rule.pattern).map(|(_, word)| word).collect();
        for found in words.windows(pattern.len()).filter(|found| is(found, &pattern)) {
            let problem = format!("`{}` {}", rule.pattern, rule.problem);
            let line = line_of(&code, found[0].0);
            findings.push(Finding::new(&file.path, line, problem, rule.remedy));
        }
    }
    findings
}

impl Scope {
    fn has(self, path: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::OutsideVfs => !path.starts_with(SYSTEM),
            Self::OutsideVfsAnd(exempt) => {
                let name = path.strip_prefix(FOLDER).unwrap_or(path);
                !path.starts_with(SYSTEM) && !exempt.contains(&name)
            }
        }
    }
}

fn is(found: &[(usize, &str)], pattern: &[&str]) -> bool {
    found.iter().map(|(_, word)| word).eq(pattern)
}

/// The code with each `#[cfg(test)] mod tests { … }` blanked out: same length, same lines.
fn without_tests(code: &str) -> String {
    const HEAD: [&str; 10] = ["#", "[", "cfg", "(", "test", ")", "]", "mod", "tests", "{"];
    let words: Vec<(usize, &str)> = tokens(code).collect();
    let mut kept = code.as_bytes().to_vec();
    for head in words.windows(HEAD.len()).filter(|found| is(found, &HEAD)) {
        let start = head[0].0;
        let end = end_of_block(code, head[HEAD.len() - 1].0);
        kept[start..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    // Blocks begin and end at ASCII characters, so whole characters are blanked.
    String::from_utf8_lossy(&kept).into_owned()
}

/// Behind the brace that closes the one at `start`.
fn end_of_block(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, word) in tokens(&code[start..]) {
        match word {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return start + at + 1;
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&[&Source::new(path, text)]).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_way_past_the_handle_is_found() {
        for (line, pattern) in [
            ("use std::fs;", "fs"),
            ("use std::{fs, io};", "fs"),
            ("let bytes = std::fs::read(path)?;", "fs"),
            ("fs::remove_file(path)?;", "fs"),
            ("let file = File::open(path)?;", "File::open"),
            ("let file = File::create(path)?;", "File::create"),
            ("let file = File::create_new(path)?;", "File::create_new"),
            ("let file = File::options().read(true);", "File::options"),
            ("let options = OpenOptions::new();", "OpenOptions"),
            ("for entry in path.read_dir()? {}", "read_dir"),
            ("if path.exists() {}", ".exists("),
            ("if path\n    .exists() {}", ".exists("),
            ("if path.try_exists()? {}", ".try_exists("),
            ("if path.is_file() {}", ".is_file("),
            ("if path.is_dir() {}", ".is_dir("),
            ("let len = path.metadata()?.len();", ".metadata("),
            ("let found = path.symlink_metadata()?;", ".symlink_metadata("),
            ("let path = path.canonicalize()?;", ".canonicalize("),
            ("let path = path.read_link()?;", ".read_link("),
            ("rustix::fs::renameat(a, b)?;", "rustix"),
            ("unsafe { libc::rename(a, b) };", "libc"),
            ("let mapped = memmap2::Mmap::map(&file)?;", "memmap2"),
            ("file.sync_all()?;", ".sync_all("),
            ("dir.open(name.within(path))?;", ".within("),
            ("options.vfs.open_dir(path)?;", ".open_dir("),
            ("fsync(dir)?;", "fsync"),
            ("fdatasync(dir)?;", "fdatasync"),
        ] {
            let found = found("iqdb-file/src/lifecycle/open.rs", &format!("//! H.\n\n{line}\n"));
            let expected = format!("`{pattern}` ");
            assert!(found.iter().any(|found| found.contains(&expected)), "{line}: {found:?}");
            assert!(found.iter().all(|found| found.contains("open.rs:")), "{line}: {found:?}");
        }
    }

    #[test]
    fn a_finding_says_where_and_what_to_do_instead() {
        assert_eq!(
            found("iqdb-file/src/files/log.rs", "//! H.\n\nif path\n    .exists() {}\n"),
            [
                "iqdb-file/src/files/log.rs:4: `.exists(` reaches a file by its path; reach it through \
              the handle: `DatabaseDir::file`, `lookup` or `entries`"
            ]
        );
        assert!(RULES.iter().all(|rule| !rule.remedy.is_empty()));
    }

    #[test]
    fn every_rule_finds_its_own_pattern() {
        for rule in &RULES {
            let found = found("iqdb-file/src/lifecycle/open.rs", rule.pattern);
            assert_eq!(found.len(), 1, "{}: {found:?}", rule.pattern);
        }
    }

    #[test]
    fn a_bare_fsync_is_found_in_vfs_too() {
        for line in [
            "rustix::fs::fsync(&self.0)?;",
            "rustix::fs::fdatasync(&self.0)?;",
            "use rustix::fs::{fsync, openat};",
        ] {
            let found = found("iqdb-file/src/vfs/os/unix.rs", line);
            assert!(found.len() == 1 && found[0].contains("no full sync"), "{line}: {found:?}");
        }
    }

    #[test]
    fn what_vfs_is_for_is_fine_in_vfs() {
        let text =
            "use std::fs;\nrustix::fs::openat(a, b)?;\nfile.sync_all()?;\nfile.metadata()?;\n";
        assert_eq!(found("iqdb-file/src/vfs/os/unix.rs", text), [""; 0]);
    }

    #[test]
    fn a_path_is_made_and_resolved_where_that_is_done_once() {
        let within = "name.within(&self.path)";
        assert_eq!(found("iqdb-file/src/format/file_name.rs", within), [""; 0]);
        assert_eq!(found("iqdb-file/src/files/database_dir.rs", within), [""; 0]);
        assert_eq!(found("iqdb-file/src/lifecycle/create.rs", within).len(), 1);
        assert_eq!(found("iqdb-file/src/read/files/database_dir.rs", within).len(), 1);
        let open = "options.vfs.open_dir(path)";
        assert_eq!(found("iqdb-file/src/files/database_dir.rs", open), [""; 0]);
        assert_eq!(found("iqdb-file/src/lifecycle/create.rs", open), [""; 0]);
        assert_eq!(found("iqdb-file/src/format/file_name.rs", open).len(), 1);
    }

    #[test]
    fn a_clean_file_passes() {
        let text = "//! H: never `std::fs::read`.\n\nuse crate::vfs::{Dir, File};\n\
            // No rustix::fs::fsync here.\n\
            let file = dir.file(name, Access::Read)?;\nfile.sync_data()?;\ndir.sync()?;\n\
            let text = \"path.exists()\";\nif entry.is_dir {}\nlet path = dir.path_of(name);\n";
        assert_eq!(found("iqdb-file/src/lifecycle/open.rs", text), [""; 0]);
    }

    #[test]
    fn tests_reach_files_as_other_programs_do() {
        let block = "#[cfg(test)]\nmod tests {\n    fn f() { std::fs::read(path); }\n}\n";
        assert_eq!(
            found("iqdb-file/src/lifecycle/open.rs", &format!("fn g() {{}}\n\n{block}")),
            [""; 0]
        );
        for path in ["iqdb-file/src/read/body/tests.rs", "iqdb-file/src/tests/open.rs"] {
            assert_eq!(found(path, "use std::fs;"), [""; 0], "{path}");
        }
        // What follows such a block is no test, nor is a block of another name.
        let behind = found("iqdb-file/src/lifecycle/open.rs", &format!("{block}use std::fs;\n"));
        assert!(behind.len() == 1 && behind[0].contains("open.rs:5:"), "{behind:?}");
        let other = block.replace("mod tests", "mod trials");
        assert_eq!(found("iqdb-file/src/lifecycle/open.rs", &other).len(), 1);
    }

    #[test]
    fn other_packages_go_their_own_way() {
        let (looked_at, findings) = check(&[&Source::new("iqdb-cli/src/main.rs", "use std::fs;")]);
        assert_eq!((looked_at, findings), (0, vec![]));
    }
}
