//! The serialised form of rows: `{"schema": …, "records": […]}`.

use serde::de::Error as _;
use serde::ser::{Error as _, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Rows;
use crate::{Record, Result, Schema};

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let records = self.records().map(|record| record?.to_record());
        let records = records.collect::<Result<Vec<_>>>().map_err(S::Error::custom)?;
        let mut form = serializer.serialize_struct("Rows", 2)?;
        form.serialize_field("schema", &self.schema)?;
        form.serialize_field("records", &records)?;
        form.end()
    }
}

#[derive(Deserialize)]
#[serde(rename = "Rows", deny_unknown_fields)]
struct Form {
    schema: Schema,
    records: Vec<Record>,
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Form { schema, records } = Form::deserialize(deserializer)?;
        Self::of_records(&schema, &records).map_err(D::Error::custom)
    }
}
