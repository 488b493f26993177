//! Power cuts of a real file system: ext4 on a loop device is shut down under a process that writes,
//! with everything dropped that was not synced, and mounted again.
//!
//! It needs Linux, root and a loop device, and says so where there is none. It mounts an image in a
//! temporary directory and touches no other device.

use clap::Args;

use crate::{Result, Verdict};

/// How far to go.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// 200 cuts instead of 20.
    #[arg(long)]
    pub(crate) long: bool,
    /// What the moments of the cuts follow from.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

/// With syncs, and without, which has to lose something.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    #[cfg(target_os = "linux")]
    return ext4::run(options);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (options.long, options.seed);
        crate::terminal::say("power: skipped: it needs Linux, whose ext4 can be shut down");
        Ok(true)
    }
}

#[cfg(target_os = "linux")]
mod ext4;
