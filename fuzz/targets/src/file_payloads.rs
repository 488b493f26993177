//! A block of payloads as it is in a segment, from arbitrary bytes.

use iqdb_core::filter::Comparison;
use iqdb_core::{DateTime, Map, Narrow, Path, Payload, Predicate, RowMask, Value};
use iqdb_file::payloads::PayloadBlock;

use crate::errors;
use crate::seed::Seed;

/// How many of a row's keys are asked for, so that a large block doesn't take for ever.
const ASKED: usize = 4;

/// Reads all but the first two bytes as a block of as many rows as these say.
///
/// # Panics
/// When a block is accepted and lends what can't be stored, selects other rows than its payloads
/// do, or doesn't come back.
pub fn file_payloads(data: &[u8]) {
    let Some((rows, bytes)) = data.split_first_chunk() else {
        return;
    };
    let rows = usize::from(u16::from_le_bytes(*rows));
    let block = match PayloadBlock::decode(bytes, rows) {
        Ok(block) => block,
        Err(error) => return errors::check_damage(&error, bytes.len()),
    };
    assert!(block.payload(rows).is_none(), "a payload outside of the block");
    let payloads: Vec<Payload> = (0..rows).map(|row| lent(&block, row)).collect();
    for leaf in payloads.iter().take(ASKED).flat_map(leaves) {
        select(&block, &payloads, &leaf);
    }
    select(&block, &payloads, &Predicate::Exists { path: "absent".into() });

    let written = PayloadBlock::encode(&payloads);
    let back = match PayloadBlock::decode(&written, rows) {
        Ok(back) => back,
        Err(error) => panic!("what was written can't be read: {error}"),
    };
    for (row, payload) in payloads.iter().enumerate() {
        // Equality takes -0.0 for 0.0; what is printed doesn't.
        assert_eq!(format!("{:?}", lent(&back, row)), format!("{payload:?}"), "row {row}");
    }
    assert!(PayloadBlock::encode(&payloads) == written, "the same payloads as other bytes");
}

/// The payload of a row, which can be stored, and each of its values by its key.
fn lent(block: &PayloadBlock, row: usize) -> Payload {
    let Some(lent) = block.payload(row) else {
        panic!("row {row} has no payload");
    };
    let payload = lent.to_payload().unwrap_or_else(|error| panic!("row {row}: {error}"));
    if let Err(error) = payload.check() {
        panic!("row {row} was let in: {error}");
    }
    for (key, value) in payload.iter() {
        assert_eq!(lent.get(key).ok().flatten(), Some(value.as_ref()), "{key:?} of row {row}");
    }
    payload
}

/// Conditions that are about a payload.
fn leaves(payload: &Payload) -> impl Iterator<Item = Predicate> {
    payload.iter().take(ASKED).flat_map(|(key, value)| {
        let path = Path::key(key);
        let inside = match value {
            Value::Map(map) => map.iter().next().map(|(inner, _)| path.clone().then(inner)),
            _ => None,
        };
        let compare = |comparison| Predicate::Compare {
            path: path.clone(),
            comparison,
            value: value.clone(),
        };
        Comparison::ALL
            .into_iter()
            .map(compare)
            .chain([
                Predicate::Exists { path: inside.unwrap_or_else(|| path.clone()) },
                Predicate::Exists { path: path.clone().each() },
                Predicate::IsNull { path: path.clone() },
                Predicate::In { path: path.clone(), values: [value.clone()].into_iter().collect() },
                Predicate::Contains { path: path.clone(), value: value.clone() },
                Predicate::StartsWith { path: path.clone(), prefix: "a".to_owned() },
                Predicate::ContainsText { path: path.clone(), text: "a".to_owned() },
            ])
            .collect::<Vec<_>>()
    })
}

/// Selects by column what asking row by row does, or declines and leaves the mask alone.
fn select(block: &PayloadBlock, payloads: &[Payload], leaf: &Predicate) {
    let mut mask = RowMask::new();
    mask.set_all(payloads.len());
    let answered = block.matching(leaf, &mut Narrow::new(&mut mask));
    for (row, payload) in payloads.iter().enumerate() {
        let matches = leaf.matches_payload(&payload.into());
        let expected = !answered || matches.is_ok_and(|matches| matches);
        assert_eq!(mask.contains(row), expected, "row {row} and {leaf:?}");
    }
}

/// A block of each form, and some that are not what they say.
pub(crate) fn seeds() -> Vec<Seed> {
    let seed =
        |name, rows: u16, block: &[u8]| Seed::new(name, [&rows.to_le_bytes(), block].concat());
    let mixed = [
        Payload::new().with("a", "xy").with("b", [1, 2]),
        Payload::new().with("a", i64::MIN).with("b", true),
        Payload::new().with("a", -0.0).with("ä", "zä"),
        Payload::new(),
        Payload::new().with("a", "x").with("b", false),
        Payload::new().with("a", DateTime::MIN).with("b", Map::new().with("c", [DateTime::MAX])),
    ];
    let mixed = PayloadBlock::encode(&mixed);
    let many: Vec<_> = (0..300_i32).map(|n| Payload::new().with("n", n)).collect();
    let many = PayloadBlock::encode(&many);
    let wide = (0..129_i32).map(|n| (n.to_string(), n)).collect::<Payload>();
    let wide = PayloadBlock::encode(&[wide, Payload::new()]);
    vec![
        seed("columns", 6, &mixed),
        seed("columns-of-too-few-rows", 7, &mixed),
        seed("columns-of-two-bytes", 300, &many),
        seed("cut-short", 6, &mixed[..mixed.len() / 2]),
        seed("empty", u16::MAX, &[0]),
        seed("row-by-row", 2, &wide),
    ]
}
