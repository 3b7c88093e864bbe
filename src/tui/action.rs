//! What happens to the model, and what the model wants done in the world. Plain values; must not
//! know how either is carried out.

use crate::{
    run::{
        RunSpec,
        protocol::{Command, Update},
    },
    space::{PresetError, PresetSource},
};

use super::{
    Exit,
    keymap::{Intent, Key},
};

/// Something happened.
#[derive(Debug)]
pub enum Action {
    Intent(Intent),
    /// A key that means nothing here but may be text.
    Type(Key),
    Paste(String),
    Resize {
        width: u16,
        height: u16,
    },
    Engine(Update),
    /// The engine has ended and everything it said was handed over.
    EngineOver,
    /// Milliseconds since the screens were opened.
    Clock(u64),
    /// The answer to [`Effect::Open`].
    Opened(Box<Result<PresetSource, PresetError>>),
}

/// Something is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Find a preset by name or file.
    Open(String),
    Start(Box<RunSpec>),
    Tell(Command),
    /// Let go of an engine that has ended.
    Forget,
    /// To the clipboard of whoever sits at the terminal.
    Copy(String),
    Redraw,
    Suspend,
    Leave(Exit),
}
