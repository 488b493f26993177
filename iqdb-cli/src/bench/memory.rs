//! The peak memory of this process.

/// The peak resident memory in bytes, where the system tells: on Linux.
pub(super) fn peak_bytes() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_kibibytes() {
        assert_eq!(parse("Name:\tiqdb\nVmHWM:\t    3072 kB\nVmRSS:\t 1 kB\n"), Some(3_145_728));
        assert_eq!(parse("VmRSS:\t 1 kB\n"), None);
        assert_eq!(parse("VmHWM:\t x kB\n"), None);
        assert_eq!(parse("VmHWM:\t 18446744073709551615 kB\n"), None);
    }

    #[test]
    fn a_process_has_memory() {
        assert!(peak_bytes().is_none_or(|bytes| bytes > 100_000));
    }
}
