//! The serialised forms of an id: what it looks like where people read it, an enum elsewhere.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{RecordId, Repr};

#[derive(Serialize, Deserialize)]
enum Tagged<T> {
    Number(u64),
    Uuid(Uuid),
    Text(T),
}

impl Serialize for RecordId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return match &self.0 {
                Repr::Number(number) => serializer.serialize_u64(*number),
                Repr::Uuid(uuid) => {
                    let mut map = serializer.serialize_map(Some(1))?;
                    map.serialize_entry("uuid", uuid)?;
                    map.end()
                }
                Repr::Text(text) => serializer.serialize_str(text),
            };
        }
        match &self.0 {
            Repr::Number(number) => Tagged::Number(*number),
            Repr::Uuid(uuid) => Tagged::Uuid(*uuid),
            Repr::Text(text) => Tagged::Text(&**text),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = if deserializer.is_human_readable() {
            deserializer.deserialize_any(Readable)?
        } else {
            match Tagged::<String>::deserialize(deserializer)? {
                Tagged::Number(number) => number.into(),
                Tagged::Uuid(uuid) => uuid.into(),
                Tagged::Text(text) => text.into(),
            }
        };
        id.check().map_err(D::Error::custom)?;
        Ok(id)
    }
}

struct Readable;

impl<'de> Visitor<'de> for Readable {
    type Value = RecordId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a record id: a number of 64 bits, {"uuid": "…"} or a string"#)
    }

    fn visit_u64<E>(self, number: u64) -> Result<RecordId, E> {
        Ok(number.into())
    }

    // Formats that know signed integers only come here.
    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<RecordId, E> {
        u64::try_from(number)
            .map(RecordId::from)
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
    }

    fn visit_str<E>(self, text: &str) -> Result<RecordId, E> {
        Ok(text.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RecordId, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(A::Error::missing_field("uuid"));
        };
        if key != "uuid" {
            return Err(A::Error::unknown_field(&key, &["uuid"]));
        }
        let uuid: Uuid = map.next_value()?;
        match map.next_key::<String>()? {
            Some(extra) => Err(A::Error::unknown_field(&extra, &["uuid"])),
            None => Ok(uuid.into()),
        }
    }
}
