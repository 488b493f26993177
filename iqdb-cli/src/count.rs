//! Counts for people: `1 record`, `60,000 records`.

use indicatif::HumanCount;

/// `count` of a thing, whose plural is regular.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    let thing = match (count, thing.strip_suffix('y')) {
        (1, _) => thing.to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) => format!("{thing}s"),
    };
    format!("{} {thing}", HumanCount(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(0, "record"), "0 records");
        assert_eq!(counted(1, "query"), "1 query");
        assert_eq!(counted(60_000, "query"), "60,000 queries");
    }
}
