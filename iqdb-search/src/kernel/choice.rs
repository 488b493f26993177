//! Which kernel computes the fast scores: the choice of a caller.

use std::fmt;
use std::str::FromStr;

use iqdb_core::{Error, ErrorKind, Result};

use super::isa::Isa;

/// The kernel that computes the fast scores. It never changes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Kernel {
    /// The fastest of the machine, going by measurements.
    #[default]
    Auto,
    /// simsimd, dispatched at run time to what the machine has.
    Simsimd,
    /// Our own, by AVX-512F.
    Avx512,
    /// Our own, by AVX2 and FMA.
    Avx2,
    /// Our own, by NEON.
    Neon,
    /// Our own, in plain Rust.
    Portable,
    /// No fast scores: every row is scored canonically. For tests, and as the specification.
    Reference,
}

impl Kernel {
    /// Every kernel, those that this machine doesn't have included.
    pub const ALL: [Self; 7] = [
        Self::Auto,
        Self::Simsimd,
        Self::Avx512,
        Self::Avx2,
        Self::Neon,
        Self::Portable,
        Self::Reference,
    ];

    /// The name: `auto`, `simsimd`, `avx512`, `avx2`, `neon`, `portable` or `reference`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Simsimd => "simsimd",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Portable => "portable",
            Self::Reference => "reference",
        }
    }

    /// Whether this machine has the kernel. A search with one that it doesn't have uses
    /// [`Portable`](Self::Portable), and says so in its [`Explain`](iqdb_core::Explain).
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Avx512 | Self::Avx2 | Self::Neon => self.isa().is_some(),
            _ => true,
        }
    }

    /// The widest instruction set of a kernel of our own, where the machine has one for it.
    pub(crate) fn isa(self) -> Option<Isa> {
        let sets: &[Isa] = match self {
            Self::Avx512 => &[Isa::Avx512Vnni, Isa::Avx512],
            Self::Avx2 => &[Isa::Avx2],
            Self::Neon => &[Isa::Neon],
            Self::Portable => &[Isa::Portable],
            Self::Auto | Self::Simsimd | Self::Reference => &[],
        };
        sets.iter().copied().find(|isa| isa.is_available())
    }

    /// The kernel of our own for an instruction set.
    pub(crate) fn of(isa: Isa) -> Self {
        match isa {
            Isa::Avx512Vnni | Isa::Avx512 => Self::Avx512,
            Isa::Avx2 => Self::Avx2,
            Isa::Neon => Self::Neon,
            Isa::Portable => Self::Portable,
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kernel {
    type Err = Error;

    /// Reads the name that [`as_str`](Self::as_str) gives.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidQuery, "there is no such kernel")
                .expected("auto, simsimd, avx512, avx2, neon, portable or reference")
                .found(format_args!("{text:?}"))
        })
    }
}
