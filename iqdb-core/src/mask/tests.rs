//! Tests of row masks.

use super::*;

#[test]
fn a_reused_mask_forgets_what_it_held() {
    let mut mask = RowMask::new();
    mask.set_all(200);
    mask.set_all(70);
    assert_eq!((mask.len(), mask.count()), (70, 70));
    assert!(!mask.contains(70));
    mask.clear_all(130);
    assert_eq!((mask.len(), mask.count()), (130, 0));
}

#[test]
fn rows_outside_are_never_set() {
    let mut mask = RowMask::new();
    mask.set_all(3);
    mask.clear(usize::MAX);
    assert!(!mask.contains(3) && !mask.contains(usize::MAX));
    assert_eq!(mask.count_in(2..usize::MAX), 1);
}

#[test]
fn a_range_is_cut_to_the_mask() {
    let mut mask = RowMask::new();
    #[allow(clippy::reversed_empty_ranges)]
    for (range, count) in [(0..9, 5), (3..4, 1), (7..9, 0), (4..2, 0)] {
        mask.set_range(5, range);
        assert_eq!((mask.len(), mask.count()), (5, count));
    }
    mask.set(4);
    mask.set(5);
    assert!(mask.rows().eq([4]));
}

#[test]
fn retain_asks_about_set_rows_only() {
    let mut mask = RowMask::new();
    mask.set_all(150);
    mask.retain(|row| Ok::<_, ()>(row % 3 == 0)).unwrap();
    let mut asked = Vec::new();
    mask.retain(|row| {
        asked.push(row);
        Ok::<_, ()>(row % 2 == 0)
    })
    .unwrap();
    assert!(asked.iter().all(|row| row % 3 == 0) && asked.len() == 50);
    assert!(mask.rows().eq((0..150).step_by(6)));
}

#[test]
fn retaining_words_is_retaining_rows() {
    for len in [0, 1, 63, 64, 65, 128, 200, 321] {
        let mut words = RowMask::new();
        words.set_all(len);
        words.retain(|row| Ok::<_, ()>(row % 5 != 1 && !(128..192).contains(&row))).unwrap();
        let mut rows = words.clone();
        let mut asked = Vec::new();
        words.retain_words(|first, set| {
            asked.push(first);
            assert_eq!(set.count_ones() as usize, rows.count_in(first..first + 64));
            (0..64).filter(|bit| (first + bit) % 3 == 0).fold(0, |kept, bit| kept | 1 << bit)
        });
        rows.retain(|row| Ok::<_, ()>(row % 3 == 0)).unwrap();
        assert_eq!(words, rows, "{len} rows");
        // In order, and not about the words that are empty.
        assert!(asked.iter().copied().eq((0..len).step_by(64).filter(|first| *first != 128)));
    }
}

#[test]
fn retaining_words_brings_no_row_to_life() {
    let mut mask = RowMask::new();
    mask.set_all(70);
    mask.clear(3);
    Narrow::new(&mut mask).retain_words(|_, _| u64::MAX);
    assert!(mask.rows().eq((0..70).filter(|row| *row != 3)));
    assert_eq!((mask.len(), mask.count()), (70, 69));
}

#[test]
fn the_rows_of_a_range_are_those_of_the_mask_within_it() {
    let mut mask = RowMask::new();
    mask.set_all(300);
    mask.retain(|row| Ok::<_, ()>(row % 7 == 0)).unwrap();
    #[allow(clippy::reversed_empty_ranges)]
    for range in [0..300, 0..0, 7..8, 8..14, 8..15, 63..129, 290..999, 400..500, 9..3] {
        let expected = mask.rows().filter(|row| range.contains(row));
        assert!(mask.rows_in(range.clone()).eq(expected), "{range:?}");
        let sixteen = (0..16).filter(|bit| mask.contains(range.start + bit));
        let sixteen = sixteen.fold(0, |rows, bit| rows | 1_u16 << bit);
        assert_eq!(mask.sixteen(range.start), sixteen, "{range:?}");
    }
}

#[test]
fn set_operations_are_those_of_sets() {
    let of = |len, rows: &[usize]| {
        let mut mask = RowMask::new();
        mask.set_all(len);
        mask.retain(|row| Ok::<_, ()>(rows.contains(&row))).unwrap();
        mask
    };
    let mut mask = of(100, &[1, 64, 99]);
    mask.intersect(&of(100, &[64, 99]));
    assert_eq!(mask, of(100, &[64, 99]));
    mask.unite(&of(100, &[0]));
    mask.subtract(&of(100, &[99]));
    assert_eq!(mask, of(100, &[0, 64]));
    let mut copy = of(500, &[400]);
    copy.copy_from(&mask);
    assert_eq!(copy, mask);
}
