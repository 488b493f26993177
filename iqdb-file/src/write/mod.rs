//! What writers do: stage batches, commit them in groups, and seal the log into segments.

mod checkpoint;
mod commit;
mod failed_checkpoint;
pub(crate) mod group;
pub(crate) mod open_segment;
pub(crate) mod read_only;
pub(crate) mod row_writer;
pub(crate) mod segment_writer;
pub(crate) mod writer;
