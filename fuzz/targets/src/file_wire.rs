//! Ids and payloads as the files of a database have them, from arbitrary bytes.

use std::fmt::Debug;

use iqdb_core::{IdRef, Payload, RecordId, Result, Uuid, Value};
use iqdb_file::wire::{Reader, put_id, put_payload, take_id, take_payload};

use crate::errors;
use crate::seed::Seed;

/// Reads all but the first byte as ids or as payloads, one after the other, whichever the first byte
/// says.
///
/// # Panics
/// When something is read that can't be stored, or is written as other bytes than it was read from.
pub fn file_wire(data: &[u8]) {
    match data.split_first() {
        Some((selector, bytes)) if selector & 1 == 0 => read(bytes, take_id, |out, id| {
            assert!(id.check().is_ok(), "{id:?} was let in");
            put_id(out, id.as_ref());
        }),
        Some((_, bytes)) => read(bytes, take_payload, |out, payload| {
            assert!(payload.check().is_ok(), "{payload:?} was let in");
            put_payload(out, payload);
        }),
        None => {}
    }
}

fn read<T: Debug>(
    bytes: &[u8],
    take: impl Fn(&mut Reader<'_>) -> Result<T>,
    put: impl Fn(&mut Vec<u8>, &T),
) {
    let (mut reader, mut written) = (Reader::new(bytes), Vec::new());
    while reader.remaining() > 0 {
        let start = written.len();
        match take(&mut reader) {
            Ok(value) => {
                put(&mut written, &value);
                let read = bytes.len() - reader.remaining();
                assert!(written == bytes[..read], "{value:?} from {:?}", &bytes[start..read]);
            }
            Err(error) => return errors::check_damage(&error, bytes.len()),
        }
    }
}

/// Some of each, and some that are to be refused.
pub(crate) fn seeds() -> Vec<Seed> {
    let seed =
        |name, selector: u8, bytes: Vec<u8>| Seed::new(name, [vec![selector], bytes].concat());
    let ids = |ids: &[IdRef<'_>]| {
        let mut bytes = Vec::new();
        ids.iter().for_each(|id| put_id(&mut bytes, *id));
        bytes
    };
    let payloads = |payloads: &[Payload]| {
        let mut bytes = Vec::new();
        payloads.iter().for_each(|payload| put_payload(&mut bytes, payload));
        bytes
    };
    let payload = Payload::new()
        .with("null", Value::Null)
        .with("int", i64::MIN)
        .with("float", -0.0)
        .with("tags", vec![Value::from("ä"), Value::from(1), Value::from(true)]);
    let [uuid, text] = [RecordId::from(Uuid::from_u128(7 << 120)), RecordId::from("doc-ä")];
    let all = [IdRef::Number(7), uuid.as_ref(), text.as_ref(), IdRef::Text("")];
    vec![
        seed("ids", 0, ids(&all)),
        seed("id-too-long", 0, ids(&[IdRef::Text(&"x".repeat(513))])),
        seed("lists-in-lists", 1, payloads(&[Payload::new().with("a", [[1]])])),
        seed("not-finite", 1, payloads(&[Payload::new().with("a", f64::NAN)])),
        seed("payloads", 1, payloads(&[payload, Payload::new()])),
    ]
}
