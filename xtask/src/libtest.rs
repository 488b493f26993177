//! What libtest prints: the list of tests, and the output of those that failed.
//!
//! Pure: text in, values out.

/// The test names in the output of `--list --format terse`, in its order.
pub(crate) fn listed(stdout: &str) -> Vec<&str> {
    stdout.lines().filter_map(|line| line.strip_suffix(": test")).collect()
}

/// The captured output of the tests that failed: what stands between the first
/// `---- NAME stdout ----` and the closing list of names. `None` when no test got that far.
pub(crate) fn failures(stdout: &str) -> Option<&str> {
    let is_heading = |line: &str| line.starts_with("---- ") && line.ends_with(" ----");
    let heading = stdout.lines().find(|line| is_heading(line))?;
    let blocks = &stdout[stdout.find(heading)?..];
    let end = blocks.rfind("\nfailures:\n").unwrap_or(blocks.len());
    Some(blocks[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_are_listed() {
        let stdout = "read::get_is_exact: test\nscan: benchmark\n\n1 test, 1 benchmark\n";
        assert_eq!(listed(stdout), ["read::get_is_exact"]);
    }

    #[test]
    fn the_output_of_failed_tests_is_cut_out() {
        let stdout = "\nrunning 2 tests\n.F\nfailures:\n\n---- read::get stdout ----\n\n\
            thread panicked at x.rs:1:2:\nlost it\n\n\nfailures:\n    read::get\n\n\
            test result: FAILED. 1 passed; 1 failed\n";
        assert_eq!(
            failures(stdout),
            Some("---- read::get stdout ----\n\nthread panicked at x.rs:1:2:\nlost it")
        );
    }

    #[test]
    fn a_run_that_died_has_no_such_output() {
        assert_eq!(failures("running 2 tests\n."), None);
    }
}
