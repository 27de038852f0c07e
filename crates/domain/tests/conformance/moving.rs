//! Runs that are moved to another experiment: what belongs to them goes along, their files stay where they lie, and the permissions
//! of the experiment count where they are now.

use crate::world::*;
use Permission::{Edit, Manage, Read};
use domain::{
    Domain, News, Watched,
    share::{Key, Opened},
};
use futures::StreamExt as _;
use model::{
    audit::EventFilter,
    filter::RunField,
    logged_model::NewModel,
    page::{CHANGED_AT_ONCE, NESTED_ASKED, RunsChange},
    run::{Dataset, DatasetInput},
    share::{Audience, NewShare, Reach},
};
use std::time::{Duration, Instant};

on_both_databases! {
    what_a_run_logged_goes_along,
    the_permissions_where_it_is_now_count,
    they_count_in_every_process_within_a_second,
    its_files_are_asked_for_as_before,
    a_link_shows_the_files_of_a_moved_run,
    a_script_goes_on_logging_to_its_run,
    whoever_logs_meanwhile_leaves_nothing_behind,
    moved_there_and_back_it_is_as_before,
    what_may_not_be_moved_is_refused,
    several_runs_are_moved_one_by_one,
    nested_runs_are_found_at_any_depth,
    targets_are_where_one_may_write,
    who_watches_either_experiment_is_told,
    a_move_is_told_and_its_files_are_counted,
}

/// A run of Alice's with all that a run can have, two experiments, and a reader of each.
struct Work {
    domain: Domain,
    alice: User,
    /// May read the experiment that the run was made in.
    bob: User,
    /// May read the other one.
    carol: User,
    from: ExperimentId,
    to: ExperimentId,
    run: RunId,
    /// Made by the run.
    model: ModelId,
    /// Measured by the run, and made by nobody.
    measured: ModelId,
}

impl Work {
    async fn new(world: &World) -> Self {
        let domain = world.closed().await;
        let alice = world.user("alice").await.on(&domain);
        let (bob, carol) = (world.user("bob").await.on(&domain), world.user("carol").await.on(&domain));
        let (from, to) = (alice.experiment("old").await, alice.experiment("new").await);
        alice.grant_experiment(from, "bob", Read).await.unwrap();
        alice.grant_experiment(to, "carol", Read).await.unwrap();
        let run = alice.run_named(from, "baseline").await;
        let model = alice.create_model(made_by(run, from)).await.unwrap().id;
        let measured = alice.model_in(from, "measured").await.id;
        let at = point(1, 1000, 0.9);
        let logged = batch().metric("loss", 1, 0.5).param("lr", "0.1").tag("stage", "draft");
        alice.logs(run, logged.measured("acc", at, model, None).measured("acc", at, measured, None)).await;
        alice.log_inputs(run, &[input("mnist")], &[]).await.unwrap();
        let work = Self { domain, alice, bob, carol, from, to, run, model, measured };
        work.alice.uploads(&work.file(), b"hello").await;
        work.alice.uploads(&work.model_file(), b"flavors").await;
        work
    }

    async fn moves(&self) {
        self.alice.move_run(self.run, self.to).await.unwrap();
    }

    fn file(&self) -> String {
        format!("{}/{}/artifacts/a.txt", self.from, self.run)
    }

    fn model_file(&self) -> String {
        format!("{}/models/{}/artifacts/MLmodel", self.from, self.model)
    }

