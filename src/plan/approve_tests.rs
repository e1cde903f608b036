//! The gate: who passes, and what a plan made anew may show differently.

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use super::super::testing::{Case, NEW, OLD, deployment, plan, with};
use super::*;
use crate::environment::policy::Origin;
use crate::plan::Wanted;

fn approved(listed: impl IntoIterator<Item = Value>) -> Approved<Plan> {
    approve(plan(listed), None, &Confirmation::NotNeeded, false).unwrap()
}

fn report(denied: Denied) -> String {
    let error = Error::from(denied);
    let mut text = format!("{:?}: {}\n", error.kind, error.chain().join("\n  "));
    for hint in &error.hints {
        text.push_str(&format!("hint: {hint}\n"));
    }
    text
}

#[test]
fn a_plan_passes_if_nothing_stands_against_it_and_it_is_confirmed() {
    let needed = || ConfirmError::NameNeeded {
        environment: "production".to_owned(),
        origin: Origin::Default,
    };
    let declined = || Err(Denied::Unconfirmed(ConfirmError::Declined));
    let cases = [
        (Confirmation::NotNeeded, false, Ok(())),
        (Confirmation::AskEnter, true, Ok(())),
        (Confirmation::AskName, true, Ok(())),
        (Confirmation::AskEnter, false, declined()),
        (Confirmation::AskName, false, declined()),
        (
            Confirmation::Refuse(needed()),
            true,
            Err(Denied::Unconfirmed(needed())),
        ),
    ];
    for (confirmation, is_confirmed, expected) in cases {
        let plan = plan([deployment("rails", OLD)]);
        let passed = approve(plan, None, &confirmation, is_confirmed).map(|_| ());
        assert_eq!(passed, expected, "{confirmation:?} {is_confirmed}");
    }
}

