//! A value that must not be seen: erased when dropped, hidden from `Debug`, without `Display`.

use std::fmt;

use zeroize::Zeroize;

/// Holds a secret. The only way to its bytes is [`Secret::expose`], so that uses can be searched for.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the secret in. The caller's own copy, if there is one, is the caller's to erase.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret itself. Never log it, never put it into an error.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<const N: usize> Secret<[u8; N]> {
    /// Draws a secret of `N` bytes.
    pub fn random(rng: &mut impl rand::CryptoRng) -> Self {
        let mut secret = Self([0; N]);
        rng.fill_bytes(&mut secret.0);
        secret
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::new([7u8; 4])), "…");
        assert_eq!(format!("{:?}", Some(Secret::new(String::from("canary")))), "Some(…)");
    }
}
