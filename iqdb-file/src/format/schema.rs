//! Schemas as bytes.
//!
//! ```text
//! u32 fields
//! fields × (u16 length of the name  name  kind  source, of a text field)
//! kind: u8 element (0 sparse, 1 f32, 2 f16, 3 bf16, 4 i8, 5 binary)  u8 metric (1 cosine, 2 dot,
//!       3 Euclidean, 4 Hamming, 5 Jaccard)  u32 dimension, 0 for a sparse field
//!     | u8 6  u8 length of the name  name of the computation
//! source: u16 length, 0 for the key of the field's name  the path as text
//! ```

use iqdb_core::limits::FIELDS_MAX;
use iqdb_core::{Computation, Element, Error, ErrorKind, Field, FieldKind, Metric, Result, Schema};

use super::wire::{Reader, put_bytes, put_u8, put_u16, put_u32};

/// The code of a sparse field in place of an element's.
const SPARSE: u8 = 0;

/// The code of a computed field in place of an element's.
const COMPUTED: u8 = 6;

/// The most bytes of the name of a computation: sixteen of them fit into the header of a segment.
const COMPUTATION_BYTES_MAX: usize = 64;

/// Elements and metrics by their codes, from 1 on.
const ELEMENTS: [Element; 5] =
    [Element::F32, Element::F16, Element::BF16, Element::I8, Element::Binary];
const METRICS: [Metric; 5] =
    [Metric::Cosine, Metric::Dot, Metric::Euclidean, Metric::Hamming, Metric::Jaccard];

/// Whether the format has codes for every field.
///
/// # Errors
/// [`ErrorKind::NotSupported`], naming the field.
pub(crate) fn check_codes(schema: &Schema) -> Result<()> {
    let has_codes = |kind: FieldKind| {
        if let FieldKind::Computed(computation) = kind {
            return (1..=COMPUTATION_BYTES_MAX).contains(&computation.name().len());
        }
        let element = kind.element().is_none_or(|element| ELEMENTS.contains(&element));
        element && kind.metric().is_some_and(|metric| METRICS.contains(&metric))
    };
    match schema.fields().iter().find(|field| !has_codes(field.kind())) {
        None => Ok(()),
        Some(field) => {
            Err(Error::new(ErrorKind::NotSupported, "the format has no code for a field")
                .with_field(field.name())
                .found(field.kind()))
        }
    }
}

/// Appends a schema.
pub(crate) fn put_schema(out: &mut Vec<u8>, schema: &Schema) {
    put_u32(out, u32::try_from(schema.fields().len()).unwrap_or(u32::MAX));
    for field in schema.fields() {
        put_u16(out, u16::try_from(field.name().len()).unwrap_or(u16::MAX));
        put_bytes(out, field.name().as_bytes());
        put_kind(out, field.kind());
        if is_text(field.kind()) {
            let source = field.own_source().map(ToString::to_string).unwrap_or_default();
            put_u16(out, u16::try_from(source.len()).unwrap_or(u16::MAX));
            put_bytes(out, source.as_bytes());
        }
    }
}

fn is_text(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Computed(Computation::Text(_)))
}

/// Appends the kinds of a schema's fields, without their names and sources.
pub(crate) fn put_kinds(out: &mut Vec<u8>, schema: &Schema) {
    put_u32(out, u32::try_from(schema.fields().len()).unwrap_or(u32::MAX));
    schema.fields().iter().for_each(|field| put_kind(out, field.kind()));
}

/// Appends the kind of a field.
pub(crate) fn put_kind(out: &mut Vec<u8>, kind: FieldKind) {
    if let FieldKind::Computed(computation) = kind {
        let name = computation.name();
        put_u8(out, COMPUTED);
        put_u8(out, u8::try_from(name.len()).unwrap_or(u8::MAX));
        return put_bytes(out, name.as_bytes());
    }
    fn code<T: PartialEq>(codes: &[T], value: &T) -> u8 {
        let position = codes.iter().position(|other| other == value);
        position.and_then(|n| u8::try_from(n + 1).ok()).unwrap_or(u8::MAX)
    }
    put_u8(out, kind.element().map_or(SPARSE, |element| code(&ELEMENTS, &element)));
    put_u8(out, kind.metric().map_or(u8::MAX, |metric| code(&METRICS, &metric)));
    put_u32(out, kind.dim().and_then(|dim| u32::try_from(dim).ok()).unwrap_or(0));
}

/// Reads a schema.
///
/// # Errors
/// [`ErrorKind::Damaged`] for bytes that are none; [`ErrorKind::InvalidSchema`];
/// [`ErrorKind::NotSupported`] for a computation that this build doesn't have.
pub(crate) fn take_schema(bytes: &mut Reader<'_>) -> Result<Schema> {
    let count = bytes.take_u32()?;
    if count as usize > FIELDS_MAX {
        return Err(bytes.damaged("it has too many fields"));
    }
    let mut fields = Vec::new();
    for _ in 0..count {
        let len = bytes.take_u16()?;
        let name = bytes.take_text(len.into())?;
        let mut field = Field::new(name, take_kind(bytes)?)?;
        if is_text(field.kind()) {
            let len = bytes.take_u16()?;
            if len > 0 {
                field = field.with_source(bytes.take_text(len.into())?)?;
            }
        }
        fields.push(field);
    }
    Schema::from_fields(fields)
}