#[test]
fn what_stands_against_a_plan_is_said_before_anybody_is_asked() {
    let paused = with(deployment("rails", OLD), "/spec/paused", json!(true));
    let recreate = with(
        deployment("web", OLD),
        "/spec/strategy",
        json!({"type": "Recreate"}),
    );
    let denied = approve(
        plan([paused, recreate]),
        None,
        &Confirmation::AskEnter,
        false,
    );
    assert_data_eq!(
        report(denied.unwrap_err()),
        str![[r#"
Refused: 2 things stand against this deploy
  Deployment `rails` is paused, so no pod would be replaced
  Deployment `web` has the strategy Recreate, which stops all pods before new ones start
hint: Resume it: kubectl --namespace shop rollout resume deployment/rails
hint: If that may be: --allow-downtime

"#]]
    );
}

#[test]
fn a_plan_made_anew_takes_the_old_ones_place_if_it_shows_nothing_different() {
    let rails = || deployment("rails", OLD);
    let old = || approved([rails(), deployment("web", OLD)]);
    let anew = |raw| plan([raw, deployment("web", OLD)]);
    let scaled = with(
        with(rails(), "/spec/replicas", json!(5)),
        "/metadata/generation",
        json!(5),
    );
    let cases = [
        ("nothing moved", rails()),
        ("the HPA scaled", scaled),
        (
            "the status moved",
            with(rails(), "/status/availableReplicas", json!(2)),
        ),
        (
            "somebody annotated",
            with(rails(), "/metadata/annotations/note", json!("x")),
        ),
        ("it became as wanted", deployment("rails", NEW)),
    ];
    for (case, raw) in cases {
        let anew = anew(raw);
        let again = approve_again(&old(), anew.clone()).unwrap();
        assert_eq!(*again.value(), anew, "{case}: the newer plan is written");
    }
}

#[test]
fn a_plan_made_anew_that_shows_something_else_is_refused() {
    let rails = || deployment("rails", OLD);
    let by_bob = |raw| {
        let annotate = |raw, name: &str, value: &str| {
            with(
                raw,
                &format!("/metadata/annotations/wantedly.com~1{name}"),
                json!(value),
            )
        };
        let raw = annotate(raw, "deploy-id", "0000000000000007");
        let raw = annotate(raw, "deploy-user", "bob");
        annotate(raw, "deployed-at", "2026-11-21T06:59:20Z")
    };
    let unavailable = "/spec/strategy/rollingUpdate/maxUnavailable";
    let other = Case {
        wanted: Wanted::Tag("v9".parse().unwrap()),
        ..Case::of([rails()])
    };
    let cases = [
        (
            "an image by one of us",
            plan([by_bob(deployment("rails", "77aa00b"))]),
        ),
        (
            "an image by kubectl",
            plan([deployment("rails", "by-hand")]),
        ),
        (
            "made anew",
            plan([with(rails(), "/metadata/uid", json!("another"))]),
        ),
        ("another target", plan([rails(), deployment("web", OLD)])),
        (
            "the target is none any more",
            plan([deployment("web", OLD)]),
        ),
        ("a setting", plan([with(rails(), unavailable, json!(1))])),
        ("another wish", other.plan()),
        (
            "it may not be changed any more",
            plan([with(rails(), "/spec/paused", json!(true))]),
        ),
    ];
    let reports: Vec<String> = cases
        .into_iter()
        .map(|(case, anew)| {
            let denied = approve_again(&approved([rails()]), anew).unwrap_err();
            format!("# {case}\n{}", report(denied))
        })
        .collect();
    assert_data_eq!(
        reports.join("\n"),
        str![[r#"
# an image by one of us
Refused: rails/rails ran wantedly/rails:d1cb608ee61cb18f8c397c2e27576573879b2fcf and now runs wantedly/rails:77aa00b (bob, 2026-11-21T06:59:20Z)
hint: Run the same command again to see the new plan.

# an image by kubectl
Refused: rails/rails ran wantedly/rails:d1cb608ee61cb18f8c397c2e27576573879b2fcf and now runs wantedly/rails:by-hand
hint: Run the same command again to see the new plan.

# made anew
Refused: Deployment `rails` was deleted and made anew
hint: Run the same command again to see the new plan.

# another target
Refused: Deployment `web` has to change now, too
hint: Run the same command again to see the new plan.

# the target is none any more
Refused: 2 things changed since the plan was approved
  Deployment `rails` is no target any more
  Deployment `web` has to change now, too
hint: Run the same command again to see the new plan.

# a setting
Refused: what else is to be set on Deployment `rails` is different
hint: Run the same command again to see the new plan.

# another wish
Refused: rails/rails was to run wantedly/rails:cb19269526f946222110fbdfb3d107c4b5a18fe7 and now is to run wantedly/rails:v9
hint: Run the same command again to see the new plan.

# it may not be changed any more
Refused: Deployment `rails` is paused, so no pod would be replaced
hint: Resume it: kubectl --namespace shop rollout resume deployment/rails

"#]]
    );
}

#[test]
fn a_target_that_stopped_being_as_wanted_is_refused() {
    let old = approved([deployment("rails", NEW), deployment("web", OLD)]);
    let anew = plan([deployment("rails", "by-hand"), deployment("web", OLD)]);
    let denied = approve_again(&old, anew).unwrap_err();
    assert_eq!(
        denied,
        Denied::Moved(vec![Movement::Appeared {
            deployment: "rails".to_owned()
        }])
    );
}

#[test]
fn an_expectation_is_two_tags_or_beginnings_of_shas() {
    for text in ["", "..", "a..", "..b", "a", "a.b"] {
        let error = text.parse::<Expectation>().unwrap_err();
        assert_eq!(Error::from(error).kind, Kind::Usage, "{text}");
    }
    let pairs = [
        (format!("{OLD}..{NEW}"), true),
        ("d1cb608..cb19269".to_owned(), true),
        ("D1CB608e..CB19269".to_owned(), true),
        ("d1cb60..cb19269".to_owned(), false),
        ("d1cb608..cb19268".to_owned(), false),
        ("cb19269..d1cb608".to_owned(), false),
    ];
    for (text, expected) in pairs {
        let expectation: Expectation = text.parse().unwrap();
        let plan = plan([deployment("rails", OLD), deployment("web", NEW)]);
        assert_eq!(
            objection(&plan, Some(&expectation)).is_none(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn what_is_unexpected_is_said_for_each_target() {
    let expectation: Expectation = "d1cb608..77aa00b".parse().unwrap();
    let plan = plan([deployment("rails", "v1"), deployment("web", OLD)]);
    let denied = approve(plan, Some(&expectation), &Confirmation::NotNeeded, false);
    assert_data_eq!(
        report(denied.unwrap_err()),
        str![[r#"
Refused: 3 things are not as expected
  rails/rails runs wantedly/rails:v1, and `d1cb608` was expected
  rails/rails would run wantedly/rails:cb19269526f946222110fbdfb3d107c4b5a18fe7, and `77aa00b` was expected
  web/web would run wantedly/web:cb19269526f946222110fbdfb3d107c4b5a18fe7, and `77aa00b` was expected
hint: Look at the plan again with --dry-run.

"#]]
    );
}
