//! `cargo xtask fuzz`: fuzzes one target or all, and replays what was found.
//!
//! What a target does is written in the `iqdb-fuzz-targets` package, which also lists them; nothing
//! here knows one by name, but for the canary, which has to fail.

mod campaign;
mod crash;
mod record;
mod session;
mod status;
mod table;
mod tools;

pub(crate) use self::campaign::commit;
pub(crate) use self::record::now;

use clap::{Args, Subcommand};

use self::session::Plan;
use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// The package with what the targets do.
const PACKAGE: &str = "iqdb-fuzz-targets";

/// The target with a planted defect.
const CANARY: &str = "canary";

/// What to fuzz, and for how long.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Options {
    /// Name the targets and what each is about; needs no nightly toolchain.
    #[arg(long)]
    list: bool,
    /// The target to fuzz.
    #[arg(required_unless_present = "list")]
    target: Option<String>,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// In how many processes.
    #[arg(long, default_value_t = 1)]
    jobs: u16,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay every committed input; needs no nightly toolchain.
    Smoke,
    /// See the canary fail, then share the time among the targets, and write a record.
    Campaign {
        /// The time in all; a fraction is fine.
        #[arg(long)]
        hours: f64,
        /// In how many processes.
        #[arg(long, default_value_t = 1)]
        jobs: u16,
    },
}

/// Something to fuzz, as the package lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    name: String,
    story: String,
}

/// Lists, replays, fuzzes or campaigns.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    if let Some(Command::Smoke) = options.command {
        let replay = replay();
        terminal::say(&format!("$ {replay}"));
        return replay.pass_through(&workspace.root).map(Verdict::green_if);
    }
    let targets = targets(workspace)?;
    match (&options.command, &options.target) {
        (Some(Command::Campaign { hours, jobs }), _) => {
            tools::check(&workspace.root)?;
            campaign::run(workspace, &targets, *hours, *jobs)
        }
        (_, Some(name)) if !options.list => {
            find(&targets, name)?;
            tools::check(&workspace.root)?;
            fuzz(workspace, name, options)
        }
        _ => {
            terminal::say(&table::list(&targets));
            Ok(Verdict::Green)
        }
    }
}

/// The stable replay of every committed input, which ci runs, too.
pub(crate) fn replay() -> Invocation {
    Invocation::new(["test", "--locked", "-p", PACKAGE, "--test", "replay"])
}

fn fuzz(workspace: &Workspace, name: &str, options: &Options) -> Result<Verdict> {
    if name == CANARY {
        session::build(workspace, Some(name))?;
        return canary(workspace);
    }
    let plan = Plan::of(name, options.seconds, options.jobs);
    session::build(workspace, Some(name))?;
    let session = session::run(workspace, &plan)?;
    terminal::say(&table::summary(std::slice::from_ref(&session)));
    match &session.artifact {
        Some(artifact) => {
            terminal::say(&crash::keep(workspace, name, artifact)?);
            Ok(Verdict::Red)
        }
        None => Ok(Verdict::Green),
    }
}

/// Sees the canary fail from an empty corpus: green when it does.
fn canary(workspace: &Workspace) -> Result<Verdict> {
    let session = session::run(workspace, &Plan::canary(workspace)?)?;
    let fails = session.artifact.is_some();
    terminal::say(&table::canary(fails, &session));
    Ok(Verdict::green_if(fails))
}

fn targets(workspace: &Workspace) -> Result<Vec<Target>> {
    let list = Invocation::new(["run", "--quiet", "--locked", "-p", PACKAGE, "--", "list"]);
    let captured = list.capture_stdout(&workspace.root)?;
    if !captured.success {
        return Err(format!("`{list}` failed, so the targets are unknown"));
    }
    Ok(listed(&captured.stdout))
}

fn listed(lines: &str) -> Vec<Target> {
    let of = |(name, story): (&str, &str)| Target { name: name.into(), story: story.into() };
    lines.lines().filter_map(|line| line.split_once('\t')).map(of).collect()
}

fn find<'a>(targets: &'a [Target], name: &str) -> Result<&'a Target> {
    targets.iter().find(|target| target.name == name).ok_or_else(|| {
        let known: Vec<_> = targets.iter().map(|target| target.name.as_str()).collect();
        format!("there is no target `{name}`; the targets are {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn parse(words: &str) -> std::result::Result<Options, clap::Error> {
        let words = std::iter::once("fuzz").chain(words.split_whitespace());
        Cli::try_parse_from(words).map(|cli| cli.options)
    }

    #[test]
    fn every_way_to_call_it_is_understood() {
        assert!(parse("--list").unwrap().list);
        let options = parse("filter_text --seconds 5 --jobs 2").unwrap();
        assert_eq!(options.target.as_deref(), Some("filter_text"));
        assert_eq!((options.seconds, options.jobs), (5, 2));
        assert!(matches!(parse("smoke").unwrap().command, Some(Command::Smoke)));
        let campaign = parse("campaign --hours 0.5").unwrap().command;
        assert!(matches!(campaign, Some(Command::Campaign { hours: 0.5, jobs: 1 })));
        for wrong in ["", "campaign", "filter_text smoke", "smoke --hours 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_target_names_the_known_ones() {
        let targets = listed("canary\ta planted defect\nfilter_text\ta text\n");
        assert_eq!(find(&targets, "canary").unwrap().story, "a planted defect");
        let error = find(&targets, "filter").unwrap_err();
        assert_eq!(error, "there is no target `filter`; the targets are canary, filter_text");
    }
}
