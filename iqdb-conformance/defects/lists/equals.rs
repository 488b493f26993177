//! Defects in writing values that are equal without being the same, which no case catches yet.

macro_rules! of_equals {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A record that equals the one that is there is not written, whatever the signs of its zeros.
            EqualRecordsAreNotWritten in Map of 5 by "apply::writing_an_equal_value_is_a_write";
            /// A payload that equals the one that is there is not set, whatever the signs of its zeros.
            EqualPayloadsAreNotSet in Map of 5 by "apply::writing_an_equal_value_is_a_write";
            /// Vectors that equal those that are there are not set, whatever the signs of their zeros.
            EqualVectorsAreNotSet in Map of 5 by "apply::writing_an_equal_value_is_a_write";
            /// A payload whose numbers equal those that are there is not set, so that 1 stays 1.0.
            EqualNumbersAreNotSet in Map of 5 by "apply::writing_an_equal_value_is_a_write";
            /// A payload whose texts are composed to those that are there is not set.
            ComposedTextsAreNotSet in Map of 5 by "apply::writing_an_equal_value_is_a_write";
            /// A payload whose texts differ in blanks at their ends is not set.
            PaddedTextsAreNotSet in Map of 5 by "apply::writing_an_equal_value_is_a_write";
            /// Payloads that are equal are kept once, whatever the signs of their zeros.
            EqualPayloadsAreKeptOnce in Map of 5 by "get::equal_values_keep_their_own_bits";
            /// Texts that are composed to the same are kept once.
            ComposedTextsAreKeptOnce in Map of 5 by "get::equal_values_keep_their_own_bits";
        }
    };
}
