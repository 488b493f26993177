//! Rows of numbers, whatever their element.
//!
//! An `f16`, `bf16` or `i8` has the same value as the `f32` that it widens to, and so the same
//! canonical distances, bit for bit ([`iqdb_core::distance`]). So rows of these elements go through
//! the kernels, bounds and codes of rows of `f32`: kernels that score rows convert them in their
//! registers, and what needs rows of `f32` in memory has them [widened](crate::widen).

use iqdb_core::{Error, ErrorKind, Matrix, Result, RowsRef, bf16, f16};

use crate::kernel::{Engine, Isa, ScoreForm, Tile, Widen, prefetch_row};

/// Rows of numbers of one element.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numbers<'a> {
    F32(Matrix<'a, f32>),
    F16(Matrix<'a, f16>),
    BF16(Matrix<'a, bf16>),
    I8(Matrix<'a, i8>),
}

/// What an expression makes of the matrix of any element.
macro_rules! of_any {
    ($numbers:expr, $rows:ident => $result:expr) => {
        match $numbers {
            $crate::numbers::Numbers::F32($rows) => $result,
            $crate::numbers::Numbers::F16($rows) => $result,
            $crate::numbers::Numbers::BF16($rows) => $result,
            $crate::numbers::Numbers::I8($rows) => $result,
        }
    };
}
pub(crate) use of_any;

/// Rows of a matrix as a tile for the kernels.
macro_rules! tile {
    ($rows:expr, $list:expr) => {
        Tile::new($rows.components(), $rows.dim(), $rows.stride(), $list)
    };
}

impl<'a> Numbers<'a> {
    /// The rows that a block lent.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] for rows that are no numbers.
    pub(crate) fn of(rows: RowsRef<'a>) -> Result<Self> {
        match rows {
            RowsRef::F32(rows) => Ok(Self::F32(rows)),
            RowsRef::F16(rows) => Ok(Self::F16(rows)),
            RowsRef::BF16(rows) => Ok(Self::BF16(rows)),
            RowsRef::I8(rows) => Ok(Self::I8(rows)),
            rows => Err(no_numbers(&rows)),
        }
    }

    /// Writes the scores of the listed rows: [`Engine::scores`].
    pub(crate) fn scores(
        &self,
        engine: Engine,
        form: ScoreForm,
        query: &[f32],
        list: &[u32],
        out: &mut [f32],
    ) {
        of_any!(self, rows => engine.scores(form, query, &tile!(rows, list), out));
    }

    /// Writes the norms of the listed rows: [`Engine::norms`].
    pub(crate) fn norms(&self, engine: Engine, list: &[u32], out: &mut [f32]) {
        of_any!(self, rows => engine.norms(&tile!(rows, list), out));
    }

    /// Writes the inner products with the listed rows, and their norms: [`Engine::dots_and_norms`].
    pub(crate) fn dots_and_norms(
        &self,
        engine: Engine,
        query: &[f32],
        list: &[u32],
        dots: &mut [f32],
        norms: &mut [f32],
    ) {
        of_any!(self, rows => engine.dots_and_norms(query, &tile!(rows, list), dots, norms));
    }

    /// Row `n` as `f32`: lent, or widened into `room`.
    pub(crate) fn row<'b>(&self, n: usize, room: &'b mut Vec<f32>) -> &'b [f32]
    where
        'a: 'b,
    {
        fn widened<'b, T: Widen>(
            rows: &Matrix<'_, T>,
            n: usize,
            room: &'b mut Vec<f32>,
        ) -> &'b [f32] {
            room.resize(rows.dim(), 0.0);
            T::widen(Isa::widest(), rows.row(n), room);
            room
        }
        match self {
            Self::F32(rows) => rows.row(n),
            Self::F16(rows) => widened(rows, n, room),
            Self::BF16(rows) => widened(rows, n, room),
            Self::I8(rows) => widened(rows, n, room),
        }
    }

    /// Prefetches the front of row `n` into the cache.
    pub(crate) fn prefetch(&self, n: usize) {
        of_any!(self, rows => prefetch_row(rows.row(n)));
    }
}

#[cold]
fn no_numbers(rows: &RowsRef<'_>) -> Error {
    Error::new(ErrorKind::ContractViolation, "a source lent rows that are no numbers")
        .found(format_args!("{rows:?}"))
}
