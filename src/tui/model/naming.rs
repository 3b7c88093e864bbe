//! A preset's name being asked for. Owns: the name as typed, what it is for, what stood in the way. Must
//! not know files. Invariant: a preset that is there is only replaced by the second answer in a row.

use crate::tui::edit::LineEdit;

/// What the name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    New,
    Duplicate,
    SaveAs,
}

#[derive(Debug)]
pub struct Naming {
    pub purpose: Purpose,
    /// What will be written.
    pub text: String,
    /// What the new preset comes from, for the eye.
    pub from: String,
    pub edit: LineEdit,
    pub error: Option<String>,
    /// The name that was found taken; asked for again, it is replaced.
    pub taken: Option<String>,
}

impl Naming {
    pub fn new(purpose: Purpose, from: &str, text: String) -> Naming {
        let (from, edit) = (from.to_owned(), LineEdit::default());
        Naming { purpose, text, from, edit, error: None, taken: None }
    }
}
