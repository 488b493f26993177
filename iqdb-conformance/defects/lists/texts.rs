//! Defects of queries for text.

macro_rules! of_texts {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// The statistics count rows that are dead.
            TextCountsDeadRows by
                "text::text_scores_are_those_of_the_model",
                "text::text_statistics_are_of_the_live_records";
            /// The statistics count what the filter lets through.
            TextCountsWhatMatches by "text::text_scores_are_those_of_the_model";
            /// The statistics count records that lack the field.
            TextCountsEveryRecord by "text::text_scores_are_those_of_the_model";
            /// A text is as long as it has different words.
            TextLengthIsOfDistinctWords by "text::text_scores_are_those_of_the_model";
            /// A word that comes again counts once.
            TextFrequencyIsOne by "text::text_scores_are_those_of_the_model";
            /// The mean length is a whole number.
            TextAverageIsWhole by "text::text_scores_are_those_of_the_model";
            /// The logarithm is of the ratio alone, and negative for words of most texts.
            TextWeightsMayBeNegative by
                "text::text_hits_are_ranked_and_cut", "text::text_scores_are_those_of_the_model";
            /// Scores are summed in `f32`.
            TextScoresInF32 by "text::text_scores_are_those_of_the_model";
            /// Scores are summed from the last word to the first.
            TextSumsBackwards by "text::text_scores_are_those_of_the_model";
            /// Every query has the usual parameters.
            TextParametersAreIgnored by "text::text_scores_are_those_of_the_model";
            /// Hits of one score come as their rows lie.
            TextTiesByInsertion by "text::text_hits_are_ranked_and_cut";
            /// A record at exactly the score is no hit.
            TextWithinIsExclusive by "text::text_hits_have_at_least_the_score";
            /// The filter is applied to the best of all.
            TextFilterAfterRanking by "text::text_scores_are_those_of_the_model";
            /// The first text field answers for all.
            TextOfTheFirstField by
                "text::text_scores_are_those_of_the_model",
                "text::an_added_text_field_is_searched",
                "text::text_and_vectors_are_asked_in_one_batch";
            /// A record without any of the words is a hit, with a score of 0.
            TextWithoutWordsIsFound by "text::text_phrases_and_signs_are_kept";
            /// A phrase begins in one text of a list and ends in the next.
            PhraseCrossesTexts by "text::text_phrases_and_signs_are_kept";
            /// A phrase is found where its words are, in any order.
            PhraseInAnyOrder by "text::text_phrases_and_signs_are_kept";
            /// A phrase that comes again counts once.
            PhraseCountsOnce by "text::text_scores_are_those_of_the_model";
            /// A hit need not have what is behind a plus.
            MustIsAny by "text::text_phrases_and_signs_are_kept";
            /// What is behind a plus counts twice.
            MustCountsTwice by "text::text_scores_are_those_of_the_model";
            /// What is behind a minus is overlooked.
            NotIsIgnored by "text::text_phrases_and_signs_are_kept";
            /// A part of several words behind a minus excludes what has one of them.
            NotExcludesEachWord by "text::text_phrases_and_signs_are_kept";
            /// Words that are asked of another field than one of text find nothing, and are no error.
            TextAsksAnyField by "text::text_queries_are_for_text_fields";
        }
    };
}
