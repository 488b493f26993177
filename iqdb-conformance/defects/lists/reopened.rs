//! Defects in what is read back of the longest values and largest batches.

macro_rules! of_reopened {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// The length of an id is read back from one byte.
            IdLengthsAreOf8Bits in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// The length of a key is read back from one byte, and a key without a name ends the payload.
            KeyLengthsAreOf8Bits in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// The number of keys is read back from one byte.
            KeysAreCountedIn8Bits in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// The length of a text is read back from two bytes.
            TextLengthsAreOf16Bits in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// The length of a list is read back from two bytes.
            ListLengthsAreOf16Bits in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// Payloads are read back eight levels deep.
            EightLevelsAreReadBack in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// A dimension is read back from two bytes, and a vector of none is no vector.
            DimensionsAreOf16Bits in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// The number of terms of a sparse vector is read back from one byte.
            TermsAreOf8Bits in Log by "durable::what_is_at_the_limits_outlives_the_process";
            /// The number of changes of a batch is read back from one byte.
            ReopeningReads255Changes in Log by "durable::large_batches_outlive_the_process";
            /// The number of changes of a batch is read back from two bytes.
            ReopeningReads65535Changes in Log by "durable::large_batches_outlive_the_process";
            /// Recovery takes a frame of more than two megabytes for a torn one.
            LargeFramesAreTorn in Log by "durable::large_batches_outlive_the_process";
            /// The number of rows of a statement is read back from one byte.
            ReopeningReads255Rows in Log by "durable::large_batches_outlive_the_process";
        }
    };
}
