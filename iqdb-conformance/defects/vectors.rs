//! Changes of schemas and records that several defects share.

use iqdb_core::{Field, FieldKind, Metric, Record, RecordId, Result, Schema, Vector};

/// The schema with every metric of numbers replaced by cosine.
pub(crate) fn of_cosine(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let kind = match field.kind() {
            FieldKind::Dense { dim, metric, element } if Metric::OF_NUMBERS.contains(&metric) => {
                FieldKind::Dense { dim, metric: Metric::Cosine, element }
            }
            kind => kind,
        };
        Field::new(field.name(), kind).expect("a kind that is defined")
    });
    Schema::from_fields(fields.collect::<Vec<_>>()).expect("names that differ")
}

/// The record with another id.
pub(crate) fn renamed(mut record: Record, id: RecordId) -> Record {
    record.id = id;
    record
}

/// The record with other components in its vectors of `f32`.
pub(crate) fn map_components(record: &Record, map: impl Fn(f32) -> f32) -> Result<Record> {
    let mut mapped = record.clone();
    for (name, vector) in record.vectors() {
        if let Some(components) = vector.as_f32() {
            let components: Vec<f32> = components.iter().map(|x| map(*x)).collect();
            mapped.set_vector(name.to_owned(), Some(Vector::try_from(components)?));
        }
    }
    Ok(mapped)
}
