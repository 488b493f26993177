//! Frames that are on their way to the end of the log.

use iqdb_core::Result;

use crate::format::log::LogEnd;

/// Frames, one after the other, as the log will have them.
#[derive(Debug, Default)]
pub(crate) struct StagedFrames {
    bytes: Vec<u8>,
    /// The chain hash behind the last one.
    chain: Option<u64>,
}

/// How many frames there were at some moment, to go back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StagedLen {
    bytes: usize,
    chain: Option<u64>,
}

impl StagedFrames {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where they end in a log in which they begin at `start`.
    pub(crate) fn end(&self, start: LogEnd) -> LogEnd {
        let offset = start.offset + self.bytes.len() as u64;
        LogEnd { offset, chain: self.chain.unwrap_or(start.chain) }
    }

    /// Adds what `write` appends: a frame that begins where it is told, and of which it returns the end.
    ///
    /// # Errors
    /// Those of `write`, which has appended nothing then.
    pub(crate) fn append(
        &mut self,
        start: LogEnd,
        write: impl FnOnce(&mut Vec<u8>, LogEnd) -> Result<LogEnd>,
    ) -> Result<()> {
        let at = self.end(start);
        self.chain = Some(write(&mut self.bytes, at)?.chain);
        Ok(())
    }

    pub(crate) fn len(&self) -> StagedLen {
        StagedLen { bytes: self.bytes.len(), chain: self.chain }
    }

    /// Takes back the frames that were added since then.
    pub(crate) fn truncate(&mut self, len: StagedLen) {
        self.bytes.truncate(len.bytes);
        self.chain = len.chain;
    }
}
