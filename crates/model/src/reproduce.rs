//! How a run may be done again: lines for a POSIX shell, made of what its client said of itself.
//!
//! All of it is anybody's text, and somebody will paste the lines into a terminal. So each piece is one quoted word, none can be
//! taken for an option, and what holds characters that a terminal acts on, or that don't show what they are, is left out.

use crate::{
    ModelId, RunId,
    run::{Param, Run, tag},
};
use serde::{Deserialize, Serialize};

/// Params that a command takes at most.
const PARAMS: usize = 100;
/// Bytes of a param, its key included, that a command takes at most.
const LONGEST_PARAM: usize = 500;
/// With more arguments than this, each has a line of its own.
const ONE_LINE: usize = 3;
/// Where files of the run are put.
const FOLDER: &str = "environment";
/// Where the code is put if its repository has no name that is good for a folder.
const CODE: &str = "code";

/// A file of a run, or of a model that it made, which names what must be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The model, if it is one's.
    pub model: Option<ModelId>,
    /// Where it is below their root; its name is one of [`Environment::NAMES`].
    pub path: String,
}

impl Environment {
    /// What such files are called, the most useful first.
    pub const NAMES: [&str; 2] = ["requirements.txt", "conda.yaml"];
}

/// How sure the last of the lines is: the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// There is none.
    Unknown,
    /// A script with the run's params as options: whether it takes them so, nobody said.
    Guessed,
    /// An MLflow project.
    Project,
}

/// Lines that may do a run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reproduction {
    /// For a POSIX shell.
    pub shell: String,
    /// Whether they fetch something from this server.
    pub fetches: bool,
    /// What the command is worth.
    pub command: Command,
    /// How many params aren't in the command: too many, too long, or with characters that don't belong into a terminal.
    pub left_out: usize,
}

/// The lines for a run; none if nothing is known that could help.
pub fn reproduce(run: &Run, environment: Option<&Environment>) -> Option<Reproduction> {
    let repository = run.tag(tag::GIT_REPO).and_then(Repository::read);
    let commit = run.tag(tag::GIT_COMMIT).filter(|commit| is_commit(commit));
    let installs = environment.map(|file| install(run.info.id, file)).unwrap_or_default();
    if let Some((line, left_out)) = project(run, repository.as_ref(), commit) {
        return Some(Reproduction { shell: line, fetches: false, command: Command::Project, left_out });
    }
    let mut lines = Vec::new();
    if let Some(Repository { url, folder }) = &repository {
        let branch = run.tag(tag::GIT_BRANCH).filter(|branch| commit.is_none() && !branch.is_empty());
        let branch = branch.and_then(|branch| quote(&format!("--branch={branch}")));
        lines.push(match branch {
            Some(branch) => format!("git clone {branch} -- {url} {folder}"),
            None => format!("git clone -- {url} {folder}"),
        });
        lines.push(format!("cd {folder}"));
    }
    lines.extend(commit.map(|commit| format!("git checkout {commit}")));
    let fetches = !installs.is_empty();
    lines.extend(installs);
    let (command, left_out) = match script(run, repository.as_ref()) {
        Some(script) => {
            let (options, left_out) = arguments(&run.params, option);
            lines.push(in_lines(format!("python {script}"), &options));
            (Command::Guessed, left_out)
        }
        None => (Command::Unknown, 0),
    };
    (!lines.is_empty()).then(|| Reproduction { shell: lines.join("\n"), fetches, command, left_out })
}

