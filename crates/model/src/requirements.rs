//! Which packages a run ran with: `requirements.txt`, `python_env.yaml` and `conda.yaml`, read as far as MLflow's clients
//! and people write them, and put beside each other.

use crate::compared::EnvironmentLine;
use std::collections::{BTreeMap, BTreeSet};

/// What one environment asks for, by normalised name.
pub type Packages = BTreeMap<String, String>;

/// The name under which Python itself stands among the packages.
pub const PYTHON: &str = "python";

/// A name as packages are compared by it (PEP 503): `Scikit_Learn` is `scikit-learn`.
pub fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for part in name.trim().split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_lowercase());
    }
    normal
}

/// Reads a `requirements.txt`. Lines that name other files (`-r other.txt`) stand for themselves; options are left out.
pub fn read_requirements(text: &str) -> Packages {
    let mut found = Packages::new();
    for line in whole_lines(text) {
        if let Some((name, wanted)) = read_line(&line) {
            found.entry(name).or_insert(wanted);
        }
    }
    found
}

/// Reads the version of Python in a `python_env.yaml`.
pub fn read_python_env(text: &str) -> Packages {
    let version = text.lines().find_map(|line| line.strip_prefix("python:"));
    let version = version.map(|version| unquoted(without_comment(version)));
    version
        .filter(|version| !version.is_empty())
        .map(|version| (PYTHON.to_owned(), version.to_owned()))
        .into_iter()
        .collect()
}

/// Reads the packages of a `conda.yaml`, those of pip too.
pub fn read_conda(text: &str) -> Packages {
    let mut found = Packages::new();
    let mut is_listed = false;
    // How far the list below `- pip:` is indented at least.
    let mut below_pip: Option<usize> = None;
    for line in text.lines() {
        let content = without_comment(line).trim_end();
        let trimmed = content.trim_start();
        let indent = content.len() - trimmed.len();
        if trimmed.is_empty() {
            continue;
        }
        let Some(item) = trimmed.strip_prefix("- ") else {
            if indent == 0 {
                is_listed = trimmed == "dependencies:";
            }
            continue;
        };
        let item = unquoted(item);
        if !is_listed {
            continue;
        }
        if item == "pip:" {
            below_pip = Some(indent + 1);
            continue;
        }
        if below_pip.is_some_and(|least| indent < least) {
            below_pip = None;
        }
        let read = if below_pip.is_some() { read_line(item) } else { read_conda_item(item) };
        if let Some((name, wanted)) = read {
            found.entry(name).or_insert(wanted);
        }
    }
    found
}

/// Environments beside each other: each package that one of them names, and what each asks of it; Python first. An
/// environment of which nothing is known has no say in whether they differ.
pub fn side_by_side(environments: &[Packages]) -> Vec<EnvironmentLine> {
    let names: BTreeSet<&String> = environments.iter().flat_map(BTreeMap::keys).collect();
    let line = |name: &String| {
        let values: Vec<Option<String>> =
            environments.iter().map(|packages| packages.get(name).cloned()).collect();
        let mut known = environments.iter().zip(&values).filter(|(packages, _)| !packages.is_empty());
        let first = known.next().map(|(_, value)| value);
        let differs = known.any(|(_, value)| Some(value) != first);
        EnvironmentLine { name: name.clone(), values, differs }
    };
    let mut lines: Vec<EnvironmentLine> = names.into_iter().map(line).collect();
    lines.sort_by_key(|line| line.name != PYTHON);
    lines
}

/// Lines without comments, those that end with a backslash joined.
fn whole_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = without_comment(line);
        match line.trim_end().strip_suffix('\\') {
            Some(part) => begun.push_str(part),
            None => lines.push(std::mem::take(&mut begun) + line),
        }
    }
    lines.push(begun);
    lines
}

/// A comment starts the line or follows a space: `#` within an address is none.
fn without_comment(line: &str) -> &str {
    let is_comment = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let start = line.match_indices('#').map(|(at, _)| at).find(is_comment);
    start.map_or(line, |start| &line[..start])
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\'']).trim()
}

