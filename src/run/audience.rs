//! Who watches a run: every viewer has a mailbox of its own, and whoever comes later is told what the others
//! know.
//!
//! Must not know where viewers are. Invariant: posting never waits, and one that doesn't read costs the others
//! nothing.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    RunSpec,
    handle::Waker,
    protocol::{Snapshot, Update},
};

/// Events a viewer may leave unread before further ones are dropped and counted.
const MAX_EVENTS: usize = 1_024;
/// Events that are told again to whoever comes later, the newest; older ones are in the run's log.
const MAX_PAST: usize = 512;

/// All viewers of a run, and what they were told.
#[derive(Default)]
pub(super) struct Audience(Mutex<Told>);

#[derive(Default)]
struct Told {
    hello: Option<Update>,
    snapshot: Option<Arc<Snapshot>>,
    past: VecDeque<Update>,
    /// From the last ancestors to the last word.
    end: Vec<Update>,
    viewers: Vec<Arc<Mailbox>>,
    closed: bool,
}

/// A change under these locks is a push or two: a panic can't have torn it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Told {
    fn remember(&mut self, update: &Update) {
        match update {
            Update::Hello(_) => self.hello = Some(update.clone()),
            Update::Snapshot(snapshot) => self.snapshot = Some(Arc::clone(snapshot)),
            Update::Finished(_) => self.end.push(update.clone()),
            // Those that were asked for are the asker's; the last ones come before the end.
            Update::Ancestors(_) => self.end = vec![update.clone()],
            Update::NewBest(_) | Update::Log(_) | Update::Fault(_) | Update::Tuned(_) => {
                if self.past.len() == MAX_PAST {
                    self.past.pop_front();
                }
                self.past.push_back(update.clone());
            }
            Update::Phase(_) | Update::Refused(_) => {}
        }
    }

    fn again(&self) -> Vec<Update> {
        let snapshot = self.snapshot.iter().map(|s| Update::Snapshot(Arc::clone(s)));
        let first = self.hello.iter().cloned().chain(snapshot);
        let end = self.end.iter().filter(|_| matches!(self.end.last(), Some(Update::Finished(_))));
        first.chain(self.past.iter().cloned()).chain(end.cloned()).collect()
    }
}

impl Audience {
    /// Tells every viewer.
    pub(super) fn post(&self, update: Update) {
        let mut told = lock(&self.0);
        told.remember(&update);
        // Who has gone holds its end no more.
        told.viewers.retain(|viewer| Arc::strong_count(viewer) > 1);
        for viewer in &told.viewers {
            viewer.post(update.clone());
        }
    }

    /// Those that come later are told of settings as they are by now.
    pub(super) fn amend(&self, spec: &RunSpec) {
        if let Some(Update::Hello(hello)) = &mut lock(&self.0).hello {
            hello.spec = spec.clone();
        }
    }

    /// A further viewer, which finds first what there is to see by now.
    pub(super) fn admit(&self, waker: Waker) -> Arc<Mailbox> {
        let mut told = lock(&self.0);
        let mailbox = Arc::new(Mailbox::new(waker));
        lock(&mailbox.inbox).events.extend(told.again());
        if told.closed {
            mailbox.close();
        } else {
            mailbox.wake();
        }
        told.viewers.push(Arc::clone(&mailbox));
        mailbox
    }

    /// How it stands, without what was said on the way.
    pub(super) fn standing(&self) -> Vec<Update> {
        let told = lock(&self.0);
        let snapshot = told.snapshot.iter().map(|s| Update::Snapshot(Arc::clone(s)));
        told.hello.iter().cloned().chain(snapshot).collect()
    }

    /// What a viewer that comes now is told.
    pub(super) fn again(&self) -> Vec<Update> {
        lock(&self.0).again()
    }

    /// No more updates will come.
    pub(super) fn close(&self) {
        let mut told = lock(&self.0);
        told.closed = true;
        told.viewers.iter().for_each(|viewer| viewer.close());
    }
}

#[derive(Default)]
struct Inbox {
    snapshot: Option<Arc<Snapshot>>,
    events: VecDeque<Update>,
    dropped: u64,
    closed: bool,
    /// Why nothing more will be heard, where there is more.
    lost: Option<String>,
}

/// What a run and one of its viewers share.
pub(super) struct Mailbox {
    inbox: Mutex<Inbox>,
    posted: Condvar,
    waker: Waker,
}

