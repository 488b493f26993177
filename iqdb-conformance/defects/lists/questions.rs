//! Defects in answering some of what a query can say, which no case catches yet.

macro_rules! of_questions {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// The plain scan ranks by distances of 32 bits.
            ForcedPlanRoundsDistances in Map of 8 by
                "answers::search_answers_are_the_same_for_any_plan";
            /// The plain scan ignores the filter.
            ForcedPlanForgetsTheFilter in Map of 8 by
                "answers::search_answers_are_the_same_for_any_plan";
            /// The plain scan finds one record at each distance.
            ForcedPlanForgetsTies in Map of 8 by
                "answers::search_answers_are_the_same_for_any_plan";
            /// The vectors that come with hits have a length of 1, as the index keeps them.
            HitVectorsAreNormalised in Map of 8 by "answers::search_returns_vectors_when_asked";
            /// The vectors that come with hits are those of the first field.
            HitVectorsAreOfTheFirstField in Map of 8 by
                "answers::search_returns_vectors_when_asked";
            /// The lists that come with hits have a thousand elements at most.
            HitListsAreCut in Map of 8 by "answers::search_returns_payloads_when_asked";
            /// The texts that come with hits have a hundred thousand characters at most.
            HitTextsAreCut in Map of 8 by "answers::search_returns_payloads_when_asked";
            /// Where reading fails, the queries that were answered before keep their hits.
            DamageLeavesEarlierAnswers in Map of 8 by
                "answers::search_leaves_every_buffer_empty_on_error";
            /// Answers are kept in the scratch by query and version, whatever the store.
            AnswersAreKeptInScratch in Map of 8 by
                "answers::search_answers_are_the_same_in_any_scratch";
            /// The matches of a filter are kept in the scratch, whatever the version.
            MatchesAreKeptInScratch in Map of 8 by
                "answers::search_answers_are_the_same_in_any_scratch";
            /// Long rows of one value in all components have no code, and are no candidates for the nearest.
            ConstantRowsAreNoCandidates in Map of 8 by
                "search::search_of_long_rows_finds_the_nearest";
            /// The candidates for the nearest are found by the first 32 components of long rows.
            LongRowsAreRankedByTheirFirst32 in Map of 8 by
                "search::search_of_long_rows_finds_the_nearest";
            /// The expected version is compared in 32 bits.
            ExpectedVersionIsOf32Bits in Map of 8 by
                "refusals::an_unexpected_version_is_a_conflict";
        }
    };
}
