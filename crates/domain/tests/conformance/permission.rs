//! Who may do what. What somebody may not see answers, to the letter, as what isn't there.

use crate::world::*;
use Permission::{Edit, Manage, NoPermissions, Read, Use};
use domain::{run::SearchRuns, trace::TracesToDelete};
use model::{
    TraceId,
    console::LogPart,
    curve::{Along, CurveRequest},
    experiment::ViewType,
    logged_model::{ModelStatus, NewModel},
    page::{ArtifactRoot, RunsQuery},
    permission::Subject,
    registry::NewVersion,
    run::{ModelOutput, RunUpdate},
};

on_both_databases! {
    every_use_case_asks_for_its_level,
    without_a_level_the_default_counts,
    no_list_shows_the_invisible,
    what_one_may_not_see_one_cannot_link_to,
    who_creates_may_manage,
    a_level_can_be_changed_and_taken,
    what_lies_beside_the_experiments_is_for_admins,
    what_somebody_holds_is_listed,
    both_kinds_are_permitted_alike,
}

/// One of each thing.
pub struct Things {
    pub experiment: ExperimentId,
    name: String,
    pub run: RunId,
    model: ModelId,
    trace: TraceId,
    pub registered: String,
    /// Whom its manager gives a level.
    pub friend: String,
}

impl Things {
    /// Made by their owner, so that every use case has something to work on.
    pub async fn made_by(owner: &User, name: &str) -> Things {
        let experiment = owner.create_experiment(name, "", &[tag("a", "1")]).await.unwrap();
        let run = owner.run_in(experiment).await;
        owner.logs(run, batch().metric("loss", 1, 0.5).param("lr", "0.1").tag("a", "1")).await;
        let model = owner.model_in(experiment, "model").await.id;
        owner.set_model_tags(model, &[tag("a", "1")]).await.unwrap();
        owner.uploads(&format!("{experiment}/{run}/artifacts/a.txt"), b"hello").await;
        owner.create_registered_model(name, &[], "").await.unwrap();
        owner.create_version(of_model(name, model)).await.unwrap();
        owner.set_alias(name, "champion", 1).await.unwrap();
        let trace = owner.begin_trace(experiment, 1, vec![], vec![]).await.unwrap().id;
        Things {
            experiment,
            name: name.to_owned(),
            run,
            model,
            trace,
            registered: name.to_owned(),
            friend: owner.name().to_owned(),
        }
    }

    /// None of them is there.
    fn missing(friend: &str) -> Things {
        Things {
            experiment: no_experiment(),
            name: "missing".to_owned(),
            run: no_run(),
            model: no_model(),
            trace: TraceId(no_run().0),
            registered: "missing".to_owned(),
            friend: friend.to_owned(),
        }
    }

    /// A message without what tells these things from others.
    fn anonymous(&self, mut problem: Problem) -> Problem {
        problem.message = problem
            .message
            .replace(&self.trace.to_string(), "TRACE")
            .replace(&self.run.to_string(), "RUN")
            .replace(&self.model.to_string(), "MODEL")
            .replace(&format!("id={} ", self.experiment), "id=EXPERIMENT ")
            .replace(&format!("'{}/", self.experiment), "'EXPERIMENT/")
            .replace(&self.name, "NAME");
        problem
    }
}

fn of_model(name: &str, model: ModelId) -> NewVersion {
    NewVersion { model: Some(model), ..new_version(name, &format!("models:/{model}")) }
}

