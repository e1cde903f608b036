//! Finds the names that somebody probably meant.

/// How many names are offered.
const OFFERED: usize = 3;

/// Returns up to three of `names` that are like `wanted`, the likeliest first.
///
/// Alike are names that differ in case, in what stands before the last part (`origin/master`,
/// `feature/login`), or by at most two keystrokes.
pub(crate) fn nearest(wanted: &str, names: &[String]) -> Vec<String> {
    let mut ranked: Vec<(usize, &String)> = names
        .iter()
        .filter(|name| *name != wanted)
        .filter_map(|name| Some((rank(wanted, name)?, name)))
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked
        .into_iter()
        .take(OFFERED)
        .map(|(_, name)| name.clone())
        .collect()
}

fn rank(wanted: &str, name: &str) -> Option<usize> {
    let is_part = |whole: &str, part: &str| {
        whole
            .strip_suffix(part)
            .is_some_and(|front| front.ends_with('/'))
    };
    if name.eq_ignore_ascii_case(wanted) || is_part(name, wanted) || is_part(wanted, name) {
        return Some(0);
    }
    let allowed = if wanted.chars().count() > 4 { 2 } else { 1 };
    Some(distance(wanted, name)).filter(|distance| *distance <= allowed)
}

/// The number of insertions, deletions, replacements, and swaps of neighbours between two texts;
/// `usize::MAX` where their lengths alone put them further apart than any typing error.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut previous_letter = None;
    for (i, letter) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        let mut left_letter = None;
        for (j, candidate) in other.iter().enumerate() {
            let at =
                |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&row, j).saturating_add(usize::from(letter != candidate));
            let deleted = at(&row, j + 1).saturating_add(1);
            let inserted = at(&next, j).saturating_add(1);
            let mut best = replaced.min(deleted).min(inserted);
            if j > 0 && left_letter == Some(letter) && previous_letter == Some(candidate) {
                best = best.min(at(&before, j - 1).saturating_add(1));
            }
            next.push(best);
            left_letter = Some(candidate);
        }
        before = std::mem::replace(&mut row, next);
        previous_letter = Some(letter);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_probably_meant_are_offered() {
        let names = [
            "main",
            "master",
            "Feature-A",
            "feature/login",
            "release-1",
            "release-2",
        ]
        .map(str::to_owned);
        let table: [(&str, &[&str]); 9] = [
            ("mian", &["main"]),
            ("masterr", &["master"]),
            ("maxter", &["master"]),
            ("feature-a", &["Feature-A"]),
            ("login", &["feature/login"]),
            ("origin/master", &["master"]),
            ("release-3", &["release-1", "release-2"]),
            ("main", &[]),
            ("zebra", &[]),
        ];
        for (wanted, expected) in table {
            assert_eq!(nearest(wanted, &names), expected, "{wanted}");
        }
    }

    #[test]
    fn distances_count_keystrokes() {
        let table = [
            ("", "", 0),
            ("a", "", 1),
            ("ab", "ba", 1),
            ("abcd", "acbd", 1),
            ("kitten", "sitten", 1),
            ("abc", "xyz", 3),
        ];
        for (one, other, expected) in table {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
