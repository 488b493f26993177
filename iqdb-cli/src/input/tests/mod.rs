//! Files that are what they say, files that are not, and any bytes at all.

mod csv;
mod jsonl;
mod matrix;
#[cfg(feature = "parquet")]
mod parquet;
mod properties;

use std::io::Cursor;

use iqdb::{Error, Field, Metric, Record, Result, Schema};

use super::{
    CsvReader, Delimiter, JsonlReader, MatrixReader, Paired, Reader, RowHead, Rules, Vectors,
};

fn all(reader: &mut dyn Reader) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    Ok(records)
}

fn jsonl(text: &str) -> Result<Vec<Record>> {
    all(&mut JsonlReader::new("words.jsonl", text.as_bytes(), text.len() as u64))
}

/// The field that a reader means which is told of none.
fn default_field() -> Vec<Field> {
    Schema::new(2, Metric::Dot).unwrap().fields().to_vec()
}

fn csv(text: &str) -> Result<Vec<Record>> {
    all(&mut csv_reader(text.as_bytes(), &default_field(), &Rules::default())?)
}

/// A reader of a table with the vectors of these fields.
fn csv_reader<'a>(
    bytes: &'a [u8],
    fields: &[Field],
    rules: &Rules,
) -> Result<CsvReader<Cursor<&'a [u8]>>> {
    let length = bytes.len() as u64;
    CsvReader::new("words.csv", Cursor::new(bytes), Delimiter::Comma, length, fields, rules)
}

fn matrix(head: RowHead, bytes: &[u8]) -> Result<Vec<Record>> {
    let vectors = MatrixReader::new("base.vecs", bytes, head, bytes.len() as u64)?;
    all(&mut Paired::<_, &[u8]>::alone(vectors, Field::DEFAULT))
}

fn paired(vectors: impl Vectors, payloads: &str) -> Result<Vec<Record>> {
    let vectors = Paired::alone(vectors, Field::DEFAULT);
    all(&mut vectors.with_payloads("payload.jsonl", payloads.as_bytes()))
}

fn fvecs(rows: &[&[f32]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend((row.len() as u32).to_le_bytes());
        bytes.extend(row.iter().flat_map(|x| x.to_le_bytes()));
    }
    bytes
}

fn fbin(dim: u32, rows: &[&[f32]]) -> Vec<u8> {
    let mut bytes = (rows.len() as u32).to_le_bytes().to_vec();
    bytes.extend(dim.to_le_bytes());
    bytes.extend(rows.iter().flat_map(|row| row.iter().flat_map(|x| x.to_le_bytes())));
    bytes
}

/// What is said about input that can't be read: each on a line.
#[track_caller]
fn refusals<T: std::fmt::Debug>(results: impl IntoIterator<Item = Result<T>>) -> String {
    let lines: Vec<_> = results.into_iter().map(|result| line(&result.unwrap_err())).collect();
    lines.join("\n")
}

#[track_caller]
fn line(error: &Error) -> String {
    assert!(error.expectation().is_some() && error.finding().is_some(), "{error}");
    assert!(error.operation().is_some_and(|during| during.starts_with("reading ")), "{error}");
    error.to_string()
}
