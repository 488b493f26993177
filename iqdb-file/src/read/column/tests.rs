//! What a column lends is what was packed; a column that no writer writes is damage.

use std::path::Path;

use iqdb_core::{Computation, Element, Metric, bf16};

use super::*;
use crate::fault::InjectedFault;
use crate::format::segment::layout::{HEADER, LINE, pieces};
use crate::options::ReadMode;
use crate::vfs::sim::SimVfs;
use crate::vfs::{Access, FileExt, Vfs};

const SPARSE: FieldKind = FieldKind::Sparse { metric: Metric::Dot };

const COMPUTED: FieldKind = FieldKind::Computed(Computation::TextLengths);

fn dense(dim: usize, element: Element) -> FieldKind {
    FieldKind::Dense { dim, metric: Metric::Dot, element }
}

/// A column of `len` vectors in a block of `rows` rows, whose parts have these bytes.
fn column(
    kind: FieldKind,
    (len, rows): (usize, usize),
    parts: [&[u8]; 4],
    read_mode: ReadMode,
) -> SegmentColumn {
    let (mut bytes, mut sections) = (Vec::new(), Vec::new());
    for part in parts {
        let start = (HEADER + bytes.len()) as u64;
        bytes.extend_from_slice(part);
        sections.push(start..start + part.len() as u64);
        bytes.resize(bytes.len().next_multiple_of(LINE), 0);
    }
    let vfs = SimVfs::new();
    let dir = vfs.open_dir(Path::new("")).unwrap();
    let file = dir.open("body", Access::Create).unwrap();
    file.write_all_at(&bytes, HEADER as u64).unwrap();
    let pieces = pieces(&bytes, HEADER as u64).collect();
    let of = (read_mode, InjectedFault::default());
    let body = Body::new("body".into(), file.into(), of, pieces, sections.into()).unwrap();
    SegmentColumn::new(Arc::new(body), kind, (len, rows), 0)
}

fn bytes<T: bytemuck::NoUninit>(numbers: &[T]) -> &[u8] {
    bytemuck::cast_slice(numbers)
}

const MODES: [ReadMode; 2] = [ReadMode::Map, ReadMode::Copy];

#[test]
fn packed_vectors_are_lent() {
    for mode in MODES {
        let mut rows = Vec::new();
        for n in 0..3_i16 {
            rows.extend_from_slice(bytes(&[bf16::from_f32(n.into()); 3]));
            rows.resize(rows.len().next_multiple_of(LINE), 0);
        }
        let parts = [&rows[..], bytes(&[1_u32, 4, 5]), &[], &[]];
        let column = column(dense(3, Element::BF16), (3, 6), parts, mode);
        let lent = column.lend().unwrap().unwrap();
        assert_eq!(lent.rows_of(), Some(&[1, 4, 5][..]));
        let RowsRef::BF16(matrix) = lent.rows(1..3).unwrap() else { panic!("another kind") };
        assert_eq!((matrix.len(), matrix.row(1)), (2, &[bf16::from_f32(2.0); 3][..]));
        let RowsRef::BF16(matrix) = lent.rows_some(0..3, &[2]).unwrap() else {
            panic!("another kind")
        };
        assert_eq!(matrix.row(2), [bf16::from_f32(2.0); 3]);
        column.check_all().unwrap();
    }
}

#[test]
fn packed_terms_are_lent() {
    let (ends, indices, weights) = ([0_u64, 1, 4], [9_u32, 1, 2, 8], [1.0_f32, 2.0, 3.0, 4.0]);
    for mode in MODES {
        let parts = [bytes(&indices), &[], bytes(&ends), bytes(&weights)];
        let column = column(SPARSE, (2, 2), parts, mode);
        let lent = column.lend().unwrap().unwrap();
        assert_eq!(lent.rows_of(), None);
        for range in [0..2, 1..2] {
            let RowsRef::Sparse(csr) = lent.rows(range.clone()).unwrap() else {
                panic!("another kind")
            };
            assert_eq!(csr.row(range.len() - 1), (&indices[1..], &weights[1..]));
        }
        column.check_all().unwrap();
    }
}

#[test]
fn computed_rows_of_any_length_are_lent() {
    let (ends, content) = ([0_u64, 3, 3, 7], b"abcdefg");
    for mode in MODES {
        let parts = [&content[..], bytes(&[1_u32, 2, 5]), bytes(&ends), &[]];
        let column = column(COMPUTED, (3, 6), parts, mode);
        let lent = column.lend().unwrap().unwrap();
        assert_eq!(lent.rows_of(), Some(&[1, 2, 5][..]));
        for (range, expected) in
            [(0..3, vec!["abc", "", "defg"]), (1..3, vec!["", "defg"]), (1..2, vec![""])]
        {
            let RowsRef::Bytes(rows) = lent.rows(range.clone()).unwrap() else {
                panic!("another kind")
            };
            let found = (0..rows.len()).map(|n| rows.row(n));
            assert!(found.eq(expected.iter().map(|row| row.as_bytes())), "{range:?}");
        }
        let RowsRef::Bytes(rows) = lent.rows_some(1..3, &[1]).unwrap() else {
            panic!("another kind")
        };
        assert_eq!((rows.len(), rows.row(1)), (2, &b"defg"[..]));
        column.check_all().unwrap();
        // A row that was not asked for is an error, or lends nothing of another.
        let _ = lent.rows_some(0..1, &[7]);
    }
}

