//! Runs beside each other: the packages that they ran with, their files, and what differs between two of them.

use crate::world::*;
use model::{
    compared::{FILES_OF_RUNS, FileCell, FilePlace, Likeness},
    page::ArtifactRoot,
    run::ModelOutput,
};

on_both_databases! {
    packages_are_read_from_files_of_runs_and_models,
    what_tags_say_of_the_origin_is_compared,
    files_are_compared_to_the_first_runs,
    texts_are_compared,
    files_of_few_runs_are_compared,
    whoever_may_not_read_compares_nothing,
}

/// Alice, and two runs of hers.
async fn two_runs(world: &World) -> (User, ExperimentId, [RunId; 2]) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let runs = [alice.run_in(experiment).await, alice.run_in(experiment).await];
    (alice, experiment, runs)
}

async fn put(alice: &User, experiment: ExperimentId, run: RunId, path: &str, content: &str) {
    alice.uploads(&format!("{experiment}/{run}/artifacts/{path}"), content.as_bytes()).await;
}

/// A model of a run, with this file.
async fn put_model(
    alice: &User,
    experiment: ExperimentId,
    run: RunId,
    name: &str,
    (path, content): (&str, &str),
) -> ModelId {
    let model = alice.model_in(experiment, name).await.id;
    alice.log_outputs(run, &[ModelOutput { model, step: 0 }]).await.unwrap();
    alice.uploads(&format!("{experiment}/models/{model}/artifacts/{path}"), content.as_bytes()).await;
    model
}

async fn packages_are_read_from_files_of_runs_and_models(world: &World) {
    let (alice, experiment, [one, two]) = two_runs(world).await;
    let bare = alice.run_in(experiment).await;
    put(&alice, experiment, one, "model/requirements.txt", "numpy==1.26\nsix==1\n").await;
    put(&alice, experiment, one, "model/python_env.yaml", "python: 3.10.12\n").await;
    put_model(&alice, experiment, two, "net", ("requirements.txt", "NumPy==2.0\nsix==1\n")).await;
    let found = alice.environments(&[one, bare, two]).await.unwrap();
    assert_eq!(found.runs, [one, bare, two]);
    assert_eq!(
        found.files,
        [
            vec!["model/requirements.txt".to_owned(), "model/python_env.yaml".to_owned()],
            vec![],
            vec!["net: requirements.txt".to_owned()],
        ]
    );
    let lines: Vec<String> = found
        .packages
        .iter()
        .map(|line| {
            let values: Vec<&str> = line.values.iter().map(|value| value.as_deref().unwrap_or("-")).collect();
            format!("{} {} {}", line.name, values.join(" "), line.differs)
        })
        .collect();
    assert_eq!(lines, ["python 3.10.12 - - true", "numpy 1.26 - 2.0 true", "six 1 - 1 false"]);
}

async fn what_tags_say_of_the_origin_is_compared(world: &World) {
    let (alice, _, [one, two]) = two_runs(world).await;
    alice.logs(one, batch().tag("mlflow.source.git.commit", "abc").tag("team", "vision")).await;
    alice.logs(two, batch().tag("mlflow.source.git.commit", "def")).await;
    let found = alice.environments(&[one, two]).await.unwrap();
    let lines: Vec<_> = found.tags.iter().map(|line| (line.name.as_str(), line.differs)).collect();
    assert_eq!(lines, [("mlflow.source.git.commit", true)]);
    assert!(found.packages.is_empty());
}

