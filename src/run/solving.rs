//! An optimum for a viewer that wants the answer now and a search later, or none.
//!
//! Owns: what was found and not yet looked at. Must not know who looks. Invariant: it never makes the
//! solver wait.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Waker,
    prover::{Proof, Prover, Wanted},
};

/// A solver at work. Dropping it ends the work soon.
pub struct Solving {
    _prover: Prover,
    told: Arc<Mutex<VecDeque<Proof>>>,
}

impl Solving {
    /// Starts to solve; `waker` is called after every word, from the solver's thread, and must return
    /// at once.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(wanted: Wanted, waker: Waker) -> io::Result<Solving> {
        let told: Arc<Mutex<VecDeque<Proof>>> = Arc::default();
        let heard = Arc::clone(&told);
        let prover = Prover::spawn(wanted, None, move |proof| {
            let mut told = heard.lock().unwrap_or_else(PoisonError::into_inner);
            // The newest word on progress is enough, which bounds the queue: the rest are few.
            told.retain(|old| !matches!(old, Proof::Working(_)));
            told.push_back(proof);
            drop(told);
            waker();
        })?;
        Ok(Solving { _prover: prover, told })
    }

    /// Everything new, in order.
    pub fn drain(&self) -> Vec<Proof> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }
}
