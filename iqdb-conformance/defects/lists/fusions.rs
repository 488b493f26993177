//! Defects of fused queries.

macro_rules! of_fusions {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// The first hit of a part has the rank 0.
            FusedRanksBeginAt0 by "fusion::fused_hits_are_those_of_the_model";
            /// Equal scores come in the order in which the parts found them.
            FusedTiesByPart by "fusion::fused_hits_are_ranked_and_cut";
            /// A record that a part has not found has the rank behind its last hit there.
            FusedAbsentIsLast by "fusion::fused_hits_are_those_of_the_model";
            /// Scores are summed from the last part to the first.
            FusedSumsBackwards by "fusion::fused_hits_are_those_of_the_model";
            /// What a part adds is rounded to `f32`.
            FusedScoresInF32 by "fusion::fused_hits_are_those_of_the_model";
            /// The least and the greatest distance are those of the hits of all parts.
            FusedWithOneScale by "fusion::fused_hits_are_those_of_the_model";
            /// The farthest hit of a part gets all of its weight, and the nearest nothing.
            FusedFromTheLeast by
                "fusion::fused_hits_are_those_of_the_model", "fusion::fused_hits_are_ranked_and_cut";
            /// The hits of a part whose distances are equal get nothing.
            FusedEqualsAreNothing by "fusion::fused_parts_are_answered_alone";
            /// All parts weigh as much.
            FusedWithEqualWeights by "fusion::fused_hits_are_ranked_and_cut";
            /// No part finds more hits than come out.
            FusedCutsItsParts by "fusion::fused_hits_are_those_of_the_model";
            /// All that was found comes out.
            FusedIsNotCut by "fusion::fused_hits_are_ranked_and_cut";
            /// The filter of the first part holds for all.
            FusedFilterIsOfTheFirst by "fusion::fused_parts_are_answered_alone";
            /// All parts find as many hits as the first.
            FusedDepthIsOfTheFirst by "fusion::fused_parts_are_answered_alone";
            /// Only the first part may ask for payloads.
            FusedPayloadOfTheFirst by "fusion::fused_hits_have_payloads_when_asked";
            /// Weights that are lacking are 1, and others may be anything.
            FusedTakesAnyWeights by "fusion::fusion_refuses_what_makes_no_score";
        }
    };
}
