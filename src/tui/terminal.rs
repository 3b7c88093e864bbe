//! The terminal while it is ours. Owns: raw mode, the alternate screen, stderr, the panic hook, the
//! one write a frame. Must not know what is drawn. Invariant: [`leave`] undoes all of it, from any
//! thread, once.

use std::{
    cell::RefCell,
    io::{self, Read, Seek, Write},
    os::fd::OwnedFd,
    panic,
    rc::Rc,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ratatui::{
    Terminal,
    buffer::Buffer,
    crossterm::{
        clipboard::CopyToClipboard,
        cursor, event,
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute, queue, style,
        terminal::{
            BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen,
            LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
        },
    },
    layout::{Position, Rect},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    backend::LeanBackend,
    model::Mouse,
    probe::{self, Answers},
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

/// What a frame is put together in before it is written.
#[derive(Clone, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Nothing goes out before the frame is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub struct Screen {
    terminal: Terminal<LeanBackend<Frame>>,
    frame: Frame,
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
        enter()?;
        let frame = Frame::default();
        let terminal = Terminal::new(LeanBackend::new(frame.clone()));
        terminal.map(|terminal| Screen { terminal, frame }).inspect_err(|_| leave())
    }

    /// Draws in one write; tells how long that took.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<Duration> {
        queue!(self.frame, BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| paint(frame.buffer_mut()))?;
        queue!(self.frame, EndSynchronizedUpdate)?;
        self.write()
    }

    /// The next frame is drawn whole. `Terminal::clear` would ask the terminal where its cursor is,
    /// and the answer would end up among the keys; a resize to the same size asks nothing.
    pub fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Asks the terminal to put `text` into its clipboard (OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        queue!(self.frame, CopyToClipboard::to_clipboard_from(text))?;
        self.write().map(|_| ())
    }

    /// Takes the mouse, or leaves it to the terminal; [`enter`] and [`leave`] follow.
    pub fn capture(&mut self, mouse: Mouse) -> io::Result<()> {
        let is_ours = mouse == Mouse::On;
        if MOUSE.swap(is_ours, Ordering::SeqCst) == is_ours {
            return Ok(());
        }
        queue!(self.frame, if is_ours { TAKE_MOUSE } else { GIVE_MOUSE })?;
        self.write().map(|_| ())
    }

    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    fn write(&mut self) -> io::Result<Duration> {
        let bytes = std::mem::take(&mut *self.frame.0.borrow_mut());
        let began = Instant::now();
        let mut out = io::stdout().lock();
        out.write_all(&bytes)?;
        out.flush()?;
        Ok(began.elapsed())
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
    if ready.is_err() {
        leave();
    }
    ready
}

/// Gives the terminal back as it was. What was printed to stderr meanwhile is printed now.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
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
    let _ = disable_raw_mode();
    give_stderr_back();
}

/// What of [`leave`] can be done while writing to the terminal would block: its line settings.
pub fn leave_without_writing() {
    let _ = disable_raw_mode();
}

fn restore_on_panic() {
    let ours = std::thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // The engine's threads catch their own panics and report them; the screen stays.
        if std::thread::current().id() == ours {
            leave();
        }
        before(info);
    }));
}

fn set_stderr_aside() {
    let aside = || -> io::Result<Option<Stray>> {
        if !io::IsTerminal::is_terminal(&io::stderr()) {
            return Ok(None);
        }
        let file = tempfile::tempfile()?;
        let original = rustix::io::dup(io::stderr())?;
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

/// What comes from the keyboard.
pub type Input = event::EventStream;

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
        };
        screen.draw(draw).expect("drawn");
        screen.capture(Mouse::On).expect("written");
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
