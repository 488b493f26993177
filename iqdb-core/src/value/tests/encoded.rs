//! That values come back from their bytes, and that no other bytes are believed.

use proptest::prelude::*;

use super::any_value;
use crate::limits::PAYLOAD_DEPTH_MAX;
use crate::value::bytes::{LIST, NULL, TEXT};
use crate::value::encode::length;
use crate::{ErrorKind, Location, Map, Value, ValueRef};

fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.as_ref().encode(&mut bytes);
    bytes
}

proptest! {
    #[test]
    fn a_value_comes_back_bit_for_bit(value in any_value(), behind in ".{0,3}") {
        let mut bytes = encode(&value);
        let len = bytes.len();
        bytes.extend(behind.bytes());
        let (lent, used) = ValueRef::decode(&bytes).unwrap();
        prop_assert_eq!(used, len);
        prop_assert_eq!(lent, value.as_ref());
        prop_assert_eq!(lent.size_bytes(), value.size_bytes());
        prop_assert_eq!(lent.to_string(), value.to_string());
        prop_assert_eq!(encode(&lent.to_value()), &bytes[..len]);
        if let (ValueRef::Map(lent), Value::Map(map)) = (lent, &value) {
            for (key, value) in map.iter() {
                prop_assert_eq!(lent.get(key), Some(value.as_ref()));
            }
            prop_assert_eq!(lent.get("no such key"), None);
        }
    }

    #[test]
    fn no_prefix_is_a_value(value in any_value(), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&value);
        let cut = cut.index(bytes.len());
        let error = ValueRef::decode(&bytes[..cut]).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Damaged);
    }

    #[test]
    fn what_is_decoded_can_be_stored_and_is_what_it_was(
        value in any_value(),
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
    ) {
        let mut bytes = encode(&value);
        let at = at.index(bytes.len());
        bytes[at] = with;
        if let Ok((lent, used)) = ValueRef::decode(&bytes) {
            let value = lent.to_value();
            value.check().unwrap();
            prop_assert_eq!(encode(&value), &bytes[..used]);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(0_u8..10, 0..60)) {
        let _ = ValueRef::decode(&bytes);
    }
}

#[test]
fn depth_is_checked_before_it_is_gone_into() {
    let nested = |depth: usize| {
        let mut bytes = vec![NULL];
        for _ in 1..depth {
            let mut outer = vec![LIST];
            outer.extend(length(bytes.len() + 4));
            outer.extend(length(1));
            outer.append(&mut bytes);
            bytes = outer;
        }
        bytes
    };
    assert!(ValueRef::decode(&nested(PAYLOAD_DEPTH_MAX)).is_ok());
    for depth in [PAYLOAD_DEPTH_MAX + 1, 5_000] {
        let error = ValueRef::decode(&nested(depth)).unwrap_err();
        assert_eq!(error.location(), Some(Location::Byte(15 * 9 + 1)));
    }
}

#[test]
fn an_error_names_the_byte_and_a_claim_is_not_believed() {
    let map = Value::from(Map::new().with("a", 1).with("b", [true, false]));
    let good = encode(&map);
    let refused = |change: fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        let error = ValueRef::decode(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        error.to_string()
    };
    // Kind, length and number of the map; length, key and kind of the first entry.
    let changes: [fn(&mut Vec<u8>); 9] = [
        |bytes| bytes[0] = 9,
        |bytes| bytes[1] -= 1,
        |bytes| bytes[1..5].fill(0xff),
        |bytes| bytes[5] = 1,
        |bytes| bytes[5..9].fill(0xff),
        |bytes| bytes[9] = 0,
        |bytes| bytes[11] = b'c',
        |bytes| bytes[11] = 0xff,
        |bytes| bytes[12] = TEXT,
    ];
    let report: Vec<_> = changes.into_iter().map(refused).collect();
    insta::assert_snapshot!(report.join("\n"));
}
