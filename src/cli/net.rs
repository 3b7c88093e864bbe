//! NET arguments: a structure, a file of structures, or the name of a shipped net.

use std::path::Path;

use anyhow::anyhow;
use clap::Args;

use super::Failure;
use crate::{
    arch::{Counting, NetSpec, ParseError, Structure, limits},
    run::read_text,
    space::{PublishedNet, published_name, published_nets},
    text::{nearest, printable},
};

/// Where networks come from.
#[derive(Debug, Args)]
pub(super) struct NetArgs {
    /// Structures, files of `[name ]structure` lines, or names of shipped nets
    #[arg(value_name = "NET", required = true)]
    pub nets: Vec<String>,
    #[command(flatten)]
    pub fix: FixArg,
}

#[derive(Debug, Args)]
pub(super) struct FixArg {
    /// Set every block's input width to its predecessor's output
    #[arg(long)]
    pub fix: bool,
}

/// What networks are counted as.
#[derive(Debug, Args)]
pub(super) struct CountArgs {
    /// Input side in pixels [default: the shipped net's own, else 224]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::RESOLUTION)))]
    pub resolution: Option<u32>,
    /// Outputs of the classifier [default: the shipped net's own, else 1000]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub classes: Option<u32>,
    /// True costs, or as the Zen-NAS reference counts
    #[arg(long, value_parser = counting, default_value = "exact", value_name = "exact|reference")]
    pub counting: Counting,
    /// With squeeze-and-excitation in residual blocks
    #[arg(long)]
    pub se: bool,
}

impl CountArgs {
    /// With shortcuts; where nothing was told, as `net` was published.
    pub fn spec(&self, net: &Net) -> NetSpec {
        let spec = NetSpec::residual(net.resolution(self.resolution), net.classes(self.classes));
        NetSpec { squeeze_excite: self.se, ..spec }
    }
}

fn counting(text: &str) -> Result<Counting, String> {
    Counting::ALL
        .into_iter()
        .find(|counting| counting.name() == text)
        .ok_or_else(|| "expected exact or reference".to_owned())
}

/// A network that was named on the command line.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub name: Option<String>,
    pub structure: Structure,
    /// Where it is a shipped one.
    pub published: Option<PublishedNet>,
}

/// The resolution and classes of a net nobody published: ImageNet's.
const USUAL: (u32, u32) = (224, 1000);

impl Net {
    /// Input side in pixels, unless told otherwise.
    pub fn resolution(&self, told: Option<u32>) -> u32 {
        told.or(self.published.as_ref().map(|net| net.resolution)).unwrap_or(USUAL.0)
    }

    pub fn classes(&self, told: Option<u32>) -> u32 {
        told.or(self.published.as_ref().map(|net| net.classes)).unwrap_or(USUAL.1)
    }

    /// Says that it was trained with squeeze-and-excitation, where that was left out.
    pub fn without_se(&self, se: bool) -> Option<&'static str> {
        let is_left_out = !se && self.published.as_ref().is_some_and(|net| net.se);
        is_left_out.then_some("trained with squeeze-and-excitation, left out here as in its published params: --se adds it")
    }

    /// The name, or the structure.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.structure.to_string())
    }
}

/// All networks that `args` name, in order.
pub(super) fn resolve_all(args: &NetArgs) -> Result<Vec<Net>, Failure> {
    let mut nets = Vec::new();
    for net in &args.nets {
        nets.extend(resolve(net, &args.fix)?);
    }
    Ok(nets)
}

/// The one network that `net` names.
pub(super) fn resolve_one(net: &str, fix: &FixArg) -> Result<Net, Failure> {
    let mut nets = resolve(net, fix)?;
    match nets.len() {
        1 => Ok(nets.remove(0)),
        n => Err(Failure::usage(anyhow!("{}: expected one network, found {n}", printable(net)))),
    }
}

/// By the file's name or the paper's.
fn is_called(known: &PublishedNet, net: &str) -> bool {
    known.name == net || published_name(known.name).eq_ignore_ascii_case(net)
}

fn resolve(net: &str, fix: &FixArg) -> Result<Vec<Net>, Failure> {
    if let Some(known) = published_nets().find(|known| is_called(known, net)) {
        let (name, structure) = (known.name.to_owned(), known.structure.clone());
        return Ok(vec![Net { name: Some(name), structure, published: Some(known) }]);
    }
    if net.contains('(') {
        let (name, text) = named(net);
        let before = net[..text.as_ptr() as usize - net.as_ptr() as usize].chars().count();
        let structure = parse(text, fix).map_err(|e| {
            let ParseError { line, column, message } = e;
            // A name is in the first line.
            let column = if line == 1 { before + column } else { column };
            Failure::usage(anyhow!("structure:{line}:{column}: {message}"))
        })?;
        return Ok(vec![Net { name, structure, published: None }]);
    }
    match read_text(Path::new(net)) {
        Ok(text) => read_lines(net, &text, fix),
        Err(error) => Err(Failure::usage(unknown(net, &error))),
    }
}

fn read_lines(path: &str, text: &str, fix: &FixArg) -> Result<Vec<Net>, Failure> {
    let path = printable(path);
    let mut nets = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (name, structure) = named(content);
        // Columns count in the line as it stands in the file.
        let skipped = structure.as_ptr() as usize - line.as_ptr() as usize;
        let before = line[..skipped].chars().count();
        let structure = parse(structure, fix).map_err(|e| {
            Failure::usage(anyhow!("{path}:{}:{}: {}", number + 1, before + e.column, e.message))
        })?;
        nets.push(Net { name, structure, published: None });
    }
    if nets.is_empty() {
        return Err(Failure::usage(anyhow!("{path}: holds no structure")));
    }
    Ok(nets)
}

/// A structure, and the name before it where it has one.
fn named(text: &str) -> (Option<String>, &str) {
    match text.split_once(char::is_whitespace) {
        Some((name, rest)) if !name.contains('(') => (Some(printable(name)), rest),
        Some(_) | None => (None, text),
    }
}

fn parse(text: &str, fix: &FixArg) -> Result<Structure, ParseError> {
    if fix.fix { Structure::parse_fixing_channels(text) } else { text.parse() }
}

fn unknown(net: &str, error: &std::io::Error) -> anyhow::Error {
    let shown = printable(net);
    if Path::new(net).exists() || net.contains('/') {
        return anyhow!("{shown}: can't be read: {error}");
    }
    let known = published_nets();
    let known = known.flat_map(|known| [known.name.to_owned(), published_name(known.name)]);
    let (nearest, _) = nearest(net, known).expect("there are shipped nets");
    anyhow!(
        "'{shown}' is no structure, no file and no shipped net; the nearest name is '{nearest}'"
    )
}
