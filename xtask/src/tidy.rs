//! `cargo xtask tidy`: the style that a machine can check.
//!
//! Each check is a pure function over paths and texts in a file of its own; this one only reads
//! the checkout, asks them all and prints. It never changes a file.

mod arrows;
mod commands;
mod contract;
mod file_access;
mod finding;
mod known;
mod links;
mod markdown;
mod reach;
mod rust_text;
mod sources;
mod style;

use self::finding::Finding;
use self::known::Known;
use self::sources::{Source, Sources};
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// Runs every check and prints what it looked at and what it found.
pub(crate) fn run(workspace: &Workspace) -> Result<Verdict> {
    let sources = Sources::read(&workspace.root)?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut seen: Vec<String> = Vec::new();

    let rust: Vec<&Source> = sources.with_extension("rs").collect();
    findings.extend(rust.iter().flat_map(|source| style::check(source)));
    findings.extend(reach::check(&rust));
    let long = rust.iter().filter(|source| style::is_long(source)).count();
    seen.push(format!("{} Rust files, {long} over {} lines", rust.len(), style::LINES_MANY));
    let (checked, found) = file_access::check(&rust);
    findings.extend(found);
    seen.push(format!("{checked} of them reach files through vfs"));

    let documents: Vec<&Source> = sources.with_extension("md").collect();
    let (checked, found) = commands::check(&documents, &Known::of(workspace, &sources));
    findings.extend(found);
    findings.extend(commands::check_ci_script(&sources));
    seen.push(format!("{} documents, {checked} commands in them", documents.len()));
    let (checked, found) = links::check(&documents, |path| workspace.root.join(path).exists());
    findings.extend(found);
    seen.push(format!("{checked} relative links"));

    let (checked, found) = contract::check(&sources);
    findings.extend(found);
    seen.push(format!("{checked} statements of the contract"));
    let (checked, found) = arrows::check(workspace, &sources);
    findings.extend(found);
    seen.push(format!("{checked} dependency arrows"));

    terminal::say(&finding::report(findings.clone(), &seen));
    Ok(Verdict::green_if(findings.is_empty()))
}
