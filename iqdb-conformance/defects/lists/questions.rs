//! Defects in answering some of what a query can say.

macro_rules! of_questions {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// The plain scan ranks by distances of 32 bits.
            ForcedPlanRoundsDistances in Map by "answers::search_answers_are_the_same_for_any_plan";
            /// The plain scan finds one record at each distance.
            ForcedPlanForgetsTies in Map by "answers::search_answers_are_the_same_for_any_plan";
            /// The vectors that come with hits have a length of 1, as the index keeps them.
            HitVectorsAreNormalised in Map by "answers::search_returns_vectors_when_asked";
            /// The vectors that come with hits are those of the first field.
            HitVectorsAreOfTheFirstField in Map by "answers::search_returns_vectors_when_asked";
            /// Answers are kept in the scratch by query and version, whatever the store.
            AnswersAreKeptInScratch in Map by "answers::search_ignores_what_hits_held_before";
            /// The matches of a filter are kept in the scratch, whatever the version.
            MatchesAreKeptInScratch in Map by "answers::search_ignores_what_hits_held_before";
            /// Long rows of one value in all components have no code, and are no candidates for the nearest.
            ConstantRowsAreNoCandidates in Map by "answers::search_answers_are_the_same_for_any_plan";
            /// The candidates for the nearest are found by the first 32 components of long rows.
            LongRowsAreRankedByTheirFirst32 in Map by "answers::search_answers_are_the_same_for_any_plan";
            /// The expected version is compared in 32 bits.
            ExpectedVersionIsOf32Bits in Map by "refusals::an_unexpected_version_is_a_conflict";
            /// The plain scan ignores the filter.
            ForcedPlanForgetsTheFilter in Map by "answers::search_answers_are_the_same_for_any_plan";
            /// The lists that come with hits have a thousand elements at most.
            HitListsAreCut in Map by "answers::search_returns_payloads_when_asked";
            /// The texts that come with hits have a hundred thousand characters at most.
            HitTextsAreCut in Map by "answers::search_returns_payloads_when_asked";
            /// Where reading fails, the queries that were answered before keep their hits.
            DamageLeavesEarlierAnswers in Map by "hostile::search_of_a_row_that_is_no_vector_is_damaged";
        }
    };
}
