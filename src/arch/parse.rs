//! The grammar of structure strings: `Name(label|in,out,stride[,bottleneck],sub_layers)`, one block
//! after another, white space and line breaks anywhere between tokens.

use thiserror::Error;

use super::{Block, BlockKind, StructureError, limits};
use crate::text::{nearest, printable};

/// What a structure string got wrong and where. Line and column count from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    pub line: usize,
    pub column: usize,
    /// What was found and what was expected instead.
    pub message: String,
}

/// Where the fields of a block stand, to report later faults at their place.
#[derive(Clone, Copy, Debug)]
pub struct BlockPlace {
    name: Place,
    in_channels: Place,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn error(self, message: impl Into<String>) -> ParseError {
        // Names come from files: never let one carry a control sequence to a terminal.
        let message = printable(&message.into());
        ParseError { line: self.line, column: self.column, message }
    }
}

impl ParseError {
    /// A fault of the whole structure, told at the place of the block it is about.
    pub(super) fn of_structure(error: &StructureError, places: &[BlockPlace]) -> ParseError {
        let start = Place { line: 1, column: 1 };
        let place = match error {
            StructureError::Empty | StructureError::TooManyBlocks { .. } => start,
            StructureError::Channels { block, .. } => {
                places.get(*block).map_or(start, |p| p.in_channels)
            }
            StructureError::Pool { block } | StructureError::OutOfRange { block, .. } => {
                places.get(*block).map_or(start, |p| p.name)
            }
        };
        let hint = match error {
            StructureError::Channels { .. } => "; --fix sets it right",
            _ => "",
        };
        place.error(format!("{error}{hint}"))
    }
}

/// The blocks of a structure string with their places, sizes within [`limits`]; channels may not
/// chain yet.
///
/// # Errors
/// The first fault, with what was expected there.
pub fn parse_blocks(text: &str) -> Result<Vec<(Block, BlockPlace)>, ParseError> {
    let mut cursor = Cursor { rest: text, at: Place { line: 1, column: 1 } };
    if text.len() > limits::BYTES {
        let message = format!(
            "{} bytes are more than the {} a structure may have",
            text.len(),
            limits::BYTES
        );
        return Err(cursor.at.error(message));
    }
    let mut blocks = Vec::new();
    cursor.skip_space();
    while !cursor.rest.is_empty() {
        if blocks.len() == limits::BLOCKS {
            let message = format!("more than {} blocks", limits::BLOCKS);
            return Err(cursor.at.error(message));
        }
        blocks.push(cursor.block()?);
        cursor.skip_space();
    }
    if blocks.is_empty() {
        return Err(cursor.at.error("expected a block such as SuperConvK3BNRELU(3,8,1,1)"));
    }
    Ok(blocks)
}

struct Cursor<'a> {
    rest: &'a str,
    at: Place,
}

