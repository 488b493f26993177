//! Defects in the values of payloads and filters, which no case catches yet.

macro_rules! of_values {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A part of a text is a pattern of LIKE, in which `%` and `_` are wildcards.
            PatternsHaveWildcards of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// A prefix is looked for in any case.
            PrefixesIgnoreCase of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// A prefix is the range up to the prefix with U+FFFF behind it, and misses what comes after that.
            PrefixesEndAtTheLastOf16Bits of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Texts are compared as C strings, up to their first NUL.
            TextsEndAtNul of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Texts are compared without the blanks at their ends, as a CHAR is.
            TextsAreTrimmed of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Texts are compared by the eight bytes that an index keeps of them.
            TextsAreTheirFirst8Bytes of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Texts are compared with the collation NOCASE.
            TextsIgnoreCase of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Texts are compared by their UTF-16 units, as Java does.
            TextsCompareByUtf16 of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Texts are composed before they are compared.
            TextsAreComposed of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Integers are kept in an unsigned column, so that negative ones are the greatest.
            IntegersAreUnsigned of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Floats are kept in a column of 32 bits.
            FloatsAreOf32Bits of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Whole floats are kept as integers, and those beyond 64 bits as the last one.
            FloatsSaturateAsIntegers of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// Dates are kept in an unsigned column, so that those before 1970 come last.
            DatesAreUnsigned of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// A key in a map is split at its dots, so that one with a dot is never found.
            InnerKeysAreSplitAtDots of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// The keys of paths are columns, whose names have no case.
            PathsIgnoreCase of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// A list of one element is compared as that element.
            ListsOfOneAreTheirElement of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// The elements of a list are looked up by kind and value, so that 1 is not 1.0 there.
            ElementsAreOfTheirKind of 1 by
                "blocks::matching_agrees_with_the_predicate",
                "conveniences::count_agrees_with_the_filter";
            /// A dictionary of texts has codes of one byte, and begins anew behind the last one.
            DictionaryHas256Texts in Map of 1 by "get::get_returns_the_exact_bits";
            /// Texts that differ in their case only are kept once.
            TextsOfAnyCaseAreKeptOnce in Map of 1 by "get::get_returns_the_exact_bits";
        }
    };
}
