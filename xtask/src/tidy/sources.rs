//! The files of the checkout, as git would commit them.
//!
//! It reads and never writes. A file that git ignores, or that is gone from the disk, is no part
//! of the checkout.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// Which files the checks read; others are listed by path alone.
const READ: [&str; 5] = [".rs", ".md", ".toml", ".yml", ".ci/run"];

/// One file: its path from the root, with `/`, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files that a check may want to see, by path.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Source {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether it holds nothing but tests, by its path.
    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

impl Sources {
    #[cfg(test)]
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| Source::new(path, text)).collect())
    }

    /// Reads the checkout below `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => walked(root).map_err(|error| {
                format!("the files of {} can't be listed: {error}", root.display())
            })?,
        };
        paths.sort();
        paths.dedup();
        let mut sources = Vec::new();
        for path in paths {
            if !READ.iter().any(|end| path.ends_with(end)) {
                continue;
            }
            match fs::read_to_string(root.join(&path)) {
                Ok(text) => sources.push(Source { path, text }),
                // Tracked, and deleted from disk but not yet from the index.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("{path} can't be read: {error}")),
            }
        }
        Ok(Self(sources))
    }

    /// The file at `path`.
    pub(crate) fn get(&self, path: &str) -> Option<&Source> {
        self.0.iter().find(|source| source.path == path)
    }

    /// The files that end in `.extension`.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &Source> {
        let end = format!(".{extension}");
        self.0.iter().filter(move |source| source.path.ends_with(&end))
    }
}

/// `None` where git is not installed or `root` is no checkout, such as an unpacked archive.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let paths = String::from_utf8_lossy(&output.stdout);
    Some(paths.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

fn walked(root: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_file() {
                paths.push(path);
            } else if kind.is_dir() && name != "target" && name != ".git" {
                folders.push(path);
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_git_the_folder_is_walked_and_target_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a/src/lib.rs", "a/target/debug/x.rs", ".ci/run", "logo.png", "README.md"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        let mut paths = walked(folder.path()).unwrap();
        paths.sort();
        assert_eq!(paths, [".ci/run", "README.md", "a/src/lib.rs", "logo.png"]);
        let sources = Sources::read(folder.path()).unwrap();
        assert_eq!(sources.get("a/src/lib.rs").unwrap().text, "text");
        assert!(sources.get("logo.png").is_none());
    }
}
