//! A viewer's end of an engine in the same process.
//!
//! The engine posts into a slot for the newest snapshot and a bounded queue for the rest; neither
//! ever makes it wait.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use super::{
    engine::Message,
    protocol::{Command, Snapshot, Update},
};

/// Events a viewer may leave unread before further ones are dropped and counted.
const MAX_EVENTS: usize = 1_024;
/// Commands the engine may leave unread, whatever others send it.
pub(super) const MAX_COMMANDS: usize = 64;

/// Called from engine threads after something was posted; must return at once.
pub type Waker = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Inbox {
    snapshot: Option<Arc<Snapshot>>,
    events: VecDeque<Update>,
    dropped: u64,
    /// No more updates will come.
    closed: bool,
}

/// What engine and viewer share.
pub(super) struct Mailbox {
    inbox: Mutex<Inbox>,
    posted: Condvar,
    waker: Waker,
}

impl Mailbox {
    pub(super) fn new(waker: Waker) -> Mailbox {
        Mailbox { inbox: Mutex::default(), posted: Condvar::new(), waker }
    }

    /// A panic while the lock was held can't have torn an inbox: every change is a single push.
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `update` where the viewer finds it; a snapshot replaces an unread one.
    pub(super) fn post(&self, update: Update) {
        let mut inbox = self.lock();
        match update {
            Update::Snapshot(snapshot) => inbox.snapshot = Some(snapshot),
            // The end is never dropped: the viewer waits for it.
            event @ Update::Finished(_) => inbox.events.push_back(event),
            event if inbox.events.len() < MAX_EVENTS => inbox.events.push_back(event),
            _ => inbox.dropped += 1,
        }
        drop(inbox);
        self.posted.notify_all();
        (self.waker)();
    }

    pub(super) fn dropped_events(&self) -> u64 {
        self.lock().dropped
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.posted.notify_all();
        (self.waker)();
    }
}

/// The engine has ended and takes no more commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has ended")]
pub struct EngineGone;

/// A viewer's end. Dropping it doesn't stop the engine; [`Handle::join`] waits for its end.
pub struct Handle {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) messages: mpsc::SyncSender<Message>,
    pub(super) thread: std::thread::JoinHandle<()>,
}

impl Handle {
    /// Hands a command over without waiting.
    ///
    /// # Errors
    /// The engine has ended, or left so many commands unread (at least 64) that it has enough to work
    /// through.
    pub fn send(&self, command: Command) -> Result<(), EngineGone> {
        self.messages.try_send(Message::Command(command)).map_err(|_| EngineGone)
    }

    /// Everything new: events in order, then the newest snapshot if there is one.
    pub fn drain(&self) -> Vec<Update> {
        let mut inbox = self.mailbox.lock();
        let mut updates: Vec<Update> = inbox.events.drain(..).collect();
        if let Some(snapshot) = inbox.snapshot.take() {
            // A finished run's last snapshot comes before the word that it is finished.
            let end = updates.iter().position(|u| matches!(u, Update::Finished(_)));
            updates.insert(end.unwrap_or(updates.len()), Update::Snapshot(snapshot));
        }
        updates
    }

    /// Like [`Handle::drain`], after waiting for something new, the engine's end, or `timeout`.
    pub fn wait(&self, timeout: Duration) -> Vec<Update> {
        let inbox = self.mailbox.lock();
        let nothing_new = |inbox: &mut Inbox| {
            inbox.events.is_empty() && inbox.snapshot.is_none() && !inbox.closed
        };
        let waited = self.mailbox.posted.wait_timeout_while(inbox, timeout, nothing_new);
        drop(waited);
        self.drain()
    }

    /// Whether the engine has ended and everything was drained.
    pub fn is_over(&self) -> bool {
        let inbox = self.mailbox.lock();
        inbox.closed && inbox.events.is_empty() && inbox.snapshot.is_none()
    }

    /// Waits for the engine's end.
    pub fn join(self) {
        drop(self.messages);
        // The engine catches its own panics and reports them; there is nothing left to say.
        let _ = self.thread.join();
    }
}
