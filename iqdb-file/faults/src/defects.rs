//! The defects that are planted, by the names that the command line knows.

use iqdb_file::Defect;

/// All that random crashes show soon enough. What a forgotten truncation does takes a torn frame between
/// two of the same length: `iqdb-file/tests/lifecycle.rs` makes them.
pub(crate) const BY_A_CRASH: [Defect; 6] = [
    Defect::LogNotSynced,
    Defect::RowsNotSynced,
    Defect::DirectoryNotSynced,
    Defect::AppendedAfterTear,
    Defect::AcknowledgedBeforeWritten,
    Defect::ManifestNotSynced,
];

/// The defects that show only when another program meddles with names.
pub(crate) const BY_A_DEED: [Defect; 3] =
    [Defect::FilesByPath, Defect::NamesNotLookedUp, Defect::RenamesOverOthers];

/// All there are.
const ALL: [Defect; 12] = [
    Defect::LogNotSynced,
    Defect::RowsNotSynced,
    Defect::DirectoryNotSynced,
    Defect::AppendedAfterTear,
    Defect::TruncationForgotten,
    Defect::AcknowledgedBeforeWritten,
    Defect::FailedSyncForgotten,
    Defect::ManifestNotSynced,
    Defect::ChecksumsIgnored,
    Defect::FilesByPath,
    Defect::NamesNotLookedUp,
    Defect::RenamesOverOthers,
];

/// The defect of this name, as `name` writes it.
pub(crate) fn parse(text: &str) -> Result<Defect, String> {
    let names = || ALL.map(name).join(", ");
    let found = ALL.into_iter().find(|defect| name(*defect) == text);
    found.ok_or_else(|| format!("no defect is called `{text}`; there are {}", names()))
}

/// `LogNotSynced` is called `log-not-synced`.
pub(crate) fn name(defect: Defect) -> String {
    let mut name = String::new();
    for c in format!("{defect:?}").chars() {
        if c.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(c.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_is_found_by_its_name() {
        for defect in ALL {
            assert_eq!(parse(&name(defect)), Ok(defect));
        }
        assert!(parse("none").unwrap_err().contains("log-not-synced"));
    }
}
