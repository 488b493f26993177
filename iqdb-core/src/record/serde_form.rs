//! The serialised forms of a record: `{"id": 1, "vector": […], "vectors": {"image": […]}, "payload":
//! {}}` where people read it, in which what is absent is left out; the parts in order elsewhere.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Record, Vectors};
use crate::{Field, Payload, RecordId, Vector};

#[derive(Serialize)]
struct Named<'a>(
    #[serde(serialize_with = "as_map")] &'a [(std::borrow::Cow<'static, str>, Vector)],
);

fn as_map<S: Serializer>(
    named: &[(std::borrow::Cow<'static, str>, Vector)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(named.iter().map(|(name, vector)| (name, vector)))
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (default, named) = match &self.vectors {
            Vectors::Default(vector) => (Some(vector), Named(&[])),
            Vectors::Named(named) => (None, Named(named)),
        };
        if !serializer.is_human_readable() {
            return (&self.id, default, named, &self.payload).serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        if let Some(vector) = default {
            map.serialize_entry("vector", vector)?;
        }
        if !named.0.is_empty() {
            map.serialize_entry("vectors", &named)?;
        }
        map.serialize_entry("payload", &self.payload)?;
        map.end()
    }
}

#[derive(Deserialize)]
#[serde(rename = "Record", deny_unknown_fields)]
struct Readable {
    id: RecordId,
    vector: Option<Vector>,
    #[serde(default)]
    vectors: BTreeMap<String, Vector>,
    #[serde(default)]
    payload: Payload,
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Readable { id, vector, vectors, payload } = if deserializer.is_human_readable() {
            Readable::deserialize(deserializer)?
        } else {
            let (id, vector, vectors, payload) = Deserialize::deserialize(deserializer)?;
            Readable { id, vector, vectors, payload }
        };
        if vector.is_some() && vectors.contains_key(Field::DEFAULT) {
            return Err(D::Error::custom("the default field has two vectors"));
        }
        let mut record = Self::without_vector(id).with_payload(payload);
        if let Some(vector) = vector {
            record.set_vector(Field::DEFAULT, Some(vector));
        }
        for (name, vector) in vectors {
            record.set_vector(name, Some(vector));
        }
        Ok(record)
    }
}
