//! The run that the screens show: in this process, or in a host's that goes on without them. Owns: the way to
//! it. Must not know what is shown. Invariant: nothing here waits for a run or for a host.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::action::Action;
use crate::run::{
    self, AttachError, Handle, LaunchError, Launched, Launching, RunSpec,
    protocol::{Command, Fault, Finished, Reason, Update},
};

/// Called when there is something new.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// What a host is wanted for.
enum Wanted {
    Start,
    /// It runs there, or is to go on there.
    Attach(PathBuf),
}

/// Where runs that are started here live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// In a process of their own.
    #[default]
    Host,
    /// In this one, and end with it.
    Here,
}

/// At most one run, and at most one on its way.
pub struct Watched {
    handle: Option<Handle>,
    /// Of the host that `handle` speaks to.
    folder: Option<PathBuf>,
    launching: Option<(Wanted, Launching)>,
    waker: Waker,
    home: Home,
}

impl Watched {
    pub fn nothing(home: Home, waker: Waker) -> Watched {
        Watched { handle: None, folder: None, launching: None, waker, home }
    }

    /// Starts a run; where it can't be kept, in this process.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(&mut self, mut spec: RunSpec) -> io::Result<Option<Action>> {
        let mut unkept = None;
        if spec.out.is_none() {
            match run::new_folder(&spec.name) {
                Ok(folder) => spec.out = Some(folder),
                Err(error) => unkept = Some(error),
            }
        }
        if self.home == Home::Host && spec.out.is_some() {
            let launching = Launching::start(spec, Arc::clone(&self.waker))?;
            self.launching = Some((Wanted::Start, launching));
            return Ok(None);
        }
        let waker = Arc::clone(&self.waker);
        let engine = run::spawn(Box::new(move || waker()))?;
        // A fresh engine's queue is empty.
        let _ = engine.send(Command::Start(Box::new(spec)));
        self.handle = Some(engine);
        Ok(unkept.map(|error| {
            let text = format!("The run is kept nowhere and is lost with this program: {error}");
            Action::Engine(Update::Fault(Fault { at_ms: 0, worker: None, id: None, text }))
        }))
    }

    /// Watches the run in `folder`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn attach(&mut self, folder: PathBuf) -> io::Result<()> {
        let launching = Launching::attach(folder.clone(), Arc::clone(&self.waker))?;
        self.launching = Some((Wanted::Attach(folder), launching));
        Ok(())
    }

    /// Lets the interrupted run in `folder` go on, and watches it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn resume(&mut self, folder: PathBuf) -> io::Result<Option<Action>> {
        match run::resume(&folder) {
            Ok(spec) => {
                let launching = Launching::start(spec, Arc::clone(&self.waker))?;
                self.launching = Some((Wanted::Attach(folder), launching));
                Ok(None)
            }
            Err(error) => Ok(Some(not_attached(folder, &error))),
        }
    }

    pub fn tell(&self, command: Command) {
        if let Some(run) = &self.handle {
            // One that has ended says so itself.
            let _ = run.send(command);
        }
    }

    /// Lets go of it. A host's run goes on; one in this process has ended.
    pub fn forget(&mut self) {
        self.folder = None;
        if let Some(run) = self.handle.take() {
            run.join();
        }
    }

    /// The folder of a run that goes on without this program.
    pub fn goes_on(&self) -> Option<&Path> {
        let lives = self.handle.as_ref().is_some_and(|run| !run.is_over());
        self.folder.as_deref().filter(|_| lives)
    }

    /// Everything new.
    pub fn drain(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        if let Some((_, launching)) = &self.launching
            && let Some(launched) = launching.take()
            && let Some((wanted, _)) = self.launching.take()
        {
            actions.extend(self.launched(wanted, launched));
        }
        let Some(run) = &self.handle else { return actions };
        actions.extend(run.drain().into_iter().map(Action::Engine));
        if run.is_over() {
            actions.push(match run.lost() {
                Some(why) => Action::Lost(why),
                None => Action::EngineOver,
            });
            if self.folder.is_some() {
                self.handle = None;
            }
        }
        actions
    }

    fn launched(&mut self, wanted: Wanted, launched: Launched) -> Vec<Action> {
        match (wanted, launched) {
            (_, Ok((folder, handle))) => {
                self.handle = Some(handle);
                self.folder = Some(folder.clone());
                vec![Action::Attached(folder)]
            }
            (Wanted::Attach(folder), Err(LaunchError::Attach(why))) => {
                vec![Action::NotAttached { folder, why }]
            }
            (Wanted::Attach(folder), Err(why)) => vec![not_attached(folder, &why)],
            (Wanted::Start, Err(why)) => {
                let text = why.to_string();
                let fault = Fault { at_ms: 0, worker: None, id: None, text };
                let finished = Finished { reason: Reason::Failed, winner: None };
                [Update::Fault(fault), Update::Finished(finished)].map(Action::Engine).into()
            }
        }
    }
}

/// A run that could not go on in a host.
fn not_attached(folder: PathBuf, why: &impl ToString) -> Action {
    let reason = why.to_string();
    Action::NotAttached { why: AttachError::Unreachable { folder: folder.clone(), reason }, folder }
}
