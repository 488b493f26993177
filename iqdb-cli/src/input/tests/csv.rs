//! `.csv`: columns by name.

use iqdb::{Element, Metric, Record, Schema, Vector};

use super::{CsvReader, csv, default_field, line, refusals};

#[test]
fn columns_are_the_id_the_vector_and_the_payload() {
    let expected = [
        Record::new("a", [0.5, 1.0]).unwrap().with("lang", "en").with("year", 2024),
        Record::new("7", [-1.5, 2.0]).unwrap().with("lang", "two\nlines, \"quoted\""),
    ];
    let components = "lang,v1,id,v0,year\nen,1,a,0.5,2024\n\"two\nlines, \"\"quoted\"\"\",2,\"\"\"7\"\"\",-1.5,\n";
    assert_eq!(csv(components).unwrap(), expected);
    let list = "id,vector,lang,year\na,\"[0.5, 1]\",en,2024\n\"\"\"7\"\"\",\"[-1.5,2]\",\"two\nlines, \"\"quoted\"\"\",\n";
    assert_eq!(csv(list).unwrap(), expected);
}

#[test]
fn a_field_has_a_column_of_its_name_and_may_be_absent() {
    let schema = Schema::builder()
        .dense("vector", 2, Metric::Dot)
        .dense("bits", 9, Metric::Hamming)
        .element(Element::Binary)
        .build()
        .unwrap();
    let text = concat!(
        "id,v0,v1,bits,image\n",
        "1,1,2,\"{\"\"binary\"\": {\"\"dim\"\": 9, \"\"bytes\"\": [255, 128]}}\",x\n",
        "2,,,,\n",
    );
    let mut reader = CsvReader::new("words.csv", text.as_bytes(), 0, schema.fields()).unwrap();
    let bits = Vector::binary(9, [255, 128]).unwrap();
    let first = Record::new(1, [1.0, 2.0]).unwrap().with("image", "x");
    let expected = [first.with_vector("bits", bits).unwrap(), Record::without_vector(2)];
    assert_eq!(super::all(&mut reader).unwrap(), expected);
    let error = CsvReader::new("words.csv", "id,v0\n".as_bytes(), 0, schema.fields()).unwrap_err();
    assert_eq!(error.expectation(), Some("a column bits"));
}

#[test]
fn without_ids_the_row_numbers_are_the_ids() {
    assert_eq!(csv("v0\n1\n").unwrap(), [Record::new(0, [1.0]).unwrap()]);
    assert_eq!(csv("v0\n").unwrap(), []);
}

#[test]
fn a_row_that_is_no_record_is_named_with_its_column() {
    let with_components = |row: &str| csv(&format!("id,v0,v1,n\n1,1,2,x\n{row}\n"));
    let with_list = |row: &str| csv(&format!("id,vector\n1,\"[1,2]\"\n{row}\n"));
    insta::assert_snapshot!(refusals([
        with_components("2,1,x,y"),
        with_components("2,1,,y"),
        with_components("2,inf,1,y"),
        with_components("2,1,1e39,y"),
        with_components("2,1,2"),
        with_components("2,1,2,3,4"),
        with_components(",1,2,y"),
        with_components("18446744073709551616,1,2,y"),
        with_list("2,\"[1, null]\""),
        with_list("2,\"1 2\""),
        csv(""),
        csv("id,lang\n"),
        csv("id,v0,id\n"),
        csv("id,v1,v2\n"),
    ]));
}

#[test]
fn a_cell_that_is_not_utf8_is_named() {
    let bytes = b"id,v0,lang\n1,1,en\n2,1,\xff\n";
    let mut reader = CsvReader::new("words.csv", bytes.as_slice(), 0, &default_field()).unwrap();
    insta::assert_snapshot!(line(&super::all(&mut reader).unwrap_err()), @"reading line 3 of words.csv: damaged data: the cell is not UTF-8: expected a text in UTF-8, found other bytes in column lang (3)");
}

#[test]
fn a_quote_that_nobody_closes_is_not_read_to_the_end() {
    use std::io::Read;
    let endless = b"id,v0\n1,\"".chain(std::io::repeat(b'x'));
    let mut reader = CsvReader::new("words.csv", endless, u64::MAX, &default_field()).unwrap();
    insta::assert_snapshot!(line(&super::all(&mut reader).unwrap_err()), @"reading line 2 of words.csv: damaged data: the row is too long: expected at most 33554432 bytes, found more of them without an end; is a double quote not closed?");
}