fn take_kind(bytes: &mut Reader<'_>) -> Result<FieldKind> {
    let element = bytes.take_u8()?;
    if element == COMPUTED {
        return take_computation(bytes).map(FieldKind::Computed);
    }
    let metric = bytes.take_u8()?;
    let dim = bytes.take_u32()? as usize;
    let metric = usize::from(metric).checked_sub(1).and_then(|n| METRICS.get(n).copied());
    let metric = metric.ok_or_else(|| bytes.damaged("there is no such metric"))?;
    if element == SPARSE && dim == 0 {
        return Ok(FieldKind::Sparse { metric });
    }
    let element = usize::from(element).checked_sub(1).and_then(|n| ELEMENTS.get(n).copied());
    let element = element.ok_or_else(|| bytes.damaged("there is no such element"))?;
    Ok(FieldKind::Dense { dim, metric, element })
}

fn take_computation(bytes: &mut Reader<'_>) -> Result<Computation> {
    let len = usize::from(bytes.take_u8()?);
    if !(1..=COMPUTATION_BYTES_MAX).contains(&len) {
        return Err(bytes.damaged("no computation has such a name"));
    }
    Computation::from_name(bytes.take_text(len as u64)?)
}

#[cfg(test)]
mod tests {
    use iqdb_core::{Analyzer, Path};

    use super::*;

    #[test]
    fn every_schema_comes_back() {
        let mut rich = Schema::builder().sparse("terms", Metric::Dot);
        for element in Element::ALL {
            let metric = if element == Element::Binary { Metric::Jaccard } else { Metric::Dot };
            rich = rich.dense(element.as_str(), 65_536, metric).element(element);
        }
        for schema in [
            Schema::builder().build().unwrap(),
            of_lengths(),
            Schema::new(3, Metric::Cosine).unwrap(),
            rich.build().unwrap(),
            of_texts(),
        ] {
            check_codes(&schema).unwrap();
            let mut bytes = Vec::new();
            put_schema(&mut bytes, &schema);
            let mut reader = Reader::new(&bytes);
            assert_eq!(take_schema(&mut reader).unwrap(), schema);
            reader.finish().unwrap();
            for len in 0..bytes.len() {
                assert!(take_schema(&mut Reader::new(&bytes[..len])).is_err());
            }
        }
    }

    fn of_texts() -> Schema {
        let long = (0..15).fold(Path::key("`".repeat(256)), |path, _| path.then("é".repeat(128)));
        Schema::builder()
            .text("title", Analyzer::words())
            .text("body", Analyzer::words())
            .source("document.parts[].text")
            .text("long", Analyzer::words())
            .source(long)
            .build()
            .unwrap()
    }

    #[test]
    fn a_source_that_is_no_path_is_damage() {
        let schema = Schema::builder().text("a", Analyzer::words()).source("b.c").build().unwrap();
        let mut bytes = Vec::new();
        put_schema(&mut bytes, &schema);
        assert!(bytes.ends_with(b"\x03\0b.c"));
        *bytes.last_mut().unwrap() = b'.';
        assert!(take_schema(&mut Reader::new(&bytes)).is_err());
    }

    fn of_lengths() -> Schema {
        let field = Field::new("body", FieldKind::Computed(Computation::TextLengths));
        Schema::from_fields(vec![field.unwrap()]).unwrap()
    }

    #[test]
    fn a_computation_that_this_build_lacks_is_not_supported_and_one_without_a_name_is_damage() {
        let mut bytes = Vec::new();
        put_schema(&mut bytes, &of_lengths());
        // The count, the length of the name, the name, the code.
        let len_at = 4 + 2 + 4 + 1;
        let name = "text_lengths/1";
        assert_eq!(usize::from(bytes[len_at]), name.len());
        let kind = |bytes: &[u8]| take_schema(&mut Reader::new(bytes)).unwrap_err().kind();
        let mut other = bytes.clone();
        *other.last_mut().unwrap() += 1;
        assert_eq!(kind(&other), ErrorKind::NotSupported);
        for len in [0, 65, u8::MAX] {
            let mut bad = bytes.clone();
            bad[len_at] = len;
            bad.resize(400, b'x');
            assert_eq!(kind(&bad), ErrorKind::Damaged, "{len}");
        }
        let mut bad = bytes.clone();
        bad[len_at + 1] = 0xff;
        assert_eq!(kind(&bad), ErrorKind::Damaged);
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        let mut bytes = Vec::new();
        put_schema(&mut bytes, &Schema::new(3, Metric::Cosine).unwrap());
        for (at, value) in [(0, 17), (0, 2), (12, 6), (12, 0), (13, 0), (13, 4), (14, 0)] {
            let mut bad = bytes.clone();
            bad[at] = value;
            assert!(take_schema(&mut Reader::new(&bad)).is_err(), "{at} {value}");
        }
    }
}
