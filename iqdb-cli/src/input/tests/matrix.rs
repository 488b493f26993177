//! `.fvecs` and `.fbin`.

use iqdb::Record;

use super::{RowHead, fbin, fvecs, matrix, refusals};

#[test]
fn rows_are_vectors_and_their_numbers_ids() {
    let rows: [&[f32]; 2] = [&[1.0, -0.0], &[3.0, f32::MAX]];
    let expected = [Record::new(0, rows[0]).unwrap(), Record::new(1, rows[1]).unwrap()];
    assert_eq!(matrix(RowHead::Dimension, &fvecs(&rows)).unwrap(), expected);
    assert_eq!(matrix(RowHead::Nothing, &fbin(2, &rows)).unwrap(), expected);
}

#[test]
fn what_is_not_whole_rows_of_one_dimension_is_refused() {
    let whole = fvecs(&[&[1.0, 2.0], &[3.0, 4.0]]);
    let other = fvecs(&[&[1.0, 2.0], &[3.0, 4.0], &[1.0], &[]]);
    let negative = [&(-1_i32).to_le_bytes()[..], &[0; 4]].concat();
    insta::assert_snapshot!(refusals([
        matrix(RowHead::Dimension, &whole[..whole.len() - 1]),
        matrix(RowHead::Dimension, &whole[..5]),
        matrix(RowHead::Dimension, &whole[..3]),
        matrix(RowHead::Dimension, &other),
        matrix(RowHead::Dimension, &negative),
        matrix(RowHead::Dimension, &fvecs(&[&[]])),
        matrix(RowHead::Dimension, &fvecs(&[&[1.0, f32::NAN]])),
        matrix(RowHead::Dimension, &[]),
    ]));
    let whole = fbin(2, &[&[1.0, 2.0], &[3.0, f32::INFINITY]]);
    let huge = [u32::MAX.to_le_bytes(), 65_536_u32.to_le_bytes()].concat();
    insta::assert_snapshot!(refusals([
        matrix(RowHead::Nothing, &whole),
        matrix(RowHead::Nothing, &whole[..whole.len() - 4]),
        matrix(RowHead::Nothing, &[&whole[..], &[0]].concat()),
        matrix(RowHead::Nothing, &whole[..7]),
        matrix(RowHead::Nothing, &huge),
        matrix(RowHead::Nothing, &fbin(65_537, &[])),
        matrix(RowHead::Nothing, &fbin(2, &[])),
        matrix(RowHead::Nothing, &[]),
    ]));
}
