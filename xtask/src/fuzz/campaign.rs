//! A campaign: the canary first, then every other target for its share of the time.
//!
//! A target that fails gives up the rest of its time; the others go on.

use std::fs;
use std::process::Command;

use super::record::{self, Record};
use super::session::{self, Plan, Session};
use super::{CANARY, Target, crash, table, tools};
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// Shares `hours` among the targets, prints a table and writes the record.
pub(super) fn run(
    workspace: &Workspace,
    targets: &[Target],
    hours: f64,
    jobs: u16,
) -> Result<Verdict> {
    let targets: Vec<&Target> = targets.iter().filter(|target| target.name != CANARY).collect();
    let seconds = share(hours, targets.len())?;
    // Of what is built now, whatever is checked out when it ends.
    let commit = commit(workspace);
    session::build(workspace, None)?;
    let canary = session::run(workspace, &Plan::canary(workspace)?)?;
    terminal::say(&table::canary(canary.artifact.is_some(), &canary));
    if canary.artifact.is_none() {
        return Ok(Verdict::Red);
    }
    let mut sessions: Vec<Session> = Vec::new();
    for target in targets {
        let session = session::run(workspace, &Plan::of(&target.name, seconds, jobs))?;
        if let Some(artifact) = &session.artifact {
            terminal::say(&crash::keep(workspace, &target.name, artifact)?);
        }
        sessions.push(session);
    }
    terminal::say(&format!("\n{}", table::summary(&sessions)));
    let record = Record::new(
        format!("cargo xtask fuzz campaign --hours {hours} --jobs {jobs}"),
        record::now(),
        commit,
        tools::versions(&workspace.root),
        &canary,
        &sessions,
    );
    terminal::say(&format!("written to {}", write(workspace, &record)?));
    Ok(Verdict::green_if(sessions.iter().all(|session| session.artifact.is_none())))
}

/// The whole seconds that each of `targets` gets.
fn share(hours: f64, targets: usize) -> Result<u64> {
    let all = std::time::Duration::try_from_secs_f64(hours * 3_600.0)
        .map_err(|error| format!("a campaign can't take {hours} hours: {error}"))?;
    match all.as_secs() / targets.max(1) as u64 {
        0 => Err(format!("{hours} hours are less than a second for each of {targets} targets")),
        seconds => Ok(seconds),
    }
}

fn write(workspace: &Workspace, record: &Record) -> Result<String> {
    let path = record.path();
    let file = workspace.root.join(&path);
    let failed =
        |error: &dyn std::fmt::Display| format!("the record {path} can't be written: {error}");
    let json = serde_json::to_string_pretty(record).map_err(|error| failed(&error))?;
    fs::create_dir_all(file.parent().unwrap_or(&file))
        .and_then(|()| fs::write(&file, format!("{json}\n")))
        .map_err(|error| failed(&error))?;
    Ok(path)
}

/// The commit that is checked out, and whether there is more in the files.
pub(crate) fn commit(workspace: &Workspace) -> String {
    let described = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .current_dir(&workspace.root)
        .output();
    match described {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_shared_equally() {
        assert_eq!(share(1.0, 7), Ok(514));
        assert_eq!(share(0.01, 9), Ok(4));
        for hours in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(share(hours, 7).is_err(), "{hours}");
        }
    }
}
