//! Where everything meets: input, the engine, signals, the clock. Drain, update, draw if dirty.
//! Must not decide anything: that is `update`'s. Invariant: nothing is drawn or written while
//! nothing happens.

use std::{io, path::Path, sync::Arc, time::Duration};

use ratatui::{
    crossterm::event::{Event, MouseButton, MouseEvent, MouseEventKind},
    layout::Rect,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    Exit, Opening,
    action::{Action, Effect, Pointer},
    background::Background,
    economy::{self, Economy},
    files::{compare_runs, read_regular, read_run, save_preset, write},
    keymap::{Context, Intent, Key},
    laboratory::Laboratory,
    model::Model,
    probe::{self, Late},
    screens,
    terminal::{self, Screen},
    theme::Display,
    update::update,
    variable,
    watched::{Home, Waker, Watched},
};
use crate::{
    run,
    theme::{Charset, DARK, Depth, LIGHT, MONO},
};

/// Shortest time between frames for input.
const INPUT_FRAME: Duration = Duration::from_millis(33);
/// For the engine's data, here and over SSH.
const ENGINE_FRAME: Duration = Duration::from_millis(100);
const SSH_FRAME: Duration = Duration::from_millis(250);

/// Runs the UI from `model` until it is left.
pub fn run(model: Model, opening: Opening, home: Home) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    leave_when_stuck()?;
    let left = runtime.block_on(async {
        let mut ui = Ui::open(model, opening, home)?;
        let exit = ui.live().await;
        let experiment = ui.model.lab.running().map(|topic| topic.name());
        anyhow::Ok((exit, ui.watched.goes_on().map(Path::to_owned), experiment))
    });
    let (exit, goes_on, experiment) = match left {
        Ok((exit, goes_on, experiment)) => (exit, goes_on, experiment),
        Err(error) => (Err(error), None, None),
    };
    let exit = exit.or_else(|error| if is_hang_up(&error) { Ok(Exit::HungUp) } else { Err(error) });
    // The input thread may still sit in a read that nothing will end.
    runtime.shutdown_background();
    if let (Ok(Exit::Done), Some(folder)) = (&exit, goes_on) {
        let folder = run::run_name(&folder);
        println!("The run goes on; `zendo attach {folder}` watches it.");
    }
    if let (Ok(Exit::Done), Some(experiment)) = (&exit, experiment) {
        println!("The experiment {experiment} goes on; the lab shows what it finds.");
    }
    exit
}

/// Whether an error only says that the terminal is gone.
fn is_hang_up(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    let gone = rustix::io::Errno::IO.raw_os_error();
    io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe || e.raw_os_error() == Some(gone))
}

/// The loop never waits for the terminal, but a folder on a server that is gone blocks it all the same, and with
/// it its answer to signals. What was asked to end and still stands after this long is ended from outside.
const PATIENCE_WITH_A_STUCK_LOOP: Duration = Duration::from_secs(1);

fn leave_when_stuck() -> io::Result<()> {
    use signal_hook::{consts, iterator};
    let signals = [consts::SIGINT, consts::SIGTERM, consts::SIGHUP];
    let mut signals = iterator::Signals::new(signals)?;
    std::thread::Builder::new().name("zendo-signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            std::thread::sleep(PATIENCE_WITH_A_STUCK_LOOP);
            terminal::leave_without_writing();
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn watch() -> io::Result<Signals> {
        let stop = rustix::process::Signal::TSTP.as_raw();
        let go_on = rustix::process::Signal::CONT.as_raw();
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(stop))?,
            go_on: signal(SignalKind::from_raw(go_on))?,
        })
    }
}

/// Why a frame is due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Input,
    Engine,
}

/// What woke the loop.
enum Woken {
    Written(io::Result<economy::Write>),
    Input(Option<io::Result<Event>>),
    Engine,
    Clock,
    /// A slow line may be quicker again.
    Patience,
    Frame,
    Leave(Exit),
    Suspend,
    Resumed,
}

