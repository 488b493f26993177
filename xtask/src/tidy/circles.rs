//! Finds circles: files of a library that use each other's items, so that neither can be read first.
//!
//! Pure. A name that comes by way of `pub use` leads to the file where the item is written. Tests
//! are left out; so are `mod` and a parent's `pub use` of what is below it, which declare.

mod build;
mod graph;
mod macro_tokens;
#[cfg(test)]
mod tests;
mod tree;
mod uses;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use self::graph::Graph;
use self::tree::Tree;
use self::uses::Uses;
use super::finding::Finding;
use super::parsed::Parsed;

const REMEDY: &str = "move the shared items into a file of their own below both (of a parent and its \
    children: into another child), or pass as an argument what one side takes from the other";

/// Files of one crate that all lead to each other.
#[derive(Debug)]
pub(crate) struct Circle<'a> {
    files: BTreeSet<&'a str>,
    /// The files of a shortest way round, in its order.
    shortest: Vec<&'a str>,
    /// The uses between `files`.
    uses: Uses<'a>,
}

/// The circles in the crates with these root files (`x/src/lib.rs`).
pub(crate) fn find<'a>(roots: &[String], parsed: &'a [Parsed<'a>]) -> Vec<Circle<'a>> {
    let files = by_path(parsed);
    roots
        .iter()
        .filter_map(|root| build::tree(root, &files))
        .flat_map(|tree| in_crate(&tree))
        .collect()
}

/// A place in a file of the crate that uses an item of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    pub(crate) from: &'a str,
    pub(crate) line: usize,
    pub(crate) item: String,
    pub(crate) to: &'a str,
}

/// Which items of which files the files of the crate with this root file use.
pub(crate) fn steps<'a>(root: &str, parsed: &'a [Parsed<'a>]) -> Vec<Step<'a>> {
    let Some(tree) = build::tree(root, &by_path(parsed)) else {
        return Vec::new();
    };
    let step = |((from, to), items): ((&'a str, &'a str), BTreeSet<uses::Use>)| {
        items.into_iter().map(move |used| Step { from, line: used.line, item: used.item, to })
    };
    uses::between_files(&tree).into_iter().flat_map(step).collect()
}

fn by_path<'a>(parsed: &'a [Parsed<'a>]) -> BTreeMap<&'a str, &'a Parsed<'a>> {
    parsed.iter().map(|file| (file.source.path.as_str(), file)).collect()
}

fn in_crate<'a>(tree: &Tree<'a>) -> Vec<Circle<'a>> {
    let uses = uses::between_files(tree);
    let mut graph = Graph::new();
    for (from, to) in uses.keys() {
        graph.entry(from).or_default().insert(to);
    }
    let circle = |files: BTreeSet<&'a str>| {
        let shortest = graph::shortest_circle(&graph, &files);
        let is_inside = |from: &str, to: &str| files.contains(from) && files.contains(to);
        let inside = uses.iter().filter(|((from, to), _)| is_inside(from, to));
        let uses = inside.map(|(edge, items)| (*edge, items.clone())).collect();
        Circle { files, shortest, uses }
    };
    graph::components(&graph).into_iter().map(circle).collect()
}

impl Circle<'_> {
    /// What to mend, at the first use of the shortest way round.
    pub(crate) fn finding(&self) -> Finding {
        let starts = self.shortest.iter();
        let ends = self.shortest.iter().cycle().skip(1);
        let (mut line, mut steps) = (1, Vec::new());
        for (from, to) in starts.zip(ends) {
            let first = self.uses.get(&(*from, *to)).and_then(BTreeSet::first);
            if let Some(first) = first {
                line = if steps.is_empty() { first.line } else { line };
                steps.push(format!("{from}:{} uses `{}` of {to}", first.line, first.item));
            }
        }
        let mut problem = format!("{} files use each other in a circle", self.files.len());
        if self.files.len() > self.shortest.len() {
            let files: Vec<&str> = self.files.iter().copied().collect();
            let _ = write!(problem, " ({}), the shortest", files.join(", "));
        }
        let _ = write!(problem, ": {}", steps.join(", "));
        Finding::new(self.shortest.first().unwrap_or(&""), line, problem, REMEDY)
    }

    /// Every use between its files, one per line.
    pub(crate) fn list(&self) -> String {
        let mut list = String::new();
        for ((from, to), items) in &self.uses {
            for used in items {
                let _ = writeln!(list, "    {from}:{} uses `{}` of {to}", used.line, used.item);
            }
        }
        list
    }
}
