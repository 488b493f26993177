//! Schemas, and the vectors of frames and segments, by `docs/format.md`.

use iqdb_core::{Element, Metric, Record, Value, Vector, bf16, f16};

use super::bytes::Bytes;

/// A field, by its codes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// `None` for a sparse field, and for a computed one.
    pub(crate) element: Option<Element>,
    /// `None` for a computed field.
    pub(crate) metric: Option<Metric>,
    /// The name of the computation of a computed field.
    pub(crate) computation: Option<String>,
    /// The source of a text field; empty for the key of its name.
    pub(crate) source: String,
    pub(crate) dim: usize,
}

pub(crate) fn schema(from: &mut Bytes<'_>) -> Vec<Field> {
    let count = from.len(4);
    let field = |_| {
        let len = from.len(2);
        let name = from.text(len).to_owned();
        let field = Field { name, ..kind(from) };
        let source_len = if field.is_text() { from.len(2) } else { 0 };
        Field { source: from.text(source_len).to_owned(), ..field }
    };
    (0..count).map(field).collect()
}

/// A field without a name.
pub(crate) fn kind(from: &mut Bytes<'_>) -> Field {
    let element = match from.number(1) {
        0 => None,
        1 => Some(Element::F32),
        2 => Some(Element::F16),
        3 => Some(Element::BF16),
        4 => Some(Element::I8),
        5 => Some(Element::Binary),
        6 => {
            let len = from.len(1);
            let computation = Some(from.text(len).to_owned());
            return Field { computation, ..Field::default() };
        }
        code => panic!("an element {code}"),
    };
    let metric = match from.number(1) {
        1 => Metric::Cosine,
        2 => Metric::Dot,
        3 => Metric::Euclidean,
        4 => Metric::Hamming,
        5 => Metric::Jaccard,
        code => panic!("a metric {code}"),
    };
    let dim = from.len(4);
    assert_eq!(element.is_none(), dim == 0);
    Field { element, metric: Some(metric), dim, ..Field::default() }
}

impl Field {
    fn is_text(&self) -> bool {
        self.computation.as_deref() == Some("words/1")
    }

    /// Bytes of a dense vector.
    pub(crate) fn vector_bytes(&self) -> usize {
        match self.element {
            None => 0,
            Some(Element::F32) => 4 * self.dim,
            Some(Element::F16 | Element::BF16) => 2 * self.dim,
            Some(Element::I8) => self.dim,
            Some(_) => self.dim.div_ceil(8),
        }
    }

    /// Bytes from one dense vector to the next, and what a sparse one and a computed row count.
    pub(crate) fn stride(&self) -> usize {
        match self.element {
            None if self.computation.is_some() => 512,
            None => 1_024,
            Some(Element::Binary) => self.vector_bytes().next_multiple_of(8),
            Some(_) => self.vector_bytes().next_multiple_of(64),
        }
    }

    fn dense(&self, bytes: &[u8]) -> Vector {
        let pairs = || bytes.chunks(2).map(|pair| u16::from_le_bytes(pair.try_into().unwrap()));
        let vector = match self.element.unwrap() {
            Element::F32 => {
                let component = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
                bytes.chunks(4).map(component).collect::<Vec<_>>().try_into()
            }
            Element::F16 => pairs().map(f16::from_bits).collect::<Vec<_>>().try_into(),
            Element::BF16 => pairs().map(bf16::from_bits).collect::<Vec<_>>().try_into(),
            Element::I8 => bytes.iter().map(|x| x.cast_signed()).collect::<Vec<_>>().try_into(),
            _ => Vector::binary(self.dim, bytes),
        };
        vector.unwrap()
    }

    /// The next of some rows, and its padding.
    pub(crate) fn row(&self, from: &mut Bytes<'_>) -> Vector {
        let vector = self.dense(from.take(self.vector_bytes()));
        from.zeros(self.stride() - self.vector_bytes());
        vector
    }
}

/// Reads the vectors of a record of a frame.
pub(crate) fn take_vectors(from: &mut Bytes<'_>, schema: &[Field], record: &mut Record) {
    let mut least = 0;
    for _ in 0..from.number(1) {
        let n = from.len(1);
        assert!(n >= least, "the vectors are in the order of the fields");
        least = n + 1;
        let field = &schema[n];
        let vector = match field.element {
            Some(_) => field.dense(from.take(field.vector_bytes())),
            None => {
                let terms = from.len(4);
                sparse(from.take(4 * terms), from.take(4 * terms))
            }
        };
        record.set_vector(field.name.clone(), Some(vector));
    }
}

fn sparse(indices: &[u8], weights: &[u8]) -> Vector {
    let index = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    let weight = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
    let indices = indices.chunks(4).map(index).collect::<Vec<_>>();
    Vector::sparse(indices, weights.chunks(4).map(weight).collect::<Vec<_>>()).unwrap()
}

