//! The serialised forms of values, maps and payloads: what they look like where people read them,
//! an enum elsewhere.
//!
//! Where people read them, a date is a map with the one key `$date`. So that no map is taken for
//! one, a map whose only key begins with `$` is put below the one key `$map`.

use std::fmt;

use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::check::too_deep;
use super::{List, Map, TooDeep, Value};
use crate::limits::{LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX, PAYLOAD_KEYS_MAX};
use crate::{DateTime, Payload};

const DATE: &str = "$date";
const MAP: &str = "$map";

#[derive(Serialize)]
#[serde(rename = "Value")]
enum Tagged<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    DateTime(DateTime),
    Text(&'a str),
    List(&'a [Value]),
    Map(Entries<'a>),
}

/// The names of [`Tagged`]'s variants, for a format that reads by name.
const KINDS: &[&str] = &["Null", "Bool", "Int", "Float", "DateTime", "Text", "List", "Map"];

#[derive(Deserialize)]
#[serde(variant_identifier)]
enum Kind {
    Null,
    Bool,
    Int,
    Float,
    DateTime,
    Text,
    List,
    Map,
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::List(List(Err(TooDeep))) = self {
            return Err(S::Error::custom(too_deep()));
        }
        if serializer.is_human_readable() {
            return match self {
                Self::Null => serializer.serialize_unit(),
                Self::Bool(value) => serializer.serialize_bool(*value),
                Self::Int(value) => serializer.serialize_i64(*value),
                Self::Float(value) => serializer.serialize_f64(*value),
                Self::DateTime(value) => one_entry(serializer, DATE, value),
                Self::Text(value) => serializer.serialize_str(value),
                Self::List(values) => serializer.collect_seq(values),
                Self::Map(map) if is_special(map) => one_entry(serializer, MAP, &Entries(map)),
                Self::Map(map) => Entries(map).serialize(serializer),
            };
        }
        match self {
            Self::Null => Tagged::Null,
            Self::Bool(value) => Tagged::Bool(*value),
            Self::Int(value) => Tagged::Int(*value),
            Self::Float(value) => Tagged::Float(*value),
            Self::DateTime(value) => Tagged::DateTime(*value),
            Self::Text(value) => Tagged::Text(value),
            Self::List(values) => Tagged::List(values.as_slice()),
            Self::Map(map) => Tagged::Map(Entries(map)),
        }
        .serialize(serializer)
    }
}

/// Whether a map would be read as something else if it were written as it is.
fn is_special(map: &Map) -> bool {
    map.len() == 1 && map.iter().all(|(key, _)| key.starts_with('$'))
}

fn one_entry<S: Serializer>(
    serializer: S,
    key: &str,
    value: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// A map as it is.
struct Entries<'a>(&'a Map);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Map(Ok(_)) => serializer.collect_map(self.0.iter()),
            Map(Err(TooDeep)) => Err(S::Error::custom(too_deep())),
        }
    }
}

/// A payload is always a map, so that none is taken for anything else.
impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Entries(self.as_map()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = ValueAt(1).deserialize(deserializer)?;
        value.check().map_err(D::Error::custom)?;
        Ok(value)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let payload = Payload::from(MapAt(0).deserialize(deserializer)?);
        payload.check().map_err(D::Error::custom)?;
        Ok(payload)
    }
}

/// A value at this depth, as [`ReadAt`] finds it.
struct ValueAt(usize);

impl<'de> DeserializeSeed<'de> for ValueAt {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match ReadAt(self.0).deserialize(deserializer)? {
            Read::Value(value) => Ok(value),
            Read::Map(map) => map.into_value(),
        }
    }
}

/// What was read: a value, or a map that may mean something else.
enum Read {
    Value(Value),
    Map(ReadMap),
}

/// Whatever stands at this depth. What is too deep is refused where it begins.
struct ReadAt(usize);

/// The deepest text of a value: each of its maps may stand below the key `$map`.
const TEXT_DEPTH_MAX: usize = 2 * PAYLOAD_DEPTH_MAX;

impl<'de> DeserializeSeed<'de> for ReadAt {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        if self.0 > TEXT_DEPTH_MAX {
            return Err(D::Error::custom(too_deep()));
        }
        match deserializer.is_human_readable() {
            true => deserializer.deserialize_any(self),
            false => deserializer.deserialize_enum("Value", KINDS, Binary(self.0)).map(Read::Value),
        }
    }
}

/// The value of an enum, at this depth.
struct Binary(usize);