/// The text as one word of a POSIX shell, which means this text and nothing else. `None` if it holds what a terminal would act
/// on, or what makes it look like another text.
pub fn quote(text: &str) -> Option<String> {
    if text.chars().any(is_active) {
        return None;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(is_plain) {
        return Some(text.to_owned());
    }
    Some(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Control characters, line ends, what turns the direction of a text, and what isn't seen at all.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Where the code is, quoted, and the folder that it is put into, which needs no quotes.
struct Repository {
    url: String,
    folder: String,
}

impl Repository {
    fn read(url: &str) -> Option<Self> {
        let url = without_password(url.trim());
        // `ext::` and the like run commands; a host that begins with a dash would be an option of ssh.
        let is_odd = url.is_empty() || url.contains("::") || url.contains("://-") || url.contains("@-");
        if is_odd || url.starts_with('-') {
            return None;
        }
        let name = url.trim_end_matches('/').rsplit(['/', ':', '\\']).next().unwrap_or_default();
        let name = name.strip_suffix(".git").unwrap_or(name);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_good = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain);
        let folder = if is_good { name } else { CODE }.to_owned();
        Some(Self { url: quote(&url)?, folder })
    }
}

/// An address without the name and the token that a client may have left in it: whoever does the run again has their own.
pub fn without_password(url: &str) -> String {
    for scheme in ["https://", "http://"] {
        if let Some(rest) = url.strip_prefix(scheme) {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            return format!("{scheme}{host}{path}");
        }
    }
    url.to_owned()
}

fn is_commit(text: &str) -> bool {
    (4..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Fetches the file that names what must be installed, and installs that.
fn install(run: RunId, file: &Environment) -> Vec<String> {
    let Environment { model, path } = file;
    let local = quote(&format!("{FOLDER}/{path}"));
    let from = match model {
        Some(model) => quote(&format!("--artifact-uri=models:/{model}/{path}")),
        None => quote(&format!("--artifact-path={path}")).map(|path| format!("--run-id={run} {path}")),
    };
    let (Some(local), Some(from)) = (local, from) else { return Vec::new() };
    let install = if path.ends_with(".yaml") {
        format!("conda env create --file {local}")
    } else {
        format!("python -m pip install --requirement {local}")
    };
    vec![format!("mlflow artifacts download {from} --dst-path {FOLDER}"), install]
}

/// What runs an MLflow project again: MLflow itself fetches its code.
fn project(run: &Run, repository: Option<&Repository>, commit: Option<&str>) -> Option<(String, usize)> {
    let is_project = run.tag(tag::SOURCE_TYPE) == Some("PROJECT")
        || run.tag(tag::PROJECT_BACKEND).is_some()
        || run.tag(tag::ENTRY_POINT).is_some();
    if !is_project {
        return None;
    }
    let source = run.tag(tag::SOURCE_NAME).filter(|name| name.contains("://") || name.starts_with("git@"));
    // It names the folder within the repository, too.
    let source = source.and_then(Repository::read).map(|source| source.url);
    let place = source.or_else(|| repository.map(|repository| repository.url.clone()))?;
    let entry = run.tag(tag::ENTRY_POINT).filter(|entry| !entry.is_empty());
    let entry = entry.and_then(|entry| quote(&format!("--entry-point={entry}")));
    let version = commit.map(|commit| format!("--version={commit}"));
    let (params, left_out) = arguments(&run.params, |param| {
        let is_option = param.key.starts_with('-');
        let word = (!is_option).then(|| quote(&format!("{}={}", param.key, param.value)))??;
        Some(format!("-P {word}"))
    });
    let mut words: Vec<String> = entry.into_iter().chain(version).chain(params).collect();
    words.push(format!("-- {place}"));
    Some((in_lines("mlflow run".to_owned(), &words), left_out))
}

/// The script of a run, as it is called within the folder of its code.
fn script(run: &Run, repository: Option<&Repository>) -> Option<String> {
    let name = run.tag(tag::SOURCE_NAME)?;
    // A notebook's source is whatever started its kernel.
    if !name.ends_with(".py")
        || name.ends_with("_launcher.py")
        || run.tag(tag::SOURCE_TYPE) == Some("NOTEBOOK")
    {
        return None;
    }
    let below = repository.and_then(|repository| name.rsplit_once(&format!("/{}/", repository.folder)));
    let path = below.map_or(name, |(_, path)| path);
    quote(&if path.starts_with('-') { format!("./{path}") } else { path.to_owned() })
}

/// A param as most scripts take it.
fn option(param: &Param) -> Option<String> {
    let Param { key, value } = param;
    // An empty value, or one that looks like an option, is surely taken for one's value only behind a sign.
    if value.is_empty() || value.starts_with('-') {
        return quote(&format!("--{key}={value}"));
    }
    Some(format!("{} {}", quote(&format!("--{key}"))?, quote(value)?))
}

/// Params as arguments, and how many of them are left out.
fn arguments(params: &[Param], write: impl Fn(&Param) -> Option<String>) -> (Vec<String>, usize) {
    let short = params.iter().filter(|param| param.key.len() + param.value.len() <= LONGEST_PARAM);
    let written: Vec<String> = short.filter_map(write).take(PARAMS).collect();
    let left_out = params.len() - written.len();
    (written, left_out)
}

fn in_lines(command: String, arguments: &[String]) -> String {
    let between = if arguments.len() > ONE_LINE { " \\\n    " } else { " " };
    let pieces: Vec<&str> = std::iter::once(&command).chain(arguments).map(String::as_str).collect();
    pieces.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ExperimentId,
        experiment::Lifecycle,
        run::{RunInfo, RunStatus, Tag},
    };
    use proptest::prelude::*;

    const COMMIT: &str = "5f3759df5f3759df5f3759df5f3759df5f3759df";

    fn run(tags: &[(&str, &str)], params: &[(&str, &str)]) -> Run {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<Tag> {
            pairs
                .iter()
                .map(|(key, value)| Tag { key: (*key).to_owned(), value: (*value).to_owned() })
                .collect()
        };
        let info = RunInfo {
            id: "0af7651916cd43dd8448eb211c80319c".parse().unwrap(),
            experiment: ExperimentId(1),
            name: String::new(),
            user: String::new(),
            status: RunStatus::Finished,
            start_time: 0,
            end_time: None,
            artifact_uri: String::new(),
            lifecycle: Lifecycle::Active,
        };
        Run {
            info,
            metrics: Vec::new(),
            params: pairs(params),
            tags: pairs(tags),
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }

    fn check(run: &Run, environment: Option<&Environment>, lines: &[&str]) {
        let shell = reproduce(run, environment).map(|found| found.shell).unwrap_or_default();
        assert_eq!(shell.lines().collect::<Vec<_>>(), lines);
    }

    /// The words of each command, as a POSIX shell reads them; it fails where the shell would do more than call commands.
    fn read(script: &str) -> Vec<Vec<String>> {
        let mut commands = vec![Vec::new()];
        let mut word: Option<String> = None;
        let mut rest = script.chars();
        while let Some(c) = rest.next() {
            match c {
                '\'' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match rest.next().expect("quotes are closed") {
                            '\'' => break,
                            inner => word.push(inner),
                        }
                    }
                }
                '\\' => match rest.next().expect("something is escaped") {
                    '\n' => {}
                    escaped => word.get_or_insert_default().push(escaped),
                },
                ' ' | '\n' => {
                    commands.last_mut().unwrap().extend(word.take());
                    if c == '\n' {
                        commands.push(Vec::new());
                    }
                }
                c if c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c) => {
                    word.get_or_insert_default().push(c);
                }
                other => panic!("{other:?} stands without quotes in {script:?}"),
            }
        }
        commands.last_mut().unwrap().extend(word);
        commands
    }

    #[test]
    fn a_script_is_fetched_and_called_with_its_params() {
        let tags = [
            (tag::GIT_REPO, "https://token@github.com/example/churn.git"),
            (tag::GIT_COMMIT, COMMIT),
            (tag::GIT_BRANCH, "main"),
            (tag::SOURCE_NAME, "/home/alice/churn/src/train.py"),
            (tag::SOURCE_TYPE, "LOCAL"),
        ];
        check(
            &run(&tags, &[("lr", "0.1"), ("name", "it's big")]),
            None,
            &[
                "git clone -- https://github.com/example/churn.git churn",
                "cd churn",
                format!("git checkout {COMMIT}").as_str(),
                r"python src/train.py --lr 0.1 --name 'it'\''s big'",
            ],
        );
        check(
            &run(&tags[3..], &[("a", "1"), ("b", "-1"), ("c", ""), ("d", "$(id)")]),
            None,
            &[
                "python /home/alice/churn/src/train.py \\",
                "    --a 1 \\",
                "    --b=-1 \\",
                "    --c= \\",
                "    --d '$(id)'",
            ],
        );
    }

    #[test]
    fn what_a_run_needs_is_installed() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        let of_run = Environment { model: None, path: "my model/requirements.txt".to_owned() };
        check(
            &run(&[], &[]),
            Some(&of_run),
            &[
                format!("mlflow artifacts download --run-id={id} '--artifact-path=my model/requirements.txt' --dst-path environment").as_str(),
                "python -m pip install --requirement 'environment/my model/requirements.txt'",
            ],
        );
        let of_model = Environment { model: format!("m-{id}").parse().ok(), path: "conda.yaml".to_owned() };
        check(
            &run(&[], &[]),
            Some(&of_model),
            &[
                format!("mlflow artifacts download --artifact-uri=models:/m-{id}/conda.yaml --dst-path environment").as_str(),
                "conda env create --file environment/conda.yaml",
            ],
        );
    }

    #[test]
    fn a_project_is_run_by_mlflow() {
        let tags = [
            (tag::SOURCE_TYPE, "PROJECT"),
            (tag::SOURCE_NAME, "https://github.com/example/churn#sub"),
            (tag::ENTRY_POINT, "main"),
            (tag::GIT_COMMIT, COMMIT),
        ];
        check(
            &run(&tags, &[("alpha", "0.5"), ("-x", "1")]),
            None,
            &[
                "mlflow run \\",
                "    --entry-point=main \\",
                format!("    --version={COMMIT} \\").as_str(),
                "    -P alpha=0.5 \\",
                "    -- 'https://github.com/example/churn#sub'",
            ],
        );
    }

    #[test]
    fn nothing_is_shown_of_what_is_not_known() {
        let nothing =
            |tags: &[(&str, &str)]| assert_eq!(reproduce(&run(tags, &[("a", "1")]), None), None, "{tags:?}");
        nothing(&[]);
        nothing(&[(tag::SOURCE_NAME, "notebook")]);
        nothing(&[(tag::SOURCE_NAME, "/usr/lib/python3/ipykernel_launcher.py")]);
        nothing(&[(tag::SOURCE_NAME, "evil\n.py")]);
        nothing(&[(tag::SOURCE_TYPE, "PROJECT")]);
        nothing(&[(tag::GIT_COMMIT, "--orphan")]);
        nothing(&[(tag::GIT_REPO, "--upload-pack=id")]);
        nothing(&[(tag::GIT_REPO, "ext::sh -c id")]);
        nothing(&[(tag::GIT_REPO, "ssh://-oProxyCommand=id/x")]);
        nothing(&[(tag::GIT_REPO, "git@-oProxyCommand=id:x")]);
    }

    #[test]
    fn an_unknown_place_is_still_one_word() {
        check(
            &run(&[(tag::GIT_REPO, "/srv/our code; id")], &[]),
            None,
            &["git clone -- '/srv/our code; id' code", "cd code"],
        );
        check(
            &run(&[(tag::GIT_REPO, "git@example.org:a/b.git"), (tag::GIT_BRANCH, "-x y")], &[]),
            None,
            &["git clone '--branch=-x y' -- git@example.org:a/b.git b", "cd b"],
        );
        check(&run(&[(tag::SOURCE_NAME, "-c.py")], &[]), None, &["python ./-c.py"]);
    }

    #[test]
    fn params_that_do_not_fit_are_counted() {
        let long = "x".repeat(LONGEST_PARAM);
        let params =
            [("a", "1"), ("b", "two\nlines"), ("c", &long), ("d", "\u{1b}[2J"), ("e", "\u{202e}gpj")];
        let found = reproduce(&run(&[(tag::SOURCE_NAME, "train.py")], &params), None).unwrap();
        assert_eq!((found.shell.as_str(), found.left_out), ("python train.py --a 1", 4));
        assert_eq!(found.command, Command::Guessed);
        let many: Vec<String> = (0..PARAMS + 3).map(|number| format!("p{number}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|key| (key.as_str(), "1")).collect();
        assert_eq!(reproduce(&run(&[(tag::SOURCE_NAME, "train.py")], &many), None).unwrap().left_out, 3);
    }

    fn odd() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,12}",
            "[-a-z'\"\\\\ $`;&|<>(){}*?!#~=\n\r\t]{0,12}",
            Just("--upload-pack=id".to_owned()),
            Just("https://github.com/a/b.git".to_owned()),
            Just("src/train.py".to_owned()),
            Just("PROJECT".to_owned()),
            Just(COMMIT.to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn a_quoted_text_is_one_word_again(text in prop_oneof![any::<String>(), odd()]) {
            match quote(&text) {
                Some(quoted) => prop_assert_eq!(read(&quoted), vec![vec![text]]),
                None => prop_assert!(text.chars().any(is_active)),
            }
        }

        #[test]
        fn no_text_becomes_a_command_or_an_option(
            values in proptest::collection::vec(odd(), 7),
            params in proptest::collection::vec((odd(), odd()), 0..5),
            file in odd(),
        ) {
            let keys = [
                tag::GIT_REPO, tag::GIT_COMMIT, tag::GIT_BRANCH, tag::SOURCE_NAME, tag::SOURCE_TYPE, tag::ENTRY_POINT,
                tag::PROJECT_BACKEND,
            ];
            let tags: Vec<(&str, &str)> = keys.into_iter().zip(values.iter().map(String::as_str)).collect();
            let params: Vec<(&str, &str)> = params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            // Runs of projects take another way.
            for tags in [&tags[..], &tags[..4]] {
                let environment = Environment { model: None, path: format!("{file}/requirements.txt") };
                let Some(found) = reproduce(&run(tags, &params), Some(&environment)) else { continue };
                prop_assert!(!found.shell.chars().any(|c| is_active(c) && c != '\n'));
                for command in read(&found.shell) {
                    let [program, what, ..] = &command[..] else { panic!("{command:?}") };
                    prop_assert!(["git", "cd", "mlflow", "conda", "python"].contains(&program.as_str()), "{:?}", command);
                    if program == "git" {
                        let mut options = command.iter().take_while(|word| *word != "--").filter(|word| word.starts_with('-'));
                        let known = options.all(|word| word.starts_with("--branch="));
                        prop_assert!(known && ["clone", "checkout"].contains(&what.as_str()), "{:?}", command);
                    }
                    if program == "python" {
                        prop_assert!(what == "-m" || !what.starts_with('-'), "{:?}", command);
                    }
                }
            }
        }
    }
}
