//! Compares names: whole segments of context names, and the nearest right spelling of a wrong one.

use crate::resolve::near::distance;

/// What parts the segments of a context's name (`gke_acme_asia-northeast1_qa`, `arn:…:cluster/qa`).
const SEPARATORS: [char; 6] = ['.', '-', '_', '/', '@', ':'];

/// Tells whether `segment` stands in `name` with a separator or an end on either side.
///
/// A `segment` that itself holds separators (`eu-qa`) has to be there as it is.
pub(crate) fn has_segment(name: &str, segment: &str) -> bool {
    if segment.is_empty() {
        return false;
    }
    name.match_indices(segment).any(|(start, found)| {
        let before = name.get(..start).and_then(|rest| rest.chars().next_back());
        let after = name
            .get(start + found.len()..)
            .and_then(|rest| rest.chars().next());
        let is_edge = |neighbour: Option<char>| neighbour.is_none_or(|c| SEPARATORS.contains(&c));
        is_edge(before) && is_edge(after)
    })
}

/// Returns the segments of a name, the empty ones left out.
pub(crate) fn segments(name: &str) -> impl Iterator<Item = &str> {
    name.split(SEPARATORS).filter(|segment| !segment.is_empty())
}

/// Returns the candidate that `word` most probably was meant to be, if one is near enough.
///
/// Near is an edit distance (insert, delete, replace, swap neighbours) of a third of the word, but
/// at least 1 and at most 2; upper and lower case count as equal.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 2);
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_whole_between_separators() {
        let cases = [
            ("whole name", "qa", "qa", true),
            ("gke", "gke_acme_asia-northeast1_qa", "qa", true),
            (
                "eks",
                "arn:aws:eks:eu-west-1:123456789012:cluster/qa",
                "qa",
                true,
            ),
            ("user at cluster", "alice@qa.example.com", "qa", true),
            ("part of a word", "aqua", "qa", false),
            ("prefix of a segment", "qa2-cluster", "qa", false),
            ("suffix of a segment", "web-preqa", "qa", false),
            ("second occurrence counts", "aqua-qa", "qa", true),
            ("segment with separators", "acme-eu-qa", "eu-qa", true),
            ("case counts", "acme-QA", "qa", false),
            ("empty", "acme", "", false),
            ("not ASCII", "équipe-qa-é", "qa", true),
        ];
        for (case, name, segment, expected) in cases {
            assert_eq!(has_segment(name, segment), expected, "{case}");
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["qa", "staging", "production", "on-failure", "namespace"];
        let cases = [
            ("qaa", Some("qa")),
            ("q", Some("qa")),
            ("aq", Some("qa")),
            ("xy", None),
            ("stagign", Some("staging")),
            ("prodution", Some("production")),
            ("onFailure", Some("on-failure")),
            ("namspce", Some("namespace")),
            ("nmspce", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }
}
