//! Datasets and models that a run used and made.

use crate::world::*;
use model::run::{Dataset, DatasetInput, DatasetSummary, ModelOutput};

on_both_databases! {
    a_dataset_comes_back_as_it_was_logged,
    the_first_link_of_a_dataset_stays,
    a_dataset_is_known_within_its_experiment,
    datasets_have_limits,
    models_are_inputs_and_outputs,
    a_bad_input_links_nothing,
    datasets_are_found_with_what_they_were_used_for,
    a_search_for_datasets_has_limits,
}

fn dataset(name: &str, digest: &str) -> Dataset {
    Dataset {
        name: name.to_owned(),
        digest: digest.to_owned(),
        source_type: "local".to_owned(),
        source: "{\"uri\": \"data.csv\"}".to_owned(),
        schema: Some("{}".to_owned()),
        profile: None,
    }
}

fn input(name: &str, digest: &str, context: &str) -> DatasetInput {
    DatasetInput { dataset: dataset(name, digest), tags: vec![tag("mlflow.data.context", context)] }
}

async fn a_dataset_comes_back_as_it_was_logged(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let logged = [
        input("mnist", "1", "train"),
        DatasetInput {
            dataset: Dataset { schema: None, profile: Some("{}".to_owned()), ..dataset("日本", "2") },
            tags: vec![],
        },
        DatasetInput { dataset: dataset("mnist", "3"), tags: vec![tag("a", "1"), tag("b", "2")] },
    ];
    alice.log_inputs(run, &logged, &[]).await.unwrap();
    assert_eq!(alice.sees(run).await.datasets, logged);
}

async fn the_first_link_of_a_dataset_stays(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (first, second) = (alice.run_in(experiment).await, alice.run_in(experiment).await);
    alice
        .log_inputs(first, &[input("mnist", "1", "train"), input("mnist", "1", "twice")], &[])
        .await
        .unwrap();
    alice.log_inputs(first, &[input("mnist", "1", "test")], &[]).await.unwrap();
    let changed = DatasetInput {
        dataset: Dataset { source: "changed".to_owned(), ..dataset("mnist", "1") },
        tags: vec![tag("mlflow.data.context", "test")],
    };
    alice.log_inputs(second, &[changed], &[]).await.unwrap();
    assert_eq!(alice.sees(first).await.datasets, [input("mnist", "1", "train")]);
    assert_eq!(
        alice.sees(second).await.datasets,
        [input("mnist", "1", "test")],
        "its context, but the known dataset"
    );
}

async fn a_dataset_is_known_within_its_experiment(world: &World) {
    let alice = world.user("alice").await;
    for (experiment, source) in [("a", "here"), ("b", "there")] {
        let run = alice.run_in(alice.experiment(experiment).await).await;
        let logged = DatasetInput {
            dataset: Dataset { source: source.to_owned(), ..dataset("mnist", "1") },
            tags: vec![],
        };
        alice.log_inputs(run, std::slice::from_ref(&logged), &[]).await.unwrap();
        assert_eq!(alice.sees(run).await.datasets, [logged]);
    }
}

async fn datasets_have_limits(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let mut bad: Vec<DatasetInput> = vec![
        input(&"n".repeat(501), "1", "train"),
        input("mnist", &"d".repeat(37), "train"),
        input("mnist", "1", &"c".repeat(501)),
    ];
    bad.push(DatasetInput {
        dataset: Dataset { source: "s".repeat(65_536), ..dataset("mnist", "1") },
        tags: vec![],
    });
    bad.push(DatasetInput {
        dataset: Dataset { schema: Some("s".repeat(1_048_576)), ..dataset("mnist", "1") },
        tags: vec![],
    });
    for bad in bad {
        check_code(alice.log_inputs(run, &[bad], &[]).await, Code::InvalidParameterValue);
    }
    let many = vec![input("mnist", "1", "train"); 1001];
    let outcome = alice.log_inputs(run, &many, &[]).await;
    check_refused(
        outcome,
        Code::InvalidParameterValue,
        "A run takes at most 1000 datasets at once. Got 1001.",
    );
    assert_eq!(alice.sees(run).await.datasets, []);
    let largest = input(&"é".repeat(500), &"d".repeat(36), &"c".repeat(500));
    alice.log_inputs(run, std::slice::from_ref(&largest), &[]).await.unwrap();
    assert_eq!(alice.sees(run).await.datasets, [largest]);
}