impl<'a> Cursor<'a> {
    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            if c == '\n' {
                self.at = Place { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        self.advance(end)
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// What stands here, for a message: a word, a character, or the end.
    fn found(&self) -> String {
        match self.rest.chars().next() {
            None => "the end".to_owned(),
            Some(c) => format!("'{c}'"),
        }
    }

    fn expect(&mut self, token: char, after: &str) -> Result<(), ParseError> {
        self.skip_space();
        if self.rest.starts_with(token) {
            self.advance(token.len_utf8());
            return Ok(());
        }
        Err(self.at.error(format!("expected '{token}' after {after}, found {}", self.found())))
    }

    fn block(&mut self) -> Result<(Block, BlockPlace), ParseError> {
        let name_at = self.at;
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_');
        if name.is_empty() {
            return Err(name_at.error(format!("expected a block name, found {}", self.found())));
        }
        let kind =
            BlockKind::from_name(name).ok_or_else(|| name_at.error(unknown_block_message(name)))?;
        self.expect('(', name)?;
        self.skip_label();

        let in_at = self.skip_space_at();
        let in_channels = self.number("the input width", limits::WIDTH)?;
        self.expect(',', "the input width")?;
        let out_channels = self.number("the output width", limits::WIDTH)?;
        self.expect(',', "the output width")?;
        let stride = self.number("the stride", limits::STRIDE)?;
        self.expect(',', "the stride")?;
        let bottleneck = if kind.is_residual() {
            let width = self.number("the bottleneck width", limits::WIDTH)?;
            self.expect(
                ',',
                &format!(
                    "the bottleneck width ({name} takes in, out, stride, bottleneck, sub-layers)"
                ),
            )?;
            width
        } else {
            0
        };
        let sub_layers = self.number("the number of sub-layers", limits::SUB_LAYERS)?;
        let fields = if kind.is_residual() { 5 } else { 4 };
        self.expect(')', &format!("the {fields} fields of {name}"))?;
        let block = Block { kind, in_channels, out_channels, stride, bottleneck, sub_layers };
        Ok((block, BlockPlace { name: name_at, in_channels: in_at }))
    }

    fn skip_space_at(&mut self) -> Place {
        self.skip_space();
        self.at
    }

    /// A label runs to `|` and means nothing; the reference draws one for every block.
    fn skip_label(&mut self) {
        let inside = self.rest.split(['(', ')']).next().unwrap_or_default();
        if let Some(end) = inside.find('|') {
            self.advance(end + 1);
        }
    }

    fn number(&mut self, what: &str, max: u32) -> Result<u32, ParseError> {
        let at = self.skip_space_at();
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(
                at.error(format!("expected {what}, a whole number, found {}", self.found()))
            );
        }
        match digits.parse::<u32>() {
            Ok(value) if (1..=max).contains(&value) => Ok(value),
            _ => Err(at.error(format!("expected {what} from 1 to {max}, found {digits:.20}"))),
        }
    }
}

fn unknown_block_message(name: &str) -> String {
    let shown: String = name.chars().take(40).collect();
    let known = BlockKind::all().map(|kind| kind.to_string());
    let (nearest, _) = nearest(&shown, known).expect("the grammar has blocks");
    format!("unknown block '{shown}', did you mean {nearest}?")
}

#[cfg(test)]
mod tests {
    use crate::arch::{Structure, samples::any_structure};
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        text.parse::<Structure>().expect_err("must be refused").to_string()
    }

    #[test]
    fn accepts_labels_white_space_and_line_breaks() {
        let s: Structure = " SuperConvK3BNRELU( stem-1 | 3, 8 ,1,1)\n\t\
                            SuperResK3K3(uuid|8,16,2,\n8,1) "
            .parse()
            .expect("valid");
        assert_eq!(s.to_string(), "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)");
    }

    #[test]
    fn says_what_was_expected_and_where() {
        for (text, expected) in [
            (
                "SuperConvK3BNRELU(3,8,1,1)SuperResK3K4(8,8,1,8,1)",
                "line 1, column 27: unknown block 'SuperResK3K4', did you mean SuperResK3K3?",
            ),
            (" ", "line 1, column 2: expected a block such as SuperConvK3BNRELU(3,8,1,1)"),
            (
                "SuperConvK3BNRELU 3",
                "line 1, column 19: expected '(' after SuperConvK3BNRELU, found '3'",
            ),
            (
                "SuperConvK3BNRELU(3,8,1)",
                "line 1, column 24: expected ',' after the stride, found ')'",
            ),
            (
                "SuperConvK3BNRELU(3,8,\n 0,1)",
                "line 2, column 2: expected the stride from 1 to 8, found 0",
            ),
            (
                "SuperResK3K3(3,8,1,1)",
                "line 1, column 21: expected ',' after the bottleneck width (SuperResK3K3 takes in, \
                 out, stride, bottleneck, sub-layers), found ')'",
            ),
            (
                "SuperConvK3BNRELU(3,8,1,1,1)",
                "line 1, column 26: expected ')' after the 4 fields of SuperConvK3BNRELU, found ','",
            ),
            (
                "SuperConvK3BNRELU(3,99999999999999,1,1)",
                "line 1, column 21: expected the output width from 1 to 16384, found 99999999999999",
            ),
            ("SuperConvK3BNRELU(3,8,1,1);", "line 1, column 27: expected a block name, found ';'"),
            (
                "SuperConvK3BNRELU(a||3,8,1,1)",
                "line 1, column 21: expected the input width, a whole number, found '|'",
            ),
            (
                "Super\u{1b}[31m(3,8,1,1)",
                "line 1, column 1: unknown block 'Super', did you mean SuperResK3K3?",
            ),
        ] {
            assert_eq!(error(text), expected);
        }
    }

    proptest! {
        #[test]
        fn parse_undoes_print(s in any_structure()) {
            prop_assert_eq!(s.to_string().parse::<Structure>().expect("canonical"), s);
        }

        #[test]
        fn never_panics(text in "[SuperConvResK1357BNRELUIDWE(),|0-9 \\n€\u{1b}]{0,200}") {
            let _ = text.parse::<Structure>();
            let _ = Structure::parse_fixing_channels(&text);
        }
    }
}
