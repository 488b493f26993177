//! The serialised form of a schema: `{"fields": [{"name": "vector", "kind": {"dense": …}}]}`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Schema;
use crate::{Field, FieldKind};

#[derive(Serialize)]
struct SchemaForm<'a> {
    fields: Vec<FieldForm<&'a str>>,
}

#[derive(Deserialize)]
#[serde(rename = "Schema", deny_unknown_fields)]
struct OwnedForm {
    fields: Vec<FieldForm<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldForm<N> {
    name: N,
    kind: FieldKind,
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields().iter();
        let fields = fields.map(|field| FieldForm { name: field.name(), kind: field.kind() });
        SchemaForm { fields: fields.collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = OwnedForm::deserialize(deserializer)?;
        let fields = form.fields.into_iter().map(|field| Field::new(field.name, field.kind));
        fields
            .collect::<crate::Result<Vec<Field>>>()
            .and_then(Self::from_fields)
            .map_err(D::Error::custom)
    }
}
