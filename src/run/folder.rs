//! Where what the user keeps lies: one folder for presets, themes and the settings of zendo itself, one for
//! runs.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// `zendo` in `$XDG_CONFIG_HOME`, else in `~/.config`; none where neither variable says where.
pub(super) fn config_folder() -> Option<PathBuf> {
    let [config, home] = ["XDG_CONFIG_HOME", "HOME"].map(std::env::var_os);
    folder_under(config, home, ".config")
}

/// `zendo` in `$XDG_STATE_HOME`, else in `~/.local/state`; none where neither variable says where.
pub(super) fn state_folder() -> Option<PathBuf> {
    let [state, home] = ["XDG_STATE_HOME", "HOME"].map(std::env::var_os);
    folder_under(state, home, ".local/state")
}

fn folder_under(named: Option<OsString>, home: Option<OsString>, other: &str) -> Option<PathBuf> {
    // A relative one is to be ignored, says the XDG base directory specification.
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let named = named.and_then(absolute);
    let named = named.or_else(|| Some(home.and_then(absolute)?.join(other)))?;
    Some(named.join("zendo"))
}

/// The first `most` TOML files of a folder by name; a folder that isn't there has none.
pub(super) fn toml_files(folder: &Path, most: usize) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_wanted =
        |path: &PathBuf| path.extension().is_some_and(|e| e == "toml") && path.is_file();
    let mut paths: Vec<PathBuf> = paths.filter(is_wanted).collect();
    paths.sort();
    paths.truncate(most);
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_where_configuration_lies() {
        let under = |config: &str, home: &str| {
            let some = |text: &str| Some(OsString::from(text)).filter(|text| !text.is_empty());
            folder_under(some(config), some(home), ".config")
        };
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(under("/c", "/h"), path("/c/zendo"));
        assert_eq!(under("", "/h"), path("/h/.config/zendo"));
        assert_eq!(under("not/absolute", "/h"), path("/h/.config/zendo"));
        assert_eq!(under("", ""), None);
    }
}
