//! What writers do: they stage batches, commit them in groups, and seal the log into segments.
//!
//! A record goes downwards: [`committer`] takes a batch and hands it to the [`writer`], which appends
//! to the log and to the open segment and applies the batch to the memtable. The leader of the group
//! writes all of that, and publishes the view.

mod added_field;
mod batch_plan;
mod batch_window;
mod checkpoint;
mod checkpoint_files;
mod checkpoint_policy;
mod checkpoint_schedule;
mod clean_end;
mod column_file_writer;
mod column_writer;
mod commit_state;
pub(crate) mod committer;
mod field_turn;
mod file_numbers;
mod group;
mod group_write;
mod leader;
mod log_tail;
mod memtable;
mod open_block;
mod open_segment;
mod plain_batch;
pub(crate) mod read_only;
mod retired_views;
mod row_writer;
mod section_writer;
pub(crate) mod segment_writer;
mod staged_frames;
mod staged_group;
pub(crate) mod tables;
mod write_failure;
pub(crate) mod writer;
