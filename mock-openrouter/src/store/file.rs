//! The store and the file that keeps it, if there is one: every change that succeeds is on disk before it is answered.

use std::io;
use std::path::{Path, PathBuf};

use super::{Refusal, Seed, Store};
use crate::clock::Clock;

/// A store with the file that mirrors it.
#[derive(Debug)]
pub(crate) struct Kept {
    store: Store,
    file: Option<PathBuf>,
}

impl Kept {
    /// Reads the store from `file` where that exists, and seeds one otherwise.
    pub(crate) fn open(file: Option<PathBuf>, seed: Seed, clock: Clock) -> io::Result<Self> {
        let store = match file.as_deref().map(load).transpose()?.flatten() {
            Some(store) => store.revived(seed, clock),
            None => Store::seeded(seed, clock),
        };
        let kept = Self { store, file };
        kept.save()?;
        Ok(kept)
    }

    /// The store, for whoever only reads it.
    pub(crate) fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Runs a change and saves it if it succeeds. A refused change has changed nothing.
    pub(crate) fn write<T>(
        &mut self,
        change: impl FnOnce(&mut Store) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let done = change(&mut self.store)?;
        self.save().map_err(|error| {
            Refusal::new(500, format!("the data file could not be written: {error}"))
        })?;
        Ok(done)
    }

    /// Writes beside the file and renames, so that a reader or a crash never meets half a file.
    fn save(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut beside = file.clone().into_os_string();
        beside.push(".new");
        std::fs::write(&beside, serde_json::to_vec(&self.store)?)?;
        std::fs::rename(&beside, file)
    }
}

fn load(file: &Path) -> io::Result<Option<Store>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
