//! `iqdb info`: what a database is and how large.

use std::fmt;

use indicatif::{DecimalBytes, HumanCount};
use iqdb::{Computation, Element, Field, FieldKind, FileStats, IndexStats, Iqdb, LockedBy, Metric};
use serde::Serialize;

use crate::args::InfoArgs;
use crate::count::counted;
use crate::database;
use crate::exit::Failure;
use crate::screen::{Screen, printable};

/// What there is to say. The fields are the keys of the JSON object, in this order.
#[derive(Debug, Serialize)]
struct Info {
    database: String,
    id: String,
    fields: Vec<FieldInfo>,
    records: u64,
    version: u64,
    bytes: u64,
    segments: usize,
    dead_rows: u64,
    log_bytes: u64,
    log_bytes_max: u64,
    locked_by: &'static str,
}

/// What there is to say of a field.
#[derive(Debug, Serialize)]
struct FieldInfo {
    name: String,
    element: &'static str,
    /// In components or bits; none for sparse vectors and texts.
    dim: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    analyzer: Option<&'static str>,
    /// The path of the payload that a text field is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<IndexInfo>,
}

/// What there is to say of the index of a field.
#[derive(Debug, Serialize)]
struct IndexInfo {
    rows: u64,
    clusters: u64,
    bytes: u64,
    version: u64,
    epoch: String,
    /// The highest recall that was measured, for 1, 10 and 100 hits.
    recall_max: [f32; 3],
}

impl From<IndexStats> for IndexInfo {
    fn from(stats: IndexStats) -> Self {
        let IndexStats { rows, clusters, bytes, version, epoch, recall_max, .. } = stats;
        let (version, epoch) = (version.0, format!("{epoch:032x}"));
        Self { rows, clusters, bytes, version, epoch, recall_max }
    }
}

impl fmt::Display for IndexInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, of_10, _] = self.recall_max;
        write!(
            f,
            "{} in {}, {}, recall of 10 hits up to {of_10:.4}, epoch {}",
            counted(self.rows, "row"),
            counted(self.clusters, "cluster"),
            DecimalBytes(self.bytes),
            self.epoch,
        )
    }
}

impl From<&Field> for FieldInfo {
    fn from(field: &Field) -> Self {
        let kind = field.kind();
        let analyzer = match kind {
            FieldKind::Computed(Computation::Text(analyzer)) => Some(analyzer.name()),
            _ => None,
        };
        Self {
            name: field.name().to_owned(),
            element: match kind {
                FieldKind::Computed(Computation::Text(_)) => "text",
                FieldKind::Computed(_) => "computed",
                kind => kind.element().map_or("sparse", Element::as_str),
            },
            dim: kind.dim(),
            metric: kind.metric().map(Metric::as_str),
            analyzer,
            source: field.source().map(ToString::to_string),
            index: None,
        }
    }
}

/// What there is to say of each field, its index included.
fn fields_of(database: &Iqdb) -> Result<Vec<FieldInfo>, Failure> {
    let fields = database.schema();
    let fields = fields.fields().iter().map(|field| {
        let index = database.index_stats(field.name())?.map(IndexInfo::from);
        Ok(FieldInfo { index, ..FieldInfo::from(field) })
    });
    fields.collect()
}

/// What keeps other writers out.
fn lock_of(locked_by: LockedBy) -> (&'static str, &'static str) {
    match locked_by {
        LockedBy::DirectoryAndFile => {
            ("directory and file", "of the directory and of a file in it")
        }
        LockedBy::Directory => ("directory", "of the directory alone"),
        LockedBy::File => ("file", "of a file alone: the directory can't be locked"),
        _ => ("unknown", "unknown"),
    }
}

/// How much there is of the log. A log beyond its bound has not been sealed when it was time.
fn log_of(stats: &FileStats) -> String {
    let (bytes, most) = (DecimalBytes(stats.log_bytes), DecimalBytes(stats.log_bytes_max));
    if stats.log_bytes <= stats.log_bytes_max {
        return format!("{bytes}, sealed at {most}");
    }
    format!("{bytes}, more than {most}: it is sealed at the next write, unless checkpoints fail")
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
        fields: fields_of(&database)?,
        records: snapshot.len(),
        version: snapshot.version().0,
        bytes: stats.bytes,
        segments: stats.segments,
        dead_rows: stats.dead_rows,
        id: format!("{:032x}", stats.database),
        log_bytes: stats.log_bytes,
        log_bytes_max: stats.log_bytes_max,
        locked_by: lock_of(stats.locked_by).0,
    };
    if args.json {
        let line = serde_json::to_string(&info).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
        return Ok(());
    }
    let field = |field: &Field| ("field", printable(&field.to_string()));
    let mut lines = vec![("database", info.database), ("id", info.id)];
    for (of_schema, info) in schema.fields().iter().zip(&info.fields) {
        lines.push(field(of_schema));
        lines.extend(info.index.iter().map(|index| ("  index", index.to_string())));
    }
    lines.extend([
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
        ("log", log_of(&stats)),
        ("lock", lock_of(stats.locked_by).1.to_owned()),
    ]);
    for (name, value) in lines {
        writeln!(screen.out, "{} {value}", screen.faint().apply_to(format!("{name:<9}")))?;
    }
    Ok(())
}
