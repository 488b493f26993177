//! The list of defects: a sentence about each, and the cases that must catch it.
//!
//! The modules beside this one implement them; `lists` has the list, in parts.

/// The stores that defects are planted in. What a defect has to do with no particular one is in the
/// naive store and its search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    /// The naive store.
    Store,
    /// The store of records in a map, which is fast enough for many of them.
    Map,
    /// The durable store.
    Log,
    /// The store in files.
    Files,
    /// The store whose defects are races.
    Racing,
    /// The store that promises that its reads wait for no writer.
    Cached,
    /// The store that sends candidates.
    Remote,
}

join! { [
    of_writes of_reads of_searches
    of_values of_ids of_reopened of_scale of_texts of_fusions of_further of_equals of_large_batches of_questions of_bulk of_races of_counts of_crashes
    not_yet
    of_not_yet
] }
