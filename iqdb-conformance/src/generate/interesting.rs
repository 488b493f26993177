//! Interesting values: those at which a store goes wrong that keeps ids, keys and values in a form of
//! another program. Beside each is a neighbour that such a form takes for the same, or puts in another
//! order.

use iqdb_core::limits::{ID_BYTES_MAX, KEY_BYTES_MAX};
use iqdb_core::{DateTime, Map, RecordId, Uuid, Value};

use super::corpus;

/// Whole numbers around the ends of every width, and around the last one that `f64` and `f32` count.
pub(crate) fn integers() -> Vec<i64> {
    let mut integers = vec![i64::MIN, i64::MAX, 0];
    for bits in [7, 8, 15, 16, 24, 31, 32, 53, 62] {
        let power = 1_i64 << bits;
        integers.extend([-1, 0, 1].iter().flat_map(|near| [power + near, near - power]));
    }
    integers.extend([i64::MIN + 1, i64::MAX - 1, 2, -2, 10, 100]);
    integers.sort_unstable();
    integers.dedup();
    integers
}

/// Floats that `f32` rounds, that no integer is, beyond integers, and of both signs.
pub(crate) fn floats() -> Vec<f64> {
    let mut floats = vec![0.0];
    for float in [
        0.1,
        f64::from(0.1_f32),
        0.1 + 0.2,
        0.3,
        0.5,
        1.0,
        1.0 + f64::EPSILON,
        1.5,
        16_777_217.0,
        9_007_199_254_740_992.0,
        9_007_199_254_740_994.0,
        9_223_372_036_854_775_808.0,
        1e19,
        1e300,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        1e-300,
    ] {
        floats.extend([float, -float]);
    }
    floats.push(-0.0);
    floats
}

/// Texts that a pattern, a collation, a C string, a prefix of a few bytes, a normal form, a trimmed
/// column or UTF-16 takes for another, or orders differently.
const TEXTS: &[&str] = &[
    "",
    " ",
    "  ",
    "a",
    "A",
    "a ",
    " a",
    "a\t",
    "\na",
    "a\0",
    "a\0b",
    "\0",
    "ab",
    "aB",
    "Ab",
    "b",
    "a%",
    "a_b",
    "axb",
    "a%b",
    "%",
    "_",
    "%a%",
    "\\",
    "\\%",
    "a*",
    "a?b",
    "[a]",
    "'",
    "''",
    "\"",
    "`",
    "abcdefgh",
    "abcdefghi",
    "abcdefghj",
    "abcdefghijklmnop",
    "abcdefghijklmnoq",
    // One letter as one character, and as a letter with an accent.
    "\u{e9}",
    "e\u{301}",
    "\u{c9}",
    "\u{212b}",
    "\u{c5}",
    // Letters that folding, or a language, takes for each other.
    "\u{df}",
    "ss",
    "SS",
    "\u{17f}",
    "s",
    "K",
    "\u{212a}",
    "k",
    "i",
    "I",
    "\u{130}",
    "\u{131}",
    "\u{3c3}",
    "\u{3c2}",
    // UTF-16 puts what is beyond its first plane below the last characters of it.
    "\u{ffff}",
    "\u{10000}",
    "\u{fffd}",
    "\u{e000}",
    "\u{10ffff}",
    "\u{7f}",
    "\u{80}",
    "\u{feff}a",
    "\u{200b}",
    "0",
    "00",
    "1",
    "01",
    "10",
    "9",
    "-1",
    "1.0",
    "1e1",
    "0x1",
    "true",
    "null",
    "NaN",
    "nil",
    "2025-01-01T00:00:00Z",
    "{\"a\":1}",
    "[1]",
    "a.b",
    "a/b",
    "a\\b",
    "../a",
    "a\r\nb",
];

/// [`TEXTS`], and long ones.
pub(crate) fn texts() -> Vec<String> {
    let long = "x".repeat(300);
    let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    // Lengths around what one byte counts, and texts that differ at their end.
    for len in [127, 128, 255, 256, 257] {
        texts.push(long[..len].to_owned());
    }
    texts.push(format!("{long}a"));
    texts.push(format!("{long}b"));
    texts
}

/// Dates at both ends, and around the beginning of the clocks of Unix.
pub(crate) fn dates() -> Vec<DateTime> {
    let near = [-86_400_000_001, -1_000_000, -1, 0, 1, 999, 1_000, 1_000_000];
    let around = near.into_iter().filter_map(|micros| DateTime::from_micros(micros).ok());
    let mut dates: Vec<DateTime> = around.collect();
    dates.extend([DateTime::MIN, DateTime::MAX]);
    dates.extend([-1, 0, 1, 1_000_000].map(corpus::date));
    dates
}

