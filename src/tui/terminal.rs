//! The terminal while it is ours. Owns: raw mode, the alternate screen, stderr, the panic hook, the
//! frames that are handed to the writer. Must not know what is drawn. Invariant: [`leave`] undoes all of it,
//! from any thread, once.

use std::{
    io::{self, Read, Seek, Write},
    os::fd::OwnedFd,
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ratatui::{
    buffer::Buffer,
    crossterm::{
        clipboard::CopyToClipboard,
        cursor, event,
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute, queue, style,
        terminal::{
            EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
            enable_raw_mode, size,
        },
    },
    layout::{Rect, Size},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{QueueSelector, tcflush},
};

use tokio::sync::mpsc;

use super::{
    economy,
    model::Mouse,
    picture::Picture,
    probe::{self, Answers},
    writer::{self, Writer},
};
use crate::theme::Variable;

/// Stray prints kept for after the UI; more than this is cut.
const MAX_STRAY_BYTES: u64 = 64 * 1024;

static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is to be ours while the terminal is.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Buttons and the wheel, with columns above 223. What crossterm would ask for includes every movement, which
/// would write to a slow line for nothing.
const TAKE_MOUSE: style::Print<&str> = style::Print("\x1b[?1000h\x1b[?1006h");
const GIVE_MOUSE: style::Print<&str> = style::Print("\x1b[?1006l\x1b[?1000l");
static STDERR: Mutex<Option<Stray>> = Mutex::new(None);

/// Where stderr goes meanwhile: a file without a name.
struct Stray {
    original: OwnedFd,
    file: std::fs::File,
}

pub struct Screen {
    picture: Picture,
    writer: Writer,
    /// Goes out with the next frame. Only the newest: a clipboard holds one thing.
    copied: Vec<u8>,
    /// Takes or gives the mouse with the next frame.
    mouse: Vec<u8>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It can't be set up; then it is as it was.
    pub fn open() -> io::Result<Screen> {
        // Colours are mapped here; crossterm's own NO_COLOR would still write resets.
        style::force_color_output(true);
        restore_on_panic();
        let writer = Writer::start()?;
        enter()?;
        Ok(Screen { picture: Picture::default(), writer, copied: Vec::new(), mouse: Vec::new() })
    }

    /// Whether the last frame is still on its way; until [`Screen::written`] says that it isn't, none may be
    /// drawn.
    pub fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    /// Waits until the last frame is out; for ever, where none is on its way.
    ///
    /// # Errors
    /// The terminal can't be written to.
    pub async fn written(&mut self) -> io::Result<economy::Write> {
        self.writer.written().await
    }

    /// Hands the writer what has changed, in one piece. What `paint` tells to wait stays as it is.
    ///
    /// # Errors
    /// The writer is gone.
    ///
    /// # Panics
    /// The last frame isn't out yet.
    pub fn draw(
        &mut self,
        size: (u16, u16),
        paint: impl FnOnce(&mut Buffer) -> Vec<Rect>,
    ) -> io::Result<()> {
        let frame = self.picture.frame(Size::from(size), paint)?;
        let mut bytes = std::mem::take(&mut self.mouse);
        bytes.append(&mut self.copied);
        bytes.extend_from_slice(&frame);
        if bytes.is_empty() { Ok(()) } else { self.writer.write(bytes) }
    }

    /// The next frame is drawn whole.
    pub fn redraw(&mut self) {
        self.picture.forget();
    }

    /// Asks the terminal with the next frame to put `text` into its clipboard (OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.copied.clear();
        queue!(self.copied, CopyToClipboard::to_clipboard_from(text))
    }

    /// Rings with the next frame.
    pub fn ring(&mut self) {
        self.copied.push(b'\x07');
    }

    /// Takes the mouse with the next frame, or leaves it to the terminal; [`enter`] and [`leave`] follow.
    pub fn capture(&mut self, mouse: Mouse) -> io::Result<()> {
        let is_ours = mouse == Mouse::On;
        if MOUSE.swap(is_ours, Ordering::SeqCst) == is_ours {
            return Ok(());
        }
        self.mouse.clear();
        queue!(self.mouse, if is_ours { TAKE_MOUSE } else { GIVE_MOUSE })
    }

    pub fn size(&self) -> io::Result<(u16, u16)> {
        size()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Raw mode, the alternate screen, no cursor, bracketed paste, the mouse where it is wanted, stderr set aside.
pub fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    set_stderr_aside();
    let mut out = io::stdout();
    let mut ready = execute!(out, EnterAlternateScreen, cursor::Hide, EnableBracketedPaste);
    if ready.is_ok() && MOUSE.load(Ordering::SeqCst) {
        ready = execute!(out, TAKE_MOUSE);
    }
    match ready {
        Ok(()) => writer::open(),
        Err(_) => leave(),
    }
    ready
}

/// How long a frame that is on its way is waited for when the terminal is given back. What the terminal hasn't
/// taken by then is thrown away, to make room for what restores it.
const PATIENCE_WITH_A_FRAME: Duration = Duration::from_millis(300);

/// Gives the terminal back as it was. What was printed to stderr meanwhile is printed now.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let line = writer::line(PATIENCE_WITH_A_FRAME);
    writer::close();
    if !takes_more() {
        // A terminal that is gone has nothing to throw away.
        let _ = tcflush(io::stdout(), QueueSelector::OFlush);
    }
    if line.is_some() && takes_more() {
        // A terminal that is gone can't be restored, and needn't be.
        if MOUSE.load(Ordering::SeqCst) {
            let _ = execute!(io::stdout(), GIVE_MOUSE);
        }
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            style::ResetColor,
            LeaveAlternateScreen,
            cursor::Show
        );
    }
    leave_without_writing();
    give_stderr_back();
}