/// A use case, the level that it asks for, and how it went.
pub type Attempt = (&'static str, Permission, Result<(), Problem>);

/// Everything that can be done to things, in an order in which all of it works.
pub async fn attempts(user: &User, on: &Things) -> Vec<Attempt> {
    macro_rules! attempts {
        ($($needed:ident $use_case:ident($($argument:expr),* $(,)?);)*) => {
            vec![$((
                stringify!($use_case),
                $needed,
                user.$use_case($($argument),*).await.map(drop).map_err(|error| on.anonymous(error.into())),
            )),*]
        };
    }
    let (root, friend) = (ArtifactRoot::Run(on.experiment, on.run), on.friend.as_str());
    let model_root = ArtifactRoot::Model(on.experiment, on.model);
    let file = format!("{}/{}/artifacts/a.txt", on.experiment, on.run);
    let (name, renamed, again) =
        (on.registered.as_str(), format!("{} registered", on.name), format!("{} again", on.name));
    let note = tag("b", "2");
    attempts! {
        Read get_experiment(on.experiment);
        Read get_experiment_by_name(&on.name);
        Read experiment_head(on.experiment);
        Read list_runs(on.experiment, &RunsQuery::default());
        Edit rename_experiment(on.experiment, &again);
        Edit set_experiment_tag(on.experiment, &note);
        Edit delete_experiment_tag(on.experiment, "a");
        Edit create_run(new_run(on.experiment));
        Edit create_model(new_model(on.experiment, "model"));
        Manage grant_experiment(on.experiment, friend, Manage);
        Manage grant_experiment(on.experiment, Subject::Everyone, Read);
        Manage ungrant_experiment(on.experiment, Subject::Everyone);
        Manage experiment_permissions(on.experiment);
        Manage explain_experiment(on.experiment, friend);

        Read get_run(on.run);
        Read run_page(on.run);
        Read run_lineage(on.run);
        Read logged_images(on.run);
        Read run_artifact_uri(on.run);
        Read metric_history(on.run, "loss", None, "");
        Edit log(on.run, batch().metric("loss", 2, 1.0).0);
        Edit update_run(on.run, &RunUpdate::default());
        Edit delete_run_tag(on.run, "a");
        Edit log_inputs(on.run, &[], &[on.model]);
        Edit log_outputs(on.run, &[ModelOutput { model: on.model, step: 1 }]);
        Manage delete_run(on.run);
        Manage restore_run(on.run);

        Read list_artifacts(&file);
        Read read_artifact(&file, None);
        Read artifact_path(root, "a.txt");
        Read artifact_entries(root, "");
        Read artifact_text(root, "a.txt");
        Read artifact_entries(model_root, "");
        Read run_logs(on.run);
        Read read_log(on.run, "a.txt", LogPart::Last);
        Edit write_artifact(&file, stream_of(b"changed"));
        Manage delete_artifact(&file);

        Read get_registered_model(name);
        Read get_latest_versions(name, &[]);
        Read get_version(name, 1);
        Read download_uri(name, 1);
        Read version_file_path(name, 1, "a.txt");
        Read get_version_by_alias(name, "champion");
        Edit update_registered_model(name, "about");
        Edit set_registered_model_tag(name, &note);
        Edit delete_registered_model_tag(name, "b");
        Edit create_version(of_model(name, on.model));
        Edit update_version(name, 1, "about");
        Edit set_version_tag(name, 1, &note);
        Edit delete_version_tag(name, 1, "b");
        Edit transition_stage(name, 1, "Staging", false);
        Edit set_alias(name, "best", 1);
        Edit delete_alias(name, "best");
        Manage grant_registered_model(name, friend, Manage);
        Manage grant_registered_model(name, Subject::Everyone, Read);
        Manage ungrant_registered_model(name, Subject::Everyone);
        Manage registered_model_permissions(name);
        Manage explain_registered_model(name, friend);
        Manage delete_version(name, 1);
        Edit rename_registered_model(name, &renamed);
        Manage delete_registered_model(if user.get_registered_model(&renamed).await.is_ok() { &renamed } else { name });

        Read get_model(on.model, true);
        Edit finalize_model(on.model, ModelStatus::Ready);
        Edit set_model_tags(on.model, std::slice::from_ref(&note));
        Edit delete_model_tag(on.model, "b");
        Edit log_model_params(on.model, vec![tag("c", "3")]);
        Manage delete_model(on.model);

        Read get_trace_info(on.trace);
        Read get_trace(on.trace, true);
        Read trace_file_path(on.trace, "traces.json");
        Edit set_trace_tag(on.trace, note.clone());
        Edit delete_trace_tag(on.trace, "b");
        Manage delete_traces(on.experiment, &TracesToDelete::These(vec![on.trace]), None);

        Manage delete_experiment(on.experiment);
        Manage restore_experiment(on.experiment);
    }
}

/// What somebody with this level may and may not do, use case by use case.
pub async fn check_level(user: &User, level: Permission, things: &Things) {
    let whose = if user.caller().limits().is_some() { "the token of " } else { "" };
    let missing = attempts(user, &Things::missing(&things.friend)).await;
    for ((use_case, needed, outcome), (_, _, of_missing)) in
        attempts(user, things).await.into_iter().zip(missing)
    {
        let what = format!("{use_case} with {level}");
        assert_eq!(of_missing.as_ref().unwrap_err().code, Code::ResourceDoesNotExist, "{what}");
        if level < Read {
            assert_eq!(outcome, of_missing, "{what}");
        } else if level < needed {
            let name = user.name();
            let message = format!("Permission denied: this needs {needed}, and {whose}{name} has {level}.");
            assert_eq!(outcome, Err(Problem::new(Code::PermissionDenied, message)), "{what}");
        } else {
            assert_eq!(outcome, Ok(()), "{what}");
        }
    }
}

async fn every_use_case_asks_for_its_level(world: &World) {
    let alice = world.user("alice").await;
    let closed = world.closed().await;
    for level in Permission::ALL {
        let bob = world.user(&format!("bob with {level}")).await;
        // What the default says must not matter to whom a level was given.
        for (default, bob) in [("open", bob.clone()), ("closed", bob.on(&closed))] {
            let things = Things::made_by(&alice, &format!("{level} {default}")).await;
            alice.grant_experiment(things.experiment, bob.name(), level).await.unwrap();
            alice.grant_registered_model(&things.registered, bob.name(), level).await.unwrap();
            check_level(&bob, level, &things).await;
        }
    }
    closed.close().await;
}

async fn without_a_level_the_default_counts(world: &World) {
    let (alice, bob, root) = (world.user("alice").await, world.user("bob").await, world.admin("root").await);
    let closed = world.closed().await;
    check_level(&bob, Read, &Things::made_by(&alice, "open").await).await;
    check_level(&bob.on(&closed), NoPermissions, &Things::made_by(&alice, "closed").await).await;
    check_level(&root.on(&closed), Manage, &Things::made_by(&alice, "of root").await).await;
    check_level(&world.local().on(&closed), Manage, &Things::made_by(&alice, "local").await).await;
    closed.close().await;
}

/// All that lists say of these experiments and runs, one run each, as names.
pub async fn lists(user: &User, experiments: &[ExperimentId], runs: &[RunId]) -> Vec<Vec<String>> {
    let found = user.search_experiments("name != 'Default'", &[], ViewType::All, 100, "").await.unwrap();
    let listed = user.list_experiments("").await.unwrap();
    let asked = SearchRuns {
        experiments,
        filter: "",
        view: ViewType::All,
        max_results: 100,
        order_by: &[],
        page_token: "",
    };
    let searched = user.search_runs(asked).await.unwrap();
    let ids: Vec<String> = runs.iter().map(ToString::to_string).collect();
    let compared = user.compare_runs(&ids).await.unwrap();
    assert_eq!(compared.runs.len() + compared.missing.len(), runs.len());
    let request = CurveRequest {
        runs: runs.to_vec(),
        keys: vec!["loss".to_owned()],
        along: Along::Step,
        window: None,
        buckets: 10,
    };
    let curves = user.curves(&request).await.unwrap();
    let asked = domain::logged_model::ModelSearch { experiments: experiments.to_vec(), ..Default::default() };
    let models = user.search_models(&asked).await.unwrap();
    let registered = user.search_registered_models("", 100, &[], "").await.unwrap();
    let versions = user.search_versions("", 100, &[], "").await.unwrap();
    let experiment_of =
        |run: RunId| experiments[runs.iter().position(|other| *other == run).unwrap()].to_string();
    let mut lists = vec![
        found.items.iter().map(|experiment| experiment.id.to_string()).collect::<Vec<_>>(),
        listed
            .iter()
            .filter(|row| row.experiment.id.0 != 0)
            .map(|row| row.experiment.id.to_string())
            .collect(),
        searched.items.iter().map(|run| run.info.experiment.to_string()).collect(),
        compared.runs.iter().map(|compared| compared.run.info.experiment.to_string()).collect(),
        curves.iter().map(|curve| experiment_of(curve.run)).collect(),
        models.items.iter().map(|model| model.experiment.to_string()).collect(),
        registered.items.into_iter().map(|model| model.name).collect(),
        versions.items.into_iter().map(|version| version.name).collect(),
    ];
    lists.iter_mut().for_each(|list| list.sort());
    lists
}

async fn no_list_shows_the_invisible(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let closed = world.closed().await;
    let hidden = Things::made_by(&alice, "hidden").await;
    let taken = Things::made_by(&alice, "taken away").await;
    let shown = Things::made_by(&alice, "shown").await;
    for (things, level) in [(&taken, NoPermissions), (&shown, Read)] {
        alice.grant_experiment(things.experiment, "bob", level).await.unwrap();
        alice.grant_registered_model(&things.registered, "bob", level).await.unwrap();
    }
    let experiments = [hidden.experiment, taken.experiment, shown.experiment];
    let runs = [hidden.run, taken.run, shown.run];
    let expected = |things: &[&Things]| {
        let mut ids: Vec<String> = things.iter().map(|things| things.experiment.to_string()).collect();
        let mut names: Vec<String> = things.iter().map(|things| things.registered.clone()).collect();
        ids.sort();
        names.sort();
        [vec![ids; 6], vec![names; 2]].concat()
    };
    let lists = async |user: User| lists(&user, &experiments, &runs).await;
    assert_eq!(lists(bob.on(&closed)).await, expected(&[&shown]));
    assert_eq!(lists(bob).await, expected(&[&hidden, &shown]), "by default bob may READ");
    assert_eq!(lists(alice.on(&closed)).await, expected(&[&hidden, &taken, &shown]));
    assert_eq!(lists(world.local().on(&closed)).await, expected(&[&hidden, &taken, &shown]));

    // Pages are cut after the invisible has been left out.
    let bob = world.user("bob the second").await.on(&closed);
    alice.grant_experiment(hidden.experiment, bob.name(), Read).await.unwrap();
    alice.grant_experiment(shown.experiment, bob.name(), Read).await.unwrap();
    let first = bob.search_experiments("", &[], ViewType::All, 1, "").await.unwrap();
    let second = bob.search_experiments("", &[], ViewType::All, 1, &first.next.unwrap()).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next), (1, 1, None));
    closed.close().await;
}

