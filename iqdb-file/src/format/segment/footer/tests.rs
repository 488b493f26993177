//! Footers come back, and a footer whose columns can't be is refused, whatever its checksum says.

use iqdb_core::{Element, Metric, Schema};

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
