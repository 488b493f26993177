//! Footers come back, and a footer whose columns can't be is refused, whatever its checksum says.

use iqdb_core::{Computation, Element, Field, FieldKind, Metric, Schema};

use super::*;

/// Two dense fields, of which one is padded, and a sparse one.
fn shape() -> Shape {
    let builder = Schema::builder()
        .dense("image", 3, Metric::Dot)
        .dense("bits", 9, Metric::Hamming)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot);
    Shape::of(&builder.build().unwrap())
}

/// What each part of a column has, in bytes, in the order of [`ColumnPart`].
type Parts = [u64; 4];

/// A footer of one block with `rows` rows whose columns have these parts.
fn footer(rows: u64, columns: [Parts; 3]) -> Footer {
    let mut sections = vec![0..0; Section::Index.slot(1, 3) + 1];
    let mut end = HEADER as u64;
    let mut add = |section: Section, len: u64| {
        sections[section.slot(1, 3)] = end..end + len;
        end = (end + len).next_multiple_of(LINE as u64);
    };
    for (field, parts) in columns.into_iter().enumerate() {
        let all = [ColumnPart::Vectors, ColumnPart::RowsOf, ColumnPart::Ends, ColumnPart::Weights];
        for (part, len) in all.into_iter().zip(parts) {
            add(Section::Column(0, field, part), len);
        }
    }
    add(Section::Ids(0), 13 * rows);
    add(Section::Payloads(0), 1);
    add(Section::Lineage(0), 0);
    add(Section::Index, 64);
    let pieces = [Piece { end, hash: 5 }].into();
    Footer { rows, pieces, sections: sections.into(), seed: 7 }
}

/// All of five rows have an image, three have bits, two have terms.
const GOOD: [Parts; 3] = [[5 * 64, 0, 0, 0], [3 * 8, 3 * 4, 0, 0], [28, 2 * 4, 3 * 8, 28]];

fn decoded(footer: &Footer) -> Result<Footer> {
    let shape = shape();
    let header = crate::format::segment::header::header(1, 2, &shape);
    let (bytes, seal) = footer.encode(&header);
    let (content, trailer) = bytes.split_last_chunk::<TRAILER>().unwrap();
    let start = footer.body_end();
    Footer::decode_sealed((&header, content, trailer), start, Path::new("f"), seal, &shape)
}

#[test]
fn a_footer_reads_back() {
    let footer = footer(5, GOOD);
    assert_eq!(decoded(&footer).unwrap(), footer);
    let counts = [0, 1, 2].map(|field| footer.vectors(&shape(), 0, field).unwrap());
    assert_eq!(counts, [5, 3, 2]);
    let none = self::footer(5, [[0; 4]; 3]);
    assert_eq!(decoded(&none).unwrap().vectors(&shape(), 0, 2).unwrap(), 0);
}

