//! Words that are spelled much like an unknown one.

/// How many suggestions are made at most.
const SUGGESTIONS_MAX: usize = 5;

/// The known words nearest to `word` by spelling, nearest first.
pub(super) fn nearest_spellings<'a>(
    word: &str,
    known: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let chars = word.chars().count();
    // One slip in three letters is a slip of the finger; more is another word.
    let slips_max = (chars / 3).max(1);
    let mut near: Vec<_> = known
        // Comparing costs the product of the lengths, and a user may type a `word` of any length.
        .filter(|known| known.chars().count().abs_diff(chars) <= slips_max)
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(slips, _)| *slips <= slips_max)
        .map(|(slips, known)| (slips, strsim::jaro_winkler(word, known), known))
        .collect();
    // Among equals, people get the beginning of a word right.
    near.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(b.2)));
    near.dedup();
    near.truncate(SUGGESTIONS_MAX);
    near.into_iter().map(|(_, _, known)| known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 9] =
        ["open", "ocean", "ocean", "queen", "a", "often", "green", "receive", "oven"];

    fn suggestions(word: &str) -> Vec<&'static str> {
        nearest_spellings(word, KNOWN.into_iter())
    }

    #[test]
    fn the_nearest_spelling_comes_first_and_once() {
        assert_eq!(suggestions("oceen"), ["ocean"]);
        assert_eq!(suggestions("recieve"), ["receive"]);
    }

    #[test]
    fn a_word_like_no_other_gets_no_suggestion() {
        assert_eq!(suggestions("xylophone"), [""; 0]);
        assert_eq!(suggestions(&"ocean".repeat(100_000)), [""; 0]);
    }

    #[test]
    fn an_empty_word_is_one_slip_from_a_letter() {
        assert_eq!(suggestions(""), ["a"]);
    }
}
