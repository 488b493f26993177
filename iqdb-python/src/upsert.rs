//! Records to write, by columns: ids, a matrix for each field, payloads.

use std::ops::Range;

use iqdb::storage::IdColumn;
use iqdb::{Applied, Batch, Field, IdRef, Iqdb, Payload, Record, Rows, Schema, Vector};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::errors::{Result, type_name};
use crate::explain;
use crate::interrupt::{self, Effort};
use crate::vectors::{self, Column};
use crate::{ids, values};

/// How many payloads are read before signals are looked for.
const READ_AT_ONCE: usize = 1_024;

/// What Python passed.
pub(crate) struct Input<'py> {
    ids: IdColumn,
    fields: Vec<(String, Column<'py>)>,
    payloads: Option<Bound<'py, PyList>>,
}

impl<'py> Input<'py> {
    /// Reads the arguments of a write: one record, or many.
    pub(crate) fn read(
        schema: &Schema,
        ids: &Bound<'py, PyAny>,
        vectors: Option<&Bound<'py, PyAny>>,
        payloads: Option<&Bound<'py, PyAny>>,
    ) -> Result<Self> {
        let py = ids.py();
        let is_one = ids::is_one(ids)?;
        let listed = |object: &Bound<'py, PyAny>| -> PyResult<Bound<'py, PyAny>> {
            match is_one {
                true => Ok(PyList::new(py, [object])?.into_any()),
                false => Ok(object.clone()),
            }
        };
        let ids = ids::column(&listed(ids)?)?;
        let rows = ids.len();
        let mut fields = Vec::new();
        for (name, vectors) in named(vectors)? {
            let field = match &name {
                Some(name) => schema.field(name),
                None => schema.default_field(),
            }?;
            let kind = schema.fields()[field.index()].kind();
            let column = vectors::column(&listed(&vectors)?, kind, rows)?;
            let name = name.unwrap_or_else(|| Field::DEFAULT.to_owned());
            if let Column::Matrix(matrix) = &column
                && let Some(first) = matrix.first(kind)?
                && let Some(id) = ids.get(0)
            {
                let checked = schema.check_vector(&name, Some(first.as_ref()));
                checked.map_err(|error| error.with_id(&id.to_id()))?;
            }
            fields.push((name, column));
        }
        let payloads = payloads.filter(|payloads| !payloads.is_none());
        let payloads =
            payloads.map(|payloads| payload_list(&listed(payloads)?, rows)).transpose()?;
        Ok(Self { ids, fields, payloads })
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    fn payload(&self, row: usize) -> Result<Payload> {
        let Some(payloads) = &self.payloads else { return Ok(Payload::new()) };
        if row.is_multiple_of(READ_AT_ONCE) {
            interrupt::look(payloads.py())?;
        }
        match values::payload(&payloads.get_item(row)?) {
            Ok(payload) => Ok(payload),
            Err(crate::errors::Failure::Iqdb(error)) => {
                Err(error.with_id(&self.ids.at(row).to_id()).into())
            }
            Err(error) => Err(error),
        }
    }

    /// The records of some rows.
    pub(crate) fn records(&self, rows: Range<usize>) -> Result<Vec<Record>> {
        rows.map(|row| {
            let mut record = Record::without_vector(self.ids.at(row).to_id());
            for (name, column) in &self.fields {
                record.set_vector(name.clone(), column.vector(row)?);
            }
            Ok(record.with_payload(self.payload(row)?))
        })
        .collect()
    }

    /// Some rows by columns, where every record has a vector in every field that was passed.
    fn columns(&self, schema: &Schema, rows: Range<usize>) -> Result<Option<Columns>> {
        let mut fields = Vec::new();
        for (name, column) in &self.fields {
            let Column::Matrix(matrix) = column else { return Ok(None) };
            fields.push((name.clone(), matrix.components(rows.clone())?));
        }
        let ids = rows.clone().map(|row| self.ids.at(row)).collect();
        let payloads = match self.payloads {
            Some(_) => Some(rows.map(|row| self.payload(row)).collect::<Result<Vec<_>>>()?),
            None => None,
        };
        Ok(Some(Columns { schema: schema.clone(), ids, fields, payloads }))
    }
}

/// Copies of some rows, to be checked and written without the interpreter.
struct Columns {
    schema: Schema,
    ids: IdColumn,
    fields: Vec<(String, iqdb::storage::Components)>,
    payloads: Option<Vec<Payload>>,
}

impl Columns {
    fn rows(self) -> iqdb::Result<Rows> {
        let mut rows = Rows::with_ids(&self.schema, self.ids)?;
        for (name, components) in self.fields {
            rows = rows.with_vectors(&name, components)?;
        }
        match &self.payloads {
            Some(payloads) => rows.with_payloads(payloads),
            None => Ok(rows),
        }
    }
}

impl Column<'_> {
    fn vector(&self, row: usize) -> Result<Option<Vector>> {
        match self {
            Self::Each(vectors) => Ok(vectors[row].clone()),
            Self::Matrix(matrix) => matrix.row(row).map(Some),
        }
    }
}

