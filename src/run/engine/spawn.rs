//! An engine's thread: it waits for the start, runs, says the end.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
};

use super::{Engine, Means, Message};
use crate::{
    run::{
        Handle, Waker,
        audience::Audience,
        handle::{Commander, Commands, MAX_COMMANDS},
        protocol::{Command, Fault, Finished, Reason, Update},
        worker::{ScorerFactory, panic_text},
    },
    space::RunSettings,
};

/// More than all provers of a run say: a seed, a polish, an optimum with what is found out about it.
const MAX_PROOFS: usize = 32;
/// More than workers say of what they rank by, twice for the search and for the confirmation each.
const MAX_NOTES: usize = 8;
/// Room for everything that can be unread at once, since workers wait for an answer to a report: nobody's
/// command is refused because others had something to say.
const MAX_MESSAGES: usize = MAX_COMMANDS + RunSettings::MOST_WORKERS + MAX_PROOFS + MAX_NOTES;

/// Starts an engine that waits for [`Command::Start`]. `waker` is called after every post.
///
/// # Errors
/// The system gives no thread.
pub fn spawn(waker: Waker) -> std::io::Result<Handle> {
    spawn_engine(waker, None)
}

/// Like [`spawn`], with proxies from `factory` instead of the registry.
///
/// # Errors
/// The system gives no thread.
pub fn spawn_with(waker: Waker, factory: ScorerFactory) -> std::io::Result<Handle> {
    spawn_engine(waker, Some(factory))
}

fn spawn_engine(waker: Waker, factory: Option<ScorerFactory>) -> std::io::Result<Handle> {
    let audience = Arc::new(Audience::default());
    let mailbox = audience.admit(waker);
    let (sender, messages) = mpsc::sync_channel(MAX_MESSAGES);
    let watched = Arc::clone(&audience);
    let reports = sender.clone();
    let thread = thread::Builder::new().name("zendo-run".to_owned()).spawn(move || {
        let run = AssertUnwindSafe(|| live(&watched, messages, reports, factory));
        if let Err(panic) = catch_unwind(run) {
            let text = format!("the engine failed: {}", panic_text(panic.as_ref()));
            watched.post(Update::Fault(Fault { at_ms: 0, worker: None, id: None, text }));
            let finished = Finished { reason: Reason::Failed, winner: None };
            watched.post(Update::Finished(finished));
        }
        watched.close();
    })?;
    Ok(Handle {
        mailbox,
        commands: Commands::Engine(Commander(sender)),
        thread,
        audience: Some(audience),
    })
}

/// An engine's life: wait for the start, run, say the end.
fn live(
    audience: &Audience,
    messages: mpsc::Receiver<Message>,
    reports: mpsc::SyncSender<Message>,
    factory: Option<ScorerFactory>,
) {
    let spec = loop {
        match messages.recv() {
            Ok(Message::Command(Command::Start(spec))) => break *spec,
            // Nothing runs yet, so there is nothing to leave: a stop before the start is the end.
            Ok(Message::Command(Command::Stop)) | Err(mpsc::RecvError) => {
                let finished = Finished { reason: Reason::Stopped, winner: None };
                return audience.post(Update::Finished(finished));
            }
            Ok(_) => {}
        }
    };
    match Engine::start(audience, spec, reports, Means::Proxies(factory)) {
        Ok(mut engine) => engine.run(messages),
        Err(error) => {
            let text = error.to_string();
            audience.post(Update::Fault(Fault { at_ms: 0, worker: None, id: None, text }));
            let finished = Finished { reason: Reason::Failed, winner: None };
            audience.post(Update::Finished(finished));
        }
    }
}