async fn what_one_may_not_see_one_cannot_link_to(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let closed = world.closed().await;
    let (hidden, missing) = (Things::made_by(&alice, "hidden").await, Things::missing("alice"));
    let bob = bob.on(&closed);
    let own = Things::made_by(&bob, "own").await;
    let check = |hidden_outcome: Problem, missing_outcome: Problem| {
        assert_eq!(missing_outcome.code, Code::ResourceDoesNotExist);
        assert_eq!(hidden.anonymous(hidden_outcome), missing.anonymous(missing_outcome));
    };
    let input = async |model| problem(bob.log_inputs(own.run, &[], &[model]).await);
    check(input(hidden.model).await, input(missing.model).await);
    let output = async |model| problem(bob.log_outputs(own.run, &[ModelOutput { model, step: 0 }]).await);
    check(output(hidden.model).await, output(missing.model).await);
    let source = async |run| {
        let new = NewModel { source_run: Some(run), ..new_model(own.experiment, "model") };
        problem(bob.create_model(new).await)
    };
    check(source(hidden.run).await, source(missing.run).await);
    let version = async |model| problem(bob.create_version(of_model("own", model)).await);
    check(version(hidden.model).await, version(missing.model).await);

    // A link that was made while it could be seen shows nothing afterwards.
    alice.grant_experiment(hidden.experiment, "bob", Read).await.unwrap();
    bob.log_outputs(own.run, &[ModelOutput { model: hidden.model, step: 0 }]).await.unwrap();
    assert_eq!(bob.run_page(own.run).await.unwrap().models.len(), 1);
    alice.grant_experiment(hidden.experiment, "bob", NoPermissions).await.unwrap();
    assert_eq!(bob.run_page(own.run).await.unwrap().models, []);
    closed.close().await;
}

