//! What is refused, and what is said about it.

use std::io::{self, Read};

use iqdb::{ErrorKind, Location};

use super::super::HEADER_BYTES_MAX;
use super::{NpyReader, file, header, read, versioned};

/// Reads what can't be read; returns what is said about it.
#[track_caller]
fn refused(kind: ErrorKind, bytes: &[u8]) -> String {
    let error = read(bytes).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.operation(), Some("reading base.npy"));
    assert!(matches!(error.location(), Some(Location::Byte(_))), "{error}");
    assert!(error.expectation().is_some() && error.finding().is_some(), "{error}");
    error.to_string()
}

#[track_caller]
fn damaged(bytes: &[u8]) -> String {
    refused(ErrorKind::Damaged, bytes)
}

#[track_caller]
fn unsupported(bytes: &[u8]) -> String {
    refused(ErrorKind::NotSupported, bytes)
}

#[test]
fn a_file_of_another_format_is_named_as_such() {
    let refusals = [damaged(b"PK\x03\x04 a zip archive"), damaged(b"PK"), damaged(b"")];
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn an_unknown_version_is_refused() {
    insta::assert_snapshot!(damaged(&versioned([4, 0], &header("<f4", "(1, 1)"), 4)));
    damaged(&versioned([1, 1], &header("<f4", "(1, 1)"), 4));
}

#[test]
fn a_header_cut_short_is_refused_wherever_it_is_cut() {
    let whole = file(&header("<f4", "(1, 1)"), 0);
    for length in 0..whole.len() {
        damaged(&whole[..length]);
    }
    let refusals = [damaged(&whole[..9]), damaged(&whole[..20])];
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn a_header_longer_than_any_real_one_is_refused_before_it_is_read() {
    let padded = |spaces: usize| header("<f4", "(1, 1)") + &" ".repeat(spaces);
    let spaces = HEADER_BYTES_MAX - padded(0).len();
    assert!(read(&versioned([2, 0], &padded(spaces), 4)).is_ok());
    insta::assert_snapshot!(damaged(&versioned([2, 0], &padded(spaces + 1), 4)));
    let mut claims = b"\x93NUMPY\x03\x00\xff\xff\xff\xff".to_vec();
    claims.extend(padded(0).as_bytes());
    damaged(&claims);
}

#[test]
fn a_header_that_is_not_the_dictionary_is_refused_at_the_byte() {
    let text = |text: &str| damaged(&file(text, 0));
    let refusals = [
        text(""),
        text("[1, 2]"),
        text("{'descr': <f4}"),
        text("{'descr': '<f4\\x27', }"),
        text("{'descr': '<f4', 'descr': '<f4', }"),
        text("{'descr': '<f4', 'order': True, }"),
        text("{'descr': '<f4', 'fortran_order': None, }"),
        text("{'descr': '<f4' 'fortran_order': False}"),
        text("{'descr': '<f4', 'fortran_order': False, }"),
        text(&(header("<f4", "(1, 1)") + "\x1b[2J")),
        text(&header("<f4", "(-1, 1)")),
        text(&header("<f4", "(1 1)")),
        text(&header("<f4", "(1, 18446744073709551616)")),
    ];
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn nesting_costs_no_more_than_its_length() {
    for bracket in ["(", "[", "{"] {
        damaged(&file(&bracket.repeat(9_000), 0));
        unsupported_or_damaged(&file(&header("<f4", &bracket.repeat(9_000)), 0));
    }
}

#[track_caller]
fn unsupported_or_damaged(bytes: &[u8]) {
    let kind = read(bytes).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::NotSupported | ErrorKind::Damaged), "{kind}");
}

#[test]
fn data_cut_short_or_followed_by_more_is_refused() {
    let header = header("<f4", "(2, 3)");
    assert!(read(&file(&header, 24)).is_ok());
    let refusals =
        [damaged(&file(&header, 23)), damaged(&file(&header, 25)), damaged(&file(&header, 0))];
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn a_shape_that_no_file_can_have_is_refused() {
    for shape in [
        "(1152921504606846976, 16)",
        "(18446744073709551615, 18446744073709551615)",
        "(4294967296, 4294967296)",
        "(2305843009213693952, 1)",
    ] {
        damaged(&file(&header("<f4", shape), 64));
    }
    insta::assert_snapshot!(damaged(&file(&header("<f4", "(4294967296, 4294967296)"), 64)));
}

/// A header that claims 2^60 bytes must not be believed to the point of asking for memory.
#[test]
fn a_small_file_that_claims_to_be_huge_costs_no_memory() {
    let bytes = file(&header("<f2", "(1152921504606846976, 1)"), 4);
    assert!(bytes.len() < 100);
    let claimed = [bytes.len() as u64, 1 << 61, (1 << 61) + bytes.len() as u64 - 4];
    for file_bytes in claimed {
        let allocated = allocation_counter::measure(|| {
            let reader = NpyReader::<f32, _>::new("base.npy", bytes.as_slice(), file_bytes);
            let mut rows = Vec::new();
            let result = reader.and_then(|mut reader| reader.read_rows(usize::MAX, &mut rows));
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Damaged);
        });
        assert!(allocated.bytes_max < 10_000, "{allocated:?}");
    }
}

#[test]
fn a_healthy_array_of_another_kind_is_not_called_damaged() {
    let fortran = header("<f4", "(2, 2)").replace("False", "True");
    let foul = header("\u{1b}[31m and whatever else is in there", "(1, 1)");
    let refusals = [
        unsupported(&file(&header("<f8", "(1, 1)"), 8)),
        unsupported(&file(&header(">f4", "(1, 1)"), 4)),
        unsupported(&file(&header("<i4", "(1, 1)"), 4)),
        unsupported(&file(&header("<f4", "(4,)"), 16)),
        unsupported(&file(&header("<f4", "()"), 4)),
        unsupported(&file(&header("<f4", "(2, 1, 1, 1, 1, 1, 1, 1)"), 8)),
        unsupported(&file(&header("<f4", "(0, 4)"), 0)),
        unsupported(&file(&header("<f4", "(4, 0)"), 0)),
        unsupported(&file(&fortran, 16)),
        unsupported(&versioned([3, 0], &foul, 4)),
    ];
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn structures_are_not_supported() {
    let text = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1), }";
    let error = read(&file(text, 4)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupported);
}

