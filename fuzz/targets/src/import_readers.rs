//! The readers of records of the command line over arbitrary bytes: `.jsonl`, `.csv`, `.fvecs`,
//! `.fbin`, and vectors with lines of payloads beside them.

use iqdb_cli::input::{CsvReader, JsonlReader, MatrixReader, Paired, Reader, RowHead};
use iqdb_core::{Record, Result};

use crate::errors;
use crate::seeds::Seed;

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
    let records = match selector % 5 {
        0 => all(&mut JsonlReader::new("fuzzed", bytes, length)),
        1 => CsvReader::new("fuzzed", bytes, length).and_then(|mut reader| all(&mut reader)),
        2 => matrix(bytes, RowHead::Dimension)
            .and_then(|vectors| all(&mut Paired::<_, &[u8]>::alone(vectors))),
        3 => matrix(bytes, RowHead::Nothing)
            .and_then(|vectors| all(&mut Paired::<_, &[u8]>::alone(vectors))),
        // The vectors end where a byte says, and the lines begin there.
        _ => {
            let (at, bytes) = bytes.split_first().map_or((0, bytes), |(at, rest)| (*at, rest));
            let (vectors, lines) = bytes.split_at(usize::from(at).min(bytes.len()));
            matrix(vectors, RowHead::Dimension)
                .and_then(|vectors| all(&mut Paired::with_payloads(vectors, "fuzzed", lines)))
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
        let bits = |record: &Record| -> Vec<u32> {
            record.vector.iter().map(|component| component.to_bits()).collect()
        };
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
    let paired = [&[12], &row[..], b"{\"id\": \"a\", \"lang\": \"en\"}\n"].concat();
    vec![
        seed("csv-of-columns", 1, columns.as_bytes()),
        seed("csv-of-lists", 1, list.as_bytes()),
        seed("fbin", 3, &rows),
        seed("fvecs", 2, &row.repeat(2)),
        seed("fvecs-cut-short", 2, &row[..9]),
        seed("jsonl-flat", 0, flat.as_bytes()),
        seed("jsonl-nested", 0, nested.as_bytes()),
        seed("jsonl-of-another-type", 0, br#"{"id": -1, "vector": [1, "2"]}"#),
        seed("vectors-with-payloads", 4, &paired),
    ]
}