/// Gives the records of a block their vectors of a field, from the four parts of its column.
pub(crate) fn read_column(
    field: &Field,
    [vectors, rows_of, ends, weights]: [&[u8]; 4],
    records: &mut [Record],
) {
    let found: Vec<Vector> = if field.element.is_some() {
        assert!(ends.is_empty() && weights.is_empty());
        assert!(vectors.len().is_multiple_of(field.stride()));
        vectors.chunks(field.stride()).map(|row| field.row(&mut Bytes(row))).collect()
    } else {
        let mut numbers = Bytes(ends);
        let ends: Vec<usize> = (0..ends.len() / 8).map(|_| numbers.len(8)).collect();
        assert_eq!(vectors.len(), weights.len());
        assert_eq!(ends.last().map_or(0, |end| 4 * end), vectors.len());
        assert!(ends.first().is_none_or(|end| *end == 0));
        let of = |pair: &[usize]| {
            let terms = 4 * pair[0]..4 * pair[1];
            sparse(&vectors[terms.clone()], &weights[terms])
        };
        ends.windows(2).map(of).collect()
    };
    let rows = rows(rows_of, found.len(), records.len());
    for (row, vector) in rows.into_iter().zip(found) {
        records[row].set_vector(field.name.clone(), Some(vector));
    }
}

/// The rows of a block of `block_rows` rows that the vectors of a column are of.
fn rows(rows_of: &[u8], count: usize, block_rows: usize) -> Vec<usize> {
    let rows: Vec<usize> = if count == block_rows || count == 0 {
        assert!(rows_of.is_empty());
        (0..count).collect()
    } else {
        let mut numbers = Bytes(rows_of);
        (0..rows_of.len() / 4).map(|_| numbers.len(4)).collect()
    };
    assert!(rows.len() == count && rows.is_sorted_by(|a, b| a < b));
    rows
}

/// Sees that the column of a computed field has what follows from the payload of each record that is
/// not dead.
pub(crate) fn assert_computed(
    field: &Field,
    [bytes, rows_of, ends, weights]: [&[u8]; 4],
    records: &[Record],
    is_dead: &dyn Fn(usize) -> bool,
) {
    assert!(weights.is_empty());
    let mut numbers = Bytes(ends);
    let ends: Vec<usize> = (0..ends.len() / 8).map(|_| numbers.len(8)).collect();
    assert!(ends.first().is_none_or(|end| *end == 0) && ends.is_sorted());
    assert_eq!(ends.last().map_or(0, |end| *end), bytes.len());
    let rows = rows(rows_of, ends.len().saturating_sub(1), records.len());
    let mut found = vec![None; records.len()];
    for (row, pair) in rows.into_iter().zip(ends.windows(2)) {
        found[row] = Some(bytes[pair[0]..pair[1]].to_vec());
    }
    for (row, record) in records.iter().enumerate().filter(|(row, _)| !is_dead(*row)) {
        let expected = match field.computation.as_deref() {
            Some("text_lengths/1") => text_lengths(&field.name, record),
            Some("words/1") => words(field, record),
            other => panic!("a computation {other:?}"),
        };
        assert_eq!(found[row], expected, "{:?}", record.id);
    }
}

/// The lengths of the texts of a key.
fn text_lengths(key: &str, record: &Record) -> Option<Vec<u8>> {
    let len = |value: &Value| match value {
        Value::Text(text) => u32::try_from(text.len()).unwrap().to_le_bytes().to_vec(),
        _ => Vec::new(),
    };
    match record.payload.get(key)? {
        Value::List(list) => Some(list.iter().flat_map(len).collect()),
        text @ Value::Text(_) => Some(len(text)),
        _ => None,
    }
}

/// The words of the texts of a source: those of the golden texts have spaces between them, and are few
/// enough for one byte of each number.
fn words(field: &Field, record: &Record) -> Option<Vec<u8>> {
    let texts: Vec<String> = match field.source.as_str() {
        "" => texts(record.payload.get(&field.name)?),
        "doc.parts[].text" => {
            let Value::Map(doc) = record.payload.get("doc")? else { return None };
            let Value::List(parts) = doc.get("parts")? else { return None };
            let text = |part: &Value| match part {
                Value::Map(part) => part.get("text").map(texts).unwrap_or_default(),
                _ => Vec::new(),
            };
            parts.iter().flat_map(text).collect()
        }
        other => panic!("a source {other}"),
    };
    let (mut count, mut known, mut tokens) = (0, Vec::new(), Vec::new());
    for text in &texts {
        for (n, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
            if n == 0 && count > 0 {
                tokens.push(0);
            }
            count += 1;
            let word = word.to_lowercase();
            match known.iter().position(|other| *other == word) {
                Some(n) => tokens.push(u8::try_from(2 * n + 1).unwrap()),
                None => {
                    tokens.push(u8::try_from(2 * word.len()).unwrap());
                    tokens.extend(word.bytes());
                    known.push(word);
                }
            }
        }
    }
    (!texts.is_empty()).then(|| [&[count][..], &tokens].concat())
}

/// The text, or the texts of the list.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.to_string()],
        Value::List(list) => {
            let text = |value: &Value| match value {
                Value::Text(text) => Some(text.to_string()),
                _ => None,
            };
            list.iter().filter_map(text).collect()
        }
        _ => Vec::new(),
    }
}
