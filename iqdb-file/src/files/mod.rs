//! The open directory of a database and the files in it: their names, owners and locks.

pub(crate) mod database_dir;
pub(crate) mod database_files;
pub(crate) mod held_names;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod manifest_file;
mod mark_slots;
pub(crate) mod reserve;
pub(crate) mod unfinished;
