//! Opening databases: in memory, and in a directory.

use std::path::PathBuf;

use iqdb::{Durability, Iqdb};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::apart;
use crate::arguments::count;
use crate::database::Database;
use crate::errors::{Result, invalid_query};
use crate::schema::Schema;

/// Opens a new, empty database in memory.
///
/// >>> import iqdb
/// >>> iqdb.memory(dim=384, metric="dot")
/// Database(memory, vector: 384 components of f32, dot)
#[pyfunction]
#[pyo3(signature = (schema=None, *, dim=None, metric=None))]
pub(crate) fn memory(
    schema: Option<&Bound<'_, Schema>>,
    dim: Option<&Bound<'_, PyAny>>,
    metric: Option<&str>,
) -> Result<Database> {
    let schema = one_schema(schema, dim, metric)?.ok_or_else(|| {
        PyTypeError::new_err("memory() needs a schema, or dim= and, if it is not cosine, metric=")
    })?;
    Ok(Database::new(Iqdb::open_in_memory(schema)?, "memory".to_owned()))
}

/// Opens the database in a directory. With a schema or a dimension it is made when there is none;
/// one that is there must have its fields, and may have others that were added since.
///
/// `durability` is "immediate" (a write that returned is on the disk) or "relaxed" (it outlives the
/// process, and after `flush` the system). With `read_only` it is opened beside other readers, and not beside a
/// writer.
///
/// >>> import iqdb, tempfile
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     with iqdb.open(f"{folder}/docs.iqdb", dim=3, metric="cosine") as db:
/// ...         db.upsert("a", [1.0, 0.0, 0.0]).inserted
/// 1
#[pyfunction]
#[pyo3(signature = (
    path, schema=None, *, dim=None, metric=None, read_only=false, durability="immediate"
))]
pub(crate) fn open(
    py: Python<'_>,
    path: PathBuf,
    schema: Option<&Bound<'_, Schema>>,
    dim: Option<&Bound<'_, PyAny>>,
    metric: Option<&str>,
    read_only: bool,
    durability: &str,
) -> Result<Database> {
    let schema = one_schema(schema, dim, metric)?;
    let builder = Iqdb::builder().durability(match durability {
        "immediate" => Durability::Immediate,
        "relaxed" => Durability::Relaxed,
        other => {
            return Err(invalid_query("there is no such durability")
                .during("open")
                .expected("\"immediate\" or \"relaxed\"")
                .found(format_args!("{other:?}"))
                .into());
        }
    });
    let place = path.display().to_string();
    let named = place.clone();
    let db = apart::run(py, move |_| match schema {
        Some(schema) if read_only => {
            let db = builder.open_read_only(&path)?;
            check_schema(&named, &schema, &db.schema())?;
            Ok(db)
        }
        None if read_only => builder.open_read_only(&path),
        Some(schema) => builder.open_or_create(&path, schema),
        None => builder.open(&path),
    })?;
    Ok(Database::new(db, format!("{place:?}")))
}

/// Refuses a database that has other fields, unless they are those and ones that were added since.
fn check_schema(place: &str, expected: &iqdb::Schema, found: &iqdb::Schema) -> iqdb::Result<()> {
    if found.fields().starts_with(expected.fields()) {
        return Ok(());
    }
    let what = format!("{place}: the database has another schema");
    Err(iqdb::Error::new(iqdb::ErrorKind::InvalidSchema, what)
        .expected(expected)
        .found(found)
        .hint("open it with its own schema, or without one"))
}

fn one_schema(
    schema: Option<&Bound<'_, Schema>>,
    dim: Option<&Bound<'_, PyAny>>,
    metric: Option<&str>,
) -> Result<Option<iqdb::Schema>> {
    match (schema, dim, metric) {
        (Some(schema), None, None) => Ok(Some(schema.get().get())),
        (None, Some(dim), metric) => {
            let metric = metric.unwrap_or("cosine").parse()?;
            Ok(Some(iqdb::Schema::new(count(dim, "dim")?, metric)?))
        }
        (None, None, None) => Ok(None),
        (Some(_), ..) => {
            Err(PyTypeError::new_err("pass a schema, or dim= and metric=, and not both").into())
        }
        (None, None, Some(_)) => Err(PyTypeError::new_err("metric= belongs to dim=").into()),
    }
}
