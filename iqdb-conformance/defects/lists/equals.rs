//! Defects in writing values that are equal without being the same.

macro_rules! of_equals {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A record that equals the one that is there is not written, whatever the signs of its zeros.
            EqualRecordsAreNotWritten in Map by "values::equal_values_of_other_bits_are_written";
            /// A payload that equals the one that is there is not set, whatever the signs of its zeros.
            EqualPayloadsAreNotSet in Map by "values::equal_values_of_other_bits_are_written";
            /// Vectors that equal those that are there are not set, whatever the signs of their zeros.
            EqualVectorsAreNotSet in Map by "values::equal_values_of_other_bits_are_written";
            /// A payload whose numbers equal those that are there is not set, so that 1 stays 1.0.
            EqualNumbersAreNotSet in Map by "values::equal_values_of_other_bits_are_written";
            /// A payload whose texts are composed to those that are there is not set.
            ComposedTextsAreNotSet in Map by "values::equal_values_of_other_bits_are_written";
            /// A payload whose texts differ in blanks at their ends is not set.
            PaddedTextsAreNotSet in Map by "values::equal_values_of_other_bits_are_written";
            /// Payloads that are equal are kept once, whatever the signs of their zeros.
            EqualPayloadsAreKeptOnce in Map by "values::equal_values_of_other_bits_are_written";
            /// Texts that are composed to the same are kept once.
            ComposedTextsAreKeptOnce in Map by "values::equal_values_of_other_bits_are_written";
        }
    };
}
