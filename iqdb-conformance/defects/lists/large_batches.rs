//! Defects in large batches.

macro_rules! of_large_batches {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A batch of more than a thousand changes is seen in parts.
            LargeBatchesAreSeenInParts in Map by "scale::a_large_batch_is_seen_whole_or_not_at_all";
            /// A large batch is checked in parts, and the parts before a bad one stay.
            LargeBatchesAreCheckedInParts in Map by "scale::a_bad_change_anywhere_in_a_large_batch_refuses_it";
            /// An insert of a taken id fails its part of a large batch, and the parts before it stay.
            LateInsertsFailAlone in Map by "scale::a_bad_change_anywhere_in_a_large_batch_refuses_it";
            /// A budget that ends in a large batch leaves the parts that were written.
            BudgetsEndLargeBatchesHalfway in Map by "scale::a_large_write_ended_by_its_budget_changes_nothing";
            /// Of the changes of a large batch only the last one of each id is applied.
            LastOfManyChangesWins in Map by "scale::changes_of_a_large_batch_apply_in_order";
            /// A delete-where of a large batch sees the version before it.
            LateDeleteWhereGoesFirst in Map by "scale::changes_of_a_large_batch_apply_in_order";
            /// Of many rows with one id the first one stays.
            FirstOfManyRowsWins in Map by "scale::changes_of_a_large_batch_apply_in_order";
            /// What a batch did is counted in 16 bits.
            CountersAreOf16Bits in Map by "scale::a_bad_change_anywhere_in_a_large_batch_refuses_it";
        }
    };
}
