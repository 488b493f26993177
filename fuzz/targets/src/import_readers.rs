//! The readers of records of the command line over arbitrary bytes: `.jsonl`, `.csv`, `.fvecs`,
//! `.fbin`, and vectors with lines of payloads beside them.

use iqdb_cli::input::{
    CsvReader, Delimiter, JsonlReader, MatrixReader, Paired, Reader, RowHead, Rules, VectorLines,
    Vectors,
};
use iqdb_core::{Element, Field, Metric, Record, Result, Schema};

use crate::errors;
use crate::seed::Seed;

/// Reads all but the first byte as a file of the format that the first byte says.
///
/// # Panics
/// When a record is let in that breaks a limit of the contract, or that is another one when it is
/// written as JSON and read back; when an error doesn't name the file.
pub fn import_readers(data: &[u8]) {
    let Some((selector, bytes)) = data.split_first() else {
        return;
    };
    let length = bytes.len() as u64;
    let records = match selector % 7 {
        0 => all(&mut JsonlReader::new("fuzzed", bytes, length)),
        1 => csv(bytes, 1),
        5 => csv(bytes, 2),
        6 => VectorLines::new("fuzzed", bytes, length, "bits").next_vector().and_then(|vector| {
            let record = Record::without_vector(1);
            vector.into_iter().map(|vector| record.clone().with_vector("bits", vector)).collect()
        }),
        2 => matrix(bytes, RowHead::Dimension).and_then(|vectors| all(&mut alone(vectors))),
        3 => matrix(bytes, RowHead::Nothing).and_then(|vectors| all(&mut alone(vectors))),
        // The vectors end where a byte says, and the lines begin there.
        _ => {
            let (at, bytes) = bytes.split_first().map_or((0, bytes), |(at, rest)| (*at, rest));
            let (vectors, lines) = bytes.split_at(usize::from(at).min(bytes.len()));
            matrix(vectors, RowHead::Dimension).and_then(|vectors| {
                all(&mut Paired::alone(vectors, Field::DEFAULT).with_payloads("fuzzed", lines))
            })
        }
    };
    match records {
        Ok(records) => check_records(&records),
        Err(error) => {
            assert!(error.to_string().contains("fuzzed"), "{error}");
            errors::check(&error);
        }
    }
}

fn alone(vectors: MatrixReader<&[u8]>) -> Paired<MatrixReader<&[u8]>, &[u8]> {
    Paired::alone(vectors, Field::DEFAULT)
}

/// Columns with the vectors of the first fields.
fn csv(bytes: &[u8], fields: usize) -> Result<Vec<Record>> {
    let schema = Schema::builder()
        .dense(Field::DEFAULT, 2, Metric::Dot)
        .dense("bits", 9, Metric::Hamming)
        .element(Element::Binary)
        .build()?;
    let (length, fields) = (bytes.len() as u64, &schema.fields()[..fields]);
    let (file, rules) = (std::io::Cursor::new(bytes), Rules::default());
    all(&mut CsvReader::new("fuzzed", file, Delimiter::Comma, length, fields, &rules)?)
}

fn matrix(bytes: &[u8], head: RowHead) -> Result<MatrixReader<&[u8]>> {
    MatrixReader::new("fuzzed", bytes, head, bytes.len() as u64)
}

fn all(reader: &mut dyn Reader) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    Ok(records)
}

/// Whatever was read can be written as a line of JSON that is the same record, bit for bit.
fn check_records(records: &[Record]) {
    for record in records {
        record.id.check().expect("an id that can be stored");
        // Whether a payload is too large is up to the database.
        if record.payload.check().is_err() {
            continue;
        }
        let line = serde_json::to_string(record).expect("a record as JSON");
        let again = JsonlReader::new("written", line.as_bytes(), 0)
            .next_record()
            .expect("a line that was written")
            .expect("a record");
        // Equality takes -0.0 for 0.0; bytes don't.
        let bits = |record: &Record| postcard::to_stdvec(record).expect("a record as bytes");
        assert_eq!((&again, bits(&again)), (record, bits(record)), "{line}");
    }
}

/// A small file of every format, and some that are not what they say.
pub(crate) fn seeds() -> Vec<Seed> {
    let seed = |name, selector: u8, file: &[u8]| Seed::new(name, [&[selector], file].concat());
    let row =
        [&2_u32.to_le_bytes()[..], &0.5_f32.to_le_bytes(), &(-0.0_f32).to_le_bytes()].concat();
    let rows = [&1_u32.to_le_bytes()[..], &row].concat();
    let nested = r#"{"id": 7, "vector": [1, -0.0], "payload": {"lang": "en", "tags": [1, null]}}"#;
    let flat = "{\"vector\": [1e-45], \"year\": 2024}\n\n{\"vector\": [3e38], \"score\": 0.1}\n";
    let columns = "id,v0,v1,lang,n\na,1,-0.0,en,7\n\"\"\"7\"\"\",2,1e-45,\"two\nlines\",\n";
    let list = "vector,x\n\"[0.5, 1]\",\"\"\"7\"\"\"\n";
    let fields = r#"{"id": 7, "vectors": {"h": {"f16": [0.5]}, "b": {"bf16": [-0.0]}, "i": {"i8": [-128]}, "bits": {"binary": {"dim": 3, "bytes": [160]}}, "t": {"sparse": {"indices": [3], "weights": [0.1]}}}}"#;
    let bits = "{\"binary\": {\"dim\": 9, \"bytes\": [255, 128]}}";
    let columns_of_fields = format!("v0,v1,bits\n1,2,\"{}\"\n,,\n", bits.replace('"', "\"\""));
    let paired = [&[12], &row[..], b"{\"id\": \"a\", \"lang\": \"en\"}\n"].concat();
    vec![
        seed("csv-of-columns", 1, columns.as_bytes()),
        seed("csv-of-lists", 1, list.as_bytes()),
        seed("csv-of-numbers", 1, b"id,v0,n,x\n1,1,7,NaN\n2,1,0.5,True\n"),
        seed("csv-with-an-open-quote", 1, b"id,v0,n\n1,1,\"a\n"),
        seed("csv-of-fields", 5, columns_of_fields.as_bytes()),
        seed("fbin", 3, &rows),
        seed("fvecs", 2, &row.repeat(2)),
        seed("fvecs-cut-short", 2, &row[..9]),
        seed("jsonl-fields", 0, fields.as_bytes()),
        seed("jsonl-flat", 0, flat.as_bytes()),
        seed("jsonl-nested", 0, nested.as_bytes()),
        seed("jsonl-of-another-type", 0, br#"{"id": -1, "vector": [1, "2"]}"#),
        seed("vector-alone", 6, bits.as_bytes()),
        seed("vectors-with-payloads", 4, &paired),
    ]
}
