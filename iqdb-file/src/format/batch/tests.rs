//! Batches of plain statements come back; a frame that no writer writes is damage.

use iqdb_core::{ErrorKind, Metric, Payload, Vector};

use super::*;

fn simple() -> Schema {
    Schema::new(2, Metric::Dot).unwrap()
}

fn fields() -> Schema {
    let builder = Schema::builder().dense("image", 2, Metric::Dot).sparse("terms", Metric::Dot);
    builder.build().unwrap()
}

fn read(bytes: &[u8], schema: &Schema, rows: &[Vec<u8>]) -> Result<Batch> {
    let (_, changes, fields) = decode_placed(bytes)?;
    decode_batch(fields, changes, schema, rows.iter().map(Vec::as_slice))
}

fn terms(index: u32) -> Vector {
    Vector::sparse([index, index + 1], [0.5, -0.5]).unwrap()
}

#[test]
fn every_plain_statement_comes_back() {
    let both = Record::without_vector(1)
        .with_vector("image", vec![1.0, -0.0])
        .unwrap()
        .with_vector("terms", terms(7))
        .unwrap();
    let one = Record::without_vector("b").with_vector("terms", terms(0)).unwrap().with("n", 1);
    let batch = Batch::new()
        .upsert(both)
        .upsert(one)
        .upsert(Record::without_vector(3))
        .set_payload(1, Payload::new().with("n", 2))
        .delete(3);
    let bytes = encode_batch(&batch, &fields(), None).unwrap();
    assert_eq!(read(&bytes, &fields(), &[]).unwrap(), batch);
    for len in 0..bytes.len() {
        assert!(read(&bytes[..len], &fields(), &[]).is_err(), "{len} bytes");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(read(&longer, &fields(), &[]).unwrap_err().kind(), ErrorKind::Damaged);
}

#[test]
fn placed_vectors_come_back_from_their_rows() {
    let record = |n: u64, x: f32| Record::new(n, vec![x, x]).unwrap();
    let batch = Batch::new().upsert(record(1, 1.0)).delete(9).upsert(record(2, 2.0));
    let pieces = vec![Piece { end: 4_224, hash: 3 }];
    let placed = PlacedRows { segment: 5, first_row: 7, rows: 2, pieces };
    let bytes = encode_batch(&batch, &simple(), Some(&placed)).unwrap();
    assert_eq!(decode_placed(&bytes).unwrap().0, Some(placed));
    let rows: Vec<Vec<u8>> = [1.0_f32, 2.0, 3.0].map(|x| [x.to_le_bytes(); 2].concat()).to_vec();
    assert_eq!(read(&bytes, &simple(), &rows[..2]).unwrap(), batch);
    for rows in [&rows[..1], &rows[..3]] {
        let error = read(&bytes, &simple(), rows).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{} rows", rows.len());
    }
}

#[test]
fn a_frame_places_all_of_its_vectors_or_none() {
    let batch = Batch::new().upsert(Record::new(1, vec![1.0, 1.0]).unwrap());
    let placed = PlacedRows { segment: 5, first_row: 0, rows: 1, pieces: Vec::new() };
    let mut bytes = encode_batch(&batch, &simple(), Some(&placed)).unwrap();
    let rows = [[1.0_f32.to_le_bytes(); 2].concat()];
    let inline = encode_batch(&batch, &simple(), None).unwrap();
    bytes.extend_from_slice(&inline[8..]);
    bytes[0] += 1;
    assert_eq!(read(&bytes, &simple(), &rows).unwrap_err().kind(), ErrorKind::Damaged);
}

#[test]
fn vectors_out_of_order_or_of_no_field_are_damage() {
    let record = Record::without_vector(1)
        .with_vector("terms", terms(1))
        .unwrap()
        .with_vector("image", vec![1.0, 1.0])
        .unwrap();
    let good = encode_batch(&Batch::new().upsert(record), &fields(), None).unwrap();
    // Counts, the kind of change, the id, and the count of vectors come before the first field.
    let first = 8 + 1 + 9 + 1;
    assert_eq!(good[first], 0);
    read(&good, &fields(), &[]).unwrap();
    let (image, rest) = (&good[first..first + 9], &good[first + 9..]);
    let (terms, payload) = rest.split_at(5 + 16);
    let with = |vectors: &[&[u8]]| [&good[..first], &vectors.concat(), payload].concat();
    assert!(read(&with(&[image, terms]), &fields(), &[]).is_ok());
    for vectors in [[terms, image], [image, image], [terms, terms]] {
        let error = read(&with(&vectors), &fields(), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
    }
    let mut none = good.clone();
    none[first] = 2;
    assert_eq!(read(&none, &fields(), &[]).unwrap_err().kind(), ErrorKind::Damaged);
}

#[test]
fn statements_that_have_to_be_resolved_are_not_encoded() {
    let record = Record::without_vector(1);
    for batch in [
        Batch::new().insert(record.clone()),
        Batch::new().insert_if_absent(record),
        Batch::new().set_vectors(1, []),
    ] {
        let error = encode_batch(&batch, &simple(), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContractViolation);
    }
}
