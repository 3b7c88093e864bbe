//! Measured values on disk, so that an interrupted experiment goes on and another proxy costs only itself.
//!
//! Owns: `values.jsonl`, a header and a line a value, appended as they come. Must not know: what is made of them.
//! Invariant: all values of a file were measured in the way its header says; a line that was cut off is none.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{arch::Structure, lab::LabError, proxy::Settings, random};

/// How all values of a file were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    version: u32,
    /// Of the draws.
    random: u32,
    settings: Settings,
    seed: u64,
    repeats: u32,
    /// Rounding is another elsewhere.
    device: String,
}

const VERSION: u32 = 1;

impl Header {
    pub(super) fn new(settings: Settings, seed: u64, repeats: u32, device: String) -> Header {
        Header { version: VERSION, random: random::VERSION, settings, seed, repeats, device }
    }
}

/// A proxy's value of a network, or why there is none.
pub type Value = Result<f64, String>;

#[derive(Serialize, Deserialize)]
struct Line {
    proxy: String,
    net: Structure,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// What becomes of a file whose values can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// It stays, and nothing is measured: somebody named it.
    Refused,
    /// It makes room.
    Replaced,
}

/// Most bytes of a file: some millions of values.
const BYTES: u64 = 1 << 30;

/// Values by proxy and network.
pub(super) struct Kept {
    /// Where they are kept, if they are.
    file: Option<(PathBuf, File)>,
    known: HashMap<(String, Structure), Value>,
}

impl Kept {
    /// Values that are kept nowhere.
    pub(super) fn nowhere() -> Kept {
        Kept { file: None, known: HashMap::new() }
    }

    /// The values in `folder`, which is made where it isn't there; and what a person should know.
    ///
    /// # Errors
    /// The folder can't be used, or holds values that were measured in another way and are to stay.
    pub(super) fn open(
        folder: &Path,
        header: &Header,
        others: Others,
    ) -> Result<(Kept, Option<String>), LabError> {
        let path = folder.join("values.jsonl");
        let fail = |reason: String| LabError::Folder { path: path.clone(), reason };
        fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
        let opened = File::options().read(true).append(true).create(true).open(&path);
        let mut file = opened.map_err(|error| fail(error.to_string()))?;
        let mut known = HashMap::new();
        let (whole, note) = match (read(&file, header, &mut known), others) {
            (Ok(whole), _) => (whole, None),
            (Err(reason), Others::Refused) => return Err(fail(format!("{reason}; another --out"))),
            (Err(reason), Others::Replaced) => {
                known.clear();
                (0, Some(format!("{}: {reason}; begun anew", path.display())))
            }
        };
        // What was cut off goes, so that the next line starts on its own.
        file.set_len(whole).map_err(|error| fail(error.to_string()))?;
        if whole == 0 {
            write(&mut file, header).map_err(fail)?;
        }
        Ok((Kept { file: Some((path, file)), known }, note))
    }

    pub(super) fn find(&self, proxy: &str, net: &Structure) -> Option<&Value> {
        self.known.get(&(proxy.to_owned(), net.clone()))
    }

    /// Keeps a value that was just measured.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn keep(
        &mut self,
        proxy: &str,
        net: &Structure,
        value: &Value,
    ) -> Result<(), LabError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let line = Line {
            proxy: proxy.to_owned(),
            net: net.clone(),
            value: value.as_ref().ok().copied(),
            failure: value.as_ref().err().cloned(),
        };
        write(file, &line).map_err(|reason| LabError::Folder { path: path.clone(), reason })
    }
}

/// A whole line at once.
fn write(file: &mut File, line: &impl Serialize) -> Result<(), String> {
    let mut text = serde_json::to_vec(line).map_err(|error| error.to_string())?;
    text.push(b'\n');
    file.write_all(&text).and_then(|()| file.flush()).map_err(|error| error.to_string())
}

/// Takes the values of `file` to `known`. Gives how many bytes of it are whole lines.
fn read(
    file: &File,
    header: &Header,
    known: &mut HashMap<(String, Structure), Value>,
) -> Result<u64, String> {
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    if length > BYTES {
        return Err(format!("it has more than {} MiB", BYTES >> 20));
    }
    let mut lines = BufReader::new(file.take(length));
    let (mut whole, mut text) = (0, String::new());
    for number in 1.. {
        text.clear();
        let read = lines.read_line(&mut text).map_err(|error| error.to_string())?;
        if !text.ends_with('\n') {
            break;
        }
        whole += read as u64;
        let fault = |error: serde_json::Error| format!("line {number}: {error}");
        if number == 1 {
            let found: Header = serde_json::from_str(&text).map_err(fault)?;
            if found != *header {
                return Err(other(&found, header));
            }
            continue;
        }
        let Line { proxy, net, value, failure } = serde_json::from_str(&text).map_err(fault)?;
        let value = match (value, failure) {
            (Some(value), None) => Ok(value),
            (None, Some(failure)) => Err(failure),
            (Some(_), Some(_)) | (None, None) => {
                return Err(format!("line {number}: expected a value or a failure"));
            }
        };
        known.insert((proxy, net), value);
    }
    Ok(whole)
}

/// That values were measured in another way, and what differs.
fn other(found: &Header, wanted: &Header) -> String {
    let of = |header: &Header| serde_json::to_value(header).unwrap_or_default();
    let (found, wanted) = (of(found), of(wanted));
    let flat = |value: &serde_json::Value| -> Vec<(String, String)> {
        let fields = value.as_object().into_iter().flatten();
        fields
            .flat_map(|(key, value)| match value.as_object() {
                Some(inner) => inner.iter().map(|(k, v)| (k.clone(), v.to_string())).collect(),
                None => vec![(key.clone(), value.to_string())],
            })
            .collect()
    };
    let wanted = flat(&wanted);
    let differs = |(key, value): &(String, String)| {
        let (_, wanted) = wanted.iter().find(|(k, _)| k == key)?;
        (wanted != value).then(|| format!("{key} {value} there, {wanted} here"))
    };
    let what: Vec<String> = flat(&found).iter().filter_map(differs).collect();
    format!("holds values that were measured in another way ({})", what.join(", "))
}
