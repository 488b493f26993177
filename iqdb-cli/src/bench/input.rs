//! The files of a benchmark, held against each other before anything is loaded.

use std::fs::File;

use iqdb::{Error, ErrorKind, Location, Result, Schema, VectorRef};

use crate::args::BenchArgs;
use crate::npy::{self, NpyReader};

/// What there is to search, and what to search for.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) schema: Schema,
    /// The rows to load, none of them read yet.
    pub(super) base: NpyReader<f32, File>,
    /// How many of them are loaded.
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
    /// Opens the files, reads the queries and the truth, and checks that they fit each other.
    pub(super) fn open(args: &BenchArgs) -> Result<Self> {
        let base = npy::open::<f32>(&args.base)?;
        let mut queries = npy::open::<f32>(&args.queries)?;
        let schema = Schema::new(base.columns(), args.metric)
            .map_err(|error| error.during(format!("reading {}", base.name())))?;
        if queries.columns() != schema.dim() {
            return Err(unfit(
                &queries,
                ErrorKind::DimensionMismatch,
                "the queries don't fit the base",
            )
            .expected(format_args!("{} columns, as in {}", schema.dim(), base.name()))
            .found(queries.columns()));
        }
        let rows = args.limit.map_or(base.rows(), |limit| limit.min(base.rows()));
        let truth = match &args.truth {
            Some(path) => {
                let mut truth = npy::open::<i32>(path)?;
                Some(Truth::read(&mut truth, rows, queries.rows(), args.k)?)
            }
            None => None,
        };
        let (count, name) = (queries.rows(), queries.name().to_owned());
        let components = queries.read_all()?;
        for row in 0..count {
            let start = row * schema.dim();
            let vector = VectorRef::new(&components[start..start + schema.dim()])?;
            check(&schema, vector, row, &queries)
                .map_err(|error| error.during(format!("reading {name}")))?;
        }
        Ok(Self { schema, base, rows, k: args.k, queries: components, truth })
    }

    /// The queries in order.
    pub(super) fn queries(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.queries.chunks_exact(self.schema.dim())
    }
}

/// Checks that a row can be stored or asked for; an error says where it stands.
pub(super) fn check(
    schema: &Schema,
    vector: VectorRef<'_>,
    row: usize,
    file: &NpyReader<f32, File>,
) -> Result<()> {
    schema.check_vector(vector).map_err(|error| {
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
        let k = k.min(base_rows);
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

/// A file that is whole and yet of no use beside the others.
fn unfit<T: npy::Element>(
    file: &NpyReader<T, File>,
    kind: ErrorKind,
    message: &'static str,
) -> Error {
    Error::new(kind, message).during(format!("reading {}", file.name()))
}
