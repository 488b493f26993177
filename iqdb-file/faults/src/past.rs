//! What was written when: the model after each version, and from when on it has to outlive a crash.

use iqdb_conformance::Model;
use iqdb_core::{Applied, Batch, Result, Schema};

use crate::write::Write;

/// The history of a database. Moments are counted in changes of its disk.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    /// By version.
    models: Vec<Model>,
    /// By version, from 1.
    writes: Vec<Write>,
    /// By version: when its write was handed over.
    started: Vec<usize>,
    /// From this moment on all is on the disk up to this version.
    durable: Vec<(usize, u64)>,
    /// From this moment on there is a copy of this version.
    copied: Option<(usize, u64)>,
    /// From this moment on there is a file of another program.
    strangers: Option<usize>,
}

/// What a crash at some moment may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The least version, unless there need not even be a database.
    pub(crate) least: Option<u64>,
    /// The greatest version.
    pub(crate) most: u64,
    /// Whether the file of another program is there.
    pub(crate) strangers: bool,
}

impl Past {
    pub(crate) fn new(schema: Schema) -> Self {
        Self {
            models: vec![Model::new(schema)],
            writes: Vec::new(),
            started: vec![0],
            durable: Vec::new(),
            copied: None,
            strangers: None,
        }
    }

    /// The past of a database that was found at this version, and lives on from there.
    pub(crate) fn of(&self, version: u64, bounds: Bounds) -> Self {
        let versions = usize::try_from(version).unwrap_or(usize::MAX).saturating_add(1);
        let models: Vec<Model> = self.models.iter().take(versions).cloned().collect();
        let writes = self.writes.iter().take(models.len() - 1).cloned().collect();
        let durable = bounds.least.map(|least| (0, least)).into_iter().collect();
        let strangers = bounds.strangers.then_some(0);
        Self { started: vec![0; models.len()], models, writes, durable, copied: None, strangers }
    }

    /// The model after this version, if there has been one.
    pub(crate) fn model(&self, version: u64) -> Option<&Model> {
        usize::try_from(version).ok().and_then(|version| self.models.get(version))
    }

    /// What made the version after this one, if there was one.
    pub(crate) fn write_after(&self, version: u64) -> Option<&Write> {
        usize::try_from(version).ok().and_then(|version| self.writes.get(version))
    }

    /// The newest model.
    pub(crate) fn newest(&self) -> &Model {
        self.models.last().unwrap_or_else(|| unreachable!("there is version 0 from the start"))
    }

    pub(crate) fn version(&self) -> u64 {
        self.newest().version().0
    }

    /// A batch is handed over at this moment: what it has to return.
    ///
    /// # Errors
    /// Those of [`Batch::check`].
    pub(crate) fn start(&mut self, at: usize, batch: &Batch) -> Result<Applied> {
        self.start_write(at, &Write::Batch(batch.clone()))
    }

    /// The same of a batch or a field.
    ///
    /// # Errors
    /// Those of [`Write::to_model`].
    pub(crate) fn start_write(&mut self, at: usize, write: &Write) -> Result<Applied> {
        let mut next = self.newest().clone();
        let applied = write.to_model(&mut next)?;
        if next.version() > self.newest().version() {
            self.models.push(next);
            self.writes.push(write.clone());
            self.started.push(at);
        }
        Ok(applied)
    }

    /// From this moment on, everything up to this version is on the disk.
    pub(crate) fn durable(&mut self, at: usize, version: u64) {
        self.durable.push((at, version));
    }

    /// From this moment on there is a file of another program.
    pub(crate) fn strangers(&mut self, at: usize) {
        self.strangers = Some(at);
    }

    /// From this moment on there is a copy of the newest version.
    pub(crate) fn copied(&mut self, at: usize) {
        self.copied = Some((at, self.version()));
    }

    /// What a crash at this moment may leave of the copy.
    pub(crate) fn bounds_of_copy(&self, at: usize) -> Bounds {
        let copied = self.copied.filter(|(from, _)| *from <= at);
        let least = copied.map(|(_, version)| version);
        Bounds { least, most: self.version(), strangers: false }
    }

    /// What a crash at this moment may leave.
    pub(crate) fn bounds(&self, at: usize) -> Bounds {
        let durable = self.durable.iter().filter(|(from, _)| *from <= at);
        let started = (0..).zip(&self.started).filter(|(_, from)| **from <= at);
        Bounds {
            least: durable.map(|(_, version)| *version).max(),
            most: started.map(|(version, _)| version).max().unwrap_or(0),
            strangers: self.strangers.is_some_and(|from| from <= at),
        }
    }
}

#[cfg(test)]
mod tests {
    use iqdb_core::{Metric, Record};

    use super::*;

    #[test]
    fn bounds_follow_what_was_started_and_acknowledged() {
        let mut past = Past::new(Schema::new(1, Metric::Dot).unwrap());
        assert_eq!(past.bounds(0), Bounds { least: None, most: 0, strangers: false });
        past.strangers(2);
        past.durable(3, 0);
        let upsert = |id: u64| Batch::new().upsert(Record::new(id, [1.0]).unwrap());
        assert_eq!(past.start(4, &upsert(1)).unwrap().inserted, 1);
        past.start(4, &Batch::new()).unwrap();
        past.durable(9, 1);
        past.start(9, &upsert(2)).unwrap();
        let bounds = [2, 3, 4, 9].map(|at| past.bounds(at));
        assert_eq!(bounds.map(|b| b.least), [None, Some(0), Some(0), Some(1)]);
        assert_eq!(bounds.map(|b| b.most), [0, 0, 1, 2]);
        assert_eq!((past.version(), past.model(1).unwrap().len()), (2, 1));
        let after = past.of(1, bounds[2]);
        let expected = Bounds { least: Some(0), most: 1, strangers: true };
        assert_eq!((after.version(), after.bounds(0)), (1, expected));
        assert!(after.model(2).is_none() && after.write_after(1).is_none());
        assert_eq!(past.write_after(1), Some(&Write::Batch(upsert(2))));
    }
}
