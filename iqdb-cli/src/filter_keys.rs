//! Keys that a filter names and no record has: mostly misspelt ones, with which a filter matches nothing.

use iqdb::filter::Expr;
use iqdb::{Filter, Path, Result, Snapshot, SnapshotExt};

use crate::exit::Failure;
use crate::screen::{Screen, printable};

/// Says on standard error which paths of the filter lead to no value in any record. Reads blocks until it
/// finds a record for each path: O(rows) where there is none.
///
/// # Errors
/// Those of the snapshot and of the output.
pub(crate) fn say_unknown(
    filter: Option<&Filter>,
    snapshot: &dyn Snapshot,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let mut paths = Vec::new();
    if let Some(filter) = filter.filter(|_| snapshot.len() > 0) {
        collect(filter, &mut paths)?;
    }
    for path in paths {
        let has = Filter::exists(path.clone());
        let first = snapshot.records(Some(&has)).next();
        if first.transpose()?.is_none() {
            let path = printable(&path.to_string());
            writeln!(screen.err, "note: no record has the key {path}, which the filter names")?;
        }
    }
    Ok(())
}

/// The paths that the filter names, each once.
fn collect(filter: &Filter, paths: &mut Vec<Path>) -> Result<()> {
    match filter.expr()? {
        Expr::And(operands) | Expr::Or(operands) => {
            operands.iter().try_for_each(|operand| collect(operand, paths))
        }
        Expr::Not(operand) => collect(operand, paths),
        Expr::Is(predicate) => {
            if let Some(path) = predicate.path().filter(|path| !paths.contains(path)) {
                paths.push(path.clone());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