/// A requirement: its normalised name, and what is asked of it.
fn read_line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if let Some(option) = line.strip_prefix('-') {
        return read_option(option);
    }
    // Options of this one: `--hash=sha256:…`.
    let line = line.split(" --").next().unwrap_or_default().trim();
    if line.is_empty() {
        return None;
    }
    if line.contains("://") && !line.contains(" @ ") || line.starts_with(['.', '/']) {
        return Some(located(line));
    }
    let (line, marker) = match line.split_once(';') {
        Some((line, marker)) => (line.trim(), marker.trim()),
        None => (line, ""),
    };
    let end = line.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let name = normal_name(name);
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let (extras, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((extras, rest)) => (extras, rest.trim()),
        None => ("", rest.trim()),
    };
    let mut wanted = asked(rest);
    if !extras.trim().is_empty() {
        let mut extras: Vec<String> = extras.split(',').map(normal_name).collect();
        extras.sort();
        wanted = format!("{wanted} [{}]", extras.join(", "));
    }
    if !marker.is_empty() {
        wanted = format!("{wanted}; {}", marker.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    Some((name, wanted.trim_start().to_owned()))
}

/// What is asked of a version: a pin as the bare version, bounds in order without spaces.
fn asked(text: &str) -> String {
    if let Some(address) = text.strip_prefix('@') {
        return address.trim().to_owned();
    }
    let text = text.trim_start_matches('(').trim_end_matches(')');
    let mut bounds: Vec<String> = text
        .split(',')
        .map(|bound| bound.split_whitespace().collect::<String>())
        .filter(|bound| !bound.is_empty())
        .collect();
    bounds.sort();
    match bounds.as_slice() {
        [] => "any".to_owned(),
        [pin] if pin.starts_with("==") && !pin.contains('*') => pin.trim_start_matches('=').to_owned(),
        _ => bounds.join(", "),
    }
}

/// A line that starts with a dash: another file, a package in a folder, or an option that says nothing of packages.
fn read_option(option: &str) -> Option<(String, String)> {
    let end = option.find([' ', '=']).unwrap_or(option.len());
    let (name, value) = option.split_at(end);
    let value = value.trim_start_matches([' ', '=']).trim();
    match name {
        "r" | "-requirement" if !value.is_empty() => Some((format!("-r {value}"), "named".to_owned())),
        "c" | "-constraint" if !value.is_empty() => Some((format!("-c {value}"), "named".to_owned())),
        "e" | "-editable" if !value.is_empty() => Some(located(value)),
        _ => None,
    }
}

/// A package that is fetched from an address or a folder, by the name that the address says.
fn located(place: &str) -> (String, String) {
    let named = place.split_once("#egg=").map(|(_, name)| name.split(['&', '[']).next().unwrap_or_default());
    match named.map(normal_name).filter(|name| !name.is_empty()) {
        Some(name) => (name, place.split('#').next().unwrap_or_default().to_owned()),
        None => (place.to_owned(), "named".to_owned()),
    }
}

/// A package as conda writes it: `conda-forge::numpy=1.26.4=py311h64a7726_0`.
fn read_conda_item(item: &str) -> Option<(String, String)> {
    let item = item.rsplit_once("::").map_or(item, |(_, item)| item);
    let end = item.find(['=', '<', '>', '!', '~', ' ']).unwrap_or(item.len());
    let (name, rest) = item.split_at(end);
    let name = normal_name(name);
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim();
    let wanted = match rest.strip_prefix('=').map(|rest| rest.trim_start_matches('=')) {
        // The build says nothing that two machines would share.
        Some(pin) => pin.split('=').next().unwrap_or_default().trim().to_owned(),
        None => asked(rest),
    };
    Some((name, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(packages: &Packages) -> Vec<String> {
        packages.iter().map(|(name, wanted)| format!("{name} {wanted}")).collect()
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(lines(&read_requirements(text)), expected, "{text:?}");
    }

    #[test]
    fn names_are_compared_as_pip_does() {
        for name in ["scikit-learn", "Scikit_Learn", "scikit.learn", "scikit--_.learn"] {
            assert_eq!(normal_name(name), "scikit-learn");
        }
    }

    #[test]
    fn requirements_are_read() {
        check("numpy==1.26.4\nMLflow ==2.9.2\n", &["mlflow 2.9.2", "numpy 1.26.4"]);
        check("pandas<3,>=2.0\npandas==1", &["pandas <3, >=2.0"]);
        check("torch\n", &["torch any"]);
        check("uvicorn[standard, Http_Tools]>=0.20", &["uvicorn >=0.20 [http-tools, standard]"]);
        check("tomli==2.0; python_version  <  '3.11'", &["tomli 2.0; python_version < '3.11'"]);
        check("numpy==1.*", &["numpy ==1.*"]);
        check("six===1.0", &["six 1.0"]);
        check("a (>=1)", &["a >=1"]);
    }

    #[test]
    fn what_is_no_requirement_is_left_out() {
        check("# all of it\n\n  # more\nnumpy==1 # why\n", &["numpy 1"]);
        check("--index-url https://example.com/simple\n-i x\nnumpy==1", &["numpy 1"]);
        check("numpy==1 \\\n  --hash=sha256:abc \\\n  --hash=sha256:def\nsix==2", &["numpy 1", "six 2"]);
        check("\u{feff}numpy==1\r\nsix==2\r\n", &["numpy 1", "six 2"]);
        check("==1\n;\n", &[]);
    }

    #[test]
    fn other_files_and_places_are_named() {
        check("-r base.txt\n--requirement=more.txt", &["-r base.txt named", "-r more.txt named"]);
        check("-c limits.txt", &["-c limits.txt named"]);
        check(
            "-e git+https://example.com/a.git@v1#egg=My_Tool",
            &["my-tool git+https://example.com/a.git@v1"],
        );
        check("tool @ https://example.com/tool.whl", &["tool https://example.com/tool.whl"]);
        check("./code/own.whl", &["./code/own.whl named"]);
    }

    #[test]
    fn environments_of_mlflow_are_read() {
        let python =
            "python: 3.10.12\nbuild_dependencies:\n- pip==23.0\ndependencies:\n- -r requirements.txt\n";
        assert_eq!(lines(&read_python_env(python)), ["python 3.10.12"]);
        assert!(read_python_env("name: x").is_empty());
        let conda = "channels:\n- conda-forge\ndependencies:\n- python=3.10.12\n- pip<=23.0\n- conda-forge::numpy=1.26=py310_0\n\
                     - pip:\n  - mlflow==2.9.2\n  - 'scikit-learn==1.3'\n- git\nname: mlflow-env\n";
        assert_eq!(
            lines(&read_conda(conda)),
            ["git any", "mlflow 2.9.2", "numpy 1.26", "pip <=23.0", "python 3.10.12", "scikit-learn 1.3"]
        );
    }

    #[test]
    fn environments_stand_beside_each_other() {
        let one = read_requirements("numpy==1\nsix==1\npython==3.10");
        let other = read_requirements("numpy==2\nsix==1");
        let found = side_by_side(&[one, Packages::new(), other]);
        let told: Vec<_> = found.iter().map(|line| (line.name.as_str(), line.differs)).collect();
        assert_eq!(told, [("python", true), ("numpy", true), ("six", false)]);
        assert_eq!(found[1].values, [Some("1".to_owned()), None, Some("2".to_owned())]);
    }
}