async fn who_creates_may_manage(world: &World) {
    let closed = world.closed().await;
    let alice = world.user("alice").await.on(&closed);
    let things = Things::made_by(&alice, "own").await;
    assert_eq!(alice.experiment_head(things.experiment).await.unwrap().permission, Manage);
    check_level(&alice, Manage, &things).await;
    closed.close().await;
}

async fn a_level_can_be_changed_and_taken(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = alice.experiment("vision").await;
    for level in [Edit, Manage, Use, Read, Edit] {
        alice.grant_experiment(experiment, "bob", level).await.unwrap();
        assert_eq!(bob.experiment_head(experiment).await.unwrap().permission, level);
    }
    alice.grant_experiment(experiment, "bob", NoPermissions).await.unwrap();
    check_code(bob.experiment_head(experiment).await, Code::ResourceDoesNotExist);
    let outcome = alice.grant_experiment(experiment, "nobody", Read).await;
    check_refused(outcome, Code::ResourceDoesNotExist, "User with username=nobody not found");
}

async fn what_lies_beside_the_experiments_is_for_admins(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    root.uploads("shared/a.txt", b"hello").await;
    assert_eq!(root.downloads("shared/a.txt").await.unwrap(), b"hello");
    for path in ["shared/a.txt", "missing/a.txt", "shared", ""] {
        let message = "No such artifact.";
        check_refused(alice.downloads(path).await, Code::ResourceDoesNotExist, message);
        check_refused(alice.list_artifacts(path).await, Code::ResourceDoesNotExist, message);
        check_refused(alice.write_artifact(path, stream_of(b"x")).await, Code::ResourceDoesNotExist, message);
        check_refused(alice.delete_artifact(path).await, Code::ResourceDoesNotExist, message);
    }
}

