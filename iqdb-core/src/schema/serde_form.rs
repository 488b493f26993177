//! The serialised form of a schema: `{"fields": [{"name": "vector", "kind": {"dense": …}}]}`. Only a text
//! field may have a third entry, `"source": "path"`; where people don't read it, every field has it.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Schema;
use crate::{Field, FieldKind};

#[derive(Serialize)]
struct SchemaForm<'a> {
    fields: Vec<&'a Field>,
}

#[derive(Deserialize)]
#[serde(rename = "Schema", deny_unknown_fields)]
struct OwnedForm {
    fields: Vec<Field>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Field", deny_unknown_fields)]
struct Readable<'a> {
    name: Cow<'a, str>,
    kind: FieldKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, kind) = (Cow::Borrowed(self.name()), self.kind());
        let source = self.own_source().map(ToString::to_string);
        match serializer.is_human_readable() {
            true => Readable { name, kind, source }.serialize(serializer),
            false => (name, kind, source).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Readable { name, kind, source } = match deserializer.is_human_readable() {
            true => Readable::deserialize(deserializer)?,
            false => {
                let (name, kind, source) = Deserialize::deserialize(deserializer)?;
                Readable { name, kind, source }
            }
        };
        let field = Self::new(name, kind).and_then(|field| match source {
            Some(source) => field.with_source(source),
            None => Ok(field),
        });
        field.map_err(D::Error::custom)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SchemaForm { fields: self.fields().iter().collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = OwnedForm::deserialize(deserializer)?;
        Self::from_fields(form.fields).map_err(D::Error::custom)
    }
}
