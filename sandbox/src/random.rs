//! The world's only source of chance: a small seeded generator that is saved with the world.

use serde::{Deserialize, Serialize};

/// The characters that names and hashes made by a cluster consist of: no vowels, nothing that looks alike.
const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// SplitMix64: every seed gives another, repeatable sequence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Random(u64);

impl Random {
    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Returns the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Returns a number from `low` to `high`, both included; `low` if they are the wrong way round.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        if high <= low {
            return low;
        }
        match (high - low).checked_add(1) {
            Some(span) => low + self.bits() % span,
            None => self.bits(),
        }
    }

    /// Returns a UUID of version 4.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }

    /// Returns the five characters that `generateName` adds to a prefix.
    pub fn suffix(&mut self) -> String {
        let mut bits = self.bits();
        let mut suffix = String::with_capacity(5);
        for _ in 0..5 {
            suffix.push(safe_character(bits % 27));
            bits /= 27;
        }
        suffix
    }
}

/// Rewrites a number's decimal digits in the characters that are safe in names, as hashes of pod templates are.
pub fn safe_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| safe_character(u64::from(byte) % 27))
        .collect()
}

fn safe_character(index: u64) -> char {
    usize::try_from(index)
        .ok()
        .and_then(|index| SAFE.get(index))
        .map_or('x', |byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_sequence() {
        let (mut one, mut two) = (Random::new(7), Random::new(7));
        assert_eq!(one.uuid(), two.uuid());
        assert_eq!(one.suffix(), two.suffix());
        assert_ne!(Random::new(7).uuid(), Random::new(8).uuid());
    }

    #[test]
    fn uuids_have_the_shape_of_version_4() {
        let mut random = Random::new(1);
        for _ in 0..100 {
            let uuid = random.uuid();
            assert_eq!(uuid.len(), 36, "{uuid}");
            assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
            assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
        }
    }

    #[test]
    fn numbers_stay_between_their_bounds() {
        let mut random = Random::new(3);
        for _ in 0..1000 {
            assert!((5..=9).contains(&random.between(5, 9)));
        }
        assert_eq!(random.between(4, 4), 4);
    }
}