async fn files_are_compared_to_the_first_runs(world: &World) {
    let (alice, experiment, [one, two]) = two_runs(world).await;
    for (run, path, content) in [
        (one, "same.txt", "a"),
        (two, "same.txt", "a"),
        (one, "other.txt", "a"),
        (two, "other.txt", "b"),
        (one, "longer.txt", "a"),
        (two, "longer.txt", "ab"),
        (one, "deep/only.txt", ""),
        (two, "new.txt", "x"),
    ] {
        put(&alice, experiment, run, path, content).await;
    }
    let model = put_model(&alice, experiment, two, "net", ("MLmodel", "flavors:")).await;
    let found = alice.compare_files(&[one, two]).await.unwrap();
    let word = |cell: &Option<FileCell>| match cell {
        None => "-".to_owned(),
        Some(cell) => match cell.likeness {
            None => format!("{}", cell.size),
            Some(likeness) => format!("{} {likeness:?}", cell.size),
        },
    };
    let lines: Vec<String> = found
        .lines
        .iter()
        .map(|line| {
            let cells: Vec<String> = line.cells.iter().map(word).collect();
            format!("{}{}: {}", line.model, line.path, cells.join(", "))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "deep/only.txt: 0, -",
            "longer.txt: 1, 2 Different",
            "new.txt: -, 1",
            "other.txt: 1, 1 Different",
            "same.txt: 1, 1 Same",
            "netMLmodel: -, 8",
        ]
    );
    assert!(!found.is_more);
    let root = found.lines[5].cells[1].unwrap().root;
    assert_eq!(root, ArtifactRoot::Model(experiment, model));

    // What is too large isn't looked at.
    let long = "a".repeat((1 << 20) + 1);
    put(&alice, experiment, one, "same.txt", &long).await;
    put(&alice, experiment, two, "same.txt", &long).await;
    let found = alice.compare_files(&[one, two]).await.unwrap();
    let line = found.lines.iter().find(|line| line.path == "same.txt").unwrap();
    assert_eq!(line.cells[1].unwrap().likeness, Some(Likeness::SameSize));
}

async fn texts_are_compared(world: &World) {
    let (alice, experiment, [one, two]) = two_runs(world).await;
    put(&alice, experiment, one, "a.txt", "one\ntwo\nthree\n").await;
    put(&alice, experiment, two, "a.txt", "one\n2\nthree\n").await;
    put(&alice, experiment, two, "b.bin", "\0").await;
    let place =
        |run, path: &str| FilePlace { root: ArtifactRoot::Run(experiment, run), path: path.to_owned() };
    let found = alice.compare_texts(&place(one, "a.txt"), &place(two, "a.txt")).await.unwrap();
    let lines: Vec<&str> = found.diff.hunks.iter().flatten().map(|line| line.text.as_str()).collect();
    assert_eq!((lines, found.is_cut), (vec!["one", "two", "2", "three"], false));
    let outcome = alice.compare_texts(&place(one, "a.txt"), &place(two, "b.bin")).await;
    check_refused(outcome, Code::InvalidParameterValue, "These files hold no text.");
    check_code(
        alice.compare_texts(&place(one, "a.txt"), &place(two, "none.txt")).await,
        Code::ResourceDoesNotExist,
    );
}

async fn files_of_few_runs_are_compared(world: &World) {
    let (alice, _, [run, _]) = two_runs(world).await;
    let many = vec![run; FILES_OF_RUNS + 1];
    let message = "Files of at most 20 runs are compared, and these are 21.";
    check_refused(alice.environments(&many).await, Code::InvalidParameterValue, message);
    check_refused(alice.compare_files(&many).await, Code::InvalidParameterValue, message);
}

async fn whoever_may_not_read_compares_nothing(world: &World) {
    let (alice, experiment, [one, two]) = two_runs(world).await;
    put(&alice, experiment, one, "requirements.txt", "six==1").await;
    let elsewhere = alice.create_experiment("elsewhere", "s3://bucket/folder", &[]).await.unwrap();
    let away = alice.run_in(elsewhere).await;
    let found = alice.compare_files(&[away, one]).await.unwrap();
    assert_eq!((found.runs.len(), found.lines.len()), (2, 1), "what lies elsewhere has no files here");
    let stranger = world.user("stranger").await.on(&world.closed().await);
    assert!(stranger.environments(&[one, two]).await.unwrap().runs.is_empty());
    assert!(stranger.compare_files(&[one, two]).await.unwrap().lines.is_empty());
    let place = FilePlace { root: ArtifactRoot::Run(experiment, one), path: "requirements.txt".to_owned() };
    check_code(stranger.compare_texts(&place, &place).await, Code::ResourceDoesNotExist);
}
