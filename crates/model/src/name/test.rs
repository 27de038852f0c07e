use proptest::prelude::*;

use super::*;

/// Checks each name of a table: the message about it, or `ok`.
fn check(table: &[(&str, &str)], of: impl Fn(&str) -> Result<(), NameError>) {
    for (name, expected) in table {
        let found = of(name).map_or_else(|error| error.message, |()| "ok".to_owned());
        assert_eq!(&found, expected, "{name:?}");
    }
}

const RESOLVES: &str = "Names may be treated as files in certain cases, and must not resolve to other names when \
                        treated as such. This name would resolve to ";

#[test]
fn keys_have_words_and_a_few_signs() {
    let bad = |json: &str| {
        format!(
            "Invalid value {json} for parameter 'metrics[1].name' supplied: Names may only contain alphanumerics, \
             underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        )
    };
    let table = [
        ("loss", "ok".to_owned()),
        ("a b/c:d.e-f_1", "ok".to_owned()),
        ("損失", "ok".to_owned()),
        ("a@b", bad(r#""a@b""#)),
        ("a\"\\\n", bad(r#""a\"\\\n""#)),
        ("é😀\u{7f}", bad(r#""\u00e9\ud83d\ude00\u007f""#)),
    ];
    let table: Vec<_> = table.iter().map(|(key, expected)| (*key, expected.as_str())).collect();
    check(&table, |key| check_metric_key(key, "metrics[1].name"));
}

#[test]
fn keys_are_no_other_paths() {
    let table = [
        ("", "'.'"),
        (".", "'.'"),
        ("..", "'..'"),
        ("../a", "'../a'"),
        ("..a", "'..a'"),
        ("a//b", "'a/b'"),
        ("a/", "'a'"),
        ("./a", "'a'"),
        ("/a", "'/a'"),
        ("//a", "'//a'"),
        ("///a", "'/a'"),
        ("/../a", "'/a'"),
        ("a/../b", "'b'"),
        ("a/..", "'.'"),
        ("a/../../b", "'../b'"),
    ];
    for (key, resolved) in table {
        let expected =
            format!("Invalid value \"{key}\" for parameter 'params[0].key' supplied: {RESOLVES}{resolved}");
        check(&[(key, &expected)], |key| check_param_key(key, "params[0].key"));
    }
    check(&[("a.b/..c", "ok"), (" ", "ok")], |key| check_param_key(key, "key"));
}

#[test]
fn keys_and_values_have_an_end() {
    let key = "é".repeat(limit::KEY);
    let long = format!("{key}x");
    check(&[(&key, "ok"), (&long, "'Metric name' exceeds the maximum length of 250 characters")], |key| {
        check_metric_key(key, "metrics[0].name")
    });
    check(&[(&long, "'Param key' exceeds the maximum length of 250 characters")], |key| {
        check_param_key(key, "key")
    });
    check(&[(&long, "'tags[0].key' exceeds the maximum length of 250 characters")], |key| {
        check_tag_key(key, "tags[0].key")
    });

    let value = "v".repeat(20_001);
    check(
        &[(&value[1..], "ok"), (&value, "'value' exceeds the maximum length of 20000 characters")],
        |value| check_experiment_tag("k", value),
    );
    let value = "v".repeat(100_001);
    check(
        &[(&value[1..], "ok"), (&value, "'value' exceeds the maximum length of 100000 characters")],
        |value| check_registry_tag("k", value),
    );
}

#[test]
fn long_values_of_runs_are_cut() {
    assert_eq!(cut_param_value("adam"), "adam");
    assert_eq!(cut_param_value(&"é".repeat(6_001)), "é".repeat(6_000));
    assert_eq!(cut_run_tag_value(&"é".repeat(8_001)), "é".repeat(8_000));
}

#[test]
fn experiments() {
    let long = "n".repeat(501);
    let table = [
        ("vision / 2", "ok"),
        (&long[1..], "ok"),
        (&long, "'name' exceeds the maximum length of 500 characters"),
        ("", "Invalid experiment name: ''"),
        (" ", "Invalid experiment name: ' '"),
    ];
    check(&table, check_experiment_name);
}

#[test]
fn an_experiment_has_fifty_views() {
    let keys: Vec<String> = (0..51).map(|n| format!("mlflow.customView.view{n}")).collect();
    let keys = || keys.iter().map(String::as_str);
    assert_eq!(check_custom_views(keys().skip(1).chain(["team"])), Ok(()));
    let error = check_custom_views(keys()).unwrap_err();
    assert_eq!(error.message, "An experiment can have at most 50 custom views.");
}

#[test]
fn registered_models() {
    let other = format!("Invalid value \"..\" for parameter 'new_name' supplied: {RESOLVES}'..'");
    let table = [
        ("bert base", "ok"),
        ("", "Missing value for required parameter 'new_name'."),
        (" ", "Missing value for required parameter 'new_name'."),
        ("a/b", "Invalid model name 'a/b'. Names cannot contain '/' or ':'."),
        ("a:b", "Invalid model name 'a:b'. Names cannot contain '/' or ':'."),
        ("..", &other),
    ];
    check(&table, |name| check_registered_model_name(name, "new_name"));
}

#[test]
fn aliases() {
    let long = "a".repeat(256);
    let table = [
        ("champion-2_b", "ok"),
        ("", "Registered model alias name cannot be empty."),
        (
            "a b",
            "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-).",
        ),
        (&long, "'Registered model alias name' exceeds the maximum length of 255 characters"),
        ("Latest", "'latest' alias name (case insensitive) is reserved."),
        ("v1", "Version alias name 'v1' is reserved."),
        ("V22", "Version alias name 'V22' is reserved."),
        ("v", "ok"),
        ("v1a", "ok"),
    ];
    check(&table, check_new_alias);
    check(&[("latest", "ok"), ("v1", "ok")], check_alias);
}

#[test]
fn logged_models() {
    let bad = |name: &str| {
        format!(
            "Invalid model name ({name}) provided. Model name must be a non-empty string and cannot contain the \
             following characters: ('/', ':', '.', '%', '\"', \"'\")"
        )
    };
    let table = [("bert base", "ok"), ("", &bad("''")), ("a.b", &bad("'a.b'")), ("a'b", &bad("\"a'b\""))];
    check(&table, check_logged_model_name);
}

#[test]
fn texts_are_quoted_as_python_does() {
    assert_eq!(python_repr("it's"), r#""it's""#);
    assert_eq!(python_repr("it's \"it\""), r#"'it\'s "it"'"#);
    assert_eq!(python_repr("a\\b\n\t\u{1}\u{85}é"), r"'a\\b\n\t\x01\x85é'");
    assert_eq!(python_repr_bytes(b"it's \xff\r"), r#"b"it's \xff\r""#);
}

proptest! {
    #[test]
    fn no_name_is_too_odd(name in any::<String>()) {
        let _ = check_metric_key(&name, "name");
        let _ = check_registered_model_name(&name, "name");
        let _ = check_new_alias(&name);
    }

    #[test]
    fn a_good_key_is_the_path_it_resolves_to(key in "[a./]{1,8}") {
        let good = check_tag_key(&key, "key").is_ok();
        let plain = key.split('/').all(|part| !matches!(part, "" | "." | ".."));
        prop_assert_eq!(good, plain && !key.starts_with(".."));
    }
}