impl Mailbox {
    pub(super) fn new(waker: Waker) -> Mailbox {
        Mailbox { inbox: Mutex::default(), posted: Condvar::new(), waker }
    }

    /// Puts `update` where the viewer finds it; a snapshot replaces an unread one.
    pub(super) fn post(&self, update: Update) {
        let mut inbox = lock(&self.inbox);
        match update {
            Update::Snapshot(snapshot) => inbox.snapshot = Some(snapshot),
            // The end is never dropped: the viewer waits for it.
            event @ Update::Finished(_) => inbox.events.push_back(event),
            event if inbox.events.len() < MAX_EVENTS => inbox.events.push_back(event),
            _ => inbox.dropped += 1,
        }
        drop(inbox);
        self.wake();
    }

    /// Like [`Mailbox::post`], and what comes later is found later, whatever it is.
    pub(super) fn post_in_order(&self, update: Update) {
        lock(&self.inbox).events.push_back(update);
        self.wake();
    }

    fn wake(&self) {
        self.posted.notify_all();
        (self.waker)();
    }

    /// No more updates will come.
    pub(super) fn close(&self) {
        lock(&self.inbox).closed = true;
        self.wake();
    }

    /// Nothing more can be heard, though there is more.
    pub(super) fn lose(&self, why: String) {
        lock(&self.inbox).lost = Some(why);
    }

    pub(super) fn lost(&self) -> Option<String> {
        lock(&self.inbox).lost.clone()
    }

    /// Everything new: events in order, then the newest snapshot if there is one.
    pub(super) fn drain(&self) -> Vec<Update> {
        let mut inbox = lock(&self.inbox);
        let mut updates: Vec<Update> = inbox.events.drain(..).collect();
        if let Some(mut snapshot) = inbox.snapshot.take() {
            if inbox.dropped > 0 {
                Arc::make_mut(&mut snapshot).dropped_events += inbox.dropped;
            }
            // A finished run's last snapshot comes before the word that it is finished.
            let end = updates.iter().position(|u| matches!(u, Update::Finished(_)));
            updates.insert(end.unwrap_or(updates.len()), Update::Snapshot(snapshot));
        }
        updates
    }

    /// Like [`Mailbox::drain`], after waiting for something new, the end, or `timeout`.
    pub(super) fn wait(&self, timeout: Duration) -> Vec<Update> {
        let nothing_new = |inbox: &mut Inbox| {
            inbox.events.is_empty() && inbox.snapshot.is_none() && !inbox.closed
        };
        let waited = self.posted.wait_timeout_while(lock(&self.inbox), timeout, nothing_new);
        drop(waited);
        self.drain()
    }

    /// Whether the end has come and everything was drained.
    pub(super) fn is_over(&self) -> bool {
        let inbox = lock(&self.inbox);
        inbox.closed && inbox.events.is_empty() && inbox.snapshot.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::protocol::{Finished, Log, Reason};

    fn log(at_ms: u64) -> Update {
        Update::Log(Log { at_ms, text: "said".to_owned() })
    }

    fn viewer(audience: &Audience) -> Arc<Mailbox> {
        audience.admit(Box::new(|| {}))
    }

    #[test]
    fn who_comes_later_is_told_what_the_others_know() {
        let audience = Audience::default();
        let first = viewer(&audience);
        for at_ms in 0..3 {
            audience.post(log(at_ms));
        }
        let later = viewer(&audience);
        audience.post(log(3));
        assert_eq!(first.drain(), later.drain());
        audience.post(Update::Ancestors(Vec::new()));
        audience.post(Update::Finished(Finished { reason: Reason::Stopped, winner: None }));
        audience.close();
        let last = viewer(&audience);
        assert_eq!(last.drain().len(), 6);
        assert!(last.is_over());
    }

    #[test]
    fn who_does_not_read_is_told_how_much_it_missed() {
        let audience = Audience::default();
        let (stuck, quick) = (viewer(&audience), viewer(&audience));
        for at_ms in 0..2_000 {
            audience.post(log(at_ms));
            assert_eq!(quick.drain().len(), 1);
        }
        assert_eq!(stuck.drain().len(), MAX_EVENTS);
        assert_eq!(lock(&stuck.inbox).dropped, 2_000 - MAX_EVENTS as u64);
        // Who has gone is forgotten.
        drop(stuck);
        audience.post(log(0));
        assert_eq!(lock(&audience.0).viewers.len(), 1);
        assert_eq!(audience.again().len(), MAX_PAST);
    }
}
