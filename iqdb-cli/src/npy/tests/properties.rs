//! What holds for any array and for any bytes.

use iqdb::ErrorKind;
use npyz::WriterBuilder;
use proptest::prelude::*;

use super::{NpyReader, file, header, read, versioned};

/// Bytes as another writer makes them.
fn by_npyz<T: npyz::AutoSerialize + Copy>(items: &[T], shape: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    writer.extend(items.iter().copied()).unwrap();
    writer.finish().unwrap();
    bytes
}

proptest! {
    #[test]
    fn what_npyz_writes_is_read_back_in_portions_of_any_size(
        items in prop::collection::vec(any::<u32>().prop_map(f32::from_bits), 1..200),
        columns in 1_usize..8,
        portion in 1_usize..50,
    ) {
        let items: Vec<_> = items.into_iter().filter(|item| item.is_finite()).collect();
        let rows = items.len() / columns;
        prop_assume!(rows > 0);
        let items = &items[..rows * columns];
        let shape = [rows as u64, columns as u64];

        let bytes = by_npyz(items, &shape);
        let mut reader =
            NpyReader::<f32, _>::new("", bytes.as_slice(), bytes.len() as u64).unwrap();
        let (mut read, mut rows) = (Vec::new(), Vec::new());
        while reader.read_rows(portion, &mut rows).unwrap() > 0 {
            read.extend(rows.iter().map(|item| item.to_bits()));
        }
        let bits: Vec<_> = items.iter().map(|item| item.to_bits()).collect();
        prop_assert_eq!(&read, &bits);

        let integers: Vec<_> = bits.iter().map(|bits| bits.cast_signed()).collect();
        let bytes = by_npyz(&integers, &shape);
        let mut reader =
            NpyReader::<i32, _>::new("", bytes.as_slice(), bytes.len() as u64).unwrap();
        prop_assert_eq!(reader.read_all().unwrap(), integers);
    }

    #[test]
    fn every_half_is_read_as_the_number_that_it_is(bits in any::<u16>()) {
        let mut bytes = file(&header("<f2", "(1, 1)"), 2);
        let end = bytes.len();
        bytes[end - 2..].copy_from_slice(&bits.to_le_bytes());
        let number = by_the_book(bits);
        match read(&bytes) {
            Ok(read) => prop_assert_eq!(read[0].to_bits(), number.to_bits()),
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::InvalidVector);
                prop_assert!(!number.is_finite());
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn a_mutated_file_is_read_or_refused_and_never_panics(
        version in 1_u8..4,
        descr in prop::sample::select(vec!["<f4", "<f2", "<i4", ">f4", "|O"]),
        (rows, columns) in (0_u64..5, 0_u64..5),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), mutation()), 1..6),
        file_bytes in prop::option::of(any::<u64>()),
    ) {
        let text = header(descr, &format!("({rows}, {columns})"));
        let mut bytes = versioned([version, 0], &text, 64);
        for (at, mutation) in mutations {
            let at = at.index(bytes.len());
            match mutation {
                Mutation::Replace(byte) => bytes[at] = byte,
                Mutation::Insert(byte) => bytes.insert(at, byte),
                Mutation::Truncate => bytes.truncate(at + 1),
            }
        }
        let file_bytes = file_bytes.unwrap_or(bytes.len() as u64);
        let result = NpyReader::<f32, _>::new("", bytes.as_slice(), file_bytes)
            .and_then(|mut reader| reader.read_all());
        // Nothing can come out that was not in the bytes.
        prop_assert!(result.is_err() || result.unwrap().len() <= bytes.len() / 2);
    }
}

#[derive(Debug, Clone)]
enum Mutation {
    Replace(u8),
    Insert(u8),
    Truncate,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    // Mostly bytes that mean something in a header.
    let byte =
        prop_oneof![prop::sample::select(b"0123456789'\"(){}[],: \\<>".to_vec()), any::<u8>(),];
    prop_oneof![
        4 => byte.clone().prop_map(Mutation::Replace),
        4 => byte.prop_map(Mutation::Insert),
        1 => Just(Mutation::Truncate),
    ]
}

/// The value of an IEEE half, from its definition.
fn by_the_book(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1_023));
    match exponent {
        0 => sign * fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1_024.0) * 2_f32.powi(exponent - 15),
    }
}