struct Ui {
    model: Model,
    screen: Screen,
    input: terminal::Input,
    /// What the terminal may still answer.
    late: Late,
    signals: Signals,
    watched: Watched,
    background: Background,
    lab: Laboratory,
    posted: Arc<Notify>,
    began: Instant,
    /// When the next frame may be drawn, where one is due.
    due: Option<Instant>,
    last_frame: Instant,
    economy: Economy,
    /// Where something lay over the screen in the last frame.
    lay: Rect,
    engine_frame: Duration,
    exit: Option<Exit>,
}

impl Ui {
    fn open(mut model: Model, opening: Opening, home: Home) -> anyhow::Result<Ui> {
        let signals = Signals::watch()?;
        let is_remote = std::env::var_os("SSH_CONNECTION").is_some();
        let screen = Screen::open()?;
        let answers = screen.ask(&variable)?;
        let charset = Charset::of_locale(&variable);
        model.themes.fit(Display {
            depth: Depth::promised(&variable),
            glyphs: probe::glyphs(opening.ascii, charset, answers.cells),
        });
        if !opening.is_theme_named {
            let name = match probe::is_light(answers.ground, &variable) {
                _ if model.themes.display().depth == Depth::Mono => MONO,
                Some(true) => LIGHT,
                Some(false) | None => DARK,
            };
            model.themes.show(name).map_err(anyhow::Error::msg)?;
        }
        let now = Instant::now();
        let posted = Arc::new(Notify::new());
        let wakes = Arc::clone(&posted);
        let waker: Waker = Arc::new(move || wakes.notify_one());
        let mut ui = Ui {
            model,
            screen,
            input: terminal::Input::start()?,
            late: Late::after(&answers),
            signals,
            watched: Watched::nothing(home, Arc::clone(&waker)),
            background: Background::idle(Arc::clone(&waker)),
            lab: Laboratory::closed(waker),
            posted,
            began: now,
            due: Some(now),
            last_frame: now,
            economy: if is_remote { Economy::remote() } else { Economy::default() },
            lay: Rect::ZERO,
            engine_frame: if is_remote { SSH_FRAME } else { ENGINE_FRAME },
            exit: None,
        };
        let (width, height) = ui.screen.size()?;
        ui.screen.capture(ui.model.mouse)?;
        ui.act(Action::Resize { width, height })?;
        ui.act(Action::Presets(run::user_presets()))?;
        if let Some(folder) = ui.model.awaited.clone() {
            ui.act(Action::Watch(folder))?;
        }
        for event in answers.typed {
            ui.take(event)?;
        }
        Ok(ui)
    }

    async fn live(&mut self) -> anyhow::Result<Exit> {
        let hangup = tokio::task::spawn_blocking(terminal::wait_for_hangup);
        tokio::pin!(hangup);
        loop {
            let clock = self.next_tick();
            let economy = self.economy.wakes_at().map(|at| self.began + at);
            let due = self.due.filter(|_| !self.screen.is_busy());
            let woken = tokio::select! {
                biased;
                _ = self.signals.interrupt.recv() => Woken::Leave(Exit::Interrupted),
                _ = self.signals.terminate.recv() => Woken::Leave(Exit::Terminated),
                _ = self.signals.hang_up.recv() => Woken::Leave(Exit::HungUp),
                _ = &mut hangup => Woken::Leave(Exit::HungUp),
                _ = self.signals.stop.recv() => Woken::Suspend,
                _ = self.signals.go_on.recv() => Woken::Resumed,
                write = self.screen.written() => Woken::Written(write),
                // Before input: a frame is due seldom, and keys may come without end.
                () = wait_until(due) => Woken::Frame,
                event = self.input.next() => Woken::Input(event),
                () = self.posted.notified() => Woken::Engine,
                () = wait_until(clock) => Woken::Clock,
                () = wait_until(economy), if !self.screen.is_busy() => Woken::Patience,
            };
            self.tell_time()?;
            match woken {
                Woken::Written(write) => self.wrote(write?)?,
                Woken::Patience => self.believe()?,
                Woken::Input(Some(Ok(event))) => self.take(event)?,
                Woken::Input(Some(Err(_)) | None) => self.exit = Some(Exit::HungUp),
                Woken::Engine => self.drain()?,
                Woken::Clock => self.dirty(Cause::Engine),
                Woken::Frame => self.draw()?,
                Woken::Leave(exit) => self.exit = Some(exit),
                Woken::Suspend => self.suspend().await?,
                Woken::Resumed => self.come_back()?,
            }
            if let Some(exit) = self.exit {
                return Ok(exit);
            }
        }
    }

