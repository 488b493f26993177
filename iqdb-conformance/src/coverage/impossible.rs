//! The pairs that no history can meet, each with the reason.

use super::Trait;

const NO_PAYLOAD: &str = "it has no payload";

/// Two traits, of which the second may be all of an axis (`*`), and why they never meet.
const IMPOSSIBLE: [(Trait, Trait, &str); 8] = [
    (("change", "delete"), ("value", "*"), NO_PAYLOAD),
    (("change", "delete"), ("value boundary", "*"), NO_PAYLOAD),
    (("change", "set vectors"), ("value", "*"), NO_PAYLOAD),
    (("change", "set vectors"), ("value boundary", "*"), NO_PAYLOAD),
    (("change", "delete where"), ("id", "*"), "it names no id"),
    (("change", "delete where"), ("id boundary", "*"), "it names no id"),
    (("change", "delete where"), ("value", "*"), NO_PAYLOAD),
    (("change", "delete where"), ("value boundary", "*"), NO_PAYLOAD),
];

/// Why the two never meet, if they don't.
pub(super) fn reason((a, b): (Trait, Trait)) -> Option<&'static str> {
    let is_listed = |(first, (axis, name), _): &&(Trait, Trait, &str)| {
        a == *first && b.0 == *axis && (*name == "*" || b.1 == *name)
    };
    IMPOSSIBLE.iter().find(is_listed).map(|(.., reason)| *reason)
}