async fn what_somebody_holds_is_listed(world: &World) {
    use model::permission::{Held, Resource};
    let (alice, bob, root) = (world.user("alice").await, world.user("bob").await, world.admin("root").await);
    let (mine, shared) = (alice.experiment("mine").await, alice.experiment("shared").await);
    alice.create_registered_model("detector", &[], "").await.unwrap();
    let vision = root.create_group("vision").await.unwrap().id;
    root.add_to_group("vision", "bob").await.unwrap();
    alice.grant_experiment(shared, Subject::Group("vision".to_owned()), Edit).await.unwrap();
    alice.grant_experiment(mine, "bob", NoPermissions).await.unwrap();
    alice.grant_registered_model("detector", "bob", Use).await.unwrap();
    let held = |of: &Resource, group: Option<&str>, level| Held {
        of: of.clone(),
        group: group.map(|name| (name.to_owned(), vision)),
        level,
    };
    let (mine, shared) = (Resource::Experiment(mine), Resource::Experiment(shared));
    let detector = Resource::Registered("detector".to_owned());
    let expected =
        [held(&mine, None, NoPermissions), held(&shared, Some("vision"), Edit), held(&detector, None, Use)];
    for asking in [&bob, &root] {
        assert_eq!(asking.held_permissions("bob").await.unwrap(), expected);
    }
    check_code(alice.held_permissions("bob").await, Code::PermissionDenied);
    check_code(root.held_permissions("nobody").await, Code::ResourceDoesNotExist);
    for (of, level) in [(&mine, NoPermissions), (&shared, Edit), (&detector, Use)] {
        assert_eq!(bob.own_level(of).await.unwrap(), level);
        assert_eq!(root.own_level(of).await.unwrap(), Manage);
    }
    for gone in [Resource::Experiment(ExperimentId(999)), Resource::Registered("none".to_owned())] {
        assert_eq!(bob.own_level(&gone).await.unwrap(), NoPermissions);
    }
}

async fn both_kinds_are_permitted_alike(world: &World) {
    use model::permission::Resource;
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = Resource::Experiment(alice.experiment("vision").await);
    alice.create_registered_model("detector", &[], "").await.unwrap();
    for of in [experiment, Resource::Registered("detector".to_owned())] {
        check_code(bob.grant(&of, "bob", Manage).await, Code::PermissionDenied);
        alice.grant(&of, "bob", Edit).await.unwrap();
        assert_eq!(bob.own_level(&of).await.unwrap(), Edit);
        assert_eq!(alice.explain(&of, "bob").await.unwrap().level, Edit);
        let given: Vec<String> = alice
            .permissions(&of)
            .await
            .unwrap()
            .iter()
            .map(|given| format!("{} {}", given.to, given.level))
            .collect();
        assert_eq!(given, ["user alice MANAGE", "user bob EDIT"]);
        alice.ungrant(&of, "bob").await.unwrap();
        assert_eq!(bob.own_level(&of).await.unwrap(), Read, "the default");
    }
}
