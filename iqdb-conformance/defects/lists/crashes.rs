//! Defects in what a crash leaves.

macro_rules! of_crashes {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A batch is acknowledged before it is synced.
            AcknowledgedBeforeSync in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// The log is synced, and then written.
            SyncedBeforeWritten in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// The manifest is renamed into its place, and the directory is not synced.
            RenameIsNotSynced in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// The manifest names new files before their names are synced.
            NewNamesAreNotSynced in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// The manifest is renamed into its place before its content is synced.
            ManifestIsNotSynced in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// The manifest names a checkpoint before that is synced.
            CheckpointIsNotSynced in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// The manifest is written in its place.
            ManifestIsWrittenInPlace in Files by
                "crashes::a_kill_in_a_write_leaves_whole_batches",
                "crashes::a_power_cut_leaves_whole_batches";
            /// The old files are removed before the manifest names the new ones.
            OldFilesGoFirst in Files by "crashes::a_kill_in_a_write_leaves_whole_batches";
            /// A frame has a length and no checksum.
            FramesHaveNoChecksum in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// An incomplete frame at the end of the log is an error.
            TornFrameIsDamage in Files by
                "crashes::a_kill_in_a_write_leaves_whole_batches",
                "crashes::a_power_cut_leaves_whole_batches";
            /// An incomplete frame stays at the end of the log, and hides those behind it.
            TornFrameStays in Files by "crashes::a_kill_in_a_write_leaves_whole_batches";
            /// The directory of a new store is not synced into the one above.
            CreationIsNotSynced in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// An incomplete frame is taken away by writing the log anew, in its place.
            RecoveryRewritesTheLog in Files by "crashes::a_power_cut_leaves_whole_batches";
            /// Each record that a batch changes has a frame of its own.
            EachChangeHasAFrame in Files by "crashes::a_kill_in_a_write_leaves_whole_batches";
        }
    };
}
