//! The macro that makes the enum of defects, and everything that goes through all of it, from one list.

/// Makes the enum, and everything that goes through all of it, from one list.
macro_rules! defects {
    ($($(#[doc = $story:literal])+ $name:ident by $($case:literal),+;)+) => {
        /// A planted defect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Defect {
            $($(#[doc = $story])+ $name,)+
            /// No defect: sealing is a choice.
            NothingIsSealed,
        }

        impl Defect {
            /// Every defect that some case must catch.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            /// Whether the defect shows only when a store is reopened.
            pub(crate) fn is_of_reopening(self) -> bool {
                matches!(
                    self,
                    Self::KillLosesTheLastBatch
                        | Self::ReopeningForgetsTheVersion
                        | Self::SecondOpeningCutsTheLog
                        | Self::KillHidesWhatFollows
                        | Self::RefusedBatchIsReplayed
                        | Self::BackupIsALink
                        | Self::KillForgetsFields
                        | Self::KillForgetsComputedFields
                )
            }

            /// Whether the defect is in how a store keeps what core computes.
            pub(crate) fn is_of_computing(self) -> bool {
                matches!(
                    self,
                    Self::PayloadSetLaterIsNotComputed
                        | Self::RowsAreNotComputed
                        | Self::SetVectorsLosesWhatIsComputed
                        | Self::AddedComputedFieldIsOfNewRecords
                        | Self::CancelledComputedFieldStays
                        | Self::ComputedFieldIsOfACopy
                )
            }

            /// Whether the defect is in what a remote sends.
            pub(crate) fn is_of_remotes(self) -> bool {
                matches!(
                    self,
                    Self::RemoteAnswersAsOfNow
                        | Self::RemoteIgnoresTheFilter
                        | Self::RemoteSendsPayloadsUnasked
                        | Self::RemoteSendsTwice
                        | Self::RemoteSendsOneTooFew
                        | Self::RemoteForgetsTies
                        | Self::RestIsTooFar
                        | Self::RestIsForgotten
                )
            }

            /// Whether the defect is a race of threads.
            pub(crate) fn is_of_racing(self) -> bool {
                matches!(
                    self,
                    Self::GetIsCached
                        | Self::BatchIsSeenHalf
                        | Self::RefusedIsSeen
                        | Self::VersionIsDrawnFirst
                        | Self::VersionsAreDrawnInPairs
                        | Self::SnapshotMixesVersions
                        | Self::SnapshotIsCached
                        | Self::LenIsCountedLater
                        | Self::WritesAreLost
                        | Self::WritesRace
                        | Self::FieldsAreAddedToACopy
                        | Self::VersionIsComparedFirst
                )
            }

            /// What is wrong, in a sentence.
            pub(crate) fn story(self) -> String {
                match self {
                    $(Self::$name => concat!($($story),+).trim().to_owned(),)+
                    Self::NothingIsSealed => "No defect.".to_owned(),
                }
            }

            /// The cases that must catch the defect.
            pub(crate) fn caught_by(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($case),+],)+
                    Self::NothingIsSealed => &[],
                }
            }
        }
    };
}
