//! `cargo xtask ci`: runs the plan and sums it up.
//!
//! What has to be green is in [`plan`]; nothing is checked here that is not a step there.

mod feature_sets;
mod plan;
mod summary;

use std::time::Instant;

use clap::Args;

use self::plan::{Part, Step};
use self::summary::{Outcome, Status};
use crate::workspace::Workspace;
use crate::{Result, Verdict, canonical, conformance, models, python, terminal, tidy};

/// What to run and when to stop.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Show the steps and their exact commands, and run nothing.
    #[arg(long)]
    list: bool,
    /// Run only this step; may be given several times.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Stop at the first step that fails.
    #[arg(long)]
    fail_fast: bool,
}

/// Runs the steps, or lists them.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let steps = plan::choose(plan::plan(workspace), &options.only)?;
    if options.list {
        terminal::say(&summary::list(&steps));
        return Ok(Verdict::Green);
    }
    let mut outcomes: Vec<Outcome> = Vec::new();
    for step in &steps {
        let stopped = options.fail_fast && summary::verdict(&outcomes) == Verdict::Red;
        let started = Instant::now();
        let status = if stopped {
            Status::Skipped("an earlier step failed".to_owned())
        } else {
            terminal::say(&format!("\n=== {}: {}", step.name, step.purpose));
            run_step(workspace, step)
        };
        let outcome = Outcome { step: step.name, status, took: started.elapsed() };
        if !stopped {
            terminal::say(&format!("=== {outcome}"));
        }
        outcomes.push(outcome);
    }
    terminal::say(&format!("\n{}", summary::table(&outcomes)));
    Ok(summary::verdict(&outcomes))
}

fn run_step(workspace: &Workspace, step: &Step) -> Status {
    if let Some(tool) = &step.tool
        && !tool.probe.works(&workspace.root)
    {
        return Status::Skipped(tool.absent.to_owned());
    }
    // Every part runs, so that one call shows everything there is to mend.
    let mut status = Status::Ok;
    for part in &step.parts {
        let verdict = run_part(workspace, part).unwrap_or_else(|message| {
            terminal::say(&format!("error: {message}"));
            Verdict::Red
        });
        if verdict == Verdict::Red {
            status = Status::Failed;
        }
    }
    status
}

fn run_part(workspace: &Workspace, part: &Part) -> Result<Verdict> {
    terminal::say(&format!("$ {part}"));
    match part {
        Part::Cargo(invocation) => invocation.pass_through(&workspace.root).map(Verdict::green_if),
        Part::Tidy => tidy::run(workspace, &tidy::Options::default()),
        Part::Canonical => canonical::run(workspace, &canonical::Options::default()),
        Part::Conformance => conformance::run(workspace, &conformance::Options::default()),
        Part::Models => models::run(workspace, &models::Options::default()),
        Part::Python => python::test(workspace, false),
    }
}
