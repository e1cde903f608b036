//! Tables and properties of image references, tags, and tag templates.

use proptest::prelude::*;

use super::template::TemplateError;
use super::*;

const SHA: &str = "cb19269526f946222110fbdfb3d107c4b5a18fe7";
const SHA256: &str = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c";

fn image(text: &str) -> Image {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_reference_is_taken_apart_as_the_grammar_says() {
    let digest = format!("sha256:{SHA256}");
    let with_digest = format!("wantedly/rails@{digest}");
    let with_both = format!("[::1]:5000/a/b:v1@{digest}");
    // (text, name, registry, path, tag, digest)
    let table = [
        ("nginx", "nginx", "docker.io", "library/nginx", None, None),
        (
            "nginx:1.27",
            "nginx",
            "docker.io",
            "library/nginx",
            Some("1.27"),
            None,
        ),
        (
            "wantedly/rails:v1",
            "wantedly/rails",
            "docker.io",
            "wantedly/rails",
            Some("v1"),
            None,
        ),
        (
            "host:5000/app:tag",
            "host:5000/app",
            "host:5000",
            "app",
            Some("tag"),
            None,
        ),
        (
            "host:5000/app",
            "host:5000/app",
            "host:5000",
            "app",
            None,
            None,
        ),
        (
            "host:5000",
            "host",
            "docker.io",
            "library/host",
            Some("5000"),
            None,
        ),
        (
            "localhost/app:a",
            "localhost/app",
            "localhost",
            "app",
            Some("a"),
            None,
        ),
        (
            "localhost:80/app",
            "localhost:80/app",
            "localhost:80",
            "app",
            None,
            None,
        ),
        (
            "GHCR.io/o/app",
            "GHCR.io/o/app",
            "ghcr.io",
            "o/app",
            None,
            None,
        ),
        (
            "docker.io/nginx",
            "docker.io/nginx",
            "docker.io",
            "library/nginx",
            None,
            None,
        ),
        (
            "index.docker.io/library/nginx",
            "index.docker.io/library/nginx",
            "docker.io",
            "library/nginx",
            None,
            None,
        ),
        (
            "10.0.0.1/a__b/c-d.e---f:_x",
            "10.0.0.1/a__b/c-d.e---f",
            "10.0.0.1",
            "a__b/c-d.e---f",
            Some("_x"),
            None,
        ),
        (
            with_digest.as_str(),
            "wantedly/rails",
            "docker.io",
            "wantedly/rails",
            None,
            Some(digest.as_str()),
        ),
        (
            with_both.as_str(),
            "[::1]:5000/a/b",
            "[::1]:5000",
            "a/b",
            Some("v1"),
            Some(digest.as_str()),
        ),
    ];
    for (text, name, registry, path, tag, digest) in table {
        let image = image(text);
        assert_eq!(image.name().to_string(), name, "{text}");
        assert_eq!(image.name().registry(), registry, "{text}");
        assert_eq!(image.name().path(), path, "{text}");
        assert_eq!(image.tag().map(Tag::as_str), tag, "{text}");
        assert_eq!(image.digest().map(Digest::as_str), digest, "{text}");
        assert_eq!(image.to_string(), text);
    }
}

#[test]
fn what_the_kubelet_would_not_pull_is_refused() {
    let long_tag = format!("app:{}", "a".repeat(129));
    let long_name = format!("{}:a", "a".repeat(256));
    let short_digest = format!("app@sha256:{}", &SHA256[1..]);
    let capital_digest = format!("app@sha256:{}", SHA256.to_uppercase());
    let table = [
        ("", Fault::Empty),
        (" app:a", Fault::Blank),
        ("app:a\n", Fault::Blank),
        ("https://ghcr.io/o/app:a", Fault::Url),
        ("{{ .Values.image }}", Fault::Placeholder),
        ("app:${TAG}", Fault::Placeholder),
        ("wantedly/rails:[REPLACE_WITH_TAG]", Fault::Placeholder),
        ("app:<tag>", Fault::Placeholder),
        ("$(IMAGE)", Fault::Placeholder),
        ("Wantedly/rails:a", Fault::Capitals),
        ("ghcr.io/Wantedly/rails", Fault::Capitals),
        (SHA256, Fault::Id),
        (&long_name, Fault::LongName(256)),
        ("host:port/app", Fault::Host),
        ("host:/app", Fault::Host),
        ("host:0/app", Fault::Host),
        ("-host.io/app", Fault::Host),
        ("a..b/app", Fault::Host),
        ("[::1/app", Fault::Placeholder),
        ("[]/app", Fault::Host),
        ("host//app", Fault::Path),
        ("/app", Fault::Path),
        ("app/", Fault::Path),
        ("a_-b", Fault::Path),
        ("a___b", Fault::Path),
        ("-a", Fault::Path),
        ("a b", Fault::Path),
        ("ünïcode", Fault::Path),
        ("app:", Fault::Tag),
        ("app:-a", Fault::Tag),
        ("app:a+b", Fault::Tag),
        ("app:a:b", Fault::Tag),
        (&long_tag, Fault::LongTag(129)),
        ("app@", Fault::Digest),
        ("app@sha256", Fault::Digest),
        ("app@md5:abc", Fault::Digest),
        (&short_digest, Fault::Digest),
        (&capital_digest, Fault::Digest),
    ];
    for (text, fault) in table {
        let error = text.parse::<Image>().expect_err(text);
        assert_eq!(error.fault, fault, "{text}");
    }
}

#[test]
fn an_error_repeats_no_more_of_the_text_than_a_line() {
    let error = "A".repeat(200_000).parse::<Image>().expect_err("capitals");
    assert!(error.to_string().len() < 300);
}

#[test]
fn a_new_tag_drops_the_old_digest() {
    let tag: Tag = SHA.parse().unwrap();
    for old in [
        "host:5000/app",
        "host:5000/app:old",
        &format!("host:5000/app:old@sha256:{SHA256}"),
    ] {
        assert_eq!(
            image(old).with_tag(tag.clone()).to_string(),
            format!("host:5000/app:{SHA}")
        );
    }
}

#[test]
fn images_are_compared_by_what_they_mean() {
    let digest = format!("nginx:1@sha256:{SHA256}");
    let same_digest = format!("docker.io/library/nginx@sha256:{SHA256}");
    let table = [
        ("nginx", "docker.io/library/nginx:latest", true),
        ("library/nginx:1", "index.docker.io/nginx:1", true),
        ("GHCR.io/o/app:1", "ghcr.io/o/app:1", true),
        ("nginx:1", "nginx:2", false),
        ("nginx", "quay.io/library/nginx", false),
        ("localhost/nginx", "nginx", false),
        (&digest, &same_digest, true),
        (&digest, "nginx:1", false),
    ];
    for (one, other, is_same) in table {
        assert_eq!(
            image(one).is_same_as(&image(other)),
            is_same,
            "{one} {other}"
        );
        assert_eq!(
            image(other).is_same_as(&image(one)),
            is_same,
            "{other} {one}"
        );
    }
}

fn parts<'a>(branch: Option<&'a str>, tag: Option<&'a str>, names: &'a [String]) -> TagParts<'a> {
    TagParts {
        sha: SHA,
        branch,
        tag,
        names,
    }
}

