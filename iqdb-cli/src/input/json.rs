//! A record, a payload or a vector as JSON on one line.

use std::fmt;

use iqdb::limits::{DIM_MAX, PAYLOAD_KEYS_MAX};
use iqdb::{Error, ErrorKind, Location, Payload, RecordId, Value, Vector};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) id: Option<RecordId>,
    pub(super) vector: Option<Vector>,
    pub(super) payload: Payload,
}

/// An error, and the field that it is in.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) field: Option<String>,
    pub(super) error: Error,
}

/// Reads an object with an `id`, a `vector` and a payload: the object in the field `payload`, or
/// all other fields.
pub(super) fn object(line: &[u8]) -> Result<Line, Problem> {
    let mut cursor = Cursor::default();
    let object = Object { cursor: &mut cursor, or_vector: false };
    parse(line, object).map_err(|error| cursor.problem(line, &error))
}

/// Reads an object as [`object`] does, or a list of components alone.
pub(super) fn object_or_vector(line: &[u8]) -> Result<Line, Problem> {
    let mut cursor = Cursor::default();
    let object = Object { cursor: &mut cursor, or_vector: true };
    parse(line, object).map_err(|error| cursor.problem(line, &error))
}

/// Reads a list of components.
pub(super) fn vector(text: &[u8]) -> Result<Vector, Problem> {
    let mut cursor = Cursor::default();
    parse(text, Components(&mut cursor)).map_err(|error| cursor.problem(text, &error))
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

struct Object<'c> {
    cursor: &'c mut Cursor,
    or_vector: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Line;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Line, D::Error> {
        if self.or_vector {
            deserializer.deserialize_any(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.or_vector { "a list of numbers, or an object" } else { "an object" })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Line, A::Error> {
        let vector = Components(self.cursor).visit_seq(sequence)?;
        Ok(Line { vector: Some(vector), ..Line::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
        let mut line = Line::default();
        let mut whole_payload = None;
        while let Some(field) = map.next_key::<String>()? {
            self.cursor.field = Some(field.clone());
            let twice = || invalid("the field a second time", "each field once");
            match field.as_str() {
                "id" if line.id.is_some() => return Err(twice()),
                "id" => line.id = Some(map.next_value()?),
                "vector" if line.vector.is_some() => return Err(twice()),
                "vector" => line.vector = Some(map.next_value_seed(Components(self.cursor))?),
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
            self.cursor.field = None;
        }
        if let Some(payload) = whole_payload {
            if let Some((field, _)) = line.payload.iter().next() {
                self.cursor.field = Some(field.to_owned());
                return Err(invalid("a field beside the payload", "id, vector and payload alone"));
            }
            line.payload = payload;
        }
        Ok(line)
    }
}

/// The components of a vector, each of which is named when it can't be read.
struct Components<'c>(&'c mut Cursor);

impl<'de> DeserializeSeed<'de> for Components<'_> {
    type Value = Vector;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vector, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

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