impl<'de> Visitor<'de> for Binary {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind of value with the value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (kind, variant) = tagged.variant()?;
        Ok(match kind {
            Kind::Null => {
                variant.unit_variant()?;
                Value::Null
            }
            Kind::Bool => Value::Bool(variant.newtype_variant()?),
            Kind::Int => Value::Int(variant.newtype_variant()?),
            Kind::Float => Value::Float(variant.newtype_variant()?),
            Kind::DateTime => Value::DateTime(variant.newtype_variant()?),
            Kind::Text => Value::Text(variant.newtype_variant()?),
            Kind::List => Value::List(variant.newtype_variant_seed(ListAt(self.0))?),
            Kind::Map => Value::Map(variant.newtype_variant_seed(MapAt(self.0))?),
        })
    }
}

impl<'de> Visitor<'de> for ReadAt {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, a string, a list or a map of these")
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read::Value(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Read, E> {
        Ok(Read::Value(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Read, E> {
        Ok(Read::Value(Value::Int(value)))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Read, E> {
        i64::try_from(value).map(|value| Read::Value(Value::Int(value))).map_err(|_| {
            E::custom(format_args!("{value} is above {}, the largest integer", i64::MAX))
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Read, E> {
        Ok(Read::Value(Value::Float(value)))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Read, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E>(self, value: String) -> Result<Read, E> {
        Ok(Read::Value(Value::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Read, A::Error> {
        ListAt(self.0).visit_seq(sequence).map(|list| Read::Value(Value::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Read, A::Error> {
        ReadMap::read(access, self.0).map(Read::Map)
    }
}

/// A list at this depth, its elements one deeper.
struct ListAt(usize);

impl<'de> DeserializeSeed<'de> for ListAt {
    type Value = List;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<List, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListAt {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List, A::Error> {
        let (mut values, mut bytes) = (Vec::new(), 0);
        while let Some(value) = sequence.next_element_seed(ValueAt(self.0 + 1))? {
            bytes += value.size_bytes();
            values.push(value);
            // Far enough to be refused by the check; memory need not grow any further.
            if values.len() > LIST_LEN_MAX || bytes > PAYLOAD_BYTES_MAX {
                break;
            }
        }
        Ok(values.into())
    }
}

/// A map as it is, at this depth: 0 for a whole payload.
struct MapAt(usize);

impl<'de> DeserializeSeed<'de> for MapAt {
    type Value = Map;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Map, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MapAt {
    type Value = Map;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from keys to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Map, A::Error> {
        ReadMap::read(access, self.0)?.into_map()
    }
}

/// A map that was read, before it is known whether its only key is `$map`, and so what the map below
/// it means.
#[derive(Default)]
struct ReadMap {
    map: Map,
    bytes: usize,
    /// The map of the key `$map`, which came first.
    wrapped: Option<Box<ReadMap>>,
}

impl ReadMap {
    fn read<'de, A: MapAccess<'de>>(mut access: A, depth: usize) -> Result<Self, A::Error> {
        let mut read = Self::default();
        // Far enough to be refused by the check, memory need not grow any further.
        while read.map.len() <= PAYLOAD_KEYS_MAX && read.bytes <= PAYLOAD_BYTES_MAX {
            let Some(key) = access.next_key::<String>()? else {
                break;
            };
            if read.map.get(&key).is_some() || (key == MAP && read.wrapped.is_some()) {
                return Err(A::Error::custom(format_args!("key {key:?} occurs twice")));
            }
            let value = if key == MAP && read.map.is_empty() {
                match access.next_value_seed(ReadAt(depth + 1))? {
                    Read::Value(value) => value,
                    Read::Map(map) => {
                        read.bytes += map.bytes;
                        read.wrapped = Some(map.into());
                        continue;
                    }
                }
            } else {
                access.next_value_seed(ValueAt(depth + 1))?
            };
            read.bytes += key.len() + value.size_bytes();
            read.map.insert(key, value);
        }
        Ok(read)
    }

    /// As it stands.
    fn into_map<E: serde::de::Error>(self) -> Result<Map, E> {
        let mut map = self.map;
        if let Some(wrapped) = self.wrapped {
            map.insert(MAP, wrapped.into_value()?);
        }
        Ok(map)
    }

    /// What it means where a value stands.
    fn into_value<E: serde::de::Error>(self) -> Result<Value, E> {
        let map = match self {
            Self { wrapped: Some(wrapped), map, .. } if map.is_empty() => {
                return wrapped.into_map().map(Value::Map);
            }
            read => read.into_map()?,
        };
        if !is_special(&map) {
            return Ok(Value::Map(map));
        }
        match map.get(DATE) {
            Some(Value::Text(text)) => text.parse().map(Value::DateTime).map_err(E::custom),
            Some(_) => Err(E::custom("the value of `$date` is no text such as `2025-01-31`")),
            None => Err(E::custom(format_args!(
                "the only key of a map begins with `$` and has no meaning, in {}; \
                 such a map is written below the key `$map`",
                Value::Map(map)
            ))),
        }
    }
}
