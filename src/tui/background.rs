//! What is worked out beside a search for whoever looks at the screens: an optimum, a rate, latencies. Must not know
//! what is shown. Invariant: nothing here waits, and of each kind only what was asked for last is told.

use std::{io, sync::Arc};

use super::{action::Action, watched::Waker};
use crate::{
    arch::Structure,
    run::{Estimating, Predicting, RunSpec, Solving, Wanted},
    space::Preset,
};

pub struct Background {
    solving: Option<Solving>,
    estimating: Option<Estimating>,
    predicting: Option<Predicting>,
    waker: Waker,
}

impl Background {
    /// Does nothing; `waker` is called whenever there is something to drain.
    pub fn idle(waker: Waker) -> Background {
        Background { solving: None, estimating: None, predicting: None, waker }
    }

    fn waker(&self) -> crate::run::Waker {
        let waker = Arc::clone(&self.waker);
        Box::new(move || waker())
    }

    /// # Errors
    /// The system gives no thread.
    pub fn solve(&mut self, wanted: Wanted) -> io::Result<()> {
        self.solving = Some(Solving::start(wanted, self.waker())?);
        Ok(())
    }

    pub fn stop_solving(&mut self) {
        self.solving = None;
    }

    /// # Errors
    /// The system gives no thread.
    pub fn estimate(&mut self, spec: RunSpec) -> io::Result<()> {
        self.estimating = Some(Estimating::start(spec, self.waker())?);
        Ok(())
    }

    pub fn stop_estimating(&mut self) {
        self.estimating = None;
    }

    /// # Errors
    /// The system gives no thread.
    pub fn predict(&mut self, preset: Preset, structures: Vec<Structure>) -> io::Result<()> {
        self.predicting = Some(Predicting::start(preset, structures, self.waker())?);
        Ok(())
    }

    /// Everything new.
    pub fn drain(&mut self) -> Vec<Action> {
        let proofs = self.solving.as_ref().map_or_else(Vec::new, Solving::drain);
        let mut heard: Vec<Action> = proofs.into_iter().map(Action::Proved).collect();
        if let Some(estimate) = self.estimating.as_ref().and_then(Estimating::take) {
            self.estimating = None;
            heard.push(Action::Estimated(estimate));
        }
        if let Some(predicted) = self.predicting.as_ref().and_then(Predicting::take) {
            self.predicting = None;
            heard.push(Action::Predicted(predicted));
        }
        heard
    }
}