    /// Whether somebody sees the run and all that is its own, and this experiment has it.
    async fn check(&self, user: &User, sees: bool, experiment: ExperimentId) {
        let (run, name) = (self.run, user.name());
        let watched = Watched { runs: vec![run], ..Watched::default() };
        let expected = if sees { Ok(()) } else { Err(Code::ResourceDoesNotExist) };
        for (what, outcome) in [
            ("run", user.get_run(run).await.map(drop)),
            ("page", user.run_page(run).await.map(drop)),
            ("lineage", user.run_lineage(run).await.map(drop)),
            ("history", user.metric_history(run, "loss", None, "").await.map(drop)),
            ("where its files are", user.run_artifact_uri(run).await.map(drop)),
            ("file", user.downloads(&self.file()).await.map(drop)),
            ("files", user.list_artifacts(&format!("{}/{run}/artifacts", self.from)).await.map(drop)),
            ("folder", user.list_artifacts(&format!("{}/{run}", self.from)).await.map(drop)),
            ("other folder", user.list_artifacts(&format!("{}/{run}", self.to)).await.map(drop)),
            ("model", user.get_model(self.model, false).await.map(drop)),
            ("file of the model", user.downloads(&self.model_file()).await.map(drop)),
            ("news", user.watch(watched).await.map(drop)),
        ] {
            assert_eq!(outcome.map_err(|error| Problem::from(error).code), expected, "{name}: {what}");
        }
        let count = usize::from(sees);
        assert_eq!(user.curves(&chart(&[run], "loss")).await.unwrap().len(), count, "{name}");
        assert_eq!(user.compare_runs(&[run.to_string()]).await.unwrap().runs.len(), count, "{name}");
        assert_eq!(user.find_anything("baseline").await.unwrap().runs.len(), count, "{name}");
        assert_eq!(user.finds(experiment, "metrics.loss = 0.5").await.len(), count, "{name}");
    }
}

fn made_by(run: RunId, experiment: ExperimentId) -> NewModel {
    NewModel { source_run: Some(run), ..new_model(experiment, "model") }
}

fn input(name: &str) -> DatasetInput {
    let dataset = Dataset {
        name: name.to_owned(),
        digest: "1".to_owned(),
        source_type: "local".to_owned(),
        source: "{}".to_owned(),
        schema: None,
        profile: None,
    };
    DatasetInput { dataset, tags: vec![tag("mlflow.data.context", "train")] }
}

async fn what_a_run_logged_goes_along(world: &World) {
    let work = Work::new(world).await;
    let Work { alice, from, to, run, .. } = &work;
    let before = alice.sees(*run).await;
    let other = alice.run_in(*to).await;
    alice.log_inputs(other, &[input("mnist")], &[]).await.unwrap();
    work.moves().await;

    let mut expected = before.clone();
    expected.info.experiment = *to;
    assert_eq!(alice.sees(*run).await, expected);
    assert_eq!(expected.info.artifact_uri, format!("mlflow-artifacts:/{from}/{run}/artifacts"));
    for filter in ["metrics.loss < 1", "params.lr = '0.1'", "tags.stage = 'draft'", "run_name = 'baseline'"] {
        let found: Vec<RunId> = alice.finds(*to, filter).await.iter().map(|run| run.info.id).collect();
        assert_eq!(found, [*run], "{filter}");
        assert_eq!(alice.finds(*from, filter).await, [], "{filter}");
    }
    let keys = alice.find_keys(*from, "").await.unwrap();
    assert_eq!((keys.metrics, keys.params, keys.tags), (vec![], vec![], vec![]));
    let keys = alice.find_keys(*to, "").await.unwrap();
    assert!(keys.metrics.contains(&"loss".to_owned()) && keys.params == ["lr"], "{keys:?}");
    let field = RunField::Param("lr".to_owned());
    assert_eq!(alice.find_values(*from, &field, "").await.unwrap(), Vec::<String>::new());
    assert_eq!(alice.find_values(*to, &field, "").await.unwrap(), ["0.1"]);

    let model = alice.get_model(work.model, false).await.unwrap();
    assert_eq!((model.experiment, model.metrics.len()), (*to, 1));
    // Another model stays, and who sees it doesn't see what the run measured.
    let measured = alice.get_model(work.measured, false).await.unwrap();
    assert_eq!((measured.experiment, measured.metrics), (*from, vec![]));
    work.domain.close().await;
}