#[test]
fn a_template_is_filled_with_the_commit() {
    let table = [
        ("{sha}", Some("main"), None, SHA),
        ("{short_sha}", None, None, "cb19269"),
        ("v-{short_sha}", None, None, "v-cb19269"),
        (
            "{branch}-{short_sha}",
            Some("feature/login #2"),
            None,
            "feature-login-2-cb19269",
        ),
        ("{branch}", Some("main"), None, "main"),
        ("{tag}", None, Some("v1.0+build"), "v1.0-build"),
        ("{branch}", Some("größe"), None, "gr-e"),
    ];
    for (template, branch, tag, expected) in table {
        let template: TagTemplate = template.parse().unwrap();
        let rendered = template.render(&parts(branch, tag, &[])).unwrap();
        assert_eq!(rendered.as_str(), expected);
    }
}

#[test]
fn a_template_that_cannot_tell_commits_apart_is_refused() {
    let malformed = |text: &str| TemplateError::Malformed(text.to_owned());
    let table = [
        ("latest", TemplateError::Constant("latest".to_owned())),
        ("", TemplateError::Constant(String::new())),
        (
            "{commit}",
            TemplateError::UnknownPlaceholder("commit".to_owned()),
        ),
        (
            "{{sha}}",
            TemplateError::UnknownPlaceholder("{sha".to_owned()),
        ),
        ("{sha", malformed("{sha")),
        ("a/{sha}", malformed("a/{sha}")),
        ("-{sha}", malformed("-{sha}")),
    ];
    for (text, expected) in table {
        assert_eq!(text.parse::<TagTemplate>(), Err(expected), "{text}");
    }
}

