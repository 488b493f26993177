//! `iqdb demo`: the nearest meanings of a word, on data that is part of the command.

mod dictionary;
mod neighbours;
mod show;
mod suggest;

use std::time::Instant;

use crate::args::DemoArgs;
use crate::exit::{Failure, Negative};
use crate::screen::Screen;
use dictionary::Dictionary;

/// Looks the word up and shows what is near it.
///
/// # Errors
/// [`Failure::Negative`] for a word that is not in the demo; whatever the engine or the output
/// reports.
pub fn run(args: &DemoArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let start = Instant::now();
    let dictionary = Dictionary::load()?;
    let load_time = start.elapsed();

    let word = args.word.trim().to_lowercase();
    let meanings = dictionary.meanings(&word);
    let Some(&asked) = meanings.first() else {
        return Err(unknown(&args.word, &word, &dictionary).into());
    };
    let filter = format!("pos = \"{}\"", args.pos);
    let anywhere = neighbours::search(&dictionary, asked, args.k, None)?;
    let filtered = neighbours::search(&dictionary, asked, args.k, Some(&filter))?;
    if args.json {
        show::json(screen, &asked.word, &[&anywhere, &filtered])
    } else {
        show::head(screen, &dictionary, load_time, &meanings)?;
        show::table(screen, asked, &anywhere)?;
        show::table(screen, asked, &filtered)?;
        show::times(screen, &anywhere, &filtered)
    }
}

fn unknown(as_written: &str, word: &str, dictionary: &Dictionary) -> Negative {
    const SHOWN_CHARS: usize = 40;
    let mut shown: String = as_written.chars().take(SHOWN_CHARS).collect();
    if shown.len() < as_written.len() {
        shown.push('…');
    }
    let known = dictionary.all().iter().map(|meaning| meaning.word.as_str());
    let suggestions = suggest::nearest_spellings(word, known);
    let hint = if suggestions.is_empty() {
        "try a common word, such as ocean, music or anger".into()
    } else {
        format!("did you mean {}?", suggestions.join(", "))
    };
    Negative { answer: format!("the demo has no word {shown:?}"), hint }
}