#[test]
fn truth_is_not_read_from_floats() {
    let bytes = file(&header("<f4", "(1, 1)"), 4);
    let error =
        NpyReader::<i32, _>::new("truth.npy", bytes.as_slice(), bytes.len() as u64).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn a_number_that_is_not_finite_is_named_by_row_column_and_byte() {
    for (descr, size, bad) in [
        ("<f4", 4, f32::NAN.to_le_bytes().to_vec()),
        ("<f4", 4, f32::NEG_INFINITY.to_le_bytes().to_vec()),
        ("<f2", 2, half::f16::INFINITY.to_le_bytes().to_vec()),
    ] {
        let mut bytes = file(&header(descr, "(3, 2)"), 6 * size);
        let byte = bytes.len() - 3 * size;
        bytes[byte..byte + size].copy_from_slice(&bad);
        let error = read(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidVector);
        assert_eq!(error.location(), Some(Location::Byte(byte as u64)));
        assert!(error.to_string().contains("row 1, column 1"), "{error}");

        // The same when the row is not in the first portion that is read.
        let mut reader =
            NpyReader::<f32, _>::new("base.npy", bytes.as_slice(), bytes.len() as u64).unwrap();
        let mut rows = Vec::new();
        assert_eq!(reader.read_rows(1, &mut rows).unwrap(), 1);
        assert_eq!(reader.read_rows(1, &mut rows).unwrap_err().to_string(), error.to_string());
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_damaged() {
    let bytes = file(&header("<f4", "(2, 3)"), 24);
    let mut reader =
        NpyReader::<f32, _>::new("base.npy", &bytes[..bytes.len() - 7], bytes.len() as u64)
            .unwrap();
    let mut rows = Vec::new();
    assert_eq!(reader.read_rows(1, &mut rows).unwrap(), 1);
    insta::assert_snapshot!(reader.read_rows(1, &mut rows).unwrap_err());
}

#[test]
fn a_failing_read_is_an_input_error_with_its_cause() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is on fire"))
        }
    }
    let error = NpyReader::<f32, _>::new("base.npy", Failing, 1_000).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(format!("{error:?}").contains("the disk is on fire"));
}

#[test]
fn the_python_of_other_writers_is_understood() {
    for text in [
        "{'descr':'<f4','fortran_order':False,'shape':(1,2)}",
        "{\"shape\": (1,2,), \"descr\": \"<f4\", \"fortran_order\": False}   \n",
        "  { 'fortran_order' : False , 'shape' : ( 1 , 2 ) , 'descr' : '<f4' , }\t\n\n",
    ] {
        assert_eq!(read(&file(text, 8)).unwrap(), [0.0, 0.0], "{text}");
    }
}
