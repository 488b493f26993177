//! What holds for any bytes.

use proptest::prelude::*;

use super::{RowHead, csv, fbin, fvecs, jsonl, line, matrix};

fn check<T: std::fmt::Debug>(result: iqdb::Result<T>) {
    if let Err(error) = result {
        line(&error);
    }
}

fn text(alphabet: &'static str) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        8 => prop::sample::select(alphabet.chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ];
    prop::collection::vec(character, 0..120).prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #[test]
    fn arbitrary_lines_never_panic(text in text("{}[]:,\"\\ 0123456789.-+eEnultrasfivcopyd\n")) {
        check(jsonl(&text));
        check(jsonl(&format!("{{\"vector\":[{text}]}}")));
        check(csv(&text));
        check(csv(&format!("id,v0,v1,x\n{text}")));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(matrix(RowHead::Dimension, &bytes));
        check(matrix(RowHead::Nothing, &bytes));
    }

    #[test]
    fn a_mutated_matrix_is_read_or_refused(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let rows: [&[f32]; 3] = [&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0]];
        for (head, mut bytes) in [(RowHead::Dimension, fvecs(&rows)), (RowHead::Nothing, fbin(2, &rows))] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Some(cut) = &cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            check(matrix(head, &bytes));
        }
    }
}
