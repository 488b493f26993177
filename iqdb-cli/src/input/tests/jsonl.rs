//! `.jsonl`: records, payloads and vectors by line.

use iqdb::{DateTime, Map, Record, RecordId, Value, Vector, bf16, f16};

use super::super::{LINE_BYTES_MAX, Place, Reader, VectorLines, Vectors};
use super::{JsonlReader, MatrixReader, RowHead, fvecs, jsonl, line, paired, refusals};

fn components(record: &Record) -> &[f32] {
    record.only_vector().unwrap().as_f32().unwrap()
}

#[test]
fn a_line_is_a_record_whose_payload_is_one_field_or_all_others() {
    let records = jsonl(concat!(
        "\u{feff}{\"id\": 7, \"vector\": [1, -0.0], \"payload\": {\"id\": \"x\", \"tags\": [1, null], ",
        "\"date\": {\"$date\": \"1970-01-01\"}, \"map\": {\"a\": [{}]}}}\r\n",
        "\n  \n",
        "{\"lang\": \"en\", \"vector\": [1e-45, 3.4e38], \"id\": \"a\", \"year\": 2024}\n",
        "{\"id\": {\"uuid\": \"67e55044-10b1-426f-9247-bb680e5fe0c8\"}, \"vector\": [16777217, 0.5]}",
    ))
    .unwrap();
    let expected = [
        Record::new(7, [1.0, -0.0])
            .unwrap()
            .with("id", "x")
            .with("date", DateTime::from_micros(0).unwrap())
            .with("map", Map::new().with("a", [Map::new()]))
            .with("tags", vec![Value::from(1), Value::Null]),
        Record::new("a", [1e-45, 3.4e38]).unwrap().with("lang", "en").with("year", 2024),
        Record::new(
            "67e55044-10b1-426f-9247-bb680e5fe0c8".parse::<RecordId>().unwrap(),
            [16_777_216.0, 0.5],
        )
        .unwrap(),
    ];
    assert_eq!(records, expected);
    assert!(components(&records[0])[1].is_sign_negative());
}

#[test]
fn a_record_has_vectors_of_every_kind_or_none() {
    let records = jsonl(concat!(
        "{\"id\": 1, \"vectors\": {\"vector\": [1], \"h\": {\"f16\": [0.5]}, \"b\": {\"bf16\": [3]}, ",
        "\"i\": {\"i8\": [-128]}, \"bits\": {\"binary\": {\"dim\": 3, \"bytes\": [160]}}, ",
        "\"terms\": {\"sparse\": {\"indices\": [3], \"weights\": [0.1]}}}, \"lang\": \"en\"}\n",
        "{\"id\": 2, \"payload\": {\"lang\": \"en\"}}\n{\"id\": 3}\n",
    ))
    .unwrap();
    let first = Record::new(1, [1.0])
        .and_then(|record| record.with_vector("h", [f16::from_f32(0.5)]))
        .and_then(|record| record.with_vector("b", [bf16::from_f32(3.0)]))
        .and_then(|record| record.with_vector("i", [-128_i8]))
        .and_then(|record| record.with_vector("bits", Vector::binary(3, [160])?))
        .and_then(|record| record.with_vector("terms", Vector::sparse([3], [0.1])?))
        .unwrap();
    let second = Record::without_vector(2).with("lang", "en");
    assert_eq!(records, [first.with("lang", "en"), second, Record::without_vector(3)]);
}