/// How many components the dense vectors of a record have.
pub(crate) fn components(schema: &Schema) -> usize {
    schema.fields().iter().filter_map(|field| field.kind().dim()).sum()
}

/// Inserts or replaces the records, `batch_rows` of them in a batch, each batch whole or not at all.
pub(crate) fn upsert(
    py: Python<'_>,
    db: &Iqdb,
    input: &Input<'_>,
    batch_rows: usize,
) -> Result<explain::Applied> {
    let schema = db.schema();
    let components = components(&schema);
    let (mut total, mut done) = (explain::Applied::default(), 0_usize);
    loop {
        let rows = done..input.len().min(done.saturating_add(batch_rows.max(1)));
        let (count, end) = (rows.len(), rows.end);
        let mut applied = None;
        let written = write(py, db, &schema, input, rows, components, &mut applied);
        if let Some(applied) = applied {
            total.add(applied);
            done += count;
        }
        // A signal's handler may have raised behind the decision: the batch stays then.
        written.map_err(|failure| failure.with_acknowledged(py, done))?;
        if end == input.len() {
            return Ok(total);
        }
        interrupt::look(py).map_err(|failure| failure.with_acknowledged(py, done))?;
    }
}

fn write(
    py: Python<'_>,
    db: &Iqdb,
    schema: &Schema,
    input: &Input<'_>,
    rows: Range<usize>,
    components: usize,
    applied: &mut Option<Applied>,
) -> Result<()> {
    let effort = Effort::of(rows.len() as u64, 1, components);
    let columns = input.columns(schema, rows.clone())?;
    let records = if columns.is_none() { input.records(rows)? } else { Vec::new() };
    interrupt::run(py, effort, None, |budget| {
        let rows = match columns {
            Some(columns) => columns.rows()?,
            None => Rows::of_records(schema, &records)?,
        };
        *applied = Some(db.apply_within(&Batch::new().upsert_rows(rows), budget)?);
        Ok(())
    })
}

/// The vectors by the names of their fields. Without a name they are of the default field.
fn named<'py>(
    vectors: Option<&Bound<'py, PyAny>>,
) -> Result<Vec<(Option<String>, Bound<'py, PyAny>)>> {
    let Some(vectors) = vectors.filter(|vectors| !vectors.is_none()) else {
        return Ok(Vec::new());
    };
    // A dict of whole numbers is a sparse vector.
    if let Ok(dict) = vectors.cast::<PyDict>()
        && dict.keys().iter().all(|key| key.is_instance_of::<PyString>())
    {
        let entry = |entry: Bound<'py, PyAny>| {
            let (name, of): (String, Bound<'py, PyAny>) = entry.extract()?;
            Ok((Some(name), of))
        };
        return dict.items().iter().map(entry).collect();
    }
    Ok(vec![(None, vectors.clone())])
}

/// The payloads row by row, of rows or of columns.
fn payload_list<'py>(payloads: &Bound<'py, PyAny>, rows: usize) -> Result<Bound<'py, PyList>> {
    let list = match payloads.cast::<PyList>() {
        // A copy: code that runs meanwhile may change the list.
        Ok(list) => list.get_slice(0, list.len()),
        Err(_) => {
            let helper = payloads.py().import("iqdb._columns")?;
            helper.call_method1("rows", (payloads, rows))?.cast_into::<PyList>().map_err(
                |error| {
                    iqdb::Error::new(iqdb::ErrorKind::InvalidPayload, "these are no payloads")
                        .found(type_name(&error.into_inner()))
                },
            )?
        }
    };
    if list.len() != rows {
        return Err(iqdb::Error::new(
            iqdb::ErrorKind::InvalidPayload,
            "there is not a payload for each id",
        )
        .expected(format_args!("{rows} payloads"))
        .found(list.len())
        .into());
    }
    Ok(list)
}

/// The ids that were passed, one or many.
pub(crate) fn id_list(object: &Bound<'_, PyAny>) -> Result<Vec<iqdb::RecordId>> {
    match ids::is_one(object)? {
        true => Ok(vec![ids::from_python(object)?]),
        false => Ok(ids::column(object)?.iter().map(IdRef::to_id).collect()),
    }
}
