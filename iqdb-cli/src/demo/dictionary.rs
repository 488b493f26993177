//! The words that are part of the command, and the database they are loaded into.

use iqdb::{Error, ErrorKind, Iqdb, Location, Metric, Record, Result, Schema};
use serde::Deserialize;

use crate::npy::NpyReader;

const WORDS: &[u8] = include_bytes!("../../demo/words.jsonl");
const VECTORS: &[u8] = include_bytes!("../../demo/vectors_f16.npy");

/// One meaning of a word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meaning {
    pub(crate) id: String,
    pub(crate) word: String,
    pub(crate) pos: String,
    pub(crate) gloss: String,
}

/// All meanings, and a database with their vectors.
#[derive(Debug)]
pub(crate) struct Dictionary {
    pub(crate) database: Iqdb,
    /// How many components each vector has.
    pub(crate) dim: usize,
    meanings: Vec<Meaning>,
}

impl Dictionary {
    /// Loads the words of the demo into memory.
    pub(crate) fn load() -> Result<Self> {
        Self::of(WORDS, VECTORS)
    }

    /// Loads the meanings in `words`, one JSON object per line, whose vectors are the rows of
    /// `vectors`.
    fn of(words: &[u8], vectors: &[u8]) -> Result<Self> {
        let mut vectors =
            NpyReader::<f32, _>::new("the demo's vectors", vectors, vectors.len() as u64)?;
        let (rows, dim) = (vectors.rows(), vectors.columns());
        let vectors = vectors.read_all()?;
        let meanings = parse(words).map_err(|error| error.during("reading the demo's words"))?;
        if meanings.len() != rows {
            return Err(Error::new(ErrorKind::Damaged, "the demo's words and vectors don't match")
                .expected(format_args!("{rows} words"))
                .found(format_args!("{} words", meanings.len())));
        }
        let database = Iqdb::open_in_memory(Schema::new(dim, Metric::Cosine)?)?;
        let records = meanings.iter().zip(vectors.chunks_exact(dim)).map(|(meaning, vector)| {
            let record = Record::new(meaning.id.as_str(), vector)?
                .with("word", meaning.word.as_str())
                .with("pos", meaning.pos.as_str())
                .with("gloss", meaning.gloss.as_str());
            Ok(record)
        });
        database.upsert_many(records.collect::<Result<Vec<_>>>()?)?;
        Ok(Self { database, dim, meanings })
    }

    /// The meanings of a word in lower case, the most common one first.
    pub(crate) fn meanings(&self, word: &str) -> Vec<&Meaning> {
        self.meanings.iter().filter(|meaning| meaning.word == word).collect()
    }

    /// Every meaning.
    pub(crate) fn all(&self) -> &[Meaning] {
        &self.meanings
    }
}

fn parse(words: &[u8]) -> Result<Vec<Meaning>> {
    let mut byte = 0;
    words
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            let start = byte;
            byte += line.len() as u64;
            serde_json::from_slice(line).map_err(|error| {
                Error::new(ErrorKind::Damaged, "a line is not the JSON of a word")
                    .at(Location::Byte(start))
                    .caused_by(error)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_data_in_the_command_loads_whole() {
        let dictionary = Dictionary::load().unwrap();
        assert_eq!(dictionary.all().len(), 4_000);
        assert_eq!(dictionary.database.len().unwrap(), 4_000);
        assert_eq!(dictionary.dim, 384);
        for meaning in dictionary.all() {
            let record = dictionary.database.get(meaning.id.as_str()).unwrap().unwrap();
            assert_eq!(record.payload.get("word"), Some(&meaning.word.as_str().into()));
            assert_eq!(record.payload.get("gloss"), Some(&meaning.gloss.as_str().into()));
        }
    }

    #[test]
    fn every_word_can_be_found_by_its_lower_case() {
        let dictionary = Dictionary::load().unwrap();
        for meaning in dictionary.all() {
            assert_eq!(meaning.word, meaning.word.to_lowercase());
        }
        assert_eq!(dictionary.meanings("back").len(), 4);
        assert_eq!(dictionary.meanings("oceen").len(), 0);
    }

    #[test]
    fn a_damaged_line_is_named_by_its_byte() {
        let error = parse(b"{\"id\":\"a\",\"word\":\"a\",\"pos\":\"noun\",\"gloss\":\"\"}\n{\n")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        assert_eq!(error.location(), Some(Location::Byte(46)));
    }

    #[test]
    fn a_lost_line_is_noticed() {
        let lines =
            WORDS.split_inclusive(|byte| *byte == b'\n').skip(1).collect::<Vec<_>>().concat();
        let error = Dictionary::of(&lines, VECTORS).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        assert_eq!(error.finding(), Some("3999 words"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(words in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&words);
        }
    }
}
