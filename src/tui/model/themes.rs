//! The themes there are and the one in force. Must not know files or how a terminal is asked. Invariant: the
//! theme in force can be drawn with, whatever became of its file.

use crate::{
    run::{ListedTheme, UserTheme, find_theme, listed_themes},
    tui::theme::{Display, Theme},
};

#[derive(Debug)]
pub struct Themes {
    /// The shipped ones, then the user's.
    listed: Vec<ListedTheme>,
    display: Display,
    name: String,
    theme: Theme,
}

impl Themes {
    /// The shipped ones, the dark one in force.
    pub fn shipped(display: Display) -> Themes {
        Themes {
            listed: listed_themes(Vec::new()),
            display,
            name: crate::theme::DARK.to_owned(),
            theme: Theme::dark(display),
        }
    }

    pub fn listed(&self) -> &[ListedTheme] {
        &self.listed
    }

    /// Of the theme in force.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one in force.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    pub fn display(&self) -> Display {
        self.display
    }

    /// The user's, as they are now. The one in force is drawn as its file says now, or as it did where that is
    /// no theme any more.
    pub fn list(&mut self, yours: Vec<UserTheme>) {
        self.listed = listed_themes(yours);
        let name = self.name.clone();
        let _ = self.show(&name);
    }

    /// What the terminal can show is known by now.
    pub fn fit(&mut self, display: Display) {
        self.display = display;
        let name = self.name.clone();
        let _ = self.show(&name);
    }

    /// Puts a theme in force.
    ///
    /// # Errors
    /// There is none of this name (with the nearest), or its file is none; the one in force stays.
    pub fn show(&mut self, name: &str) -> Result<(), String> {
        let scheme = find_theme(&self.listed, name)?.clone();
        self.theme = Theme::new(scheme, self.display);
        self.name = name.to_owned();
        Ok(())
    }

    fn restore(&mut self, (name, theme): (String, Theme)) {
        (self.name, self.theme) = (name, theme);
    }
}

/// Choosing one: the cursor, and what was in force before.
#[derive(Debug)]
pub struct ThemeChoice {
    pub cursor: usize,
    before: (String, Theme),
}

impl ThemeChoice {
    pub fn new(themes: &Themes) -> ThemeChoice {
        let cursor = themes.listed.iter().position(|listed| listed.name == themes.name());
        let before = (themes.name().to_owned(), themes.theme().clone());
        ThemeChoice { cursor: cursor.unwrap_or(0), before }
    }

    /// The name of what was in force.
    pub fn before(&self) -> &str {
        &self.before.0
    }

    /// Puts in force again what was before.
    pub fn undo(self, themes: &mut Themes) {
        themes.restore(self.before);
    }
}
