//! Defects in the values of payloads and filters.

macro_rules! of_values {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A part of a text is a pattern of LIKE, in which `%` and `_` are wildcards.
            PatternsHaveWildcards by "values::filters_tell_values_apart";
            /// A prefix is looked for in any case.
            PrefixesIgnoreCase by "values::filters_tell_values_apart";
            /// A prefix is the range up to the prefix with U+FFFF behind it, and misses what comes after that.
            PrefixesEndAtTheLastOf16Bits by "values::filters_tell_values_apart";
            /// Texts are compared as C strings, up to their first NUL.
            TextsEndAtNul by "values::filters_tell_values_apart";
            /// Texts are compared without the blanks at their ends, as a CHAR is.
            TextsAreTrimmed by "values::filters_tell_values_apart";
            /// Texts are compared by the eight bytes that an index keeps of them.
            TextsAreTheirFirst8Bytes by "values::filters_tell_values_apart";
            /// Texts are compared with the collation NOCASE.
            TextsIgnoreCase by "values::filters_tell_values_apart";
            /// Texts are compared by their UTF-16 units, as Java does.
            TextsCompareByUtf16 by "values::filters_tell_values_apart";
            /// Texts are composed before they are compared.
            TextsAreComposed by "values::filters_tell_values_apart";
            /// Integers are kept in an unsigned column, so that negative ones are the greatest.
            IntegersAreUnsigned by "values::filters_tell_values_apart";
            /// Floats are kept in a column of 32 bits.
            FloatsAreOf32Bits by "values::filters_tell_values_apart";
            /// Whole floats are kept as integers, and those beyond 64 bits as the last one.
            FloatsSaturateAsIntegers by "values::filters_tell_values_apart";
            /// Dates are kept in an unsigned column, so that those before 1970 come last.
            DatesAreUnsigned by "values::filters_tell_values_apart";
            /// A key in a map is split at its dots, so that one with a dot is never found.
            InnerKeysAreSplitAtDots by "values::filters_tell_keys_apart";
            /// The keys of paths are columns, whose names have no case.
            PathsIgnoreCase by "values::filters_tell_keys_apart";
            /// A list of one element is compared as that element.
            ListsOfOneAreTheirElement by "values::filters_tell_values_apart";
            /// The elements of a list are looked up by kind and value, so that 1 is not 1.0 there.
            ElementsAreOfTheirKind by "values::filters_tell_values_apart";
            /// A dictionary of texts has codes of one byte, and begins anew behind the last one.
            DictionaryHas256Texts in Map by "values::filters_tell_values_apart";
            /// Texts that differ in their case only are kept once.
            TextsOfAnyCaseAreKeptOnce in Map by
                "values::filters_tell_values_apart",
                "values::orders_tell_values_apart";
            /// A condition looks at the first thousand of its values.
            InHasAThousandValuesAtMost by "values::filters_tell_values_apart";
        }
    };
}
