//! The safe entry points of the code kernels. Each checks the shapes that it is given, and
//! dispatches with one match to the kernel that is compiled for the instruction set.

use super::coded_query::CodedQuery;
use super::layout::{CodePlanes, GroupLayout, MergedCodes};
use super::line::{CodeLine, LINE_COMPONENTS, Sums};
use crate::kernel::isa::Isa;
use crate::kernel::prefetch;

/// The code kernel of an instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeKernel(Isa);

impl CodeKernel {
    /// The kernel of the first of these instruction sets that the machine has, and the portable one
    /// if it has none.
    pub(crate) fn first_of(sets: &[Isa]) -> Self {
        Self(Isa::first_of(sets))
    }

    /// How many queries of a batch the kernel compares at a time.
    pub(crate) fn width(self) -> usize {
        match self.0 {
            Isa::Avx512Vnni => 8,
            Isa::Avx512 | Isa::Avx2 => 4,
            Isa::Neon | Isa::Portable => 2,
        }
    }

    /// Merges both planes into `lines`, which the caller reuses from one call to the next.
    pub(crate) fn merge_planes<'a>(
        self,
        planes: &CodePlanes<'_>,
        lines: &'a mut Vec<CodeLine>,
    ) -> MergedCodes<'a> {
        let layout = planes.layout();
        let count = planes.group_count() * layout.merged_lines();
        lines.resize(lines.len().max(count), CodeLine::ZERO);
        let lines = &mut lines[..count];
        let prefetches = prefetch::streams_need_prefetch();
        // SAFETY: the machine has the instruction set, or there would be no such kernel; there is room
        // for all groups.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni => vnni::merge_planes(planes, lines, prefetches),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 | Isa::Avx2 => avx2::merge_planes(planes, lines, prefetches),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::merge_planes(planes, lines, prefetches),
                _ => portable::merge_planes(planes, lines, prefetches),
            }
        }
        MergedCodes::new(lines, layout)
    }

    /// Filters rows by all four bits of their codes. Writes the candidates of each group, a bit per
    /// row from the lowest up: those of query `q` from `q * groups` on; and their sums at the same
    /// places. The kernel compares at most [`width`](Self::width) queries together.
    ///
    /// # Panics
    /// When a query is not of the rows' depth, or there is not room for one mask per group and
    /// query in `candidates`, and as many sums.
    pub(crate) fn filter(
        self,
        merged: &MergedCodes<'_>,
        queries: &[CodedQuery<'_>],
        candidates: &mut [u16],
        sums: &mut [Sums],
    ) {
        let groups = merged.group_count();
        check(merged.layout(), groups, queries, candidates, sums);
        if groups == 0 {
            return;
        }
        let width = self.width() * groups;
        let (masks, sums) = (candidates.chunks_mut(width), sums.chunks_mut(width));
        for ((queries, candidates), sums) in queries.chunks(self.width()).zip(masks).zip(sums) {
            // SAFETY: the machine has the instruction set, or there would be no such kernel; the
            // shapes were just checked.
            unsafe {
                match self.0 {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512Vnni => vnni::filter(merged, queries, candidates, sums),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 | Isa::Avx2 => avx2::filter(merged, queries, candidates, sums),
                    #[cfg(target_arch = "aarch64")]
                    Isa::Neon => neon::filter(merged, queries, candidates, sums),
                    _ => portable::filter(merged, queries, candidates, sums),
                }
            }
        }
    }

    /// The same, query by query and plane by plane, for the rows that `candidates` has a bit for
    /// beforehand: the kernel reads the upper bits of groups that have such a row, then the lowest
    /// bits of groups with surviving candidates. Returns how many groups it read of each plane; a
    /// group that several queries read counts once for each. It writes sums for the groups with
    /// candidates.
    ///
    /// # Panics
    /// As for [`filter`](Self::filter).
    pub(crate) fn filter_by_planes(
        self,
        planes: &CodePlanes<'_>,
        queries: &[CodedQuery<'_>],
        candidates: &mut [u16],
        sums: &mut [Sums],
    ) -> [usize; 2] {
        let groups = planes.group_count();
        check(planes.layout(), groups, queries, candidates, sums);
        let mut groups_read = [0; 2];
        let prefetches = prefetch::streams_need_prefetch();
        for (n, query) in queries.iter().enumerate() {
            let here = n * groups..(n + 1) * groups;
            let (candidates, sums) = (&mut candidates[here.clone()], &mut sums[here]);
            // SAFETY: as for `filter`.
            let more = unsafe {
                match self.0 {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512Vnni => {
                        vnni::filter_by_planes(planes, query, candidates, sums, prefetches)
                    }
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 | Isa::Avx2 => {
                        avx2::filter_by_planes(planes, query, candidates, sums, prefetches)
                    }
                    #[cfg(target_arch = "aarch64")]
                    Isa::Neon => {
                        neon::filter_by_planes(planes, query, candidates, sums, prefetches)
                    }
                    _ => portable::filter_by_planes(planes, query, candidates, sums, prefetches),
                }
            };
            groups_read = [groups_read[0] + more[0], groups_read[1] + more[1]];
        }
        groups_read
    }
}

/// # Panics
/// When a query is not of the rows' depth, or there is not room.
fn check(
    layout: GroupLayout,
    groups: usize,
    queries: &[CodedQuery<'_>],
    candidates: &[u16],
    sums: &[Sums],
) {
    let deep = layout.code_lines() * LINE_COMPONENTS;
    let fit = queries.iter().all(|query| query.components().len() == deep);
    assert!(fit, "queries of the rows' dimension");
    assert_eq!(candidates.len(), queries.len() * groups, "a mask per group and query");
    assert_eq!(sums.len(), candidates.len(), "sums per group and query");
}

/// The kernel compiled for one instruction set: how many queries at a time, and the features.
macro_rules! entry {
    ($name:ident, $accumulator:ty, $width:literal $(, $features:literal)?) => {
        mod $name {
            use crate::kernel::codes::coded_query::CodedQuery;
            use crate::kernel::codes::filter::{self, Accumulator};
            use crate::kernel::codes::layout::{CodePlanes, MergedCodes};
            use crate::kernel::codes::line::{CodeLine, Sums};

            /// # Safety
            /// As for the generic function.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn merge_planes(planes: &CodePlanes<'_>, to: &mut [CodeLine], prefetches: bool) {
                // SAFETY: as the caller says.
                unsafe { filter::merge_planes::<<$accumulator as Accumulator>::Bits>(planes, to, prefetches) }
            }

            /// # Safety
            /// As for the generic function.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn filter_by_planes(
                planes: &CodePlanes<'_>,
                query: &CodedQuery<'_>,
                candidates: &mut [u16],
                sums: &mut [Sums],
                prefetches: bool,
            ) -> [usize; 2] {
                // SAFETY: as the caller says.
                unsafe { filter::filter_by_planes::<$accumulator>(planes, query, candidates, sums, prefetches) }
            }

            /// # Safety
            /// As for the generic function.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn filter(
                merged: &MergedCodes<'_>,
                queries: &[CodedQuery<'_>],
                candidates: &mut [u16],
                sums: &mut [Sums],
            ) {
                if let Ok(queries) = <&[CodedQuery<'_>; $width]>::try_from(queries) {
                    // SAFETY: as the caller says.
                    return unsafe {
                        filter::filter::<$accumulator, $width, 1>(merged, queries, candidates, sums)
                    };
                }
                let groups = merged.group_count();
                let (candidates, sums) = (candidates.chunks_mut(groups), sums.chunks_mut(groups));
                for ((query, candidates), sums) in queries.iter().zip(candidates).zip(sums) {
                    let query = std::array::from_ref(query);
                    // SAFETY: as the caller says.
                    unsafe { filter::filter::<$accumulator, 1, { filter::CHAINS_OF_ONE }>(merged, query, candidates, sums) };
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
