//! The host's end of the socket: viewers come, are told, tell, and go.
//!
//! Must not know what a run does. Invariant: every viewer has threads and a mailbox of its own, so that one
//! that doesn't read waits alone.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    address, frames,
    wire::{Answer, Greeting, Known},
};
use crate::run::{
    Refusal,
    audience::{Audience, Mailbox},
    handle::{Commander, Handle},
    protocol::{Command, Update},
};

/// Viewers at once.
const MAX_VIEWERS: usize = 32;
/// The listener looks up so often, and so often whether its socket is still there.
const LOOK_AROUND: Duration = Duration::from_millis(100);
const MISSED_AFTER: Duration = Duration::from_secs(1);
/// Who says nothing at first, or takes nothing for so long, is let go; it may come again.
const GREETING_TIMEOUT: Duration = Duration::from_secs(2);
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// A host that has nothing to say says so, before its viewers take it for dead.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(400);
/// How long the end of a run waits for viewers to take the last word.
const FAREWELL: Duration = Duration::from_secs(2);

/// A run that can be watched through a socket.
pub struct Server {
    path: PathBuf,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

struct Shared {
    audience: Arc<Audience>,
    commander: Commander,
    viewers: AtomicUsize,
    is_closing: AtomicBool,
}

impl Server {
    /// Lets viewers come to the engine of `handle`, at `path`, which is taken from whoever left it there: the
    /// run's folder is this process's.
    ///
    /// # Errors
    /// The socket can't be made; the handle is a viewer's.
    pub fn start(handle: &Handle, path: &Path) -> io::Result<Server> {
        let (audience, commander) =
            handle.engine().ok_or_else(|| io::Error::other("the engine is in another process"))?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) | Ok(()) => {}
        }
        let socket = bind(path)?;
        let shared = Arc::new(Shared {
            audience,
            commander,
            viewers: AtomicUsize::new(0),
            is_closing: AtomicBool::new(false),
        });
        let (all, at) = (Arc::clone(&shared), path.to_owned());
        let listener = thread::Builder::new()
            .name("zendo-host".to_owned())
            .spawn(move || listen(socket, &at, &all))?;
        Ok(Server { path: path.to_owned(), shared, listener })
    }

    /// Ends it, after viewers have heard what there is to hear.
    pub fn close(self) {
        let until = Instant::now() + FAREWELL;
        while self.shared.viewers.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        self.shared.is_closing.store(true, Ordering::SeqCst);
        // It looks up in a moment.
        let _ = self.listener.join();
        let _ = fs::remove_file(&self.path);
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = UnixListener::bind(path)?;
    // Its folder is private already.
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Whether somebody comes before it is time to look around.
fn waits(socket: &UnixListener) -> bool {
    let timeout = rustix::time::Timespec { tv_sec: 0, tv_nsec: LOOK_AROUND.subsec_nanos().into() };
    let mut fds = [rustix::event::PollFd::new(socket, rustix::event::PollFlags::IN)];
    matches!(rustix::event::poll(&mut fds, Some(&timeout)), Ok(1..))
}

fn listen(mut socket: UnixListener, path: &Path, shared: &Arc<Shared>) {
    let mut looked = Instant::now();
    while !shared.is_closing.load(Ordering::SeqCst) {
        if looked.elapsed() >= MISSED_AFTER {
            looked = Instant::now();
            // The folder goes with the user's last session, and comes again with the next.
            if !path.exists()
                && let Ok(found) = address::renew_folder(path).and_then(|()| bind(path))
            {
                socket = found;
            }
        }
        if !waits(&socket) {
            continue;
        }
        let Ok((stream, _)) = socket.accept() else {
            // Too many files are open; that may pass.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        if stream.set_nonblocking(false).is_err() {
            continue;
        }
        let shared = Arc::clone(shared);
        let name = "zendo-viewer".to_owned();
        // Where there is no thread, the viewer finds its connection closed.
        let _ = thread::Builder::new().name(name).spawn(move || {
            shared.viewers.fetch_add(1, Ordering::SeqCst);
            // Whatever goes wrong with a viewer is its own business: it is gone.
            let _ = serve(stream, &shared);
            shared.viewers.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Whether the other side of a socket is this user. Where the system doesn't say, the folder's mode does.
fn is_same_user(stream: &UnixStream) -> bool {
    #[cfg(target_os = "linux")]
    {
        let peer = rustix::net::sockopt::socket_peercred(stream);
        peer.is_ok_and(|peer| peer.uid == rustix::process::geteuid())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = stream;
        true
    }
}

/// A viewer, from its greeting to its end.
fn serve(mut stream: UnixStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_read_timeout(Some(GREETING_TIMEOUT))?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let refused = if !is_same_user(&stream) {
        Some("this run is another user's".to_owned())
    } else if shared.viewers.load(Ordering::SeqCst) > MAX_VIEWERS {
        Some(format!("{MAX_VIEWERS} viewers watch it already"))
    } else {
        let greeting: Greeting = frames::read(&mut stream, frames::MAX_FROM_VIEWER)?;
        greeting.check("viewer").err()
    };
    if let Some(why) = refused {
        return frames::write(&mut stream, &Answer::Refused(why), frames::MAX_FROM_HOST);
    }
    frames::write(&mut stream, &Answer::Welcome(Greeting::ours()), frames::MAX_FROM_HOST)?;
    stream.set_read_timeout(None)?;
    let mailbox = shared.audience.admit(Box::new(|| {}));
    let (ear, all, replies) = (stream.try_clone()?, Arc::clone(shared), Arc::clone(&mailbox));
    let is_gone = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&is_gone);
    let listener = thread::Builder::new().name("zendo-viewer-in".to_owned()).spawn(move || {
        obey(ear, &all, &replies);
        gone.store(true, Ordering::SeqCst);
    })?;
    let told = tell(&mut stream, &mailbox, &is_gone);
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let _ = listener.join();
    told
}

/// Until the run has ended and all is said, or nobody listens.
fn tell(stream: &mut UnixStream, mailbox: &Mailbox, is_gone: &AtomicBool) -> io::Result<()> {
    let mut known = Known::default();
    loop {
        let updates = mailbox.wait(HEARTBEAT);
        if is_gone.load(Ordering::SeqCst) {
            return Ok(());
        }
        if updates.is_empty() {
            frames::write(stream, &super::wire::Word::Still, frames::MAX_FROM_HOST)?;
        }
        for update in updates {
            frames::write(stream, &known.pack(update), frames::MAX_FROM_HOST)?;
        }
        if mailbox.is_over() {
            return Ok(());
        }
    }
}

/// Hands a viewer's commands on until it is gone or makes no sense.
fn obey(mut stream: UnixStream, shared: &Shared, replies: &Mailbox) {
    while let Ok(command) = frames::read::<Command>(&mut stream, frames::MAX_FROM_VIEWER) {
        if shared.commander.send(command).is_err() {
            let why = "the run has more to do than it can take commands";
            replies.post(Update::Refused(Refusal::whole(why)));
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_socket_is_taken_and_a_peer_of_garbage_is_let_go() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).expect("ours");
        let path = folder.path().join("s");
        drop(UnixListener::bind(&path).expect("bound"));
        assert!(path.exists(), "left behind");
        let handle = crate::run::spawn(Box::new(|| {})).expect("starts");
        let server = Server::start(&handle, &path).expect("taken");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        address::check_socket(&path).expect("nobody else's");
        for garbage in [&b"\xff\xff\xff\xff"[..], b"\0\0\0\x02{}", b"GET / HTTP/1.1\r\n\r\n", b""] {
            let mut peer = UnixStream::connect(&path).expect("it listens");
            io::Write::write_all(&mut peer, garbage).expect("written");
            peer.shutdown(std::net::Shutdown::Write).expect("said all");
            let mut answer = Vec::new();
            // Closed, or reset where something was left unread.
            let _ = io::Read::read_to_end(&mut peer, &mut answer);
            assert!(answer.is_empty());
        }
        let mut peer = UnixStream::connect(&path).expect("it listens");
        let other = Greeting { protocol: 99, ..Greeting::ours() };
        frames::write(&mut peer, &other, 1_000).expect("written");
        match frames::read(&mut peer, 10_000).expect("an answer") {
            Answer::Refused(why) => assert!(why.contains("protocol 99"), "{why}"),
            Answer::Welcome(_) => panic!("it can't be understood"),
        }
        // A socket that is swept away is missed.
        fs::remove_file(&path).expect("there");
        let until = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(&path).is_err() {
            assert!(Instant::now() < until, "it never came back");
            thread::sleep(Duration::from_millis(50));
        }
        server.close();
        assert!(!path.exists());
        handle.send(Command::Stop).expect("it waits");
        handle.join();
    }
}