async fn models_are_inputs_and_outputs(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let (used, made) =
        (alice.model_in(experiment, "used").await.id, alice.model_in(experiment, "made").await.id);
    alice.log_inputs(run, &[], &[used]).await.unwrap();
    for step in [3, 5] {
        alice.log_outputs(run, &[ModelOutput { model: made, step }]).await.unwrap();
    }
    let stored = alice.sees(run).await;
    assert_eq!(stored.model_inputs, [used]);
    assert_eq!(stored.model_outputs, [ModelOutput { model: made, step: 5 }], "the last link counts");
    let names: Vec<String> =
        alice.run_page(run).await.unwrap().models.into_iter().map(|model| model.name).collect();
    assert_eq!(names, ["made"]);
    alice.delete_model(made).await.unwrap();
    assert_eq!(alice.run_page(run).await.unwrap().models, []);
}

async fn a_bad_input_links_nothing(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let model = alice.model_in(experiment, "resnet").await.id;
    let message = format!("Logged model with ID '{}' not found.", no_model());
    let outcome = alice.log_inputs(run, &[input("mnist", "1", "train")], &[model, no_model()]).await;
    check_refused(outcome, Code::ResourceDoesNotExist, &message);
    let outputs = [model, no_model()].map(|model| ModelOutput { model, step: 0 });
    check_refused(alice.log_outputs(run, &outputs).await, Code::ResourceDoesNotExist, &message);
    let nul = DatasetInput { dataset: dataset("mni\0st", "1"), tags: vec![] };
    check_code(
        alice.log_inputs(run, &[input("good", "1", "train"), nul], &[]).await,
        Code::InvalidParameterValue,
    );
    let stored = alice.sees(run).await;
    assert_eq!((stored.datasets.len(), stored.model_inputs.len(), stored.model_outputs.len()), (0, 0, 0));
}

/// What is found, as `name digest context`; of each experiment the place in the list.
async fn found(user: &User, experiments: &[ExperimentId]) -> Vec<String> {
    let place = |id: ExperimentId| experiments.iter().position(|other| *other == id).unwrap();
    let line = |DatasetSummary { experiment, name, digest, context }| {
        format!("{} {name} {digest} {}", place(experiment), context.as_deref().unwrap_or("-"))
    };
    user.search_datasets(experiments).await.unwrap().into_iter().map(line).collect()
}

async fn datasets_are_found_with_what_they_were_used_for(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let (vision, speech) = (alice.experiment("vision").await, alice.experiment("speech").await);
    let empty = alice.experiment("empty").await;
    let (first, second) = (alice.run_in(vision).await, alice.run_in(vision).await);
    let plain = DatasetInput { dataset: dataset("mnist", "1"), tags: vec![tag("a", "train")] };
    let both = [input("mnist", "1", "train"), input("mnist", "2", "test")];
    alice.log_inputs(first, &both, &[]).await.unwrap();
    alice.log_inputs(second, &both, &[]).await.unwrap();
    let third = alice.run_in(vision).await;
    alice.log_inputs(third, &[plain, input("cifar", "1", "train")], &[]).await.unwrap();
    let other = alice.run_in(speech).await;
    alice.log_inputs(other, &[input("mnist", "1", "train")], &[]).await.unwrap();
    // Whose runs are in the trash.
    alice.delete_run(second).await.unwrap();
    alice.delete_run(third).await.unwrap();

    let here = ["0 cifar 1 train", "0 mnist 1 -", "0 mnist 1 train", "0 mnist 2 test"];
    assert_eq!(found(&alice, &[vision, empty]).await, here);
    assert_eq!(found(&alice, &[vision, speech]).await, [&here[..], &["1 mnist 1 train"]].concat());
    assert_eq!(found(&alice, &[empty, no_experiment()]).await, [""; 0]);

    alice.grant_experiment(speech, "bob", Permission::NoPermissions).await.unwrap();
    assert_eq!(found(&bob, &[vision, speech]).await, here, "what bob may not read is passed over");
    assert_eq!(found(&bob, &[speech]).await, [""; 0]);
    let closed = world.closed().await;
    assert_eq!(found(&bob.on(&closed), &[vision, speech]).await, [""; 0], "bob was given nothing");
    assert_eq!(found(&alice.on(&closed), &[speech]).await, ["0 mnist 1 train"]);
}

async fn a_search_for_datasets_has_limits(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let check = async |count: usize, message: &str| {
        let outcome = alice.search_datasets(&vec![experiment; count]).await;
        check_refused(outcome, Code::InvalidParameterValue, message);
    };
    check(0, "SearchDatasets request must specify at least one experiment_id.").await;
    check(
        21,
        "SearchDatasets request cannot specify more than 20 experiment_ids. Received 21 experiment_ids.",
    )
    .await;
    for part in ["a", "b"] {
        let inputs: Vec<DatasetInput> =
            (0..501).map(|number| input(&format!("{part}{number:03}"), "1", "train")).collect();
        alice.log_inputs(alice.run_in(experiment).await, &inputs, &[]).await.unwrap();
    }
    let all = found(&alice, &[experiment; 20]).await;
    assert_eq!((all.len(), all[999].as_str()), (1000, "0 b498 1 train"), "the first thousand, each once");
}
