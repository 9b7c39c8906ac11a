//! The secret in the page's address: 128 random bits, fresh for each run, compared in constant time.

use std::fmt::{self, Write};

/// Hex digits of 128 bits.
const DIGITS: usize = 32;

/// Knowing it is the right to use the page.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// A new one from the system-seeded generator.
    pub(super) fn fresh() -> Self {
        let bits: u128 = rand::random();
        let mut text = String::with_capacity(DIGITS);
        // Writing to a string can't fail.
        let _ = write!(text, "{bits:032x}");
        Self(text)
    }

    /// Whether `guess` is this token; the time taken tells nothing but the length.
    pub(super) fn is(&self, guess: &str) -> bool {
        guess.len() == self.0.len()
            && self.0.bytes().zip(guess.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret stays out of logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_nothing_near_it() {
        let token = Token::fresh();
        let text = token.to_string();
        assert_eq!(text.len(), DIGITS);
        assert!(token.is(&text));
        assert!(!token.is(&text[1..]));
        assert!(!token.is(""));
        assert!(!token.is(&Token::fresh().to_string()));
    }

    #[test]
    fn debugging_output_does_not_show_it() {
        let token = Token::fresh();
        assert!(!format!("{token:?}").contains(&token.to_string()));
    }
}
