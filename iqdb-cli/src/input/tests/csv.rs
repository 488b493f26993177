//! `.csv`: columns by name.

use iqdb::{Element, Metric, Record, Schema, Vector};

use super::{Rules, csv, csv_reader, default_field, line, refusals};

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
    let rules = Rules::default();
    let mut reader = csv_reader(text.as_bytes(), schema.fields(), &rules).unwrap();
    let bits = Vector::binary(9, [255, 128]).unwrap();
    let first = Record::new(1, [1.0, 2.0]).unwrap().with("image", "x");
    let expected = [first.with_vector("bits", bits).unwrap(), Record::without_vector(2)];
    assert_eq!(super::all(&mut reader).unwrap(), expected);
    let error = csv_reader(b"id,v0\n", schema.fields(), &rules).unwrap_err();
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
    let error = csv_reader(bytes, &default_field(), &Rules::default()).unwrap_err();
    insta::assert_snapshot!(line(&error), @"reading line 3 of words.csv: damaged data: the cell is not UTF-8: expected a text in UTF-8, found other bytes in column 3");
}

#[test]
fn a_quote_without_its_end_is_not_read_to_the_end() {
    use std::io::{self, Read, Seek, SeekFrom};

    #[derive(Debug)]
    struct Endless(&'static [u8]);

    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => io::repeat(b'x').read(into),
                read => Ok(read),
            }
        }
    }

    impl Seek for Endless {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            unreachable!("no row is read")
        }
    }

    let (fields, rules) = (default_field(), Rules::default());
    let endless = Endless(b"id,v0\n1,\"");
    let delimiter = super::Delimiter::Comma;
    let read = super::CsvReader::new("words.csv", endless, delimiter, 0, &fields, &rules);
    insta::assert_snapshot!(line(&read.unwrap_err()), @"reading line 2 of words.csv: damaged data: the row is too long: expected at most 33554432 bytes, found more of them without an end; is a double quote not closed?");
}

/// The values under the key `n` of the records, whose cells are these.
fn column(cells: &[&str], rules: &Rules) -> Vec<String> {
    let mut text = "id,v0,n\n".to_owned();
    for (row, cell) in cells.iter().enumerate() {
        text += &format!("{row},1,\"{}\"\n", cell.replace('"', "\"\""));
    }
    let records = csv_reader(text.as_bytes(), &default_field(), rules);
    match records.and_then(|mut reader| super::all(&mut reader)) {
        Err(error) => vec![line(&error)],
        Ok(records) => {
            let value = |record: Record| record.payload.get("n").map(ToString::to_string);
            records.into_iter().map(|record| value(record).unwrap_or_default()).collect()
        }
    }
}

#[test]
fn a_column_has_one_type() {
    for (cells, values) in [
        (&["7", "", "-7"][..], &["7", "", "-7"][..]),
        (&["7", "0.5", "1e3"], &["7.0", "0.5", "1000.0"]),
        (&["-0", "1"], &["-0.0", "1.0"]),
        (&["7", "x"], &["\"7\"", "\"x\""]),
        (&["x", "7"], &["\"x\"", "\"7\""]),
        (&["007", "8"], &["\"007\"", "\"8\""]),
        (&["12e4567", "7"], &["\"12e4567\"", "\"7\""]),
        (&["True", "False", ""], &["true", "false", ""]),
        (&["true", "FALSE"], &["true", "false"]),
        (&["True", "1"], &["\"True\"", "\"1\""]),
        (&["True", "maybe"], &["\"True\"", "\"maybe\""]),
        (&["nan", "1", "NaN"], &["", "1", ""]),
        (&["x", "NaN", "NaT"], &["\"x\"", "", ""]),
        (&["NaN"], &[""]),
        (&["null", "1"], &["null", "1"]),
        (&["null", "x"], &["\"null\"", "\"x\""]),
        (&["null", ""], &["null", ""]),
        (&[".5", "5.", "-.5"], &["0.5", "5.0", "-0.5"]),
        (&["1_000", "1"], &["\"1_000\"", "\"1\""]),
        (&["1,000", "1"], &["\"1,000\"", "\"1\""]),
        (&["+1", "1"], &["\"+1\"", "\"1\""]),
        (&[" 7", "1"], &["\" 7\"", "\"1\""]),
        (&["0x10"], &["\"0x10\""]),
        (&["9223372036854775807"], &["9223372036854775807"]),
        (&["[1, \"a\"]", "7", "\"7\""], &["[1, \"a\"]", "7", "\"7\""]),
        (&["[draft", "[1]"], &["\"[draft\"", "\"[1]\""]),
        (&["{\"a\": {\"b\": 1}}"], &["{\"a\": {\"b\": 1}}"]),
        (&["{\"$date\": \"1970-01-01\"}"], &["date(\"1970-01-01T00:00:00Z\")"]),
        (&["{\"$date\": 1}"], &["\"{\\\"$date\\\": 1}\""]),
        (&["2025-01-31"], &["\"2025-01-31\""]),
        (&["\"\"", "\"a\""], &["\"\"", "\"a\""]),
    ] {
        assert_eq!(column(cells, &Rules::default()), values, "{cells:?}");
    }
}

#[test]
fn a_number_that_no_value_holds_is_named_with_its_line() {
    let rules = Rules::default();
    let lines: Vec<_> = [
        &["1", "9223372036854775808"][..],
        &["0.5", "18446744073709551616"],
        &["9007199254740993", "0.5"],
        &["1", "inf"],
        &["0.5", "-Infinity"],
        &["[18446744073709551616]"],
    ]
    .into_iter()
    .flat_map(|cells| column(cells, &rules))
    .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let texts = Rules { texts: vec!["n".into()], ..Rules::default() };
    let large = ["9223372036854775808", "inf", "NaN", "7"];
    assert_eq!(column(&large, &texts), large.map(|cell| format!("{cell:?}")));
}

#[test]
fn rules_name_columns_of_the_payload() {
    let dates = |names: &[&str]| Rules {
        dates: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Rules::default()
    };
    let days = ["2025-01-31", "", "NaT"];
    assert_eq!(column(&days, &dates(&["n"])), ["date(\"2025-01-31T00:00:00Z\")", "", ""]);
    let both = Rules { texts: vec!["n".into()], ..dates(&["n"]) };
    let lines = [
        column(&["31.01.2025"], &dates(&["n"])),
        column(&["2025-01-31 10:00:00"], &dates(&["n"])),
        column(&days, &dates(&["m"])),
        column(&days, &dates(&["id"])),
        column(&days, &both),
    ];
    insta::assert_snapshot!(lines.concat().join("\n"));
}

#[test]
fn a_column_without_a_name_is_left_out_and_said() {
    let text = ",id,v0,n\n0,a,1,NaN\n1,b,2,7\n";
    let mut reader = csv_reader(text.as_bytes(), &default_field(), &Rules::default()).unwrap();
    let expected =
        [Record::new("a", [1.0]).unwrap(), Record::new("b", [2.0]).unwrap().with("n", 7)];
    assert_eq!(super::all(&mut reader).unwrap(), expected);
    let said = [
        "Column 1 has no name and is left out.",
        "In 1 row the column n has no value (NaN or null): no key there.",
    ];
    assert_eq!(super::Reader::notes(&reader).sentences(), said);
}

#[test]
fn a_wrong_quote_is_an_error_with_its_line_and_column() {
    insta::assert_snapshot!(refusals([
        csv("id,v0,n\n1,1,\"a\"\n2,1,\"b\n3,1,c\n"),
        csv("id,v0,n\n1,1,\"a\"b\n2,1,c\n"),
    ]));
}
