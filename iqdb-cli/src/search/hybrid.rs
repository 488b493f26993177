//! A search for a vector and for words at once.

use iqdb::{Error, ErrorKind, Filter, Fused, Input, Iqdb, RecordId, Result};

use crate::args::SearchArgs;

/// Asks the first field for what is near the vector and the second for the words, and fuses the hits.
pub(super) fn ask(
    database: &Iqdb,
    args: &SearchArgs,
    [vectors, texts]: [&str; 2],
    (input, words): (Input<'_>, &str),
    like: Option<&RecordId>,
) -> Result<Fused> {
    let Input::Vector(vector) = input else {
        return Err(Error::new(ErrorKind::InvalidQuery, "a hybrid search begins with a vector"));
    };
    let parts = database.hybrid().dense(vectors, vector.to_vector()).text(texts, words);
    let mut query = parts.k(args.k).threads(args.threads).with_payload();
    if let Some(filter) = &args.filter {
        query = query.filter(filter.clone());
    }
    if let Some(id) = like {
        // The record itself is not what was asked for.
        query = query.filter(Filter::id_in([id.clone()]).not());
    }
    if let Some(by) = &args.rerank {
        query = query.rerank(args.depth, by);
    }
    query.explain()
}
