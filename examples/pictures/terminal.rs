//! A program in a pseudo-terminal, with the screen that it draws.

use std::{
    io::{self, Read, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

pub struct Terminal {
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    pub fn open(program: &str, arguments: &[&str], (cols, rows): (u16, u16)) -> io::Result<Self> {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).map_err(io::Error::other)?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(std::env::current_dir()?);
        // What is searched for a picture is nobody's run.
        command.env("XDG_STATE_HOME", std::env::temp_dir().join("zendo-pictures"));
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LC_ALL", "C.UTF-8");
        let child = pty.slave.spawn_command(command).map_err(io::Error::other)?;
        let parser = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let mut output = pty.master.try_clone_reader().map_err(io::Error::other)?;
        let seen = Arc::clone(&parser);
        thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..count]);
            }
        });
        let keys = pty.master.take_writer().map_err(io::Error::other)?;
        Ok(Terminal { _master: pty.master, keys, child, parser })
    }

    pub fn press(&mut self, keys: &str) -> io::Result<()> {
        for key in keys.split_inclusive('\u{1b}') {
            self.keys.write_all(key.as_bytes())?;
            self.keys.flush()?;
            // An escape followed at once by a key would be another key.
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    pub fn screen(&self) -> vt100::Screen {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner).screen().clone()
    }

    /// Waits until `text` is on the screen.
    pub fn until(&self, text: &str, most: Duration) -> io::Result<()> {
        let began = Instant::now();
        while !self.screen().contents().contains(text) {
            if began.elapsed() > most {
                let shown = self.screen().contents();
                return Err(io::Error::other(format!("'{text}' never came:\n{shown}")));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