/// Pairs of texts that a common hash takes for each other: that of Java, FNV-1 and FNV-1a of 32 bits,
/// CRC-32, djb2, and one that only adds up.
pub(crate) fn texts_of_one_hash() -> [&'static str; 22] {
    [
        "Aa",
        "BB",
        "AaAa",
        "BBBB",
        "creamwove",
        "quists",
        "costarring",
        "liquid",
        "declinate",
        "macallums",
        "altarage",
        "zinke",
        "codding",
        "gnu",
        "exhibiters",
        "schlager",
        "plumless",
        "buckeroo",
        "hetairas",
        "mentioner",
        "listen",
        "silent",
    ]
}

/// Keys of payloads: those of [`texts`] that a key can be, and words of filters.
pub(crate) fn keys() -> Vec<String> {
    let mut keys = texts();
    keys.retain(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    let words = [
        "and", "or", "not", "in", "@id", "@has", "$date", "$", "a.c", "A.b", "a[]", "a[0]", "a b",
        "x", "X",
    ];
    keys.extend(words.map(str::to_owned));
    let long = "k".repeat(KEY_BYTES_MAX - 1);
    keys.extend([format!("{long}a"), format!("{long}b"), long]);
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Values of every kind: lists and maps that hold what another holds alone, and the scalars.
pub(crate) fn values() -> Vec<Value> {
    let mut values: Vec<Value> = vec![Value::Null, false.into(), true.into()];
    values.extend(integers().into_iter().map(Value::from));
    values.extend(floats().into_iter().map(Value::from));
    values.extend(texts().into_iter().map(Value::from));
    values.extend(dates().into_iter().map(Value::from));
    values.extend([
        Value::from(vec![Value::from(1.0)]),
        vec![Value::from(1)].into(),
        vec!["1"].into(),
        vec![Value::Null].into(),
        vec![true].into(),
        vec![Value::from(vec![1])].into(),
        vec![Value::from(0.0), (-0.0).into()].into(),
        Value::List(iqdb_core::List::default()),
        vec!["A", "a", "a ", "\u{e9}"].into(),
        (0..300).collect::<Vec<i64>>().into(),
        Map::new().into(),
        Map::new().with("a", 1).with("A", 2).with("a.b", 3).into(),
        Map::new().with("a", Map::new().with("b", 4)).into(),
    ]);
    values
}

/// Ids: numbers around the ends of every width, UUIDs that differ in one byte each, texts that look alike,
/// and ids of several kinds that print alike.
pub(crate) fn ids() -> Vec<RecordId> {
    let mut ids: Vec<RecordId> = vec![0_u64.into(), u64::MAX.into(), (u64::MAX - 1).into()];
    for bits in [8, 16, 24, 31, 32, 53, 63] {
        let power = 1_u64 << bits;
        ids.extend([power - 1, power, power + 1].map(RecordId::from));
    }
    ids.extend([1_u64, 7, 10, 100].map(RecordId::from));
    // One bit apart from another, in each place: a version, a variant or a half that is left out.
    let base = 0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8_u128;
    ids.extend((0..128).map(|bit| Uuid::from_u128(base ^ 1 << bit).into()));
    ids.extend(
        [0, base, u128::MAX, 7, 7 << 64, 7 << 64 | 7].map(|bits| Uuid::from_u128(bits).into()),
    );
    ids.extend(texts().into_iter().map(RecordId::from));
    ids.extend(["7", "07", "+7", "7.0", "18446744073709551615"].map(RecordId::from));
    // Paths that lead to one place, and texts that are UUIDs in another form.
    ids.extend(
        ["a/./b", "a/c/../b", "./a/b", "a//b", "a/b/", "a/", "/a/b", "~/a"].map(RecordId::from),
    );
    ids.extend(texts_of_one_hash().map(RecordId::from));
    ids.push(Uuid::from_u128(7).to_string().into());
    ids.push(Uuid::from_u128(base).to_string().into());
    ids.push(Uuid::from_u128(base).to_string().to_uppercase().into());
    ids.push(Uuid::from_u128(7).simple().to_string().to_uppercase().into());
    let long = "i".repeat(ID_BYTES_MAX - 1);
    ids.extend([format!("{long}a"), format!("{long}b"), long].map(RecordId::from));
    ids.sort_unstable();
    ids.dedup();
    ids
}
