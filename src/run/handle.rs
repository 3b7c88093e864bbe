//! A viewer's end of a run, in this process or in another one.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use super::{
    audience::{Audience, Mailbox},
    engine::Message,
    protocol::{Command, Update},
};

/// Commands a run may leave unread, whatever others send it.
pub(super) const MAX_COMMANDS: usize = 64;

/// Called from other threads after something was posted; must return at once.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// The run has ended, or can't be heard, and takes no more commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has ended")]
pub struct EngineGone;

/// A way to an engine in this process that any thread can take.
#[derive(Clone)]
pub(super) struct Commander(pub(super) mpsc::SyncSender<Message>);

impl Commander {
    /// Hands a command over without waiting.
    ///
    /// # Errors
    /// As for [`Handle::send`].
    pub(super) fn send(&self, command: Command) -> Result<(), EngineGone> {
        self.0.try_send(Message::Command(command)).map_err(|_| EngineGone)
    }
}

/// Where commands go.
pub(super) enum Commands {
    Engine(Commander),
    /// To who writes them into a socket.
    Host(mpsc::SyncSender<Command>),
}

/// A viewer's end. Dropping it doesn't stop the run; [`Handle::join`] waits for its end.
pub struct Handle {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) commands: Commands,
    pub(super) thread: std::thread::JoinHandle<()>,
    /// Of an engine in this process.
    pub(super) audience: Option<Arc<Audience>>,
}

impl Handle {
    /// Hands a command over without waiting.
    ///
    /// # Errors
    /// The run has ended, or left so many commands unread (at least 64) that it has enough to work through.
    pub fn send(&self, command: Command) -> Result<(), EngineGone> {
        match &self.commands {
            Commands::Engine(engine) => engine.send(command),
            Commands::Host(host) => host.try_send(command).map_err(|_| EngineGone),
        }
    }

    /// Everything new: events in order, then the newest snapshot if there is one.
    pub fn drain(&self) -> Vec<Update> {
        self.mailbox.drain()
    }

    /// Like [`Handle::drain`], after waiting for something new, the run's end, or `timeout`.
    pub fn wait(&self, timeout: Duration) -> Vec<Update> {
        self.mailbox.wait(timeout)
    }

    /// Whether the run has ended, or can't be heard any more, and everything was drained.
    pub fn is_over(&self) -> bool {
        self.mailbox.is_over()
    }

    /// Why a run in another process can't be heard any more, where it hadn't ended.
    pub fn lost(&self) -> Option<String> {
        self.mailbox.lost()
    }

    /// The engine's own end, where it is in this process.
    pub(super) fn engine(&self) -> Option<(Arc<Audience>, Commander)> {
        match (&self.audience, &self.commands) {
            (Some(audience), Commands::Engine(engine)) => {
                Some((Arc::clone(audience), engine.clone()))
            }
            _ => None,
        }
    }

    /// Waits for the engine's end; one in another process goes on without this viewer.
    pub fn join(self) {
        drop(self.commands);
        // The engine catches its own panics and reports them; there is nothing left to say.
        let _ = self.thread.join();
    }
}