/// Whether a few bytes can be written to the terminal at once.
fn takes_more() -> bool {
    let stdout = io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// What of [`leave`] can be done while writing to the terminal would block: its line settings.
pub fn leave_without_writing() {
    let _ = disable_raw_mode();
}

fn restore_on_panic() {
    let ours = thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // The engine's threads catch their own panics and report them; the screen stays.
        if thread::current().id() == ours {
            leave();
        }
        before(info);
    }));
}

/// Behind stdin, stdout and stderr.
const FIRST_FREE: i32 = 3;

fn set_stderr_aside() {
    let aside = || -> io::Result<Option<Stray>> {
        if !io::IsTerminal::is_terminal(&io::stderr()) {
            return Ok(None);
        }
        let file = tempfile::tempfile()?;
        // What is started from here must not keep the terminal: a login would wait for it.
        let original = rustix::io::fcntl_dupfd_cloexec(io::stderr(), FIRST_FREE)?;
        rustix::stdio::dup2_stderr(&file)?;
        Ok(Some(Stray { original, file }))
    };
    // Without a file for them, stray prints at worst spoil the screen until the next redraw.
    if let Ok(Some(stray)) = aside() {
        *STDERR.lock().unwrap_or_else(PoisonError::into_inner) = Some(stray);
    }
}

fn give_stderr_back() {
    let Some(mut stray) = STDERR.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return;
    };
    if rustix::stdio::dup2_stderr(&stray.original).is_err() || stray.file.rewind().is_err() {
        return;
    }
    let mut text = Vec::new();
    if stray.file.take(MAX_STRAY_BYTES).read_to_end(&mut text).is_ok() {
        let _ = io::stderr().write_all(&text);
    }
}

/// How long the terminal may take to answer, here and over SSH. It is waited for only where the terminal
/// answers nothing at all.
const PATIENCE: Duration = Duration::from_millis(150);
const PATIENCE_OVER_SSH: Duration = Duration::from_millis(600);
/// Most that is read before the first key: more was pasted.
const MAX_ANSWER: usize = 1024 * 1024;