#[test]
fn a_column_without_vectors_is_none_and_rows_beyond_it_are_refused() {
    let none = column(SPARSE, (0, 7), [&[]; 4], ReadMode::Copy);
    assert!(none.lend().unwrap().is_none());
    none.check_all().unwrap();
    let row = [0_u8; 64];
    let one = column(dense(3, Element::F32), (1, 1), [&row, &[], &[], &[]], ReadMode::Map);
    #[allow(clippy::reversed_empty_ranges)]
    for range in [0..2, 1..0, 2..2, usize::MAX..usize::MAX] {
        let error = one.rows(range.clone()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContractViolation, "{range:?}");
        assert!(one.rows_some(range, &[]).is_err());
    }
}

#[test]
fn rows_that_make_no_sense_are_damage() {
    for rows_of in [[3_u32, 1], [1, 1], [1, 6], [1, u32::MAX]] {
        for mode in MODES {
            let vectors = [0_u8; 2 * 64];
            let parts = [&vectors[..], bytes(&rows_of), &[], &[]];
            let column = column(dense(16, Element::F32), (2, 6), parts, mode);
            assert_eq!(column.lend().unwrap_err().kind(), ErrorKind::Damaged, "{rows_of:?}");
            assert_eq!(column.check_all().unwrap_err().kind(), ErrorKind::Damaged);
        }
    }
}

#[test]
fn ends_that_make_no_sense_are_damage() {
    let (indices, weights) = ([1_u32, 2, 8], [2.0_f32; 3]);
    for ends in [
        [0_u64, 2, 1, 3],
        [1, 1, 2, 3],
        [0, 1, 2, 2],
        [0, 1, 2, 4],
        [0, 1, 2, u64::MAX],
        [0, 1, u64::MAX / 4, 3],
        [u64::MAX / 4, u64::MAX / 4, u64::MAX / 4, u64::MAX / 4],
    ] {
        for mode in MODES {
            let parts = [&[7_u8; 3][..], &[], bytes(&ends), &[]];
            let computed = self::column(COMPUTED, (3, 3), parts, mode);
            assert_eq!(computed.lend().unwrap_err().kind(), ErrorKind::Damaged, "{ends:?}");
            for range in [0..3, 1..2, 2..3] {
                if let Ok(RowsRef::Bytes(rows)) = computed.rows(range.clone()) {
                    assert!((0..range.len()).all(|n| rows.row(n).len() <= 3), "{ends:?}");
                }
                let _ = computed.rows_some(range, &[0]);
            }
            let parts = [bytes(&indices), &[], bytes(&ends), bytes(&weights)];
            let column = column(SPARSE, (3, 3), parts, mode);
            assert_eq!(column.lend().unwrap_err().kind(), ErrorKind::Damaged, "{ends:?}");
            // A caller that passes by the check gets no other terms for it, and no panic.
            for range in [0..3, 1..2, 2..3] {
                if let Ok(RowsRef::Sparse(csr)) = column.rows(range.clone()) {
                    assert!((0..range.len()).all(|n| csr.row(n).0.len() <= 3), "{ends:?}");
                }
            }
        }
    }
}

#[test]
fn vectors_that_are_none_are_found_by_a_full_check() {
    let infinite = [f32::INFINITY; 16];
    let parts = [bytes(&infinite), &[], &[], &[]];
    let column_of = |kind, parts| column(kind, (1, 1), parts, ReadMode::Map);
    let spare: &[u8] = &[0xff, 0xff, 0, 0, 0, 0, 0, 0];
    let sinking = [bytes(&[4_u32, 4]), &[], bytes(&[0_u64, 2]), bytes(&[1.0_f32, 1.0])];
    let zero = [bytes(&[4_u32]), &[], bytes(&[0_u64, 1]), bytes(&[0.0_f32])];
    for bad in [
        column_of(dense(16, Element::F32), parts),
        column_of(
            FieldKind::Dense { dim: 9, metric: Metric::Hamming, element: Element::Binary },
            [spare, &[], &[], &[]],
        ),
        column_of(SPARSE, sinking),
        column_of(SPARSE, zero),
    ] {
        assert_eq!(bad.check_all().unwrap_err().kind(), ErrorKind::Damaged, "{bad:?}");
    }
}
