//! `iqdb info`: what a database is and how large.

use indicatif::{DecimalBytes, HumanCount};
use serde::Serialize;

use crate::args::InfoArgs;
use crate::count::counted;
use crate::database;
use crate::exit::Failure;
use crate::screen::Screen;

/// What there is to say. The fields are the keys of the JSON object, in this order.
#[derive(Debug, Serialize)]
struct Info {
    database: String,
    dim: usize,
    metric: &'static str,
    records: u64,
    version: u64,
    bytes: u64,
    segments: usize,
    dead_rows: u64,
}

/// Describes the database.
///
/// # Errors
/// Those of the database and of the output.
pub(crate) fn run(args: &InfoArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open_read_only(&args.database)?;
    let (schema, snapshot) = (database.schema(), database.snapshot()?);
    let stats = database::stats(&database)?;
    let info = Info {
        database: args.database.display().to_string(),
        dim: schema.dim(),
        metric: schema.metric().as_str(),
        records: snapshot.len(),
        version: snapshot.version().0,
        bytes: stats.bytes,
        segments: stats.segments,
        dead_rows: stats.dead_rows,
    };
    if args.json {
        let line = serde_json::to_string(&info).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
        return Ok(());
    }
    let lines = [
        ("database", info.database),
        ("schema", schema.to_string()),
        ("records", HumanCount(info.records).to_string()),
        ("version", HumanCount(info.version).to_string()),
        (
            "on disk",
            format!(
                "{}, {}, {} deleted or replaced",
                DecimalBytes(info.bytes),
                counted(info.segments as u64, "segment"),
                counted(info.dead_rows, "row"),
            ),
        ),
    ];
    for (name, value) in lines {
        writeln!(screen.out, "{} {value}", screen.faint().apply_to(format!("{name:<9}")))?;
    }
    Ok(())
}