    fn tell_time(&mut self) -> anyhow::Result<()> {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.act(Action::Clock(now_ms))
    }

    /// When the clock next changes what is shown.
    fn next_tick(&self) -> Option<Instant> {
        let period = self.model.clock_period_ms()?;
        let next = (self.model.now_ms / period + 1) * period;
        Some(self.began + Duration::from_millis(next))
    }

    fn dirty(&mut self, cause: Cause) {
        let least = match cause {
            Cause::Input => {
                self.economy.ask();
                INPUT_FRAME
            }
            Cause::Engine => self.engine_frame.max(self.economy.engine_pause()),
        };
        self.draw_in(least);
    }

    /// A frame is due so long after the last.
    fn draw_in(&mut self, least: Duration) {
        let at = self.last_frame + least;
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        self.due = None;
        // The terminal may have another size than it had when it last said so.
        let (width, height) = self.screen.size()?;
        if (width, height) != (self.model.width, self.model.height) {
            self.act(Action::Resize { width, height })?;
        }
        let (model, theme) = (&self.model, self.model.themes.theme());
        let how = (self.economy.next(), &mut self.lay);
        self.screen.draw((width, height), |buffer| screens::waiting(model, theme, how, buffer))?;
        self.economy.drew();
        self.last_frame = Instant::now();
        if !self.screen.is_busy() && self.economy.owes() {
            // Nothing had changed in what was drawn.
            self.due = Some(self.last_frame);
        }
        Ok(())
    }

    /// A frame is out.
    fn wrote(&mut self, write: economy::Write) -> anyhow::Result<()> {
        self.last_frame = Instant::now();
        self.economy.wrote(self.began.elapsed(), write);
        self.tell_line()?;
        if self.economy.owes() {
            self.draw_in(INPUT_FRAME.max(self.economy.owed_pause()));
        }
        Ok(())
    }

    /// Takes a slow line for a quicker one after a while.
    fn believe(&mut self) -> anyhow::Result<()> {
        if self.economy.tell_time(self.began.elapsed()) {
            self.tell_line()?;
        }
        Ok(())
    }

