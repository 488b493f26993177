//! `cargo xtask tidy`: the style that a machine can check.
//!
//! Each check is a pure function over paths and texts in a file of its own; this one only reads
//! the checkout, asks them all and prints. It never changes a file.

mod arrows;
mod circles;
mod commands;
mod contract;
mod file_access;
mod finding;
mod folders;
mod known;
mod links;
mod markdown;
mod numbers;
mod parsed;
mod reach;
mod rust_text;
mod sources;
mod style;

use clap::Args;

use self::circles::Circle;
use self::finding::Finding;
use self::known::Known;
use self::sources::{Source, Sources};
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// What `cargo xtask tidy` takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only look for circles between the files of a library, and list every use in each of them.
    #[arg(long)]
    circles: bool,
}

/// Runs every check and prints what it looked at and what it found.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let sources = Sources::read(&workspace.root)?;
    if options.circles {
        return Ok(list_circles(workspace, &sources));
    }
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
    let (parsed, broken) = parsed::parse(&rust);
    findings.extend(broken);
    seen.extend(numbers::seen(&parsed));
    let roots = workspace.library_roots();
    let circles = circles::find(&roots, &parsed);
    findings.extend(circles.iter().map(Circle::finding));
    seen.push(format!("{} circles in {} libraries", circles.len(), roots.len()));
    let (checked, found) = folders::check(&parsed);
    findings.extend(found);
    seen.push(format!("{checked} uses between folders that have an order"));

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

/// Prints the circles alone, each with every use in it.
fn list_circles(workspace: &Workspace, sources: &Sources) -> Verdict {
    let rust: Vec<&Source> = sources.with_extension("rs").collect();
    let (parsed, broken) = parsed::parse(&rust);
    let roots = workspace.library_roots();
    let circles = circles::find(&roots, &parsed);
    let found = circles.iter().map(|circle| format!("{}\n{}", circle.finding(), circle.list()));
    let mut lines: Vec<String> = broken.iter().map(ToString::to_string).chain(found).collect();
    lines.push(format!("{} circles in {} libraries", circles.len(), roots.len()));
    terminal::say(&lines.join("\n"));
    Verdict::green_if(circles.is_empty() && broken.is_empty())
}
