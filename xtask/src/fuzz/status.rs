//! What libFuzzer prints, line by line.
//!
//! Pure. It reads the lines of one process and those of a parent with several.

/// How far a fuzzer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Status {
    /// Inputs run so far.
    pub(super) executions: u64,
    /// Edges of the program that some input has reached.
    pub(super) coverage: u64,
    /// Edges, told apart by how often they were passed.
    pub(super) features: u64,
    /// Inputs that each reach something that the others don't.
    pub(super) corpus: u64,
    /// Inputs per second.
    pub(super) per_second: u64,
}

/// Reads a status line such as
/// `#8192 pulse  cov: 310 ft: 512 corp: 41/1200b lim: 80 exec/s: 4096 rss: 52Mb`.
pub(super) fn status(line: &str) -> Option<Status> {
    let rest = line.strip_prefix('#')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    let executions = rest[..digits].parse().ok()?;
    Some(Status {
        executions,
        coverage: number_after(rest, "cov:")?,
        features: number_after(rest, "ft:")?,
        corpus: number_after(rest, "corp:")?,
        per_second: number_after(rest, "exec/s:").or_else(|| number_after(rest, "exec/s"))?,
    })
}

/// The executions that a fuzzer counts at its very end.
pub(super) fn final_executions(line: &str) -> Option<u64> {
    number_after(line, "stat::number_of_executed_units:")
}

/// The file that an input was saved to because it crashed, hung or took too much memory.
pub(super) fn artifact(line: &str) -> Option<&str> {
    // Slow inputs are saved, too, and are no failures.
    let path = line.split_once("Test unit written to ")?.1.trim();
    (!path.rsplit('/').next()?.starts_with("slow-unit-")).then_some(path)
}

/// Whether the line says what was wrong: not a status, a table of bytes, the trace of a process
/// that aborts whenever something panics, or cargo's progress.
pub(super) fn says_what_is_wrong(line: &str) -> bool {
    const SAY_NOTHING: [&str; 5] = ["INFO:", "stat::", "note:", "NOTE:", "SUMMARY:"];
    let is_indented = line.starts_with([' ', '\t']);
    let says_nothing = line.is_empty()
        || is_indented
        || line.starts_with('#')
        || SAY_NOTHING.iter().any(|start| line.starts_with(start));
    !says_nothing
}

fn number_after(text: &str, name: &str) -> Option<u64> {
    let rest = text.split_once(name)?.1.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_one_process_is_read() {
        let line =
            "#262144\tpulse  cov: 1862 ft: 5340 corp: 391/28Kb lim: 652 exec/s: 43690 rss: 95Mb";
        let expected = Status {
            executions: 262_144,
            coverage: 1_862,
            features: 5_340,
            corpus: 391,
            per_second: 43_690,
        };
        assert_eq!(status(line), Some(expected));
        let new = "#2193\tNEW    cov: 422 ft: 650 corp: 33/301b lim: 21 exec/s: 0 rss: 45Mb L: 21/21 \
                   MS: 1 ChangeBit-";
        assert_eq!(status(new).unwrap().coverage, 422);
    }

    #[test]
    fn a_line_of_a_parent_with_several_is_read() {
        let line = "#9823: cov: 1226 ft: 2398 corp: 96 exec/s: 4911 oom/timeout/crash: 0/0/0 \
                    time: 3s job: 1 dft_time: 0";
        let status = status(line).unwrap();
        assert_eq!((status.executions, status.corpus, status.per_second), (9_823, 96, 4_911));
    }

    #[test]
    fn other_lines_are_no_status() {
        for line in [
            "INFO: Seed: 2697093166",
            "#0\tREAD units: 4",
            "#x cov: 1 ft: 1 corp: 1/1b exec/s: 1",
            "thread '<unnamed>' panicked at targets/src/canary.rs:21:14:",
            "",
            "#",
        ] {
            assert_eq!(status(line), None, "{line}");
        }
    }

    #[test]
    fn a_saved_input_is_found_unless_it_is_only_slow() {
        let line = "artifact_prefix='/w/fuzz/artifacts/canary/'; Test unit written to \
                    /w/fuzz/artifacts/canary/crash-0eb8e4ed029b774d80f2b66408203801cb982a60";
        assert!(
            artifact(line).unwrap().ends_with("/crash-0eb8e4ed029b774d80f2b66408203801cb982a60")
        );
        assert_eq!(artifact("Test unit written to /w/slow-unit-0eb8"), None);
        assert_eq!(final_executions("stat::number_of_executed_units: 1048576"), Some(1_048_576));
    }

    #[test]
    fn what_a_panic_says_is_shown_and_traces_and_statistics_are_not() {
        for line in [
            "thread '<unnamed>' (29883) panicked at targets/src/canary.rs:21:14:",
            "the canary sings: this defect is planted, and it was found",
            "==29883== ERROR: libFuzzer: deadly signal",
        ] {
            assert!(says_what_is_wrong(line), "{line}");
        }
        for line in [
            "",
            "#8\tNEW cov: 1",
            "INFO: Seed: 1",
            "stat::peak_rss_mb: 40",
            "\t0x61,0x62,",
            "    Finished `release` profile [optimized + debuginfo] target(s) in 0.08s",
            "    #5 0x7ff383dc8eeb in __pthread_kill_implementation nptl/pthread_kill.c:43:17",
            "NOTE: libFuzzer has rudimentary signal handlers.",
        ] {
            assert!(!says_what_is_wrong(line), "{line:?}");
        }
    }
}
