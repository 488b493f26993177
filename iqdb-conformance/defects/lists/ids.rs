//! Defects in ids and their order.

macro_rules! of_ids {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// Numbers are keyed as doubles, so that 2^53 and 2^53 + 1 are one id.
            NumbersAreDoubles in Map by "values::ids_that_look_alike_never_meet";
            /// Numbers are keyed by their lower 32 bits.
            NumbersAreOf32Bits in Map by "values::ids_that_look_alike_never_meet";
            /// Numbers are keyed as signed ones, and those beyond as the greatest of them.
            NumbersSaturateAsSigned in Map by "values::ids_that_look_alike_never_meet";
            /// UUIDs are keyed as if all were of version 4.
            UuidsAreOfVersion4 in Map by "values::ids_that_look_alike_never_meet";
            /// UUIDs are keyed by their last ten bytes.
            UuidsAreTheirLastTenBytes in Map by "values::ids_that_look_alike_never_meet";
            /// Texts are keyed by a hash of Java, and not compared.
            TextsAreTheirJavaHash in Map by "values::ids_that_look_alike_never_meet";
            /// Texts are keyed by an FNV hash of 32 bits, and not compared.
            TextsAreTheirFnvHash in Map by "values::ids_that_look_alike_never_meet";
            /// Texts are keyed by their CRC-32, and not compared.
            TextsAreTheirCrc32 in Map by "values::ids_that_look_alike_never_meet";
            /// Texts that read as a UUID are keyed in lower case.
            TextsOfUuidsIgnoreCase in Map by "values::ids_that_look_alike_never_meet";
            /// Texts are the names of files, and dots between slashes are resolved.
            DotsOfPathsAreResolved in Map by "values::ids_that_look_alike_never_meet";
            /// Texts are the names of folders, and deleting one deletes what is below it.
            IdsAreFolders in Map by "values::ids_that_look_alike_never_meet";
            /// Pages order numbers as signed ones.
            PagesOrderNumbersAsSigned in Map by "values::ids_that_look_alike_never_meet";
            /// Pages order UUIDs as two signed numbers, as Java does.
            PagesOrderUuidsAsSigned in Map by "values::ids_that_look_alike_never_meet";
            /// Pages order texts in any case, as in SQL.
            PagesOrderTextsOfAnyCase in Map by "values::ids_that_look_alike_never_meet";
            /// Pages order texts by their UTF-16 units.
            PagesOrderTextsByUtf16 in Map by "values::ids_that_look_alike_never_meet";
            /// Equally near records are ordered by the UTF-16 units of their ids.
            TiesByUtf16 in Map by "values::ids_that_look_alike_never_meet";
            /// Equally near records are ordered by the lower 32 bits of their numbers.
            TiesByTheLower32Bits in Map by "values::ids_that_look_alike_never_meet";
            /// Equally near records are ordered by the bytes that Windows keeps of UUIDs.
            TiesByGuidsOfWindows in Map by "values::ids_that_look_alike_never_meet";
            /// Equally near records are ordered by their ids in lower case.
            TiesByTextsOfAnyCase in Map by "values::ids_that_look_alike_never_meet";
        }
    };
}
