//! Whatever a file holds, it is parsed or refused: no text makes the program stop short.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::checkout::CheckoutConfig;
use super::choose::Place;
use super::config::UserConfig;
use super::keep::Kept;
use super::kubeconfig::{Kubeconfig, KubeconfigText};
use crate::error::Error;

/// Pieces of YAML, some of it ours, in any order.
const TEXT: &str = "((environments|qa|context|contexts|protected|clusters|users|name|server|x\u{e9}\u{1f600}|https://a:b@c/d|true|0x1e400|\u{0}|\u{feff})|[ ]{1,4}|[-:,#&*!|>%@'\"`?~\t\n\r.\\[\\]{}]){0,40}";

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in TEXT) {
        let errors = [
            UserConfig::parse("f", &text, &[]).err().map(Error::from),
            CheckoutConfig::parse("f", &text).err().map(Error::from),
            Kubeconfig::parse(&[KubeconfigText { path: "f".as_ref(), text: &text }])
                .err()
                .map(Error::from),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(!error.chain().join(": ").is_empty());
        }
    }

    #[test]
    fn a_kept_context_is_in_the_text_or_the_text_is_refused(text in TEXT) {
        let place = Place::built_in("https://10.0.0.1".to_owned());
        let kept = Kept::new("qa".parse().unwrap(), &place);
        let before = UserConfig::parse("f", &text, &[]);
        match kept.add_to("f", &text, &[]) {
            Ok(edited) => {
                let (before, mut after) =
                    (before.unwrap(), UserConfig::parse("f", &edited, &[]).unwrap());
                let qa = after.environments.remove("qa").unwrap();
                prop_assert_eq!(qa.pin.server.as_deref(), Some("https://10.0.0.1"));
                let mut before_without = before.clone();
                before_without.environments.remove("qa");
                prop_assert_eq!(before_without, after);
            }
            Err(_) => prop_assert!(true),
        }
    }
}