#[test]
fn a_template_that_needs_a_branch_refuses_a_bare_commit() {
    let template: TagTemplate = "{branch}".parse().unwrap();
    assert_eq!(
        template.render(&parts(None, None, &[])),
        Err(TemplateError::NeedsName("branch"))
    );
}

#[test]
fn two_branches_with_one_tag_are_refused_unless_the_sha_tells_them_apart() {
    let names = ["feature-x", "feature/x", "main"].map(str::to_owned);
    let by_name: TagTemplate = "{branch}".parse().unwrap();
    let by_sha: TagTemplate = "{branch}-{sha}".parse().unwrap();
    for (branch, other) in [("feature/x", "feature-x"), ("feature-x", "feature/x")] {
        assert!(by_name.may_collide(branch));
        assert_eq!(
            by_name.render(&parts(Some(branch), None, &names)),
            Err(TemplateError::Collision {
                name: branch.to_owned(),
                other: other.to_owned(),
                tag: "feature-x".to_owned(),
            })
        );
        assert!(!by_sha.may_collide(branch));
        assert!(by_sha.render(&parts(Some(branch), None, &names)).is_ok());
    }
    assert!(!by_name.may_collide("main"));
    assert!(by_name.render(&parts(Some("main"), None, &names)).is_ok());
}

#[test]
fn a_name_that_cannot_start_a_tag_is_refused() {
    let template: TagTemplate = "{branch}".parse().unwrap();
    assert!(matches!(
        template.render(&parts(Some("-x"), None, &[])),
        Err(TemplateError::Tag(_))
    ));
}

#[test]
fn the_running_commit_is_read_from_its_tag() {
    let table = [
        ("{sha}", SHA, Some(SHA)),
        ("{sha}", SHA256, Some(SHA256)),
        ("{sha}", "v1.2", None),
        ("{sha}", "latest", None),
        ("{short_sha}", "cb19269", Some("cb19269")),
        ("{short_sha}", SHA, None),
        (
            "{branch}-{short_sha}",
            "feature-cb19269-x-1234567",
            Some("1234567"),
        ),
        ("{branch}-{sha}", "main-latest", None),
        ("{branch}", "main", None),
        (
            "v{short_sha}-{sha}",
            "vcb19269-cb19269526f946222110fbdfb3d107c4b5a18fe7",
            Some(SHA),
        ),
    ];
    for (template, tag, expected) in table {
        let template: TagTemplate = template.parse().unwrap();
        let tag: Tag = tag.parse().unwrap();
        assert_eq!(template.sha_in(&tag), expected, "{template} {tag}");
    }
}

proptest! {
    #[test]
    fn any_text_that_parses_is_printed_as_it_was(text in "\\PC{0,80}") {
        if let Ok(image) = text.parse::<Image>() {
            prop_assert_eq!(image.to_string(), text);
        }
    }

    #[test]
    fn any_well_formed_reference_parses_and_is_printed_as_it_was(
        host in "((localhost|[a-z][a-z0-9]{0,8}\\.[a-z]{2,5}|\\[[0-9a-f:]{2,12}\\])(:[1-9][0-9]{0,3})?/)?",
        path in "[a-z0-9]{1,8}(/[a-z0-9]{1,8}((\\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}){0,2}",
        tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,40})?",
        digest in "(@sha256:[0-9a-f]{64})?",
    ) {
        let text = format!("{host}{path}{tag}{digest}");
        let image: Image = text.parse().map_err(|error: ImageError| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(image.to_string(), text);
        prop_assert!(image.is_same_as(&image));
        let tagged = image.with_tag(SHA.parse().map_err(|error: ImageError| TestCaseError::fail(error.to_string()))?);
        prop_assert!(tagged.digest().is_none());
        prop_assert!(tagged.name().is_same_as(image.name()));
    }

    #[test]
    fn a_template_reads_back_the_commit_it_was_filled_with(branch in "[a-z][a-z0-9/#-]{0,20}") {
        for template in ["{sha}", "{branch}-{sha}", "{short_sha}", "{branch}.{short_sha}"] {
            let template: TagTemplate = template.parse().map_err(|error: TemplateError| TestCaseError::fail(error.to_string()))?;
            let tag = template
                .render(&parts(Some(&branch), None, &[]))
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            let sha = template.sha_in(&tag).unwrap_or_default();
            prop_assert!(!sha.is_empty() && SHA.starts_with(sha));
        }
    }
}
