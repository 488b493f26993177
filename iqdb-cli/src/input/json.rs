//! A record, a payload or a vector as JSON on one line.

use std::fmt;

use iqdb::limits::{DIM_MAX, PAYLOAD_KEYS_MAX};
use iqdb::{Element, Error, ErrorKind, Field, Location, Payload, Record, RecordId, Value, Vector};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) id: Option<RecordId>,
    /// The vectors by the names of their fields, each name once.
    pub(super) vectors: Vec<(String, Vector)>,
    pub(super) payload: Payload,
    /// Whether the payload was in the fields of the object itself.
    pub(super) has_flat_payload: bool,
}

impl Line {
    /// The record under this id.
    pub(super) fn into_record(self, id: RecordId) -> Record {
        let record = Record::without_vector(id).with_payload(self.payload);
        self.vectors
            .into_iter()
            .fold(record, |record, (name, vector)| super::with_vector(record, &name, vector))
    }
}

/// An error, and the field that it is in.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) field: Option<String>,
    pub(super) error: Error,
}

/// Reads an object with an `id`, a `vector`, more of them by name in `vectors`, and a payload: the
/// object in the field `payload`, or all other fields.
pub(super) fn object(line: &[u8]) -> Result<Line, Problem> {
    let mut cursor = Cursor::default();
    parse(line, Object(&mut cursor)).map_err(|error| cursor.problem(line, &error))
}

/// Reads a vector: a list of components, or an object of one kind, such as `{"i8": [1, 2]}`.
pub(super) fn vector(text: &[u8]) -> Result<Vector, Problem> {
    let mut cursor = Cursor::default();
    parse(text, AnyVector(&mut cursor)).map_err(|error| cursor.problem(text, &error))
}

/// Whether the line is one for [`vector`] to read: anything but an object that begins as none of
/// these.
pub(super) fn is_vector(line: &[u8]) -> bool {
    let Some(first) = line.trim_ascii_start().strip_prefix(b"{") else {
        return true;
    };
    let Some(key) = first.trim_ascii_start().strip_prefix(b"\"") else {
        return false;
    };
    let key = key.split(|byte| *byte == b'"').next().unwrap_or_default();
    Element::ALL.iter().any(|element| element.as_str().as_bytes() == key) || key == b"sparse"
}

fn parse<'de, S: DeserializeSeed<'de>>(text: &'de [u8], seed: S) -> serde_json::Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Where in the line the reading is.
#[derive(Debug, Default)]
struct Cursor {
    field: Option<String>,
    component: Option<usize>,
}

impl Cursor {
    fn problem(self, line: &[u8], error: &serde_json::Error) -> Problem {
        let field = match (self.field, self.component) {
            (Some(field), Some(component)) => Some(format!("{field}[{component}]")),
            (None, Some(component)) => Some(format!("[{component}]")),
            (field, None) => field,
        };
        let before = &line[..error.column().min(line.len())];
        let column = String::from_utf8_lossy(before).chars().count().max(1);
        Problem { field, error: readable(error).at(Location::Column(column)) }
    }
}

/// What serde says, in its parts: `invalid type: FOUND, expected EXPECTED at line 1 column 7`.
fn readable(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let damaged = |message: &'static str| Error::new(ErrorKind::Damaged, message);
    for (prefix, message) in [
        ("invalid type: ", "the line holds a value of another type"),
        ("invalid value: ", NO_RECORD),
        ("invalid length ", "the line holds a list of another length"),
    ] {
        let parts = text.strip_prefix(prefix).and_then(|rest| rest.rsplit_once(", expected "));
        if let Some((found, expected)) = parts {
            return damaged(message).expected(expected).found(found);
        }
    }
    match error.classify() {
        Category::Eof => {
            damaged("the line ends early").expected("a whole JSON value").found("its beginning")
        }
        Category::Data => damaged(NO_RECORD).expected("what a record can have").found(text),
        Category::Syntax | Category::Io => {
            damaged("the line is not JSON").expected("a JSON value and nothing else").found(text)
        }
    }
}

const NO_RECORD: &str = "the line holds what no record can have";

/// An error that [`readable`] takes apart.
fn invalid<E: serde::de::Error>(found: &str, expected: &str) -> E {
    E::custom(format_args!("invalid value: {found}, expected {expected}"))
}

struct Object<'c>(&'c mut Cursor);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Line;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Line, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
        let mut line = Line::default();
        let mut whole_payload = None;
        while let Some(field) = map.next_key::<String>()? {
            self.0.field = Some(field.clone());
            let twice = || invalid("the field a second time", "each field once");
            let has = |line: &Line, name: &str| line.vectors.iter().any(|(other, _)| other == name);
            match field.as_str() {
                "id" if line.id.is_some() => return Err(twice()),
                "id" => line.id = Some(map.next_value()?),
                Field::DEFAULT if has(&line, Field::DEFAULT) => return Err(twice()),
                Field::DEFAULT => {
                    let vector = map.next_value_seed(AnyVector(self.0))?;
                    line.vectors.push((field, vector));
                }
                "vectors" => map.next_value_seed(NamedVectors(self.0, &mut line.vectors))?,
                "payload" if whole_payload.is_some() => return Err(twice()),
                "payload" => whole_payload = Some(map.next_value::<Payload>()?),
                _ if line.payload.get(&field).is_some() => return Err(twice()),
                _ if line.payload.len() == PAYLOAD_KEYS_MAX => {
                    let expected = format!("at most {PAYLOAD_KEYS_MAX} keys");
                    return Err(invalid("more keys than a payload can have", &expected));
                }
                _ => {
                    let value: Value = map.next_value()?;
                    line.payload.insert(field, value);
                }
            }
            self.0.field = None;
        }
        line.has_flat_payload = !line.payload.is_empty();
        if let Some(payload) = whole_payload {
            if let Some((field, _)) = line.payload.iter().next() {
                self.0.field = Some(field.to_owned());
                let expected = "id, vector, vectors and payload alone";
                return Err(invalid("a field beside the payload", expected));
            }
            line.payload = payload;
        }
        Ok(line)
    }
}

