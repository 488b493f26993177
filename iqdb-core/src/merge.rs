//! Merging payloads: JSON Merge Patch, RFC 7396.

use crate::{Map, Payload, Result, Value};

/// What `old` becomes when `patch` is merged into it, as in JSON Merge Patch (RFC 7396): a map in the
/// patch is merged with the map of the same key, deeply; null removes its key; anything else
/// replaces what is there. Lists are replaced whole. So no null can be set this way, but for those
/// inside a list.
///
/// ```
/// use iqdb_core::{Map, Payload, Value, merge_patch};
///
/// let old = Payload::new().with("lang", "en").with("author", Map::new().with("name", "Ada"));
/// let patch = Payload::new().with("lang", Value::Null).with("author", Map::new().with("born", 1815));
/// let author = Map::new().with("name", "Ada").with("born", 1815);
/// assert_eq!(merge_patch(old, &patch)?, Payload::new().with("author", author));
/// # Ok::<(), iqdb_core::Error>(())
/// ```
///
/// O(size of both).
///
/// # Errors
/// [`ErrorKind::InvalidPayload`](crate::ErrorKind::InvalidPayload) when either payload, or the merged
/// one, fails [`Payload::check`].
pub fn merge_patch(old: Payload, patch: &Payload) -> Result<Payload> {
    old.check()?;
    patch.check()?;
    let merged = Payload::from(merge(old.into(), patch.as_map()));
    merged.check()?;
    Ok(merged)
}

/// `MergePatch` of the RFC's section 2, for a patch that is a map. No deeper than the patch.
fn merge(mut target: Map, patch: &Map) -> Map {
    for (key, value) in patch.iter() {
        match value {
            Value::Null => {
                target.remove(key);
            }
            Value::Map(patch) => {
                let inner = match target.remove(key) {
                    Some(Value::Map(inner)) => inner,
                    _ => Map::new(),
                };
                target.insert(key, merge(inner, patch));
            }
            other => {
                target.insert(key, other.clone());
            }
        }
    }
    target
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_KEYS_MAX};

    fn payload(json: &str) -> Payload {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc() {
        // Appendix A, all fifteen. A payload is a map: those whose target or patch is none stand
        // below a key.
        for (original, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"x":["a","b"]}"#, r#"{"x":["c","d"]}"#, r#"{"x":["c","d"]}"#),
            (r#"{"x":{"a":"b"}}"#, r#"{"x":["c"]}"#, r#"{"x":["c"]}"#),
            (r#"{"x":{"a":"foo"}}"#, r#"{"x":null}"#, "{}"),
            (r#"{"x":{"a":"foo"}}"#, r#"{"x":"bar"}"#, r#"{"x":"bar"}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            (r#"{"x":[1,2]}"#, r#"{"x":{"a":"b","c":null}}"#, r#"{"x":{"a":"b"}}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            let merged = merge_patch(payload(original), &payload(patch)).unwrap();
            assert_eq!(merged, payload(result), "{original} with {patch}");
        }
    }

    #[test]
    fn the_example_of_section_3() {
        let original = r#"{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},
            "tags":["example","sample"],"content":"This will be unchanged"}"#;
        let patch = r#"{"title":"Hello!","phoneNumber":"+01-123-456-7890",
            "author":{"familyName":null},"tags":["example"]}"#;
        let result = r#"{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],
            "content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}"#;
        assert_eq!(merge_patch(payload(original), &payload(patch)).unwrap(), payload(result));
    }

    #[test]
    fn a_result_over_a_limit_is_refused() {
        let keys =
            |from: usize, to: usize| (from..to).map(|n| (n.to_string(), 1)).collect::<Payload>();
        let half = PAYLOAD_KEYS_MAX / 2;
        let merged = |from, to| merge_patch(keys(0, half), &keys(from, to));
        assert_eq!(merged(half, PAYLOAD_KEYS_MAX).unwrap().len(), PAYLOAD_KEYS_MAX);
        let heavy = |key: &str| Payload::new().with(key, "x".repeat(PAYLOAD_BYTES_MAX / 2));
        for refused in [
            merged(half, PAYLOAD_KEYS_MAX + 1),
            merge_patch(heavy("a"), &heavy("b")),
            merge_patch(Payload::new().with("a", f64::NAN), &Payload::new()),
            merge_patch(Payload::new(), &Payload::new().with("", 1)),
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidPayload);
        }
    }
}