#[test]
fn components_are_rounded_once() {
    // Halfway between two f32 as an f64, and beyond it as written.
    let records = jsonl(r#"{"vector": [1.00000005960464477540]}"#).unwrap();
    assert_eq!(components(&records[0])[0].to_bits(), 0x3f80_0001);
}

#[test]
fn without_ids_the_row_numbers_are_the_ids() {
    let records = jsonl("{\"vector\": [1]}\n\n{\"vector\": [2]}\n").unwrap();
    assert_eq!(records, [Record::new(0, [1.0]).unwrap(), Record::new(1, [2.0]).unwrap()]);
}

#[test]
fn a_line_that_is_no_record_is_named_with_its_column() {
    let second = |line: &str| jsonl(&format!("{{\"id\": 1, \"vector\": [1, 2]}}\n{line}\n"));
    insta::assert_snapshot!(refusals([
        second("{\"id\": 2, \"vector\": [1, \"2\"]}"),
        second("{\"id\": 2, \"vector\": [1, null]}"),
        second("{\"id\": 2, \"vector\": [1, 1e39]}"),
        second("{\"id\": 2, \"vector\": []}"),
        second("{\"id\": 2, \"vector\": 7}"),
        second("{\"id\": 2, \"embedding\": [1, 2]}"),
        second("{\"vector\": [1, 2]}"),
        second("{\"id\": -2, \"vector\": [1, 2]}"),
        second("{\"id\": 2, \"vector\": [1, 2], \"when\": {\"$date\": \"2025-02-29\"}}"),
        second("{\"id\": 2, \"vector\": [1, 2], \"map\": {\"$x\": 1}}"),
        second("{\"id\": 2, \"vector\": [1, 2], \"big\": 18446744073709551615}"),
        second("{\"id\": 2, \"vector\": [1, 2], \"payload\": {\"a\": 1}, \"b\": 2}"),
        second("{\"id\": 2, \"vector\": [1, 2], \"payload\": 7}"),
        second("{\"id\": 2, \"vector\": [1, 2], \"a\": 1, \"a\": 2}"),
        second("{\"id\": 2, \"id\": 3}"),
        second("{\"id\": 2, \"vector\": {\"f16\": [0.1]}}"),
        second("{\"id\": 2, \"vector\": {\"i8\": [1], \"f16\": [1]}}"),
        second("{\"id\": 2, \"vectors\": {\"a\": [1], \"b\": {\"i8\": [128]}}}"),
        second("{\"id\": 2, \"vectors\": {\"b\": {\"i9\": [1]}}}"),
        second("{\"id\": 2, \"vectors\": {\"a\": [1], \"a\": [2]}}"),
        second("{\"id\": 2, \"vector\": [1], \"vectors\": {\"vector\": [1]}}"),
        second("{\"id\": 2, \"vectors\": [[1]]}"),
        second("{\"id\": 2, \"vector\": [1, 2]} {}"),
        second("{\"id\": 2, \"vector\": [1, 2"),
        second("[1, 2]"),
        second("é \u{1b}[2J"),
        jsonl("{\"vector\": [1]}\n{\"id\": 1, \"vector\": [1]}"),
    ]));
}

#[test]
fn hostile_lines_cost_no_more_than_they_are_long() {
    for text in ["[", "{\"a\":", "{\"vector\":[["] {
        line(&jsonl(&text.repeat(100_000)).unwrap_err());
    }
    let long = format!("{{\"vector\": [{}1]}}", "1,".repeat(70_000));
    assert!(line(&jsonl(&long).unwrap_err()).contains("more components than a vector can have"));
    let fields: String = (0..2_000).map(|n| format!("\"f{n}\":1,")).collect();
    let wide = format!("{{{fields}\"vector\": [1]}}");
    assert!(line(&jsonl(&wide).unwrap_err()).contains("more keys than a payload can have"));
}

#[test]
fn a_line_without_an_end_is_not_read_to_it() {
    let endless = std::io::BufReader::new(std::io::repeat(b' '));
    let mut reader = JsonlReader::new("words.jsonl", endless, u64::MAX);
    let error = reader.next_record().unwrap_err();
    assert_eq!(error.expectation(), Some(format!("at most {LINE_BYTES_MAX} bytes").as_str()));
}

#[test]
fn payloads_go_with_their_vectors() {
    let bytes = fvecs(&[&[1.0], &[2.0]]);
    let vectors = || {
        MatrixReader::new("base.fvecs", bytes.as_slice(), RowHead::Dimension, bytes.len() as u64)
            .unwrap()
    };
    let records =
        paired(vectors(), "{\"id\": \"a\", \"n\": 1}\n{\"id\": \"b\", \"payload\": {\"n\": 2}}\n");
    let expected = [
        Record::new("a", [1.0]).unwrap().with("n", 1),
        Record::new("b", [2.0]).unwrap().with("n", 2),
    ];
    assert_eq!(records.unwrap(), expected);
    let records = paired(vectors(), "{\"n\": 1}\n{}\n").unwrap();
    assert_eq!(records[1], Record::new(1, [2.0]).unwrap());
    insta::assert_snapshot!(refusals([
        paired(vectors(), "{\"id\": 1}\n"),
        paired(vectors(), "{\"id\": 1}\n{\"id\": 2}\n{\"id\": 3}\n"),
        paired(vectors(), "{\"id\": 1}\n{}\n"),
        paired(vectors(), "{\"id\": 1, \"vector\": [1]}\n"),
        paired(vectors(), "[1]\n"),
    ]));
}

#[test]
fn vectors_stand_alone_or_in_an_object() {
    let next = |lines: &mut VectorLines<&[u8]>| lines.next_vector().unwrap();
    let text = "[1, 2]\n{\"id\": 7, \"vector\": [3, 4]}\n\n[5, true]\n";
    let mut lines = VectorLines::new("standard input", text.as_bytes(), 0, "vector");
    assert_eq!(next(&mut lines).unwrap(), Vector::try_from([1.0, 2.0]).unwrap());
    assert_eq!(next(&mut lines).unwrap(), Vector::try_from([3.0, 4.0]).unwrap());
    assert_eq!(lines.place(), Place::Line(2));
    let of_image =
        |text: &str| VectorLines::new("standard input", text.as_bytes(), 0, "image").next_vector();
    for text in ["{ \"i8\" : [1]}", "{\"vectors\": {\"a\": [1], \"image\": {\"i8\": [1]}}}"] {
        assert_eq!(of_image(text).unwrap(), Some(Vector::try_from([1_i8]).unwrap()));
    }
    insta::assert_snapshot!(refusals([
        lines.next_vector(),
        of_image("{\"vector\": [1]}"),
        of_image("{\"f8\": [1]}"),
        of_image("{\"i8\": [1.5]}"),
        of_image("{\"i8\": []}"),
        of_image("7"),
        of_image("{"),
    ]));
}

#[test]
fn an_integer_that_no_value_holds_is_never_rounded() {
    let record = |value: &str| jsonl(&format!("{{\"id\": 1, \"vector\": [1], \"n\": {value}}}"));
    insta::assert_snapshot!(refusals([
        record("9223372036854775808"),
        record("18446744073709551616"),
        record("{\"a\": [-9223372036854775809]}"),
        paired(
            super::MatrixReader::new("base.vecs", &fvecs(&[&[1.0]])[..], RowHead::Dimension, 8)
                .unwrap(),
            "{\"n\": 18446744073709551616}"
        ),
    ]));
    assert_eq!(record("1e19").unwrap()[0].payload.get("n"), Some(&Value::Float(1e19)));
    assert!(jsonl("{\"id\": 1, \"vector\": [18446744073709551616], \"n\": 1e19}").is_ok());
}
