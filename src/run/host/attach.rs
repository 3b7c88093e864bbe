//! A viewer's end of the socket.

use std::{
    io,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use thiserror::Error;

use super::{
    address, frames,
    wire::{Answer, Greeting, Known},
};
use crate::run::{
    audience::Mailbox,
    handle::{Commands, Handle, MAX_COMMANDS, Waker},
    protocol::{Command, Update},
    store::{Ownership, Picture, ownership},
};

/// A host says at least so often that it lives.
const SILENCE: Duration = Duration::from_millis(1_500);
/// A host that has just taken its folder makes its socket in a moment, and one whose socket was swept away
/// makes another in two seconds.
const TRIES: u32 = 50;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// A host tells whoever comes how it stands at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a run can't be watched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttachError {
    /// It has ended, or was interrupted: there is nobody to speak to.
    #[error("{} isn't running", .0.display())]
    NotRunning(PathBuf),
    #[error("{} runs on {host}: watch it there", folder.display())]
    Elsewhere { folder: PathBuf, host: String },
    /// By a process that has no socket.
    #[error("{} runs in the foreground of process {pid} and can't be watched from elsewhere", folder.display())]
    Foreground { folder: PathBuf, pid: u32 },
    #[error("{} can't be watched: {reason}", folder.display())]
    Unreachable { folder: PathBuf, reason: String },
}

/// Watches the run in `folder`, which another process hosts.
///
/// # Errors
/// Nobody hosts it here, or the host can't be spoken to.
pub fn attach(folder: &Path, waker: Waker) -> Result<Handle, AttachError> {
    let owned = || folder.to_owned();
    let unreachable = |reason: String| AttachError::Unreachable { folder: owned(), reason };
    let mut attempt = 0;
    let (stream, owner) = loop {
        attempt += 1;
        let owner = match ownership(folder) {
            Ownership::Here(owner) => owner,
            Ownership::Elsewhere(owner) => {
                return Err(AttachError::Elsewhere { folder: owned(), host: owner.host });
            }
            Ownership::Nobody | Ownership::Gone(_) => return Err(AttachError::NotRunning(owned())),
        };
        let Some(socket) = &owner.socket else {
            return Err(AttachError::Foreground { folder: owned(), pid: owner.pid });
        };
        let connected = address::check_socket(socket).and_then(|()| UnixStream::connect(socket));
        match connected {
            Ok(stream) => break (stream, owner),
            Err(error) if attempt < TRIES && error.kind() != io::ErrorKind::PermissionDenied => {
                thread::sleep(TRY_AGAIN_AFTER);
            }
            Err(error) => return Err(unreachable(error.to_string())),
        }
    };
    let handle = greet(stream, waker).map_err(|error| {
        unreachable(match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                format!("process {} doesn't answer", owner.pid)
            }
            _ => error.to_string(),
        })
    })?;
    Ok(handle)
}

/// How a run stands that another process hosts, as a viewer who comes now is told; none where nobody answers.
pub fn picture_now(folder: &Path) -> Option<Picture> {
    let handle = attach(folder, Box::new(|| {})).ok()?;
    let mut picture = Picture { updates: Vec::new() };
    let since = Instant::now();
    let is_known = |picture: &Picture| picture.hello().is_some() && picture.snapshot().is_some();
    while !is_known(&picture) && since.elapsed() < PATIENCE && !handle.is_over() {
        picture.updates.extend(handle.wait(TRY_AGAIN_AFTER));
    }
    handle.join();
    Some(picture).filter(is_known)
}

fn greet(mut stream: UnixStream, waker: Waker) -> io::Result<Handle> {
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    frames::write(&mut stream, &Greeting::ours(), frames::MAX_FROM_VIEWER)?;
    match frames::read(&mut stream, frames::MAX_FROM_HOST)? {
        Answer::Refused(why) => return Err(io::Error::other(why)),
        Answer::Welcome(greeting) => greeting.check("host").map_err(io::Error::other)?,
    }
    let mailbox = Arc::new(Mailbox::new(waker));
    let (commands, wanted) = mpsc::sync_channel::<Command>(MAX_COMMANDS);
    let mouth = stream.try_clone()?;
    thread::Builder::new()
        .name("zendo-viewer-out".to_owned())
        .spawn(move || speak(mouth, &wanted))?;
    let posted = Arc::clone(&mailbox);
    let thread = thread::Builder::new().name("zendo-viewer-in".to_owned()).spawn(move || {
        if let Err(why) = hear(&mut stream, &posted) {
            posted.lose(why);
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
        posted.close();
    })?;
    Ok(Handle { mailbox, commands: Commands::Host(commands), thread, audience: None })
}

/// Until nobody wants to say anything any more.
fn speak(mut stream: UnixStream, wanted: &mpsc::Receiver<Command>) {
    while let Ok(command) = wanted.recv() {
        if frames::write(&mut stream, &command, frames::MAX_FROM_VIEWER).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

/// Until the run's last word.
///
/// # Errors
/// The host was lost before that: why.
fn hear(stream: &mut UnixStream, mailbox: &Mailbox) -> Result<(), String> {
    let mut known = Known::default();
    let (mut is_over, mut is_first) = (false, true);
    loop {
        let word = match frames::read(stream, frames::MAX_FROM_HOST) {
            Ok(word) => word,
            Err(_) if is_over => return Ok(()),
            Err(error) => {
                return Err(match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                        format!("no word for {} s", SILENCE.as_secs_f64())
                    }
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                        "socket closed by the other side".to_owned()
                    }
                    _ => error.to_string(),
                });
            }
        };
        if let Some(update) = known.unpack(word)? {
            is_over |= matches!(update, Update::Finished(_));
            // How it stands is known before what happened on the way there.
            if is_first && matches!(update, Update::Snapshot(_)) {
                is_first = false;
                mailbox.post_in_order(update);
            } else {
                mailbox.post(update);
            }
        }
    }
}
