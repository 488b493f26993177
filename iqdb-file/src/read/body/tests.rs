//! What is found in constant time is what looking at every piece finds.

use std::path::Path;

use fastrand::Rng;

use super::*;
use crate::vfs::sim::SimVfs;
use crate::vfs::{Access, Vfs};

/// A body of random pieces and of sections that follow each other, with its bytes.
fn body(rng: &mut Rng) -> Body {
    let mut end = HEADER as u64;
    let pieces: Vec<Piece> = (0..rng.usize(1..400))
        .map(|_| {
            let whole = PIECE_BYTES_MAX as u64;
            end += if rng.bool() { whole } else { rng.u64(1..=whole) };
            Piece { end, hash: 0 }
        })
        .collect();
    let mut at = HEADER as u64;
    let mut sections = Vec::new();
    while at < end {
        let next = end.min(at + rng.u64(0..8 * PIECE_BYTES_MAX as u64));
        sections.push(at..next);
        at = next;
    }
    let vfs = SimVfs::new();
    let dir = vfs.open_dir(Path::new("")).unwrap();
    let file = dir.open("body", Access::Create).unwrap();
    file.set_len(end).unwrap();
    let of = (ReadMode::Map, InjectedFault::default());
    Body::new("body".into(), file.into(), of, pieces.into(), sections.into()).unwrap()
}

#[test]
fn pieces_are_found_by_where_they_lie() {
    let mut rng = Rng::with_seed(1);
    for _ in 0..200 {
        let body = body(&mut rng);
        let end = body.pieces.last().unwrap().end;
        for _ in 0..100 {
            let start = rng.u64(body.start..end);
            let range = start..rng.u64(start..=end);
            let overlaps = |n: &usize| {
                let piece = body.range_of(*n);
                !range.is_empty() && piece.start < range.end && range.start < piece.end
            };
            let expected: Vec<usize> = (0..body.pieces.len()).filter(overlaps).collect();
            assert_eq!(body.pieces_of(range.clone()).collect::<Vec<_>>(), expected, "{range:?}");
        }
    }
}

#[test]
fn a_section_is_checked_when_all_of_its_pieces_are() {
    let mut rng = Rng::with_seed(2);
    let mut seen = [0; 2];
    for _ in 0..200 {
        let body = body(&mut rng);
        for word in &body.checked {
            // Mostly checked, so that now and then a whole section is.
            word.store(
                !(1 << rng.u32(0..64) & u64::from(rng.bool()).wrapping_neg()),
                Ordering::Release,
            );
        }
        for (slot, section) in body.sections.iter().enumerate() {
            let expected = body.pieces_of(section.clone()).all(|n| body.is_checked(n));
            assert_eq!(body.all_checked(slot), expected, "{section:?}");
            seen[usize::from(expected)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
}
