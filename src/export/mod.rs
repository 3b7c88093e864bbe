//! What a network looks like outside zendo: a structure line, a PyTorch file.
//!
//! Owns: the formats and the text of each. Must not know: where the text goes, where the network
//! came from. Invariant: the same structure and options give the same bytes, and a PyTorch file
//! builds the network of [`crate::arch::LayerList`], with as many parameters as
//! [`crate::arch::Counting::Exact`] counts.

mod modules;
mod pytorch;

use std::str::FromStr;

use thiserror::Error;

pub use pytorch::pytorch;

use crate::{
    arch::{NetSpec, Structure},
    text::nearest,
};

/// What a structure leaves open, and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Any text; it stands in a comment.
    pub name: Option<&'a str>,
    /// Input side in pixels, of the FLOPs and of the image that the file tries itself with.
    pub resolution: u32,
    /// Outputs of the classifier, unless told otherwise.
    pub classes: u32,
    /// Squeeze-and-excitation in residual blocks.
    pub squeeze_excite: bool,
}

impl Options<'_> {
    fn spec(&self) -> NetSpec {
        let Options { resolution, classes, squeeze_excite, .. } = *self;
        NetSpec { squeeze_excite, ..NetSpec::residual(resolution, classes) }
    }
}

/// What a network can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The structure string, alone on a line.
    Structure,
    /// A Python file that needs torch and nothing else.
    PyTorch,
}

impl Format {
    pub const ALL: [Format; 2] = [Format::Structure, Format::PyTorch];

    pub fn name(self) -> &'static str {
        match self {
            Format::Structure => "structure",
            Format::PyTorch => "pytorch",
        }
    }

    /// Of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Structure => "txt",
            Format::PyTorch => "py",
        }
    }

    /// The whole text of a file, with a line break at its end.
    pub fn write(self, structure: &Structure, options: &Options) -> String {
        match self {
            // As a run's best.txt. The reference reads no name before it.
            Format::Structure => format!("{structure}\n"),
            Format::PyTorch => pytorch(structure, options),
        }
    }
}

/// A word that names no format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{found}` is no format: expected {}; did you mean `{nearest}`?", Format::ALL.map(Format::name).join(" or "))]
pub struct ParseFormatError {
    found: String,
    nearest: &'static str,
}

impl FromStr for Format {
    type Err = ParseFormatError;

    fn from_str(text: &str) -> Result<Format, ParseFormatError> {
        Format::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| {
            let nearest = nearest(text, Format::ALL.map(Format::name));
            let (nearest, _) = nearest.expect("there are formats");
            ParseFormatError { found: text.escape_debug().to_string(), nearest }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_their_names() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let error = "torch".parse::<Format>().expect_err("no format").to_string();
        assert_eq!(
            error,
            "`torch` is no format: expected structure or pytorch; did you mean `pytorch`?"
        );
    }

    #[test]
    fn a_structure_line_reads_back() {
        let structure: Structure =
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)".parse().expect("valid");
        let options =
            Options { name: Some("mine"), resolution: 32, classes: 10, squeeze_excite: false };
        let line = Format::Structure.write(&structure, &options);
        assert_eq!(line, format!("{structure}\n"));
        assert_eq!(line.parse(), Ok(structure));
    }
}