impl Screen {
    /// Asks the terminal what it is, before anybody else reads from it.
    ///
    /// # Errors
    /// The terminal can't be written or read.
    pub fn ask(&self, variable: Variable<'_>) -> io::Result<Answers> {
        let is_remote = variable("SSH_CONNECTION").is_some();
        let patience = if is_remote { PATIENCE_OVER_SSH } else { PATIENCE };
        let mut out = io::stdout().lock();
        out.write_all(probe::question(variable).as_bytes())?;
        out.flush()?;
        let deadline = Instant::now() + patience;
        let (mut bytes, mut buffer) = (Vec::new(), [0; 1024]);
        while readable_until(deadline)? && bytes.len() < MAX_ANSWER {
            let count = match rustix::io::read(io::stdin(), &mut buffer) {
                Ok(count) => count,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            bytes.extend_from_slice(&buffer[..count]);
            // Nothing at all is a terminal that is gone.
            if count == 0 || Answers::read(&bytes).is_whole {
                break;
            }
        }
        Ok(Answers::read(&bytes))
    }
}

/// Whether there is something to read from stdin by then.
fn readable_until(deadline: Instant) -> io::Result<bool> {
    let stdin = io::stdin();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut watched, Some(&timeout)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Blocks until the terminal on stdin is gone. crossterm doesn't notice.
pub fn wait_for_hangup() {
    let stdin = io::stdin();
    loop {
        // No event asked for: only hang-ups and errors are told.
        let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut watched, None) {
            Ok(_) if !watched[0].revents().is_empty() => return,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Events that wait to be taken; more wait in the terminal.
const MAX_EVENTS: usize = 1_024;

/// What comes from the keyboard, read by a thread of its own: however much is held, pasted or typed ahead, the
/// next comes without a wait.
pub struct Input {
    events: mpsc::Receiver<io::Result<event::Event>>,
}

impl Input {
    pub fn start() -> io::Result<Input> {
        let (send, events) = mpsc::channel(MAX_EVENTS);
        thread::Builder::new().name("zendo-keys".to_owned()).spawn(move || {
            loop {
                let event = event::read();
                let is_last = event.is_err();
                if send.blocking_send(event).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Input { events })
    }

    /// None once the keyboard is gone.
    pub async fn next(&mut self) -> Option<io::Result<event::Event>> {
        self.events.recv().await
    }
}

#[cfg(test)]
mod tests {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    #[test]
    #[ignore = "takes a terminal and panics: run by the next test in a pseudo-terminal"]
    fn panics_with_the_terminal_taken() {
        let mut screen = Screen::open().expect("a terminal");
        let draw = |buffer: &mut Buffer| {
            buffer[(0, 0)].set_symbol("#");
            Vec::new()
        };
        screen.capture(Mouse::On).expect("queued");
        screen.draw((80, 24), draw).expect("drawn");
        // The frame goes out on a thread of its own.
        drop(writer::line(PATIENCE_WITH_A_FRAME));
        std::thread::sleep(Duration::from_millis(200));
        panic!("on purpose");
    }

    /// The hook gives the terminal back before it prints, so that the message can be read.
    #[test]
    fn a_panic_gives_the_terminal_back() {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a pty");
        let settings = || format!("{:?}", pty.master.get_termios());
        let before = settings();
        let test = "tui::terminal::tests::panics_with_the_terminal_taken";
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("RUST_BACKTRACE", "0");
        let mut output = pty.master.try_clone_reader().expect("a reader");
        let mut child = pty.slave.spawn_command(command).expect("starts");
        let mut parser = vt100::Parser::new(24, 80, 0);
        let (mut bytes, mut taken) = ([0; 4096], [false; 2]);
        let has_mouse = |screen: &vt100::Screen| {
            screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease
        };
        while !parser.screen().contents().contains("1 failed") {
            let count = output.read(&mut bytes).expect("the test prints its end");
            assert_ne!(count, 0, "ended early:\n{}", parser.screen().contents());
            for byte in &bytes[..count] {
                parser.process(std::slice::from_ref(byte));
                taken[0] |= parser.screen().alternate_screen();
                taken[1] |= has_mouse(parser.screen());
            }
        }
        child.wait().expect("ends");
        let screen = parser.screen();
        assert_eq!(taken, [true; 2], "the terminal and its mouse were taken");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert!(screen.contents().contains("on purpose"), "{}", screen.contents());
        assert_eq!(settings(), before);
    }
}
