//! Defects of groups, of hits that differ, of those ranked by an expression, and of the means of examples.

macro_rules! of_further {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// No more hits are read than come out, and a group may begin behind them.
            GroupsAreCutEarly by "groups::groups_are_those_of_the_model";
            /// Once there are enough groups, nothing is added to them.
            GroupsAreNotFilled by "groups::groups_are_those_of_the_model";
            /// The groups with the most hits come first.
            GroupsBySize by "groups::groups_are_those_of_the_model";
            /// Only the first element of a list has its record in a group.
            GroupsOfFirstElements by "groups::groups_are_of_the_values_at_a_path";
            /// The records with null are a group.
            GroupsOfNull by "groups::groups_are_of_the_values_at_a_path";
            /// An element that comes twice has its record in its group twice.
            GroupsHaveRecordsTwice by "groups::groups_are_of_the_values_at_a_path";
            /// The numbers 7 and 7.0 are two groups.
            GroupsTellNumbersApart by "groups::groups_are_of_the_values_at_a_path";
            /// Records that the filter leaves out are in groups.
            GroupsForgetTheFilter by "groups::groups_are_of_what_the_query_wants";
            /// Records that are too far are in groups.
            GroupsForgetTheDistance by "groups::groups_are_of_what_the_query_wants";
            /// The limit of the query cuts what is grouped.
            GroupsOfKHits by "groups::groups_are_those_of_the_model";
            /// Grouped hits carry payloads that were not asked for.
            GroupsHavePayloads by "groups::groups_are_of_what_the_query_wants";
            /// A query for no groups finds none, and is no error.
            GroupsMayBeNone by "groups::grouping_refuses_what_makes_no_group";
            /// A hit is to differ from the one that is most unlike it.
            DiverseFromTheFarthest by "diversity::diverse_hits_are_those_of_the_model";
            /// A hit is to differ from the one before it alone.
            DiverseFromTheLast by "diversity::diverse_hits_are_those_of_the_model";
            /// Of choices that are as good, the farthest is taken.
            DiverseTiesByTheLast by "diversity::diverse_hits_are_those_of_the_model";
            /// No more hits are looked at than come out.
            DiverseOfKHits by "diversity::diverse_hits_are_those_of_the_model";
            /// A lambda of 0 is as near as possible, and 1 as different.
            DiverseWithLambdaReversed by "diversity::diverse_hits_are_those_of_the_model";
            /// The distance of a hit is what its choice loses.
            DiverseDistanceIsTheLoss by "diversity::diverse_hits_are_those_of_the_model";
            /// Records that the filter leaves out are chosen.
            DiverseForgetsTheFilter by "diversity::diverse_hits_are_of_what_the_query_wants";
            /// Chosen hits carry vectors that were not asked for.
            DiverseHasVectors by "diversity::diverse_hits_are_of_what_the_query_wants";
            /// A lambda below 0 or above 1 is taken.
            DiverseTakesAnyLambda by "diversity::diversity_refuses_what_it_cannot_choose";
            /// No more hits are ranked than come out.
            RerankOfKHits by "rerank::reranked_hits_are_those_of_the_model";
            /// Equal scores come by id, whatever the distances.
            RerankTiesById by "rerank::reranked_hits_are_those_of_the_model";
            /// The lowest score comes first, as a distance would.
            RerankLowestFirst by "rerank::reranked_hits_are_those_of_the_model";
            /// The score of a hit is its distance, so that the farthest are preferred.
            RerankScoreIsTheDistance by "rerank::reranked_hits_are_those_of_the_model";
            /// The distance of a hit is 0 minus its new score.
            RerankDistanceIsTheScore by "rerank::reranked_hits_are_those_of_the_model";
            /// Of a list, the first number counts.
            RerankTakesTheFirstOfAList by "rerank::reranked_hits_are_those_of_the_model";
            /// A Gaussian decay falls by steps, not by their squares.
            RerankGaussIsExp by "rerank::reranked_hits_are_those_of_the_model";
            /// A record without a value decays nothing, as in some engines.
            RerankAbsentIsTheOrigin by "rerank::reranked_hits_are_those_of_the_model";
            /// The hours of a date don't count.
            RerankDatesAreCutToDays by "rerank::reranked_hits_are_those_of_the_model";
            /// The quantity at the scale is ½, whatever it is said to be.
            RerankAlwaysHalvesAtTheScale by "rerank::reranked_hits_are_those_of_the_model";
            /// A linear decay goes on below 0.
            RerankLinearGoesBelow0 by "rerank::reranked_hits_are_those_of_the_model";
            /// A sum that is no number is the greatest score.
            RerankNoNumberComesFirst by "rerank::reranked_hits_are_those_of_the_model";
            /// Records that the filter leaves out are ranked.
            RerankForgetsTheFilter by "rerank::reranked_hits_are_of_what_the_query_wants";
            /// Records that are too far are ranked.
            RerankForgetsTheDistance by "rerank::reranked_hits_are_of_what_the_query_wants";
            /// Ranked hits carry payloads that were not asked for.
            RerankHasPayloads by "rerank::reranked_hits_are_of_what_the_query_wants";
            /// A depth of 0 is as good as 1.
            RerankTakesNoDepth by "rerank::reranking_refuses_what_makes_no_score";
            /// An expression without terms gives every hit the score 0.
            RerankTakesNoTerms by "rerank::reranking_refuses_what_makes_no_score";
            /// The sums of a mean are in `f32`.
            MeanIsSummedInF32 by "examples::a_mean_of_examples_is_that_of_the_model";
            /// Negative examples change nothing.
            MeanIgnoresNegatives by "examples::a_mean_of_examples_is_that_of_the_model";
            /// The mean of the negative examples is subtracted from that of the positive ones.
            MeanOnlySubtracts by "examples::a_mean_of_examples_is_that_of_the_model";
            /// Under cosine, a long vector counts more than a short one.
            MeanIsOfLongAndShort by "examples::a_mean_of_examples_is_that_of_the_model";
            /// An example that is named twice counts once.
            MeanCountsEachOnce by "examples::a_mean_of_examples_is_that_of_the_model";
            /// The mean of integers is rounded towards 0.
            MeanOfIntegersIsCut by "examples::a_mean_of_examples_is_that_of_the_model";
            /// An example without a record is left out of the mean.
            AbsentExamplesAreSkipped by "examples::examples_have_to_be_there";
        }
    };
}
