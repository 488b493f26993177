//! Inputs to begin with: files of each kind, with a change of each kind, forged or not.

use super::mutation::Mutation;
use super::recipe::{RECIPES, Recipe};
use super::{COMPACTED, COPIED, FORGED, PLACED};
use crate::seed::Seed;

/// The numbers of the recipes, as a killed process leaves them. The next one is the same after a clean
/// end.
const SMALL: u8 = 0;
const GROWN: u8 = 2;
const WIDE: u8 = 4;
const EMPTY: u8 = 6;
const MIXED: u8 = 8;

/// Where a manifest has the dimension of its first field, which is named `vector`.
const DIMENSION: usize = 32 + 6 * 8 + 4 + 2 + 6 + 2;

fn recipe(number: u8) -> &'static Recipe {
    &RECIPES[usize::from(number)]
}

/// The place of the first file with such a name among all of them.
fn file(number: u8, name: &str) -> u8 {
    let place = recipe(number).files.keys().position(|file| file.starts_with(name));
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

/// What is to be changed, at a byte of a file.
fn at(number: u8, name: &str, offset: usize) -> Mutation {
    let offset = u16::try_from(offset).unwrap_or(u16::MAX);
    Mutation { file: file(number, name), offset, ..Mutation::default() }
}

/// Where the index of a segment begins: the last section of the footer.
fn index(number: u8, name: &str) -> usize {
    let bytes = recipe(number).files.get(name).map_or(&[][..], Vec::as_slice);
    let start = bytes.len().checked_sub(24 + 16).and_then(|at| bytes[at..].first_chunk());
    start.map_or(0, |start| usize::try_from(u64::from_le_bytes(*start)).unwrap_or(0))
}

/// Each is about what its name says.
pub(crate) fn seeds() -> Vec<Seed> {
    let seed = |name, recipe: u8, flags: u8, mutations: &[Mutation]| {
        let mutations = mutations.iter().flat_map(Mutation::bytes);
        Seed::new(name, [recipe, flags].into_iter().chain(mutations).collect::<Vec<u8>>())
    };
    let with = |mutation, kind, argument| Mutation { kind, argument, ..mutation };
    // Of the eighth row of a segment, whose record is alive.
    let row = at(GROWN + 1, "segment-00000006", 4_096 + 7 * 64 + 3);
    let row = with(row, 0, [6, 0, 0]);
    let cut = |recipe: u8| Mutation { kind: 4, place: 2, ..at(recipe, "log-", 100) };
    let swapped = |recipe: u8| {
        let other = file(recipe, "segment-00000006");
        with(at(recipe, "segment-00000003", 0), 9, [other, 0, 0])
    };
    let copied = |name| with(at(GROWN + 1, "segment-", 0), 11, [name, 0, 0]);
    let growing = at(GROWN, "segment-00000014", 4_200);
    let frame_len = Mutation { place: 4, ..at(GROWN, "log-", 0x0400) };
    let slot = at(WIDE, "segment-00000003", index(WIDE, "segment-00000003"));
    let bits = with(at(MIXED + 1, "segment-", 4_096 + 30), 0, [6, 0, 0]);
    let derived = at(GROWN + 1, "derived-00000003", 64 + 32 + 20);
    vec![
        seed("nothing-changed", GROWN, COMPACTED, &[]),
        seed("nothing-changed-and-placed", GROWN, FORGED | PLACED | COPIED, &[]),
        seed("a-bit-of-a-row", GROWN + 1, 0, &[row]),
        seed("a-bit-of-a-row-forged", GROWN + 1, FORGED | COMPACTED, &[row]),
        seed("a-log-cut-off", SMALL, 0, &[cut(SMALL)]),
        seed("a-log-cut-off-and-rows-placed", GROWN, PLACED | COMPACTED, &[cut(GROWN)]),
        seed("a-closed-log-cut-off", SMALL + 1, 0, &[cut(SMALL + 1)]),
        seed("a-frame-of-another-length", GROWN, FORGED, &[with(frame_len, 2, [8, 2, 0])]),
        seed("rows-that-grow-zeroed", GROWN, COMPACTED, &[with(growing, 6, [200, 0, 0])]),
        seed("an-index-of-nonsense", WIDE, FORGED, &[with(slot, 3, [14, 3, 0])]),
        seed("segments-swapped", WIDE + 1, 0, &[swapped(WIDE + 1)]),
        seed("segments-swapped-and-forged", WIDE + 1, FORGED, &[swapped(WIDE + 1)]),
        seed("no-manifest", SMALL + 1, 0, &[with(at(SMALL + 1, "manifest-", 0), 10, [0; 3])]),
        seed("a-later-format", EMPTY, 0, &[with(at(EMPTY, "manifest-", 8), 1, [3, 0, 0])]),
        seed(
            "a-forged-dimension",
            GROWN + 1,
            FORGED,
            &[with(at(GROWN + 1, "manifest-", DIMENSION), 3, [7, 2, 0])],
        ),
        seed("fields-unchanged", MIXED, COMPACTED, &[]),
        seed("fields-cut-off", MIXED, COMPACTED, &[cut(MIXED)]),
        seed("a-row-of-bits-forged", MIXED + 1, FORGED, &[bits]),
        seed("derived-data-changed", GROWN + 1, 0, &[with(derived, 0, [3, 0, 0])]),
        seed("derived-data-forged", GROWN + 1, FORGED, &[with(derived, 3, [14, 3, 0])]),
        seed("somebody-elses-files", GROWN + 1, COMPACTED, &[copied(5), copied(8)]),
    ]
}
