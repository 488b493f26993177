//! Safe entry points, each of which dispatches to the kernel compiled for the instruction set.

use super::{Coded, LINE_COMPONENTS, Line, Shape, Sheet, Sums, Together};
use crate::kernel::prefetch;

/// The code kernel of one instruction set.
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

    /// How many queries of a batch the kernel compares at a time.
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

    /// Merges the planes of a sheet into `lines`, which the caller reuses from one sheet to the
    /// next.
    pub(crate) fn put_together<'a>(
        self,
        sheet: &Sheet<'_>,
        lines: &'a mut Vec<Line>,
    ) -> Together<'a> {
        let shape = sheet.shape;
        let count = sheet.groups() * shape.whole_lines();
        lines.resize(lines.len().max(count), Line::ZERO);
        let lines = &mut lines[..count];
        let asks = prefetch::are_asked_for();
        // SAFETY: the machine has the instruction set, or there would be no such `Sieve`; there is room
        // for all groups.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Vnni => vnni::put_together(sheet, lines, asks),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::put_together(sheet, lines, asks),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::put_together(sheet, lines, asks),
                Isa::Portable => portable::put_together(sheet, lines, asks),
            }
        }
        Together { lines, shape }
    }

    /// Filters rows by all four bits of their codes. Writes the candidates of each group, a bit per
    /// row from the lowest up: those of query `q` from `q * groups` on; and their sums at the same
    /// places. The kernel compares at most [`width`](Self::width) queries together.
    ///
    /// # Panics
    /// When a query is not of the rows' depth, or there is not room for one mask per group and
    /// query in `left`, and as many sums.
    pub(crate) fn sift(
        self,
        together: &Together<'_>,
        queries: &[Coded<'_>],
        left: &mut [u16],
        sums: &mut [Sums],
    ) {
        let groups = together.groups();
        check(together.shape, groups, queries, left, sums);
        if groups == 0 {
            return;
        }
        let width = self.width() * groups;
        let (masks, sums) = (left.chunks_mut(width), sums.chunks_mut(width));
        for ((queries, left), sums) in queries.chunks(self.width()).zip(masks).zip(sums) {
            // SAFETY: the machine has the instruction set, or there would be no such `Sieve`; the
            // shapes were just checked.
            unsafe {
                match self.0 {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Vnni => vnni::sift(together, queries, left, sums),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => avx2::sift(together, queries, left, sums),
                    #[cfg(target_arch = "aarch64")]
                    Isa::Neon => neon::sift(together, queries, left, sums),
                    Isa::Portable => portable::sift(together, queries, left, sums),
                }
            }
        }
    }

    /// The same, query by query and plane by plane, for the rows that `left` has a bit for
    /// beforehand: the kernel reads the upper bits of groups that have such a row, then the lowest
    /// bits of groups with surviving candidates. Returns how many groups it read of each plane; a
    /// group that several queries read counts once for each. It writes sums for the groups with
    /// candidates.
    ///
    /// # Panics
    /// As for [`sift`](Self::sift).
    pub(crate) fn sift_in_steps(
        self,
        sheet: &Sheet<'_>,
        queries: &[Coded<'_>],
        left: &mut [u16],
        sums: &mut [Sums],
    ) -> [usize; 2] {
        let groups = sheet.groups();
        check(sheet.shape, groups, queries, left, sums);
        let mut looked_at = [0; 2];
        let asks = prefetch::are_asked_for();
        for (n, query) in queries.iter().enumerate() {
            let here = n * groups..(n + 1) * groups;
            let (left, sums) = (&mut left[here.clone()], &mut sums[here]);
            // SAFETY: as for `sift`.
            let more = unsafe {
                match self.0 {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Vnni => vnni::sift_in_steps(sheet, query, left, sums, asks),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => avx2::sift_in_steps(sheet, query, left, sums, asks),
                    #[cfg(target_arch = "aarch64")]
                    Isa::Neon => neon::sift_in_steps(sheet, query, left, sums, asks),
                    Isa::Portable => portable::sift_in_steps(sheet, query, left, sums, asks),
                }
            };
            looked_at = [looked_at[0] + more[0], looked_at[1] + more[1]];
        }
        looked_at
    }
}

/// # Panics
/// When a query is not of the rows' depth, or there is not room.
fn check(shape: Shape, groups: usize, queries: &[Coded<'_>], left: &[u16], sums: &[Sums]) {
    let deep = shape.depth() * LINE_COMPONENTS;
    let fit = queries.iter().all(|query| query.components.len() == deep);
    assert!(fit, "queries of the rows' dimension");
    assert_eq!(left.len(), queries.len() * groups, "a mask per group and query");
    assert_eq!(sums.len(), left.len(), "sums per group and query");
}

/// The kernel compiled for one instruction set: how many queries at a time, and the features.
macro_rules! entry {
    ($name:ident, $dots:ty, $width:literal $(, $features:literal)?) => {
        mod $name {
            use crate::kernel::codes::filter::{self, Dots};
            use crate::kernel::codes::{Coded, Line, Sheet, Sums, Together};

            /// # Safety
            /// As for the generic function.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn put_together(sheet: &Sheet<'_>, to: &mut [Line], asks: bool) {
                // SAFETY: as the caller says.
                unsafe { filter::put_together::<<$dots as Dots>::Bits>(sheet, to, asks) }
            }

            /// # Safety
            /// As for the generic function.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn sift_in_steps(
                sheet: &Sheet<'_>,
                query: &Coded<'_>,
                left: &mut [u16],
                sums: &mut [Sums],
                asks: bool,
            ) -> [usize; 2] {
                // SAFETY: as the caller says.
                unsafe { filter::sift_in_steps::<$dots>(sheet, query, left, sums, asks) }
            }

            /// # Safety
            /// As for the generic function.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn sift(
                together: &Together<'_>,
                queries: &[Coded<'_>],
                left: &mut [u16],
                sums: &mut [Sums],
            ) {
                if let Ok(queries) = <&[Coded<'_>; $width]>::try_from(queries) {
                    // SAFETY: as the caller says.
                    return unsafe {
                        filter::sift::<$dots, $width, 1>(together, queries, left, sums)
                    };
                }
                let groups = together.groups();
                let (left, sums) = (left.chunks_mut(groups), sums.chunks_mut(groups));
                for ((query, left), sums) in queries.iter().zip(left).zip(sums) {
                    let query = std::array::from_ref(query);
                    // SAFETY: as the caller says.
                    unsafe { filter::sift::<$dots, 1, { filter::ALONE }>(together, query, left, sums) };
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
entry!(vnni, crate::kernel::codes::vnni::Vnni, 8, "avx512f,avx512vnni");
#[cfg(target_arch = "x86_64")]
entry!(avx2, crate::kernel::codes::avx2::Avx2, 4, "avx2");
#[cfg(target_arch = "aarch64")]
entry!(neon, crate::kernel::codes::neon::Neon, 2, "neon");
entry!(portable, crate::kernel::codes::portable::Portable, 2);
