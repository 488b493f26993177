//! The `.npy` reader of the command line over arbitrary bytes.

use std::fmt::{Debug, Display};

use iqdb_cli::npy::{Element, NpyReader};
use iqdb_core::f16;

use crate::errors;
use crate::seed::Seed;

/// What a reader may reserve beyond the items, which it holds twice while a vector grows.
const SLACK_BYTES: usize = 64;

/// Reads all but the first byte as an array of the element type that the first byte says, in
/// portions of as many rows as it says, with the true length or another one.
///
/// # Panics
/// When an array is accepted and its items are not those in the bytes.
pub fn npy_reader(data: &[u8]) {
    let Some((selector, bytes)) = data.split_first() else {
        return;
    };
    let rows = usize::from(selector >> 2 & 15) + 1;
    // One in two inputs lies about its length by a little or a lot.
    let (claimed, bytes) = match bytes.split_first_chunk() {
        Some((claimed, rest)) if selector & 2 != 0 => (u64::from_le_bytes(*claimed), rest),
        _ => (bytes.len() as u64, bytes),
    };
    match (selector >> 6, selector & 1) {
        (0, 0) => read::<f32>(bytes, claimed, rows),
        (0, _) => read::<i32>(bytes, claimed, rows),
        (1, _) => read::<f16>(bytes, claimed, rows),
        (2, _) => read::<i8>(bytes, claimed, rows),
        _ => read::<u8>(bytes, claimed, rows),
    }
}

fn read<T: Element + Display + Debug + Item>(bytes: &[u8], claimed: u64, rows: usize) {
    let reader = || NpyReader::<T, _>::new("fuzzed.npy", bytes, claimed);
    let mut portions = match reader() {
        Ok(reader) => reader,
        Err(error) => {
            check_error(&error);
            return;
        }
    };
    let (height, width) = (portions.rows(), portions.columns());
    let (mut items, mut portion) = (Vec::new(), Vec::new());
    let ended = loop {
        match portions.read_rows(rows, &mut portion) {
            Ok(0) => break Ok(()),
            Ok(read) => {
                assert!(read <= rows && portion.len() == read * width, "a portion of whole rows");
                items.extend_from_slice(&portion);
            }
            Err(error) => break Err(error),
        }
        assert!(items.len() <= bytes.len(), "more items than bytes");
    };
    let whole = reader().and_then(|mut reader| {
        let all = reader.read_all()?;
        assert!(all.capacity() * size_of::<T>() <= 4 * bytes.len() + SLACK_BYTES, "reserved");
        Ok(all)
    });
    match (ended, whole) {
        (Ok(()), Ok(whole)) => {
            assert_eq!(items.len(), height * width, "as many items as the shape says");
            let same = |(a, b): (&T, &T)| a.bits() == b.bits();
            assert!(whole.len() == items.len() && whole.iter().zip(&items).all(same));
            let start = usize::try_from(portions.byte_of(0, 0)).expect("a byte of a slice");
            let data = &bytes[start..];
            let item_bytes = data.len() / items.len();
            assert_eq!(item_bytes * items.len(), data.len(), "the data to its last byte");
            for (item, expected) in items.iter().zip(data.chunks_exact(item_bytes)) {
                assert!(item.is_number(), "{item} was let in");
                // Halves may be widened, and their bits with them.
                if item_bytes == size_of::<T>() {
                    let mut wide = [0; 4];
                    wide[..item_bytes].copy_from_slice(expected);
                    assert_eq!(item.bits(), u32::from_le_bytes(wide));
                }
            }
        }
        (Err(portions), Err(whole)) => {
            assert_eq!(portions.kind(), whole.kind());
            check_error(&whole);
        }
        (portions, whole) => panic!("in portions {portions:?}, as a whole {whole:?}"),
    }
}

/// An error is for a person: it names the file and doesn't repeat what is in it.
fn check_error(error: &iqdb_core::Error) {
    assert!(error.to_string().contains("fuzzed.npy"), "{error}");
    errors::check(error);
}

/// What an item is made of.
trait Item {
    // So that -0.0 is not 0.0.
    fn bits(&self) -> u32;
    fn is_number(&self) -> bool;
}

impl Item for f32 {
    fn bits(&self) -> u32 {
        self.to_bits()
    }

    fn is_number(&self) -> bool {
        f32::is_finite(*self)
    }
}

impl Item for i32 {
    fn bits(&self) -> u32 {
        self.cast_unsigned()
    }

    fn is_number(&self) -> bool {
        true
    }
}

impl Item for f16 {
    fn bits(&self) -> u32 {
        self.to_bits().into()
    }

    fn is_number(&self) -> bool {
        f16::is_finite(*self)
    }
}

impl Item for i8 {
    fn bits(&self) -> u32 {
        self.cast_unsigned().into()
    }

    fn is_number(&self) -> bool {
        true
    }
}

impl Item for u8 {
    fn bits(&self) -> u32 {
        (*self).into()
    }

    fn is_number(&self) -> bool {
        true
    }
}

/// Small arrays of every type and version, and some that are not what they say.
pub(crate) fn seeds() -> Vec<Seed> {
    let seed = |name, selector: u8, file: Vec<u8>| Seed::new(name, [vec![selector], file].concat());
    let floats: Vec<u8> =
        [0.5_f32, -0.0, 1e-45, 3e38].iter().flat_map(|x| x.to_le_bytes()).collect();
    let nan: Vec<u8> = [0.5_f32, f32::NAN].iter().flat_map(|x| x.to_le_bytes()).collect();
    let lying = [u64::MAX.to_le_bytes().to_vec(), file(1, "<f4", "(2, 2)", &floats)].concat();
    vec![
        seed("big-endian", 0, file(1, ">f4", "(2, 2)", &floats)),
        seed("bits", 192, file(1, "|u1", "(8, 2)", &floats)),
        seed("bytes", 128, file(1, "|i1", "(4, 4)", &floats)),
        seed("cut-short", 0, file(1, "<f4", "(3, 2)", &floats)),
        seed("floats", 0, file(1, "<f4", "(2, 2)", &floats)),
        seed("halves", 4, file(2, "<f2", "(4, 2)", &floats)),
        seed("halves-as-they-are", 68, file(1, "<f2", "(4, 2)", &floats)),
        seed("integers", 1, file(3, "<i4", "(4, 1)", &floats)),
        seed("larger-than-any-file", 0, file(1, "<f4", "(4294967296, 4294967297)", &floats)),
        seed("lying-about-its-length", 2, lying),
        seed("not-finite", 0, file(1, "<f4", "(1, 2)", &nan)),
    ]
}

fn file(version: u8, descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u32::try_from(header.len()).expect("a short header").to_le_bytes();
    let length = if version == 1 { &length[..2] } else { &length[..] };
    [b"\x93NUMPY", &[version, 0][..], length, header.as_bytes(), data].concat()
}