async fn the_permissions_where_it_is_now_count(world: &World) {
    let work = Work::new(world).await;
    // Twice: found out, then remembered.
    for _ in 0..2 {
        work.check(&work.bob, true, work.from).await;
        work.check(&work.carol, false, work.to).await;
    }
    work.moves().await;
    for _ in 0..2 {
        work.check(&work.bob, false, work.from).await;
        work.check(&work.carol, true, work.to).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let Work { alice, bob, carol, from, to, run, .. } = &work;
    alice.grant_experiment(*from, "bob", Manage).await.unwrap();
    check_code(bob.write_artifact(&work.file(), stream_of(b"x")).await, Code::ResourceDoesNotExist);
    check_code(bob.delete_artifact(&work.file()).await, Code::ResourceDoesNotExist);
    check_code(bob.delete_artifact(&work.model_file()).await, Code::ResourceDoesNotExist);
    for folder in [from.to_string(), format!("{from}/models")] {
        check_code(bob.delete_artifact(&folder).await, Code::InvalidParameterValue);
    }
    check_code(bob.log(*run, batch().tag("a", "1").0).await, Code::ResourceDoesNotExist);
    check_code(carol.write_artifact(&work.file(), stream_of(b"x")).await, Code::PermissionDenied);
    alice.grant_experiment(*to, "carol", Edit).await.unwrap();
    carol.uploads(&work.file(), b"changed").await;
    check_code(carol.delete_artifact(&work.file()).await, Code::PermissionDenied);
    assert_eq!(alice.downloads(&work.file()).await.unwrap(), b"changed");
    work.domain.close().await;
}

async fn they_count_in_every_process_within_a_second(world: &World) {
    let work = Work::new(world).await;
    let elsewhere = world.closed().await;
    let bob = work.bob.on(&elsewhere);
    for _ in 0..3 {
        bob.get_run(work.run).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    work.moves().await;
    let moved = Instant::now();
    loop {
        let after = moved.elapsed();
        if bob.downloads(&work.file()).await.is_err() && bob.get_run(work.run).await.is_err() {
            break;
        }
        assert!(after <= Duration::from_secs(1), "still seen after {after:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    elsewhere.close().await;
    work.domain.close().await;
}

async fn its_files_are_asked_for_as_before(world: &World) {
    let work = Work::new(world).await;
    work.moves().await;
    let Work { alice, from, to, run, .. } = &work;
    let root = model::page::ArtifactRoot::Run(*to, *run);
    assert_eq!(alice.artifact_path(root, "a.txt").await.unwrap(), work.file());
    assert_eq!(alice.artifact_entries(root, "").await.unwrap()[0].path, "a.txt");
    assert_eq!(alice.artifact_text(root, "a.txt").await.unwrap().text, "hello");
    // Nothing was copied.
    assert_eq!(alice.list_artifacts(&format!("{to}/{run}")).await.unwrap(), []);
    assert!(world.artifacts().join(work.file()).is_file());
    // What names no run is its experiment's.
    alice.uploads(&format!("{from}/traces/tr-1/artifacts/spans.json"), b"{}").await;
    work.bob.downloads(&format!("{from}/traces/tr-1/artifacts/spans.json")).await.unwrap();
    alice.uploads(&format!("{from}/{}/artifacts/b.txt", no_run()), b"of no run").await;
    work.bob.downloads(&format!("{from}/{}/artifacts/b.txt", no_run())).await.unwrap();
    alice.delete_artifact(&format!("{from}/{run}")).await.unwrap();
    check_code(alice.downloads(&work.file()).await, Code::ResourceDoesNotExist);
    work.domain.close().await;
}

async fn a_link_shows_the_files_of_a_moved_run(world: &World) {
    let work = Work::new(world).await;
    let new = NewShare {
        address: format!("/compare?runs={}", work.run),
        reach: Reach::Runs(vec![work.run]),
        title: "a run".to_owned(),
        audience: Audience::Anybody,
        password: String::new(),
        days: None,
        snapshot: None,
        with_files: true,
    };
    let of_alice = work.alice.create_share(new.clone()).await.unwrap().code;
    let of_bob = work.bob.create_share(new).await.unwrap().code;
    work.moves().await;
    let guest = async |code: &str| match work.domain.unchecked_open_share(code, Key::None).await.unwrap() {
        Opened::Shows { guest, .. } => User(work.domain.act(guest)),
        other => panic!("{other:?}"),
    };
    let shown = guest(of_alice.as_str()).await;
    let (files, _) = shown.list_shared_files(work.run).await.unwrap();
    assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a.txt"]);
    assert_eq!(shown.read_shared_file(work.run, "a.txt", None).await.unwrap().size, 5);
    check_code(
        shown.list_artifacts(&format!("{}/{}", work.from, work.run)).await,
        Code::ResourceDoesNotExist,
    );
    // Who made the other one may not see the run any more.
    let hidden = guest(of_bob.as_str()).await;
    check_code(hidden.get_run(work.run).await, Code::ResourceDoesNotExist);
    check_code(hidden.list_shared_files(work.run).await, Code::ResourceDoesNotExist);
    work.domain.close().await;
}

async fn a_script_goes_on_logging_to_its_run(world: &World) {
    let work = Work::new(world).await;
    work.moves().await;
    let Work { alice, from, to, run, .. } = &work;
    alice.logs(*run, batch().metric("loss", 2, 0.25).param("seed", "7").tag("stage", "done")).await;
    alice.uploads(&format!("{from}/{run}/artifacts/b.txt"), b"more").await;
    alice.log_inputs(*run, &[input("cifar")], &[]).await.unwrap();
    let seen = alice.sees(*run).await;
    assert_eq!((seen.datasets.len(), seen.tag("stage"), seen.params.len()), (2, Some("done"), 2));
    let filter = "metrics.loss = 0.25 and params.seed = '7' and tags.stage = 'done'";
    assert_eq!(alice.finds(*to, filter).await.len(), 1);
    // It names the experiment that it was launched in.
    let late = alice.create_model(made_by(*run, *from)).await.unwrap();
    assert_eq!(late.experiment, *to);
    alice.logs(*run, batch().measured("acc", point(2, 2000, 1.0), late.id, None)).await;
    assert_eq!(alice.get_model(late.id, false).await.unwrap().metrics.len(), 1);
    // Whoever means another experiment than that is taken at their word.
    let third = alice.experiment("third").await;
    assert_eq!(alice.create_model(made_by(*run, third)).await.unwrap().experiment, third);
    work.domain.close().await;
}

async fn whoever_logs_meanwhile_leaves_nothing_behind(world: &World) {
    let alice = world.user("alice").await;
    let (from, to) = (alice.experiment("old").await, alice.experiment("new").await);
    let run = alice.run_in(from).await;
    let log = async |worker: usize| {
        for turn in 0..40 {
            let key = format!("k{worker}_{turn}");
            let logged = batch().metric(&key, 1, 0.5).param(&key, "1").tag(&key, "1");
            alice.logs(run, logged).await;
            alice.log_inputs(run, &[input(&key)], &[]).await.unwrap();
        }
    };
    let moving = async {
        for turn in 0..21 {
            alice.move_run(run, if turn % 2 == 0 { to } else { from }).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    futures::future::join(futures::future::join_all((0..4).map(log)), moving).await;
    let seen = alice.sees(run).await;
    assert_eq!((seen.info.experiment, seen.metrics.len(), seen.datasets.len()), (to, 160, 160));
    let left = alice.find_keys(from, "").await.unwrap();
    assert_eq!((left.metrics, left.params, left.tags), (vec![], vec![], vec![]));
    let filter = "metrics.k3_39 = 0.5 and params.k0_0 = '1' and tags.k2_17 = '1'";
    assert_eq!(alice.finds(to, filter).await.len(), 1);
}

async fn moved_there_and_back_it_is_as_before(world: &World) {
    let work = Work::new(world).await;
    let Work { alice, from, run, .. } = &work;
    let before = (alice.sees(*run).await, alice.get_model(work.measured, false).await.unwrap());
    work.moves().await;
    alice.move_run(*run, *from).await.unwrap();
    assert_eq!((alice.sees(*run).await, alice.get_model(work.measured, false).await.unwrap()), before);
    work.check(&work.bob, true, work.from).await;
    work.check(&work.carol, false, work.to).await;
    work.domain.close().await;
}

async fn what_may_not_be_moved_is_refused(world: &World) {
    let work = Work::new(world).await;
    let Work { alice, bob, from, to, run, .. } = &work;
    let own = bob.experiment("his").await;
    check_code(bob.move_run(*run, own).await, Code::PermissionDenied);
    alice.grant_experiment(*from, "bob", Edit).await.unwrap();
    // Others lose sight of it, as when it is deleted.
    check_code(bob.move_run(*run, own).await, Code::PermissionDenied);
    alice.grant_experiment(*from, "bob", Manage).await.unwrap();
    check_code(bob.move_run(*run, *to).await, Code::ResourceDoesNotExist);
    alice.grant_experiment(*to, "bob", Read).await.unwrap();
    check_code(bob.move_run(*run, *to).await, Code::PermissionDenied);
    check_code(bob.move_run(no_run(), own).await, Code::ResourceDoesNotExist);
    let there = "The run is in this experiment already.";
    check_refused(alice.move_run(*run, *from).await, Code::InvalidParameterValue, there);
    let deleted = alice.experiment("deleted").await;
    alice.delete_experiment(deleted).await.unwrap();
    check_code(alice.move_run(*run, deleted).await, Code::InvalidParameterValue);
    alice.delete_run(*run).await.unwrap();
    let trash = "The run is in the trash. Restore it first.";
    check_refused(alice.move_run(*run, *to).await, Code::InvalidParameterValue, trash);
    alice.restore_run(*run).await.unwrap();
    assert_eq!(alice.sees(*run).await.info.experiment, *from);
    alice.grant_experiment(*to, "bob", Edit).await.unwrap();
    bob.move_run(*run, *to).await.unwrap();
    work.domain.close().await;
}

async fn several_runs_are_moved_one_by_one(world: &World) {
    let work = Work::new(world).await;
    let Work { alice, from, to, run, .. } = &work;
    let (other, trash) = (alice.run_in(*from).await, alice.run_in(*from).await);
    alice.delete_run(trash).await.unwrap();
    let runs = [*run, trash, no_run(), other];
    let done = alice.change_runs(&runs, &RunsChange::MoveTo(*to)).await.unwrap();
    let refused: Vec<_> = done.refused.iter().map(|(run, problem)| (*run, problem.code)).collect();
    let expected = [(trash, Code::InvalidParameterValue), (no_run(), Code::ResourceDoesNotExist)];
    assert_eq!((done.changed, refused.as_slice()), (2, expected.as_slice()));
    assert_eq!(alice.finds(*to, "").await.len(), 2);
    let many = vec![*run; CHANGED_AT_ONCE + 1];
    check_code(alice.change_runs(&many, &RunsChange::MoveTo(*from)).await, Code::InvalidParameterValue);
    work.domain.close().await;
}

async fn nested_in(user: &User, runs: &[RunId]) -> Vec<RunId> {
    let mut found = user.nested_runs(runs).await.unwrap();
    found.sort();
    found
}

async fn nested_runs_are_found_at_any_depth(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (sweep, other) = (alice.experiment("sweep").await, alice.experiment("other").await);
    let nested = async |experiment: ExperimentId, parent: RunId| {
        let run = alice.run_in(experiment).await;
        alice.logs(run, batch().tag("mlflow.parentRunId", &parent.to_string())).await;
        run
    };
    let top = alice.run_in(sweep).await;
    let (first, second) = (nested(sweep, top).await, nested(sweep, top).await);
    let deep = nested(sweep, first).await;
    nested(other, top).await;
    let gone = nested(sweep, top).await;
    alice.delete_run(gone).await.unwrap();
    // A circle has an end.
    alice.logs(top, batch().tag("mlflow.parentRunId", &deep.to_string())).await;
    let sorted = |mut runs: Vec<RunId>| {
        runs.sort();
        runs
    };
    assert_eq!(nested_in(&alice, &[top]).await, sorted(vec![first, second, deep]));
    assert_eq!(nested_in(&alice, &[top, first]).await, sorted(vec![second, deep]));
    assert_eq!(nested_in(&alice, &[second]).await, []);
    assert_eq!(nested_in(&bob, &[top]).await, [], "he may see none of them");
    let many = vec![top; NESTED_ASKED + 1];
    check_code(alice.nested_runs(&many).await, Code::InvalidParameterValue);
    closed.close().await;
}

async fn targets_are_where_one_may_write(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    for (name, level) in [("read churn", Read), ("edit churn", Edit), ("manage vision", Manage)] {
        let experiment = alice.experiment(name).await;
        alice.grant_experiment(experiment, "bob", level).await.unwrap();
    }
    alice.experiment("hidden churn").await;
    let gone = bob.experiment("deleted churn").await;
    bob.delete_experiment(gone).await.unwrap();
    let found = async |text: &str| {
        let found = bob.find_targets(text).await.unwrap();
        let mut found: Vec<_> = found.into_iter().map(|target| (target.name, target.and_back)).collect();
        found.sort();
        found
    };
    let (edit, manage) = (("edit churn".to_owned(), false), ("manage vision".to_owned(), true));
    assert_eq!(found("").await, [edit.clone(), manage.clone()]);
    assert_eq!(found(" CHURN").await, [edit]);
    assert_eq!(found("nothing").await, []);
    check_code(bob.find_targets(&"x".repeat(201)).await, Code::InvalidParameterValue);
    closed.close().await;
}

async fn who_watches_either_experiment_is_told(world: &World) {
    let work = Work::new(world).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let of = |experiment: ExperimentId| Watched { experiments: vec![experiment], ..Watched::default() };
    let mut bobs = Box::pin(work.bob.watch(of(work.from)).await.unwrap());
    let mut carols = Box::pin(work.carol.watch(of(work.to)).await.unwrap());
    work.moves().await;
    assert_eq!(bobs.next().await, Some(News::Changed(vec![(work.from, Some(work.run))])));
    assert_eq!(carols.next().await, Some(News::Changed(vec![(work.to, Some(work.run))])));
    work.alice.logs(work.run, batch().metric("loss", 3, 0.1)).await;
    assert_eq!(carols.next().await, Some(News::Changed(vec![(work.to, Some(work.run))])));
    let more = tokio::time::timeout(Duration::from_millis(1500), bobs.next()).await;
    assert!(more.is_err(), "he is told of what he may not see: {more:?}");
    work.domain.close().await;
}

async fn a_move_is_told_and_its_files_are_counted(world: &World) {
    let work = Work::new(world).await;
    work.moves().await;
    let Work { from, to, run, model, .. } = &work;
    let filter = EventFilter { action: "run.move".to_owned(), ..EventFilter::default() };
    let told = world.local().list_events(&filter, "").await.unwrap().items;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].actor.as_str(), told[0].object.as_str()), ("alice", run.to_string().as_str()));
    let detail: serde_json::Value = serde_json::from_str(&told[0].detail).unwrap();
    assert_eq!(detail, serde_json::json!({ "from": from, "to": to, "models": [model.to_string()] }));
    let used = world.local().storage_use().await.unwrap();
    let of = |id: ExperimentId| used.experiments.iter().find(|one| one.id == id).unwrap().used;
    assert_eq!((of(*to).runs, of(*to).files, of(*to).file_bytes), (1, 1, 5));
    assert_eq!(of(*from).runs, 0);
    work.domain.close().await;
}
