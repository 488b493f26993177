//! What decoding asks for in memory.

use super::*;

#[test]
fn a_length_that_is_a_lie_costs_no_memory() {
    let cost = |bytes: &[u8], rows: usize| {
        let measured = allocation_counter::measure(|| {
            assert!(PayloadBlock::decode(bytes, rows).is_err());
        });
        measured.bytes_max
    };
    let key = [COLUMNS, 1, 1, 0, b'x', 0];
    let many = [0xff; 4];
    for kind in 0..6 {
        let counts = [0; 24];
        let bytes = [&key[..], &counts[..4 * kind], &many, &[0; 64]].concat();
        assert!(cost(&bytes, 65_536) < 4_096, "kind {kind}");
    }
    assert!(cost(&[ROWS; 100], 65_536) < 4_096);
    assert!(cost(&[ROWS; 100], usize::MAX) < 4_096);
    assert!(cost(&[&key[..], &[0; 24], &[4], &[0; 64]].concat(), usize::MAX) < 4_096);
}

#[test]
fn what_is_decoded_takes_a_small_multiple_of_its_bytes() {
    // The dearest there are: lists of nulls, maps of short keys, and payloads of one short key each.
    let lists: Vec<Payload> =
        (0..1_000_usize).map(|n| Payload::new().with("x", vec![Value::Null; n])).collect();
    let mut short: Vec<Payload> = wide();
    short.resize(10_000, Payload::new().with("x", Value::Null));
    let mut empty: Vec<Payload> = wide();
    empty.resize(10_000, Payload::new());
    let maps: Vec<Payload> = (0..1_000_u32)
        .map(|n| {
            Payload::new().with("x", (0..n).map(|n| (n.to_string(), Value::Null)).collect::<Map>())
        })
        .collect();
    for payloads in [lists, maps, short, empty] {
        let bytes = PayloadBlock::encode(&payloads);
        let mut block = None;
        let cost = allocation_counter::measure(|| {
            block = PayloadBlock::decode(&bytes, payloads.len()).ok();
        });
        let times = cost.bytes_max / bytes.len() as u64;
        assert!(block.is_some() && times <= 40, "{times} times {} bytes", bytes.len());
    }
}