/// The vectors of an object by the names of their fields, beside those that are there.
struct NamedVectors<'c, 'l>(&'c mut Cursor, &'l mut Vec<(String, Vector)>);

impl<'de> DeserializeSeed<'de> for NamedVectors<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NamedVectors<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a vector per field")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.0.field = Some(format!("vectors.{name}"));
            if self.1.iter().any(|(other, _)| *other == name) {
                return Err(invalid("the field a second time", "each field once"));
            }
            let vector = map.next_value_seed(AnyVector(self.0))?;
            self.1.push((name, vector));
        }
        Ok(())
    }
}

/// A vector in any of its forms.
struct AnyVector<'c>(&'c mut Cursor);

impl<'de> DeserializeSeed<'de> for AnyVector<'_> {
    type Value = Vector;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vector, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyVector<'_> {
    type Value = Vector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of 1 to {DIM_MAX} numbers or an object such as {{\"i8\": [1, 2]}}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Vector, A::Error> {
        Components(self.0).visit_seq(sequence)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vector, A::Error> {
        serde::Deserialize::deserialize(MapAccessDeserializer::new(map))
    }
}

/// The components of a vector of `f32`, each of which is named when it can't be read.
struct Components<'c>(&'c mut Cursor);

impl<'de> Visitor<'de> for Components<'_> {
    type Value = Vector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of 1 to {DIM_MAX} numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vector, A::Error> {
        let mut components = Vec::new();
        loop {
            self.0.component = Some(components.len());
            let Some(Component(component)) = sequence.next_element()? else {
                break;
            };
            if components.len() == DIM_MAX {
                let expected = format!("at most {DIM_MAX} components");
                return Err(invalid("more components than a vector can have", &expected));
            }
            components.push(component);
        }
        self.0.component = None;
        Vector::try_from(components).map_err(|_| A::Error::invalid_length(0, &self))
    }
}

struct Component(f32);

impl<'de> serde::Deserialize<'de> for Component {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for an f32, the parser rounds the digits once; from an f64 they would be rounded
        // twice.
        deserializer.deserialize_f32(Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Component;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a finite number of 32 bits")
    }

    #[expect(clippy::cast_possible_truncation, reason = "it was read as an f32")]
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Component, E> {
        let component = number as f32;
        if component.is_finite() {
            return Ok(Component(component));
        }
        Err(E::invalid_value(serde::de::Unexpected::Float(number), &self))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Component, E> {
        Ok(Component(number as f32))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Component, E> {
        Ok(Component(number as f32))
    }
}