    fn tell_line(&mut self) -> anyhow::Result<()> {
        let level = self.economy.level();
        if level != self.model.line {
            self.dirty(Cause::Engine);
            self.act(Action::Line(level))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event) -> anyhow::Result<()> {
        if self.late.swallows(&event) {
            return Ok(());
        }
        let action = match event {
            Event::Key(event) => match Key::from_event(event) {
                None => return Ok(()),
                Some(key) => match self.model.keymap.intent(self.model.place(), key) {
                    Some(intent) => Action::Intent(intent),
                    None => Action::Type(key),
                },
            },
            Event::Paste(text) => Action::Paste(text),
            Event::Resize(width, height) => {
                // Terminals move lines about, and may be back at the size they had.
                self.screen.redraw();
                Action::Resize { width, height }
            }
            Event::Mouse(MouseEvent { kind, column: x, row: y, .. }) => match kind {
                MouseEventKind::Down(MouseButton::Left) => {
                    Action::Mouse { x, y, kind: Pointer::Press }
                }
                MouseEventKind::ScrollUp => Action::Mouse { x, y, kind: Pointer::WheelUp },
                MouseEventKind::ScrollDown => Action::Mouse { x, y, kind: Pointer::WheelDown },
                _ => return Ok(()),
            },
            Event::FocusGained | Event::FocusLost => return Ok(()),
        };
        self.dirty(Cause::Input);
        self.act(action)
    }

    fn drain(&mut self) -> anyhow::Result<()> {
        self.dirty(Cause::Engine);
        let mut heard = self.background.drain();
        heard.extend(self.watched.drain());
        heard.extend(self.lab.drain().into_iter().map(Action::Lab));
        for action in heard {
            self.act(action)?;
        }
        Ok(())
    }

    /// Updates the model and does what it asks for.
    fn act(&mut self, action: Action) -> anyhow::Result<()> {
        for effect in update(&mut self.model, action) {
            match effect {
                Effect::Open(reference) => {
                    let opened = run::open_preset(&reference);
                    self.act(Action::Opened(opened))?;
                }
                Effect::Read(path) => {
                    let text = read_regular(&path);
                    self.act(Action::Read(path, text))?;
                }
                Effect::ListPresets => self.act(Action::Presets(run::user_presets()))?,
                Effect::ListRuns => self.act(Action::Runs(run::list_runs()))?,
                Effect::ReadRun(folder) => {
                    let (run, picture) = read_run(&folder);
                    self.act(Action::ReadRun(Box::new(run), picture))?;
                }
                Effect::CompareRuns(folders) => {
                    self.act(Action::ComparedRuns(compare_runs(&folders)))?;
                }
                Effect::ListThemes => self.act(Action::Themes(run::user_themes()))?,
                Effect::KeepTheme(name) => {
                    let kept = run::keep_theme(&name);
                    self.act(Action::KeptTheme(name, kept))?;
                }
                Effect::SavePreset(save) => {
                    let key = self.model.key_in(Context::Form, Intent::SaveAs);
                    let saved = save_preset(&save, &key);
                    self.act(Action::SavedPreset(save, saved))?;
                }
                Effect::Estimate(spec) => self.background.estimate(*spec)?,
                Effect::Predict { preset, structures } => {
                    self.background.predict(*preset, structures)?;
                }
                Effect::Start(spec) => {
                    // The search shall have the machine.
                    self.background.stop_estimating();
                    if let Some(action) = self.watched.start(*spec)? {
                        self.act(action)?;
                    }
                }
                Effect::Attach(folder) => self.watched.attach(folder)?,
                Effect::Resume(folder) => {
                    if let Some(action) = self.watched.resume(folder)? {
                        self.act(action)?;
                    }
                }
                Effect::Tell(command) => self.watched.tell(command),
                Effect::Solve(wanted) => self.background.solve(*wanted)?,
                Effect::StopSolving => self.background.stop_solving(),
                Effect::WatchLab(bench) => self.lab.turn_to(bench)?,
                Effect::Experiment { name, command } => self.lab.begin(name, &command),
                Effect::EndExperiment(name) => {
                    if let Err(error) = self.lab.end(name) {
                        self.model.complain(format!("{name}: {error}"));
                    }
                }
                Effect::Forget => self.watched.forget(),
                Effect::Write(document) => {
                    let result = write(&document);
                    update(&mut self.model, Action::Wrote(document, result));
                }
                Effect::Copy(text) => self.screen.copy(&text)?,
                Effect::Capture(mouse) => self.screen.capture(mouse)?,
                Effect::Ring => self.screen.ring(),
                Effect::Redraw => self.redraw(),
                Effect::Suspend => {
                    let pid = rustix::process::getpid();
                    rustix::process::kill_process(pid, rustix::process::Signal::TSTP)?;
                }
                Effect::Leave(exit) => self.exit = Some(exit),
            }
        }
        Ok(())
    }

    /// Gives the terminal back, stops, and takes it again when told to go on.
    async fn suspend(&mut self) -> anyhow::Result<()> {
        terminal::leave();
        // SIGTSTP is ours to handle, so the stop itself needs the one that can't be.
        let pid = rustix::process::getpid();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP)?;
        self.signals.go_on.recv().await;
        self.come_back()
    }

    fn come_back(&mut self) -> anyhow::Result<()> {
        terminal::leave();
        terminal::enter()?;
        let (width, height) = self.screen.size()?;
        self.act(Action::Resize { width, height })?;
        self.redraw();
        Ok(())
    }

    fn redraw(&mut self) {
        self.screen.redraw();
        self.economy.ask();
        self.due = Some(Instant::now());
    }
}

async fn wait_until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
