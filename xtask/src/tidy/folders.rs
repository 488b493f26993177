//! Checks the order of the folders of a library: none uses an item of one above it.
//!
//! Pure. The order is the table [`LIBRARIES`]; a name that comes by way of `pub use` counts as one of
//! the file where the item is written. Tests are left out.

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{Item, Path, UsePath, UseTree};

use super::circles::{self, Step};
use super::finding::Finding;
use super::parsed::{Parsed, attributes, is_test_only};

/// A library whose folders have an order.
struct Library {
    root: &'static str,
    /// All that is in the library, lowest first.
    folders: &'static [Folder],
}

/// A folder, or a file beside the root.
struct Folder {
    name: &'static str,
    /// The folders that it may use beside itself.
    may_use: &'static [&'static str],
    /// Whether it may use the input and output of the standard library.
    does_io: bool,
}

const fn folder(name: &'static str, may_use: &'static [&'static str]) -> Folder {
    Folder { name, may_use, does_io: true }
}

/// As ARCHITECTURE.md tells the order.
const LIBRARIES: [Library; 1] = [Library {
    root: "iqdb-file/src/lib.rs",
    folders: &[
        folder("errors", &[]),
        folder("fault", &[]),
        folder("vfs", &[]),
        folder("options", &["fault", "vfs"]),
        folder("pace", &[]),
        Folder { does_io: false, ..folder("format", &["errors"]) },
        folder("reseal", &["format"]),
        folder("files", &["errors", "fault", "vfs", "options", "format"]),
        folder("read", &["errors", "fault", "vfs", "options", "format", "files"]),
        folder("write", &["errors", "fault", "vfs", "options", "pace", "format", "files", "read"]),
        folder("stats", &["files", "read", "write"]),
        folder(
            "lifecycle",
            &["errors", "fault", "vfs", "options", "pace", "format", "files", "read", "write"],
        ),
        folder("store", &["vfs", "options", "pace", "read", "write", "stats", "lifecycle"]),
    ],
}];

/// What does input and output.
const IO: [&str; 4] = ["fs", "io", "net", "process"];

/// How many uses between the folders there are, and which go upwards.
pub(crate) fn check<'a>(parsed: &'a [Parsed<'a>]) -> (usize, Vec<Finding>) {
    let (mut checked, mut findings) = (0, Vec::new());
    for library in &LIBRARIES {
        findings.extend(parsed.iter().flat_map(|file| library.check_file(file)));
        for step in circles::steps(library.root, parsed) {
            let (Some(from), Some(to)) = (library.folder(step.from), library.folder(step.to))
            else {
                continue;
            };
            if from.name != to.name {
                checked += 1;
                findings.extend(finding(from, to, &step));
            }
        }
    }
    (checked, findings)
}

impl Library {
    /// The first name below the root's folder on the way to a file; `None` for other libraries' files.
    fn name_of<'f>(&self, file: &'f str) -> Option<&'f str> {
        let below = file.strip_prefix(self.root.strip_suffix("lib.rs")?)?;
        let first = below.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The folder that a file of the library is in, if it is in one of them.
    fn folder(&self, file: &str) -> Option<&Folder> {
        let name = self.name_of(file)?;
        self.folders.iter().find(|folder| folder.name == name)
    }

    /// What is wrong with a file by itself.
    fn check_file(&self, file: &Parsed<'_>) -> Vec<Finding> {
        let path = &file.source.path;
        match (self.name_of(path), self.folder(path)) {
            (Some(name), None) if name != "lib" => {
                let problem = format!("`{name}` has no place in the order of the folders");
                let remedy = "put it into the table in xtask/src/tidy/folders.rs";
                vec![Finding::new(path, 1, problem, remedy)]
            }
            (_, Some(folder)) if !folder.does_io && !path.contains("tests") => {
                let mut finder = FindIo::default();
                finder.visit_file(&file.tree);
                let finding = |(line, name): (usize, String)| {
                    let problem = format!("`{}` uses `std::{name}`, but does no I/O", folder.name);
                    Finding::new(path, line, problem, "read and write in a folder above it")
                };
                finder.found.into_iter().map(finding).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Looks for `std::io` and the like, outside of tests.
#[derive(Default)]
struct FindIo {
    /// Lines and names.
    found: Vec<(usize, String)>,
}

impl FindIo {
    fn look_at(&mut self, first: &Ident, second: &Ident) {
        if first == "std" && IO.iter().any(|name| second == name) {
            self.found.push((second.span().start().line, second.to_string()));
        }
    }
}

impl<'s> Visit<'s> for FindIo {
    fn visit_item(&mut self, item: &'s Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_use_path(&mut self, path: &'s UsePath) {
        let mut below = vec![&*path.tree];
        while let Some(tree) = below.pop() {
            match tree {
                UseTree::Path(inner) => self.look_at(&path.ident, &inner.ident),
                UseTree::Name(inner) => self.look_at(&path.ident, &inner.ident),
                UseTree::Rename(inner) => self.look_at(&path.ident, &inner.ident),
                UseTree::Group(group) => below.extend(&group.items),
                UseTree::Glob(_) => {}
            }
        }
        visit::visit_use_path(self, path);
    }

    fn visit_path(&mut self, path: &'s Path) {
        let mut segments = path.segments.iter();
        if let (Some(first), Some(second)) = (segments.next(), segments.next()) {
            self.look_at(&first.ident, &second.ident);
        }
        visit::visit_path(self, path);
    }
}

fn finding(from: &Folder, to: &Folder, step: &Step<'_>) -> Option<Finding> {
    if from.may_use.contains(&to.name) {
        return None;
    }
    let may = match from.may_use {
        [] => "no other folder".to_owned(),
        folders => format!("only {}", folders.join(", ")),
    };
    let problem = format!(
        "`{}` uses `{}` of {}, but `{}` may use {may}",
        from.name, step.item, step.to, from.name
    );
    let remedy = "move the item down, or pass as an argument what is taken from above";
    Some(Finding::new(step.from, step.line, problem, remedy))
}

#[cfg(test)]
mod tests {
    use super::super::parsed;
    use super::super::sources::{Source, Sources};
    use super::*;

    /// What is found where `from` uses an item of `iqdb-file/src/TO/mod.rs` by this line.
    fn found(from: &str, line: &str) -> Vec<String> {
        let names = ["vfs", "format", "files", "read", "write", "lifecycle", "store"];
        let root: String = names.iter().map(|name| format!("pub mod {name};\n")).collect();
        let root = format!("{root}pub use lifecycle::Thing as High;\nmod errors;\n");
        let mut files = vec![("iqdb-file/src/lib.rs".to_owned(), root)];
        files.push(("iqdb-file/src/errors.rs".to_owned(), "pub struct Shared;\n".to_owned()));
        for name in names {
            let line = if name == from { line } else { "" };
            files.push((
                format!("iqdb-file/src/{name}/mod.rs"),
                format!("{line}\npub struct Thing;\n"),
            ));
        }
        let files: Vec<(&str, &str)> =
            files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let sources = Sources::new(&files);
        let rust: Vec<&Source> = sources.with_extension("rs").collect();
        let (parsed, broken) = parsed::parse(&rust);
        assert!(broken.is_empty(), "{broken:?}");
        check(&parsed).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_folder_uses_those_below_it() {
        for (from, to) in [
            ("files", "format"),
            ("read", "vfs"),
            ("write", "read"),
            ("lifecycle", "write"),
            ("store", "lifecycle"),
        ] {
            assert_eq!(found(from, &format!("use crate::{to}::Thing as _;")), [""; 0], "{from}");
        }
        assert_eq!(found("format", "use crate::errors::Shared;"), [""; 0]);
    }

    #[test]
    fn a_use_of_a_folder_above_is_found() {
        for (from, to) in [
            ("format", "vfs"),
            ("format", "files"),
            ("vfs", "format"),
            ("files", "read"),
            ("read", "write"),
            ("write", "lifecycle"),
            ("lifecycle", "store"),
        ] {
            let found = found(from, &format!("use crate::{to}::Thing as _;"));
            assert_eq!(found.len(), 1, "{from} uses {to}");
        }
        assert_eq!(
            found("read", "use crate::write::Thing as _;"),
            [
                "iqdb-file/src/read/mod.rs:1: `read` uses `Thing` of iqdb-file/src/write/mod.rs, but \
              `read` may use only errors, fault, vfs, options, format, files; move the item down, or pass as an argument \
              what is taken from above"
            ]
        );
    }

    #[test]
    fn a_name_by_way_of_pub_use_hides_no_folder() {
        assert_eq!(found("format", "use crate::High;").len(), 1);
    }

    #[test]
    fn what_does_no_io_names_none_outside_of_tests() {
        for line in [
            "use std::io;",
            "use std::{fmt, io::Write as _};",
            "use std::fs as _;",
            "fn f() -> std::io::Result<()> { Ok(()) }",
        ] {
            assert_eq!(found("format", line).len(), 1, "{line}");
            assert_eq!(found("files", line), [""; 0], "{line}");
        }
        for line in ["use std::fmt;", "#[cfg(test)]\nmod tests { use std::io; }"] {
            assert_eq!(found("format", line), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_folder_without_a_place_is_found() {
        let sources = Sources::new(&[("iqdb-file/src/lib.rs", ""), ("iqdb-file/src/new/a.rs", "")]);
        let rust: Vec<&Source> = sources.with_extension("rs").collect();
        let (_, found) = check(&parsed::parse(&rust).0);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
