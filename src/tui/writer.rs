//! A thread that writes to the terminal, so that a line that blocks keeps nobody else waiting. Owns: the one
//! write a frame. Must not know: what is in it. Invariant: one frame at a time; whoever has another waits until
//! it is told that this one is out.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Mutex, MutexGuard, TryLockError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    io::Errno,
};
use tokio::sync::mpsc as told;

use super::economy::Write;

/// Held while bytes go out: nobody may write into the midst of a frame.
static LINE: Mutex<()> = Mutex::new(());
/// Whether the terminal is ours. A frame that was handed over before it was given back must not come after.
static IS_OPEN: AtomicBool = AtomicBool::new(false);
/// The frame that is on its way isn't wanted any more.
static IS_DROPPED: AtomicBool = AtomicBool::new(false);
/// So often a writer that the line keeps waiting looks whether its frame is still wanted.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

pub struct Writer {
    frames: SyncSender<Vec<u8>>,
    written: told::Receiver<io::Result<Write>>,
    is_busy: bool,
}

impl Writer {
    /// To the terminal on stdout.
    pub fn start() -> io::Result<Writer> {
        let copy = |_| rustix::io::fcntl_dupfd_cloexec(io::stdout(), 0);
        Writer::to(own_line().or_else(copy)?)
    }

    fn to(line: OwnedFd) -> io::Result<Writer> {
        // A frame at most is on its way, and an answer at most unread.
        let (frames, next) = mpsc::sync_channel::<Vec<u8>>(1);
        let (tell, written) = told::channel(1);
        thread::Builder::new().name("zendo-terminal".to_owned()).spawn(move || {
            for frame in next {
                if tell.blocking_send(write(&line, &frame)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Writer { frames, written, is_busy: false })
    }

    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Hands a frame over.
    ///
    /// # Errors
    /// The thread is gone.
    ///
    /// # Panics
    /// The last one isn't out yet.
    pub fn write(&mut self, frame: Vec<u8>) -> io::Result<()> {
        assert!(!self.is_busy, "a frame at a time");
        self.is_busy = true;
        self.frames.try_send(frame).map_err(|_| gone())
    }

    /// Waits until the frame is out; for ever, where none is on its way. May be dropped and asked again.
    ///
    /// # Errors
    /// The terminal can't be written to.
    pub async fn written(&mut self) -> io::Result<Write> {
        if !self.is_busy {
            return std::future::pending().await;
        }
        let write = self.written.recv().await.ok_or_else(gone)?;
        self.is_busy = false;
        write
    }
}

/// The terminal opened once more. Others, the shell among them, have what stdout has open, and a flag set there
/// would be theirs too; here a write may take as much as there is room for and never blocks.
fn own_line() -> rustix::io::Result<OwnedFd> {
    let path = rustix::termios::ttyname(io::stdout(), Vec::new())?;
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty())
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

/// All of `bytes`, unless they aren't wanted any more; one system call, where the line takes them at once.
fn write(line: &impl AsFd, bytes: &[u8]) -> io::Result<Write> {
    let _line = LINE.lock();
    let began = Instant::now();
    let mut rest = bytes;
    let is_wanted = || IS_OPEN.load(Ordering::SeqCst) && !IS_DROPPED.load(Ordering::SeqCst);
    while !rest.is_empty() && is_wanted() {
        match rustix::io::write(line, rest) {
            Ok(count) => rest = &rest[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                // Whether there is room, or an error, the next write tells.
                let _ = poll(&mut [PollFd::new(line, PollFlags::OUT)], Some(&LOOK));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let bytes = u64::try_from(bytes.len()).expect("a length");
    Ok(Write { bytes, took: began.elapsed() })
}

/// Frames go out from now on.
pub fn open() {
    IS_OPEN.store(true, Ordering::SeqCst);
}

/// Frames that are handed over are dropped.
pub fn close() {
    IS_OPEN.store(false, Ordering::SeqCst);
}

/// The line, once nobody writes to it. A frame that takes longer than `patience` is dropped; what the terminal has
/// of it stays there. None where even that doesn't help.
pub fn line(patience: Duration) -> Option<MutexGuard<'static, ()>> {
    let line = free_line(patience);
    if line.is_some() {
        return line;
    }
    IS_DROPPED.store(true, Ordering::SeqCst);
    let line = free_line(patience);
    IS_DROPPED.store(false, Ordering::SeqCst);
    line
}

fn free_line(patience: Duration) -> Option<MutexGuard<'static, ()>> {
    let began = Instant::now();
    loop {
        match LINE.try_lock() {
            Ok(line) => return Some(line),
            Err(TryLockError::Poisoned(line)) => return Some(line.into_inner()),
            Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
    }

    /// A socket of datagrams keeps writes apart.
    #[test]
    fn a_frame_is_one_write() {
        open();
        let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().expect("a socket");
        let mut writer = Writer::to(ours.into()).expect("a thread");
        runtime().block_on(async {
            for length in [1, 2_000, 300] {
                writer.write(vec![b'x'; length]).expect("handed over");
                let write = writer.written().await.expect("written");
                assert_eq!(write.bytes, length as u64);
                let mut buffer = vec![0; 10_000];
                assert_eq!(theirs.recv(&mut buffer).expect("received"), length);
            }
        });
    }

    #[test]
    fn a_line_that_nobody_reads_keeps_nobody_waiting() {
        open();
        let (theirs, ours) = io::pipe().expect("a pipe");
        let mut writer = Writer::to(ours.into()).expect("a thread");
        runtime().block_on(async {
            writer.write(vec![b'x'; 1024 * 1024]).expect("handed over");
            let short = Duration::from_millis(20);
            assert!(tokio::time::timeout(short, writer.written()).await.is_err());
            assert!(writer.is_busy());
            drop(theirs);
            assert!(writer.written().await.is_err());
            assert!(!writer.is_busy());
        });
    }
}
