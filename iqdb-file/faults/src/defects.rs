//! The defects that are planted, by the names that the command line knows.

use iqdb_file::Defect;

/// All that random crashes show soon enough. What a forgotten truncation does takes a torn frame between
/// two of the same length: `iqdb-file/tests/lifecycle/main.rs` makes them. That files are removed too early
/// shows in their names alone, and that a mark is not synced only where another program takes a manifest
/// away within a few calls: `iqdb-file/tests/mark.rs` looks at both.
pub(crate) const BY_A_CRASH: [Defect; 13] = [
    Defect::LogNotSynced,
    Defect::RowsNotSynced,
    Defect::DirectoryNotSynced,
    Defect::AppendedAfterTear,
    Defect::AcknowledgedBeforeWritten,
    Defect::ManifestNotSynced,
    Defect::MarkBeforeSync,
    Defect::MarkNotBegun,
    Defect::MarkOfAnotherBootTrusted,
    Defect::UnpublishedShown,
    Defect::ColumnFileNotNamed,
    Defect::ColumnFileNotSynced,
    Defect::ColumnFilesRemovedEarly,
];

/// The defects that show only when another program meddles with names.
pub(crate) const BY_A_DEED: [Defect; 5] = [
    Defect::FilesByPath,
    Defect::NamesNotLookedUp,
    Defect::RenamesOverOthers,
    Defect::MarkBeforeLookUp,
    Defect::StaleSlotTaken,
];

/// The defects that show only in files that are damaged or mixed.
pub(crate) const BY_DAMAGE: [Defect; 3] =
    [Defect::ChecksumsIgnored, Defect::ChainOfConstants, Defect::SlotsNotAlternating];

/// All there are.
const ALL: [Defect; 25] = [
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
    Defect::ChainOfConstants,
    Defect::MarkBeforeSync,
    Defect::MarkBeforeLookUp,
    Defect::MarkNotBegun,
    Defect::LaterManifestNotMarked,
    Defect::SlotsNotAlternating,
    Defect::StaleSlotTaken,
    Defect::MarkOfAnotherBootTrusted,
    Defect::UnpublishedShown,
    Defect::MarkedFilesRemoved,
    Defect::ColumnFileNotNamed,
    Defect::ColumnFileNotSynced,
    Defect::ColumnFilesRemovedEarly,
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
