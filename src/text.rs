//! Text for people: counts with commas, names without control characters. A leaf that every part
//! may use.

/// `text` with every control character replaced. Names, labels and messages come from files and
/// arguments; none may carry a control sequence to a terminal.
pub fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_031_185, "1,031,185")] {
            assert_eq!(grouped(n), text);
        }
    }

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(printable("a\u{1b}[31m\n\u{9b}b"), "a\u{fffd}[31m\u{fffd}\u{fffd}b");
    }
}
