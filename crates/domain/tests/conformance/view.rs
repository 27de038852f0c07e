//! Saved views, and what is done on pages to several runs or an experiment at once.

use crate::world::*;
use model::{
    Permission::{Edit, Read},
    experiment::Lifecycle,
    page::{ExperimentChange, RunsChange, RunsQuery},
    view::NewView,
};

on_both_databases! {
    a_view_is_kept_under_its_name,
    shared_views_are_for_all_who_may_read,
    an_experiment_opens_with_one_view,
    views_have_limits,
    several_runs_are_changed_one_by_one,
    what_is_refused_for_one_run_is_done_to_the_others,
    all_that_match_are_named,
    an_experiment_is_changed,
}

fn view(name: &str) -> NewView {
    NewView { name: name.to_owned(), state: "columns=user".to_owned(), shared: false, opens: false }
}

/// The names that somebody sees, own ones with a star.
async fn names(user: &User, experiment: ExperimentId) -> Vec<String> {
    let views = user.list_views(experiment).await.unwrap();
    views.into_iter().map(|view| format!("{}{}", view.name, if view.is_own { "*" } else { "" })).collect()
}

async fn a_view_is_kept_under_its_name(world: &World) {
    let alice = world.user("alice").await;
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    let saved = alice.save_view(vision, view(" best ")).await.unwrap();
    assert_eq!((saved.name.as_str(), saved.state.as_str(), saved.is_own), ("best", "columns=user", true));
    let other = NewView { state: "?filter=x".to_owned(), ..view("best") };
    let saved = alice.save_view(vision, other).await.unwrap();
    alice.save_view(vision, view("all")).await.unwrap();
    alice.save_view(sound, view("best")).await.unwrap();
    let views = alice.list_views(vision).await.unwrap();
    assert_eq!(names(&alice, vision).await, ["all*", "best*"]);
    assert_eq!(views[1], saved, "the later one took the earlier one's place");
    assert_eq!(views[1].state, "filter=x");
    alice.delete_view(vision, saved.id).await.unwrap();
    check_code(alice.delete_view(vision, saved.id).await, Code::ResourceDoesNotExist);
    assert_eq!(names(&alice, vision).await, ["all*"]);
    assert_eq!(names(&alice, sound).await, ["best*"]);
}

async fn shared_views_are_for_all_who_may_read(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let experiment = alice.experiment("vision").await;
    let shared = |name: &str| NewView { shared: true, ..view(name) };
    alice.save_view(experiment, view("hers")).await.unwrap();
    let ours = alice.save_view(experiment, shared("ours")).await.unwrap();
    check_code(bob.list_views(experiment).await, Code::ResourceDoesNotExist);
    check_code(bob.save_view(experiment, view("his")).await, Code::ResourceDoesNotExist);
    check_code(bob.delete_view(experiment, ours.id).await, Code::ResourceDoesNotExist);
    alice.grant_experiment(experiment, "bob", Read).await.unwrap();
    bob.save_view(experiment, view("his")).await.unwrap();
    assert_eq!(names(&bob, experiment).await, ["his*", "ours"]);
    assert_eq!(names(&alice, experiment).await, ["hers*", "ours*"]);
    check_code(bob.save_view(experiment, shared("for all")).await, Code::PermissionDenied);
    check_code(bob.delete_view(experiment, ours.id).await, Code::PermissionDenied);
    alice.grant_experiment(experiment, "bob", Edit).await.unwrap();
    // His own of the same name is another one.
    bob.save_view(experiment, shared("ours")).await.unwrap();
    assert_eq!(names(&bob, experiment).await, ["his*", "ours", "ours*"]);
    bob.delete_view(experiment, ours.id).await.unwrap();
    assert_eq!(names(&alice, experiment).await, ["hers*", "ours"]);
}

async fn an_experiment_opens_with_one_view(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let opening = |name: &str| NewView { shared: true, opens: true, ..view(name) };
    alice.save_view(experiment, opening("first")).await.unwrap();
    alice.save_view(experiment, opening("second")).await.unwrap();
    let views = alice.list_views(experiment).await.unwrap();
    let opens: Vec<_> = views.iter().map(|view| (view.name.as_str(), view.opens)).collect();
    assert_eq!(opens, [("first", false), ("second", true)]);
    let head = alice.experiment_head(experiment).await.unwrap();
    assert_eq!(head.opens_with.as_deref(), Some("columns=user"));
    let personal = NewView { opens: true, ..view("mine") };
    check_refused(
        alice.save_view(experiment, personal).await,
        Code::InvalidParameterValue,
        "An experiment opens with a view that is shared.",
    );
}

