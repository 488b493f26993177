//! Searches whose hits are grouped, chosen so that they differ, or ranked by an expression.

use iqdb::{Field, Input, Iqdb, QueryBuilder, RecordId, Result};

use super::show;
use crate::args::SearchArgs;
use crate::exit::Failure;
use crate::screen::Screen;

/// Whether the hits are grouped, chosen or ranked.
pub(super) fn is_wanted(args: &SearchArgs) -> bool {
    args.group_by.is_some() || args.diversify.is_some() || args.rerank.is_some()
}

/// Asks for groups of hits, for hits that differ or for ranked ones, and shows them as those of query number `number`.
pub(super) fn ask(
    database: &Iqdb,
    args: &SearchArgs,
    (field, like): (&Field, Option<&RecordId>),
    (number, input, name): (usize, Input<'_>, &str),
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let query = match (input, like) {
        (_, Some(id)) => database.like(id.clone()).on(field.name()),
        (Input::Vector(vector), None) => database.query(vector.to_vector()).on(field.name()),
        // The name of a query for words is the words.
        _ => database.query_text(field.name(), name),
    };
    let query = narrowed(query.k(args.k).threads(args.threads).with_payload(), args);
    if let Some(lambda) = args.diversify {
        let hits = query.diversify(lambda, args.depth)?;
        return match args.json {
            true => show::json(screen, number, &hits),
            false => show::table(screen, name, &hits),
        };
    }
    if let Some(by) = &args.rerank {
        let hits = query.rerank(args.depth, by)?;
        return match args.json {
            true => show::scored_json(screen, number, &hits),
            false => show::scored_table(screen, name, &hits),
        };
    }
    let Some(path) = &args.group_by else { return Ok(()) };
    let groups = query.group_by(path.as_str(), args.k, args.per_group)?;
    match args.json {
        true => groups.iter().try_for_each(|group| show::group_json(screen, number, group)),
        false => show::groups(screen, (name, path), &groups),
    }
}

fn narrowed<'a>(query: QueryBuilder<'a>, args: &SearchArgs) -> QueryBuilder<'a> {
    match &args.filter {
        Some(filter) => query.filter(filter.clone()),
        None => query,
    }
}
