//! The way in: from one safe call to code compiled for the instruction set.

use super::{Coded, LINE_COMPONENTS, Sheet, Sums};

/// The instruction set that compares codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sieve(Isa);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isa {
    #[cfg(target_arch = "x86_64")]
    Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

impl Sieve {
    /// AVX-512 VNNI, where the machine has it.
    pub(crate) fn vnni() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vnni") {
            return Some(Self(Isa::Vnni));
        }
        None
    }

    /// AVX2, where the machine has it.
    pub(crate) fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            return Some(Self(Isa::Avx2));
        }
        None
    }

    /// NEON, which every 64-bit Arm machine has.
    pub(crate) fn neon() -> Option<Self> {
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Some(Self(Isa::Neon));
        }
        None
    }

    /// Plain Rust, for every machine.
    pub(crate) fn portable() -> Self {
        Self(Isa::Portable)
    }

    /// How many queries are compared at a time, when there are many.
    pub(crate) fn width(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Isa::Vnni => 8,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => 4,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => 2,
            Isa::Portable => 2,
        }
    }

    /// Writes which rows of each group of the sheet are left in question, a bit per row from the
    /// lowest up: those of query `q` from `q * sheet.groups()` on; and their sums at the same
    /// places. At most [`width`](Self::width) queries are looked at together.
    ///
    /// # Panics
    /// When a query is not of the sheet's depth, or there is not room for one mask per group and
    /// query in `left`, and as many sums.
    pub(crate) fn sift(
        self,
        sheet: &Sheet<'_>,
        queries: &[Coded<'_>],
        left: &mut [u16],
        sums: &mut [Sums],
    ) {
        let deep = sheet.shape.depth * LINE_COMPONENTS;
        let fit = queries.iter().all(|query| query.components.len() == deep);
        assert!(fit, "queries of the rows' dimension");
        assert_eq!(left.len(), queries.len() * sheet.groups(), "a mask per group and query");
        assert_eq!(sums.len(), left.len(), "sums per group and query");
        if sheet.groups() == 0 {
            return;
        }
        let width = self.width();
        let (masks, sums) =
            (left.chunks_mut(width * sheet.groups()), sums.chunks_mut(width * sheet.groups()));
        for ((queries, left), sums) in queries.chunks(width).zip(masks).zip(sums) {
            // SAFETY: the machine has the instruction set, or there would be no such `Sieve`; the
            // shapes were just checked.
            unsafe {
                match self.0 {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Vnni => vnni::sift(sheet, queries, left, sums),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => avx2::sift(sheet, queries, left, sums),
                    #[cfg(target_arch = "aarch64")]
                    Isa::Neon => neon::sift(sheet, queries, left, sums),
                    Isa::Portable => portable::sift(sheet, queries, left, sums),
                }
            }
        }
    }
}

/// The kernel compiled for one instruction set: how many queries at a time, and the features.
macro_rules! entry {
    ($name:ident, $dots:ty, $width:literal $(, $features:literal)?) => {
        mod $name {
            use crate::kernel::lanes::codes::{Coded, Sheet, Sums};

            /// # Safety
            /// As for the generic function.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn sift(
                sheet: &Sheet<'_>,
                queries: &[Coded<'_>],
                left: &mut [u16],
                sums: &mut [Sums],
            ) {
                if let Ok(queries) = <&[Coded<'_>; $width]>::try_from(queries) {
                    // SAFETY: as the caller says.
                    return unsafe {
                        super::super::sift::<$dots, $width, 1>(sheet, queries, left, sums)
                    };
                }
                let (left, sums) =
                    (left.chunks_mut(sheet.groups()), sums.chunks_mut(sheet.groups()));
                for ((query, left), sums) in queries.iter().zip(left).zip(sums) {
                    let query = std::array::from_ref(query);
                    // SAFETY: as the caller says.
                    unsafe { super::super::sift::<$dots, 1, 4>(sheet, query, left, sums) };
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
entry!(vnni, crate::kernel::lanes::codes::vnni::Vnni, 8, "avx512f,avx512vnni");
#[cfg(target_arch = "x86_64")]
entry!(avx2, crate::kernel::lanes::codes::avx2::Avx2, 4, "avx2");
#[cfg(target_arch = "aarch64")]
entry!(neon, crate::kernel::lanes::codes::neon::Neon, 2, "neon");
entry!(portable, crate::kernel::lanes::codes::portable::Portable, 2);