async fn views_have_limits(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let long = "x".repeat(101);
    for bad in ["", "  ", long.as_str()] {
        check_code(alice.save_view(experiment, view(bad)).await, Code::InvalidParameterValue);
    }
    let large = NewView { state: "x".repeat((16 << 10) + 1), ..view("large") };
    check_code(alice.save_view(experiment, large).await, Code::InvalidParameterValue);
    for bad in ["a\nb", "größe", "a b"] {
        let odd = NewView { state: bad.to_owned(), ..view("odd") };
        check_code(alice.save_view(experiment, odd).await, Code::InvalidParameterValue);
    }
    for number in 0..100 {
        alice.save_view(experiment, view(&format!("v{number}"))).await.unwrap();
    }
    check_code(alice.save_view(experiment, view("one more")).await, Code::InvalidParameterValue);
    alice.save_view(experiment, view("v7")).await.unwrap();
}

async fn several_runs_are_changed_one_by_one(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let runs = [alice.run_in(experiment).await, alice.run_in(experiment).await];
    let change = async |change: RunsChange| {
        let done = alice.change_runs(&runs, &change).await.unwrap();
        assert_eq!((done.changed, done.refused), (2, vec![]), "{change:?}");
    };
    let seen = async |run: RunId| alice.sees(run).await;
    change(RunsChange::SetTag(tag("team", "churn"))).await;
    assert_eq!(seen(runs[1]).await.tag("team"), Some("churn"));
    change(RunsChange::DeleteTag("team".to_owned())).await;
    // A second time there is nothing to take away, and nothing wrong with it.
    change(RunsChange::DeleteTag("team".to_owned())).await;
    assert_eq!(seen(runs[0]).await.tag("team"), None);
    change(RunsChange::Rename(" both ".to_owned())).await;
    assert_eq!(seen(runs[0]).await.info.name, "both");
    change(RunsChange::Delete).await;
    assert_eq!(seen(runs[0]).await.info.lifecycle, Lifecycle::Deleted);
    change(RunsChange::Restore).await;
    assert_eq!(seen(runs[1]).await.info.lifecycle, Lifecycle::Active);
    let many = vec![runs[0]; 101];
    check_code(alice.change_runs(&many, &RunsChange::Delete).await, Code::InvalidParameterValue);
}

async fn what_is_refused_for_one_run_is_done_to_the_others(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (hers, his) = (alice.experiment("hers").await, bob.experiment("his").await);
    alice.grant_experiment(hers, "bob", Read).await.unwrap();
    let (read, own) = (alice.run_in(hers).await, bob.run_in(his).await);
    let runs = [read, no_run(), own];
    let codes = async |change: RunsChange| {
        let done = bob.change_runs(&runs, &change).await.unwrap();
        assert_eq!(done.changed, 1, "{change:?}");
        let refused: Vec<_> = done.refused.into_iter().map(|(run, problem)| (run, problem.code)).collect();
        assert_eq!(refused, [(read, Code::PermissionDenied), (no_run(), Code::ResourceDoesNotExist)]);
    };
    codes(RunsChange::SetTag(tag("a", "b"))).await;
    codes(RunsChange::Rename("new".to_owned())).await;
    codes(RunsChange::DeleteTag("a".to_owned())).await;
    codes(RunsChange::Delete).await;
    codes(RunsChange::Restore).await;
    let nameless = bob.change_runs(&[own], &RunsChange::Rename(" ".to_owned())).await.unwrap();
    assert_eq!(nameless.refused[0].1.message, "A run needs a name.");
}

async fn all_that_match_are_named(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let mut runs = Vec::new();
    for name in ["c", "a", "b"] {
        runs.push(alice.run_named(experiment, name).await);
    }
    let query = |filter: &str| RunsQuery {
        filter: filter.to_owned(),
        order_by: "run_name".to_owned(),
        ..RunsQuery::default()
    };
    assert_eq!(alice.matching_runs(experiment, &query("")).await.unwrap(), [runs[1], runs[2], runs[0]]);
    let some = alice.matching_runs(experiment, &query("run_name != 'b'")).await.unwrap();
    assert_eq!(some, [runs[1], runs[0]]);
    let stranger = world.user("stranger").await.on(&world.closed().await);
    check_code(stranger.matching_runs(experiment, &query("")).await, Code::ResourceDoesNotExist);
}

async fn an_experiment_is_changed(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let change = async |change: ExperimentChange| alice.change_experiment(experiment, &change).await.unwrap();
    let seen = async || alice.get_experiment(experiment).await.unwrap();
    change(ExperimentChange::Rename(" sight ".to_owned())).await;
    assert_eq!(seen().await.name, "sight");
    change(ExperimentChange::SetTag(tag("mlflow.note.content", "# About"))).await;
    assert_eq!(seen().await.tags, [tag("mlflow.note.content", "# About")]);
    for _ in 0..2 {
        change(ExperimentChange::SetTag(tag("mlflow.note.content", ""))).await;
        assert_eq!(seen().await.tags, []);
    }
    change(ExperimentChange::Delete).await;
    assert_eq!(seen().await.lifecycle, Lifecycle::Deleted);
    change(ExperimentChange::Restore).await;
    assert_eq!(seen().await.lifecycle, Lifecycle::Active);
}
