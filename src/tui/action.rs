//! What happens to the model, and what the model wants done in the world. Plain values; must not
//! know how either is carried out.

use std::path::PathBuf;

use crate::{
    arch::Structure,
    run::{
        AttachError, Broken, Estimate, Existing, Heard, ListedRun, Picture, Predicted, Proof,
        RunSpec, SaveError, UserPreset, UserTheme, Wanted,
        protocol::{Command, Update},
    },
    space::{Preset, PresetSource},
};

use super::{
    Exit,
    economy::Level,
    keymap::{Intent, Key},
    model::{Bench, ComparedRun, Document, Mouse},
};

/// A preset to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    pub name: String,
    /// None is the user's folder.
    pub path: Option<PathBuf>,
    pub text: String,
    pub existing: Existing,
    /// What its file said last; a file that says something else is left alone.
    pub seen: Option<String>,
    /// Whose text it is.
    pub of: SaveOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveOf {
    /// The form's, which it then is.
    Form,
    /// A new preset's, which is then opened.
    New,
}

/// What a mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// The left button went down.
    Press,
    WheelUp,
    WheelDown,
}

/// Something happened.
#[derive(Debug)]
pub enum Action {
    Intent(Intent),
    /// A key that means nothing here but may be text.
    Type(Key),
    Paste(String),
    /// At a cell, from 0.
    Mouse {
        x: u16,
        y: u16,
        kind: Pointer,
    },
    Resize {
        width: u16,
        height: u16,
    },
    Engine(Update),
    /// The engine has ended and everything it said was handed over.
    EngineOver,
    /// Whoever opened the screens wants the run in this folder.
    Watch(PathBuf),
    /// A host answers for the run in this folder, and will tell of it.
    Attached(PathBuf),
    NotAttached {
        folder: PathBuf,
        why: AttachError,
    },
    /// The host is heard no more, and why.
    Lost(String),
    /// What the solver found.
    Proved(Proof),
    /// Milliseconds since the screens were opened.
    Clock(u64),
    /// The line to the terminal lets through more, or less.
    Line(Level),
    /// The answer to [`Effect::Write`]: the path, or what stood in the way.
    Wrote(Document, Result<String, String>),
    /// The user's presets, as they are now.
    Presets(Vec<UserPreset>),
    /// The runs that were kept, as they are now.
    Runs(Vec<ListedRun>),
    /// The answer to [`Effect::ReadRun`].
    ReadRun(Box<ListedRun>, Result<Picture, String>),
    /// The answer to [`Effect::CompareRuns`].
    ComparedRuns(Result<Box<[ComparedRun; 2]>, String>),
    /// The user's themes, as they are now.
    Themes(Vec<UserTheme>),
    /// The answer to [`Effect::KeepTheme`]: the file, or what stood in the way.
    KeptTheme(String, Result<String, String>),
    /// The answer to [`Effect::Read`].
    Read(PathBuf, Result<String, String>),
    /// The answer to [`Effect::SavePreset`].
    SavedPreset(Box<Save>, Result<PathBuf, SaveError>),
    /// Of the lab that is watched.
    Lab(Heard),
    /// The answer to [`Effect::Estimate`].
    Estimated(Result<Estimate, String>),
    /// The answer to [`Effect::Predict`].
    Predicted(Predicted),
    /// The answer to [`Effect::Open`].
    Opened(Result<PresetSource, Box<Broken>>),
}

/// Something is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Find a preset by name or file.
    Open(String),
    /// Read a file that a preset extends; the answer is [`Action::Read`].
    Read(PathBuf),
    /// The answer is [`Action::Presets`].
    ListPresets,
    /// The answer is [`Action::Runs`].
    ListRuns,
    /// What a viewer of the run in this folder saw last; the answer is [`Action::ReadRun`].
    ReadRun(PathBuf),
    /// The answer is [`Action::ComparedRuns`].
    CompareRuns(Box<[PathBuf; 2]>),
    /// The answer is [`Action::Themes`].
    ListThemes,
    /// For the next start, by its name.
    KeepTheme(String),
    SavePreset(Box<Save>),
    /// Measure how fast this would be; the answer to an earlier one isn't wanted any more.
    Estimate(Box<RunSpec>),
    /// Ask the preset's latency tables; the answer is [`Action::Predicted`].
    Predict {
        preset: Box<Preset>,
        structures: Vec<Structure>,
    },
    Start(Box<RunSpec>),
    /// Watch the run in a folder; the answer is [`Action::Attached`] or [`Action::NotAttached`].
    Attach(PathBuf),
    /// Let the interrupted run in a folder go on; the answer is as for [`Effect::Attach`].
    Resume(PathBuf),
    Tell(Command),
    /// Solve this.
    Solve(Box<Wanted>),
    /// The answer isn't wanted any more.
    StopSolving,
    /// Let go of an engine that has ended.
    Forget,
    /// Look at the experiments there; at none any more.
    WatchLab(Option<Bench>),
    /// Start an experiment of the lab that is watched.
    Experiment {
        name: &'static str,
        command: Vec<String>,
    },
    EndExperiment(&'static str),
    /// Into a file of its own; the answer is [`Action::Wrote`].
    Write(Document),
    /// To the clipboard of whoever sits at the terminal.
    Copy(String),
    /// Take the mouse, or leave it to the terminal.
    Capture(Mouse),
    /// Ring the terminal's bell.
    Ring,
    Redraw,
    Suspend,
    Leave(Exit),
}