#[test]
fn columns_that_can_not_be_are_refused() {
    let (image, bits, terms) = (0, 1, 2);
    for (why, field, parts) in [
        ("one vector too many", image, [6 * 64, 0, 0, 0]),
        ("one too few, and no rows named", image, [4 * 64, 0, 0, 0]),
        ("half a vector", image, [5 * 64 + 32, 0, 0, 0]),
        ("rows named though all have one", image, [5 * 64, 5 * 4, 0, 0]),
        ("a dense field with ends", image, [5 * 64, 0, 8, 0]),
        ("a dense field with weights", image, [5 * 64, 0, 0, 64]),
        ("rows named of no vectors", bits, [0, 4, 0, 0]),
        ("fewer rows named than vectors", bits, [3 * 8, 2 * 4, 0, 0]),
        ("half a row's number", bits, [3 * 8, 3 * 4 + 1, 0, 0]),
        ("fewer weights than indices", terms, [28, 2 * 4, 3 * 8, 24]),
        ("half an index", terms, [26, 2 * 4, 3 * 8, 26]),
        ("half an end", terms, [28, 2 * 4, 3 * 8 + 4, 28]),
        ("terms without ends", terms, [28, 0, 0, 28]),
        ("terms of no vector", terms, [28, 0, 8, 28]),
        ("a first end alone", terms, [0, 0, 8, 0]),
        ("more vectors than rows", terms, [28, 0, 7 * 8, 28]),
    ] {
        let mut columns = GOOD;
        columns[field] = parts;
        let error = decoded(&footer(5, columns)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{why}");
    }
}

#[test]
fn rows_that_have_no_room_are_refused() {
    let mut forged = footer(5, [[0; 4]; 3]);
    forged.sections[Section::Ids(0).slot(1, 3)].end -= 13 * 5 - 19;
    assert_eq!(decoded(&forged).unwrap_err().kind(), ErrorKind::Damaged);
    for rows in [6, 1 << 16, u64::from(u32::MAX), u64::MAX / 2, u64::MAX] {
        let forged = Footer { rows, ..footer(5, GOOD) };
        assert_eq!(decoded(&forged).unwrap_err().kind(), ErrorKind::Damaged, "{rows} rows");
    }
}

#[test]
fn sections_lie_in_the_body_and_begin_at_lines() {
    let good = footer(5, GOOD);
    let body_end = good.body_end();
    for slot in 0..good.sections.len() {
        for section in [
            0..64,
            HEADER as u64 + 1..HEADER as u64 + 65,
            body_end..body_end + 64,
            body_end..HEADER as u64,
            u64::MAX - 63..u64::MAX,
        ] {
            let mut forged = good.clone();
            forged.sections[slot] = section.clone();
            let error = decoded(&forged).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "slot {slot}, {section:?}");
        }
    }
}

/// The file of a column of five rows.
fn column_file(parts: Parts) -> Footer {
    let mut sections = vec![0..0; Section::Index.slot(1, 1) + 1];
    let mut end = HEADER as u64;
    for (section, len) in sections[3..7].iter_mut().zip(parts) {
        *section = end..end + len;
        end = (end + len).next_multiple_of(LINE as u64);
    }
    for section in sections.iter_mut().filter(|section| section.is_empty()) {
        *section = HEADER as u64..HEADER as u64;
    }
    Footer { rows: 5, pieces: [Piece { end, hash: 5 }].into(), sections: sections.into(), seed: 0 }
}

fn decoded_column(footer: &Footer) -> Result<usize> {
    let field = Field::new("body", FieldKind::Computed(Computation::TextLengths))?;
    let shape = shape().of_column(&field)?;
    let header = crate::format::segment::header::column_header(1, 2, 3, &shape);
    let (bytes, seal) = footer.encode(&header);
    let (content, trailer) = bytes.split_last_chunk::<TRAILER>().unwrap();
    let start = footer.body_end();
    let parts = (&header[..], content, trailer);
    Footer::decode_sealed(parts, start, Path::new("f"), seal, &shape)?.vectors(&shape, 0, 0)
}

#[test]
fn a_column_file_has_a_column_and_nothing_else() {
    let rows = |parts| decoded_column(&column_file(parts)).map_err(|error| error.kind());
    assert_eq!(rows([37, 0, 6 * 8, 0]), Ok(5));
    assert_eq!(rows([37, 3 * 4, 4 * 8, 0]), Ok(3));
    assert_eq!(rows([0, 3 * 4, 4 * 8, 0]), Ok(3), "rows without bytes");
    for (why, parts) in [
        ("weights", [37, 0, 6 * 8, 37]),
        ("half an end", [37, 3 * 4, 4 * 8 + 4, 0]),
        ("bytes without ends", [37, 0, 0, 0]),
        ("bytes of no row", [37, 0, 8, 0]),
        ("more rows than the block", [37, 0, 7 * 8, 0]),
        ("fewer rows named", [37, 2 * 4, 4 * 8, 0]),
    ] {
        assert_eq!(rows(parts), Err(ErrorKind::Damaged), "{why}");
    }
    for section in [Section::Ids(0), Section::Payloads(0), Section::Lineage(0), Section::Index] {
        let mut forged = column_file([37, 0, 6 * 8, 0]);
        forged.sections[section.slot(1, 1)] = HEADER as u64..HEADER as u64 + 8;
        assert_eq!(decoded_column(&forged).unwrap_err().kind(), ErrorKind::Damaged, "{section:?}");
    }
}
