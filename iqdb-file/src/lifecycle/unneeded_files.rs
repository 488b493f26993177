//! Which files of a directory neither the manifest nor the log refers to. Removes none of them.

use crate::files::database_dir::DatabaseDir;
use crate::format::file_name::FileName;
use crate::format::manifest::Manifest;
use crate::write::tables::Tables;

/// The most numbers that one checkpoint gives to files.
const NUMBERS_MAX: u64 = 16;

/// What tells a file that is needed from one that is not.
pub(super) struct UnneededFiles<'a> {
    pub(super) dir: &'a DatabaseDir,
    pub(super) manifest: &'a Manifest,
    pub(super) tables: &'a Tables,
}

impl UnneededFiles<'_> {
    /// Those that may belong to the database: which an earlier manifest may name, and which none does.
    pub(super) fn among(&self, names: Vec<FileName>) -> (Vec<FileName>, Vec<FileName>) {
        let names = names.into_iter();
        let unneeded = names.filter(|name| !self.is_needed(*name) && self.may_be_ours(*name));
        unneeded.partition(|name| self.is_old(*name))
    }

    fn is_needed(&self, name: FileName) -> bool {
        match name {
            FileName::Manifest(number) => number == self.manifest.number,
            FileName::Log(number) => number == self.manifest.log,
            FileName::Segment(number) | FileName::Derived(number) => self.is_segment(number),
            FileName::Column(_) => {
                let mut entries = self.manifest.segments.iter();
                entries.any(|entry| entry.files().any(|file| file == name))
            }
            FileName::Unfinished(_) => false,
            FileName::Lock | FileName::Reserve | FileName::Shelf(_) => true,
        }
    }

    /// Whether the manifest names the segment of this number, or the log does.
    fn is_segment(&self, number: u64) -> bool {
        let open_segment = self.tables.open_segment();
        self.manifest.segments.iter().any(|entry| entry.info.number == number)
            || number == open_segment.number() && open_segment.file().is_some()
    }

    /// Whether an earlier manifest may name the file, and no later one can.
    fn is_old(&self, name: FileName) -> bool {
        let manifest = self.manifest;
        match name {
            FileName::Manifest(number) | FileName::Log(number) | FileName::Derived(number) => {
                number < manifest.next
            }
            FileName::Column(_) => true,
            FileName::Segment(number) => number < manifest.next && number != manifest.open_segment,
            FileName::Unfinished(_) | FileName::Lock | FileName::Reserve | FileName::Shelf(_) => {
                false
            }
        }
    }

    /// Whether a file with this name may belong to the database. A crash may have left a file of a new
    /// number without its head, or a column file of any number; any other file of an older number has its
    /// head, if it is ours.
    fn may_be_ours(&self, name: FileName) -> bool {
        let manifest = self.manifest;
        let is_new = |number| (manifest.next..manifest.next + NUMBERS_MAX).contains(&number);
        let is_open = |number| number == self.tables.open_segment().number();
        let has_head = || {
            let owner = self.dir.owner(name, Some(manifest.database));
            matches!(owner, Ok(Some(owner)) if owner.is(manifest.database))
        };
        match name {
            FileName::Segment(number) if is_open(number) => true,
            FileName::Column(_) => true,
            FileName::Manifest(number)
            | FileName::Unfinished(number)
            | FileName::Log(number)
            | FileName::Segment(number)
            | FileName::Derived(number) => is_new(number) || has_head(),
            FileName::Lock | FileName::Reserve | FileName::Shelf(_) => false,
        }
    }
}
