//! The lab that the screens look at: which folder, and what is started there. Must not know what is shown. Invariant:
//! nothing here waits for an experiment.

use std::{io, sync::Arc};

use super::{model::Bench, watched::Waker};
use crate::run::{Heard, Watching, end_experiment, lab_folder};

pub struct Laboratory {
    watching: Option<Watching>,
    /// What could not be started, until it is asked for.
    lost: Vec<Heard>,
    waker: Waker,
}

impl Laboratory {
    /// Looks at nothing.
    pub fn closed(waker: Waker) -> Laboratory {
        Laboratory { watching: None, lost: Vec::new(), waker }
    }

    /// Looks there; what runs elsewhere goes on.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn turn_to(&mut self, bench: Option<Bench>) -> io::Result<()> {
        let folder = bench.and_then(|bench| match bench {
            Bench::Run(folder) => lab_folder(Some(&folder)),
            Bench::Own => lab_folder(None),
        });
        let waker = || Arc::clone(&self.waker);
        self.watching = folder.map(|folder| Watching::start(folder, waker())).transpose()?;
        Ok(())
    }

    /// Starts an experiment; where that can't be, it has ended.
    pub fn begin(&mut self, name: &'static str, command: &[String]) {
        let begun = match &self.watching {
            Some(watching) => watching.begin(name, command),
            None => Err(io::Error::other("neither XDG_STATE_HOME nor HOME is set")),
        };
        if let Err(error) = begun {
            self.lost.push(Heard::Ended(name, Err(error.to_string())));
            (self.waker)();
        }
    }

    /// Ends a running experiment.
    ///
    /// # Errors
    /// It doesn't run, or may not be ended.
    pub fn end(&self, name: &str) -> io::Result<()> {
        self.watching.as_ref().map_or(Ok(()), |watching| end_experiment(watching.folder(), name))
    }

    /// Everything new.
    pub fn drain(&mut self) -> Vec<Heard> {
        let mut heard = std::mem::take(&mut self.lost);
        heard.extend(self.watching.as_ref().map_or_else(Vec::new, Watching::drain));
        heard
    }
}
