//! The files of a benchmark, held against each other before anything is loaded.

use std::fs::File;

use iqdb::{
    Element, Error, ErrorKind, Field, FieldKind, Iqdb, Location, Metric, Result, Schema, VectorRef,
};

use crate::args::BenchArgs;
use crate::npy::{self, NpyReader};

/// What there is to search, and what to search for.
#[derive(Debug)]
pub(super) struct Input {
    /// Of which the field [`Field::DEFAULT`] is searched.
    pub(super) schema: Schema,
    pub(super) dim: usize,
    pub(super) metric: Metric,
    /// The rows to load, none of them read yet; none for a database.
    pub(super) base: Option<NpyReader<f32, File>>,
    /// How many rows are searched.
    pub(super) rows: usize,
    /// How many neighbours are asked for.
    pub(super) k: usize,
    queries: Vec<f32>,
    pub(super) truth: Option<Truth>,
}

/// The last true neighbour of each query: whatever is as near is a true neighbour, too.
#[derive(Debug)]
pub(super) struct Truth {
    pub(super) kth_rows: Vec<u64>,
}

impl Input {
    /// Opens the files, reads the queries and the truth, and checks that they fit each other and the
    /// database, if that is what is searched.
    pub(super) fn open(args: &BenchArgs, database: Option<&Iqdb>) -> Result<Self> {
        let base = args.base.as_deref().map(npy::open::<f32>).transpose()?;
        let mut queries = npy::open::<f32>(&args.queries)?;
        let (schema, rows, name) = match (&base, args.metric, database) {
            (_, _, Some(database)) => {
                let rows = usize::try_from(database.len()?).unwrap_or(usize::MAX);
                (database.schema(), rows, "the database".to_owned())
            }
            (Some(base), Some(metric), None) => {
                let schema = Schema::new(base.columns(), metric)
                    .map_err(|error| error.during(format!("reading {}", base.name())))?;
                let rows = args.limit.map_or(base.rows(), |limit| limit.min(base.rows()));
                (schema, rows, base.name().to_owned())
            }
            (_, _, None) => {
                return Err(Error::new(ErrorKind::InvalidQuery, "there is nothing to search")
                    .expected("a database, or a base and a metric"));
            }
        };
        let (dim, metric) = searched(&schema)?;
        if queries.columns() != dim {
            return Err(unfit(
                &queries,
                ErrorKind::DimensionMismatch,
                "the queries don't fit the base",
            )
            .expected(format_args!("{dim} columns, as in {name}"))
            .found(queries.columns()));
        }
        let truth = match &args.truth {
            Some(path) => {
                let mut truth = npy::open::<i32>(path)?;
                let (queries, k) = (queries.rows(), args.k.min(rows));
                Some(match database {
                    // Its ids may be any row numbers, those of rows that were deleted left out.
                    Some(database) => {
                        let truth = Truth::read(&mut truth, usize::MAX, queries, k)?;
                        truth.check(database)?;
                        truth
                    }
                    None => Truth::read(&mut truth, rows, queries, k)?,
                })
            }
            None => None,
        };
        let (count, name) = (queries.rows(), queries.name().to_owned());
        let components = queries.read_all()?;
        for row in 0..count {
            let vector = VectorRef::new(&components[row * dim..(row + 1) * dim])?;
            check(&schema, vector, row, &queries)
                .map_err(|error| error.during(format!("reading {name}")))?;
        }
        Ok(Self { schema, dim, metric, base, rows, k: args.k, queries: components, truth })
    }

    /// The queries in order.
    pub(super) fn queries(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.queries.chunks_exact(self.dim)
    }
}

/// The dimension and the metric of the field that is searched.
fn searched(schema: &Schema) -> Result<(usize, Metric)> {
    match schema.kind(schema.default_field()?) {
        Some(FieldKind::Dense { dim, metric, element: Element::F32 }) => Ok((dim, metric)),
        _ => Err(Error::new(ErrorKind::NotSupported, "the field is not measured")
            .expected("vectors of f32 in the field vector")
            .found(schema)),
    }
}

/// Checks that a row can be stored or asked for; an error says where it stands.
pub(super) fn check(
    schema: &Schema,
    vector: VectorRef<'_>,
    row: usize,
    file: &NpyReader<f32, File>,
) -> Result<()> {
    schema.check_vector(Field::DEFAULT, Some(vector)).map_err(|error| {
        error.at(Location::Byte(file.byte_of(row, 0))).found(format_args!("zeros in row {row}"))
    })
}

impl Truth {
    fn read(
        file: &mut NpyReader<i32, File>,
        base_rows: usize,
        query_count: usize,
        k: usize,
    ) -> Result<Self> {
        if file.rows() != query_count {
            return Err(unfit(
                file,
                ErrorKind::InvalidQuery,
                "the truth is not that of the queries",
            )
            .expected(format_args!("{query_count} rows, one per query"))
            .found(file.rows()));
        }
        if file.columns() < k {
            return Err(unfit(
                file,
                ErrorKind::InvalidQuery,
                "the truth does not reach as far as k",
            )
            .expected(format_args!("at least {k} columns"))
            .found(file.columns())
            .hint("ask for fewer neighbours with -k"));
        }
        let items = file.read_all()?;
        let row_of = |item: usize| {
            u64::try_from(items[item]).ok().filter(|row| *row < base_rows as u64).ok_or_else(|| {
                let (query, rank) = (item / file.columns(), item % file.columns());
                unfit(file, ErrorKind::InvalidQuery, "the truth is not that of the base")
                    .at(Location::Byte(file.byte_of(query, rank)))
                    .expected(format_args!("row numbers from 0 to {}", base_rows - 1))
                    .found(format_args!("{} in row {query}, column {rank}", items[item]))
            })
        };
        for item in 0..items.len() {
            row_of(item)?;
        }
        let kth = |query: usize| row_of(query * file.columns() + k - 1);
        Ok(Self { kth_rows: (0..query_count).map(kth).collect::<Result<_>>()? })
    }
}

impl Truth {
    /// Checks that the rows it names are ids of records.
    fn check(&self, database: &Iqdb) -> Result<()> {
        for &row in &self.kth_rows {
            if database.get(row)?.is_none() {
                return Err(Error::new(ErrorKind::InvalidQuery, "the truth names row numbers")
                    .during("reading the truth")
                    .expected("records whose ids are row numbers")
                    .found(format_args!("no record {row}"))
                    .hint("leave out --truth, or import the vectors without ids"));
            }
        }
        Ok(())
    }
}

/// A file that is whole and yet of no use beside the others.
fn unfit<T: npy::Element>(
    file: &NpyReader<T, File>,
    kind: ErrorKind,
    message: &'static str,
) -> Error {
    Error::new(kind, message).during(format!("reading {}", file.name()))
}
