//! Share links: what they show, to whom, and for how long.

use crate::{
    permission::{Things, check_level, lists},
    world::*,
};
use Permission::{NoPermissions, Read};
use domain::share::{Key, LONGEST_SNAPSHOT, Opened};
use model::{
    page::{COMPARISON_LIMIT, RunsQuery},
    run::NewRun,
    share::{Audience, NewShare, Reach},
};
use std::num::NonZeroU16;

on_both_databases! {
    a_link_for_members_leads_to_its_page,
    a_link_for_anybody_shows_what_it_reaches_and_nothing_else,
    a_link_to_a_table_shows_that_table_and_nothing_else,
    a_link_shows_what_its_maker_may_still_see,
    a_link_ends,
    a_link_ends_in_every_process_at_once,
    a_password_is_asked_for,
    a_snapshot_shows_how_things_were,
    a_snapshot_shows_what_its_maker_may_still_see,
    files_are_shown_where_they_were_ticked,
    only_what_one_sees_can_be_shared,
    links_have_rules,
    everybody_has_links_of_their_own,
    without_accounts_links_are_for_members,
}

/// A link for anybody to these runs.
fn to_runs(runs: &[RunId]) -> NewShare {
    let ids: Vec<String> = runs.iter().map(ToString::to_string).collect();
    NewShare {
        address: format!("/compare?runs={}", ids.join(",")),
        reach: Reach::Runs(runs.to_vec()),
        title: "some runs".to_owned(),
        audience: Audience::Anybody,
        password: String::new(),
        days: None,
        snapshot: None,
        with_files: false,
    }
}

fn for_members(new: NewShare) -> NewShare {
    NewShare { audience: Audience::Members, ..new }
}

fn table(filter: &str) -> RunsQuery {
    RunsQuery { filter: filter.to_owned(), ..RunsQuery::default() }
}

fn to_table(experiment: ExperimentId, filter: &str) -> NewShare {
    let reach = Reach::Table(experiment, table(filter));
    NewShare { address: format!("/experiments/{experiment}"), reach, ..to_runs(&[]) }
}

async fn make(user: &User, new: NewShare) -> String {
    user.create_share(new).await.unwrap().code
}

async fn open(world: &World, code: &str) -> domain::Result<Opened> {
    world.domain.unchecked_open_share(code, Key::None).await
}

/// Whoever has this link.
async fn guest(world: &World, code: &str) -> User {
    match open(world, code).await.unwrap() {
        Opened::Shows { guest, .. } => User(world.domain.act(guest)),
        other => panic!("{other:?}"),
    }
}

async fn check_ended(world: &World, code: &str) {
    let message = "There is no such link, or it is no longer valid.";
    check_refused(open(world, code).await, Code::ResourceDoesNotExist, message);
}

/// Which of the runs somebody is shown side by side.
async fn compares(user: &User, runs: &[RunId]) -> Vec<RunId> {
    let ids: Vec<String> = runs.iter().map(ToString::to_string).collect();
    user.compare_runs(&ids).await.unwrap().runs.iter().map(|run| run.run.info.id).collect()
}

async fn a_link_for_members_leads_to_its_page(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let new = for_members(to_runs(&[run]));
    let code = make(&alice, new.clone()).await;
    match open(world, &code).await.unwrap() {
        Opened::Leads(share) => assert_eq!((share.address, share.reach), (new.address, new.reach)),
        other => panic!("{other:?}"),
    }
    check_ended(world, "no-such-link").await;
}

async fn a_link_for_anybody_shows_what_it_reaches_and_nothing_else(world: &World) {
    for maker in [world.user("alice").await, world.admin("root").await] {
        let shared = Things::made_by(&maker, &format!("shared by {}", maker.name())).await;
        let neighbour = maker.run_in(shared.experiment).await;
        let other = Things::made_by(&maker, &format!("other of {}", maker.name())).await;
        let guest = guest(world, &make(&maker, to_runs(&[shared.run])).await).await;

        assert_eq!(compares(&guest, &[shared.run, neighbour, other.run]).await, [shared.run]);
        assert_eq!(guest.sees(shared.run).await.params.len(), 1);
        assert_eq!(guest.curves(&chart(&[shared.run, other.run], "loss")).await.unwrap().len(), 1);
        assert_eq!(guest.run_page(shared.run).await.unwrap().permission, Read);

        check_level(&guest, NoPermissions, &other).await;
        check_code(guest.get_run(neighbour).await, Code::ResourceDoesNotExist);
        check_code(guest.get_experiment(shared.experiment).await, Code::ResourceDoesNotExist);
        check_code(guest.find_keys(shared.experiment, "").await, Code::ResourceDoesNotExist);
        let everything = table("");
        check_code(guest.list_runs(shared.experiment, &everything).await, Code::ResourceDoesNotExist);
        let file = format!("{}/{}/artifacts/a.txt", shared.experiment, shared.run);
        check_code(guest.list_artifacts(&file).await, Code::ResourceDoesNotExist);
        check_code(guest.log(shared.run, batch().param("a", "b").0).await, Code::PermissionDenied);
        check_code(guest.delete_run(shared.run).await, Code::PermissionDenied);
        let seen = lists(&guest, &[shared.experiment, other.experiment], &[shared.run, other.run]).await;
        let (nothing, one) = (Vec::new(), vec![shared.experiment.to_string()]);
        let only_by_name = [vec![nothing.clone(); 3], vec![one; 2], vec![nothing; 3]].concat();
        assert_eq!(seen, only_by_name);

        check_code(guest.create_experiment("new", "", &[]).await, Code::PermissionDenied);
        check_code(guest.create_registered_model("new", &[], "").await, Code::PermissionDenied);
        check_code(guest.create_token("mine").await, Code::PermissionDenied);
        check_code(guest.list_tokens().await, Code::PermissionDenied);
        check_code(guest.list_users().await, Code::PermissionDenied);
        check_code(guest.create_share(to_runs(&[shared.run])).await, Code::PermissionDenied);
        check_code(guest.list_shares().await, Code::PermissionDenied);
        check_code(guest.list_all_shares().await, Code::PermissionDenied);
        check_code(guest.list_events(&Default::default(), "").await, Code::PermissionDenied);
    }
}

async fn a_link_to_a_table_shows_that_table_and_nothing_else(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let other = alice.experiment("other").await;
    let good = alice.run_named(experiment, "good").await;
    alice.logs(good, batch().param("ok", "yes")).await;
    let bad = alice.run_named(experiment, "bad").await;
    let filter = "params.ok = 'yes'";
    let guest = guest(world, &make(&alice, to_table(experiment, filter)).await).await;
    let shown = async |query: &RunsQuery| {
        let page = guest.list_runs(experiment, query).await?;
        Ok::<_, domain::Error>(page.runs.iter().map(|run| run.info.id).collect::<Vec<_>>())
    };
    assert_eq!(shown(&table(filter)).await.unwrap(), [good]);
    let later = NewRun { start_time: 1_800_000_000_000, ..new_run(experiment) };
    let later = alice.create_run(later).await.unwrap().info.id;
    alice.logs(later, batch().param("ok", "yes")).await;
    assert_eq!(shown(&table(filter)).await.unwrap(), [later, good], "a link shows how things are");
    let rest = RunsQuery { offset: 1, ..table(filter) };
    assert_eq!(shown(&rest).await.unwrap(), [good], "a table has parts");

    let trash = RunsQuery { deleted: true, ..table(filter) };
    let sorted = RunsQuery { order_by: "metrics.loss".to_owned(), ..table(filter) };
    for query in [table(""), table("params.ok = 'no'"), trash, sorted] {
        check_code(shown(&query).await, Code::ResourceDoesNotExist);
    }
    check_code(guest.list_runs(other, &table(filter)).await, Code::ResourceDoesNotExist);
    check_code(guest.experiment_head(experiment).await, Code::ResourceDoesNotExist);
    check_code(guest.get_run(good).await, Code::ResourceDoesNotExist);
    assert_eq!(compares(&guest, &[good, bad]).await, []);
    assert_eq!(guest.finds(experiment, "").await, []);
}

async fn a_link_shows_what_its_maker_may_still_see(world: &World) {
    let (alice, bob, closed) = (world.user("alice").await, world.user("bob").await, world.closed().await);
    let experiment = alice.experiment("vision").await;
    let (run, kept) = (alice.run_in(experiment).await, alice.run_in(experiment).await);
    let bob = bob.on(&closed);
    alice.grant_experiment(experiment, "bob", Read).await.unwrap();
    let (runs, listed) =
        (make(&bob, to_runs(&[run, kept])).await, make(&bob, to_table(experiment, "")).await);
    let shown = async || {
        let of_table = guest(world, &listed).await.on(&closed).list_runs(experiment, &table("")).await;
        let compared = compares(&guest(world, &runs).await.on(&closed), &[run, kept]).await;
        (compared.len(), of_table.map(|page| page.runs.len()).unwrap_or_default())
    };
    assert_eq!(shown().await, (2, 2));
    alice.delete_run(run).await.unwrap();
    assert_eq!(shown().await, (1, 1), "nobody is shown the trash");
    alice.ungrant_experiment(experiment, "bob").await.unwrap();
    // The other process hears of it within a second.
    for _ in 0..30 {
        if shown().await == (0, 0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(shown().await, (0, 0));
    closed.close().await;
}

async fn a_link_ends(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    let run = alice.run_in(alice.experiment("vision").await).await;
    let week = alice.create_share(NewShare { days: NonZeroU16::new(7), ..to_runs(&[run]) }).await.unwrap();
    assert_eq!(week.expires, Some(week.created + 7 * 24 * 60 * 60 * 1000));
    guest(world, &week.code).await;
    world.execute("UPDATE share_links SET expires = 1500000000000").await;
    check_ended(world, &week.code).await;

    let code = make(&alice, to_runs(&[run])).await;
    let members = make(&alice, for_members(to_runs(&[run]))).await;
    root.disable_user("alice").await.unwrap();
    check_ended(world, &code).await;
    check_ended(world, &members).await;
    root.enable_user("alice").await.unwrap();
    guest(world, &code).await;
    root.delete_user("alice").await.unwrap();
    check_ended(world, &code).await;
    assert_eq!(root.list_all_shares().await.unwrap(), []);
}

async fn a_link_ends_in_every_process_at_once(world: &World) {
    let (alice, elsewhere) = (world.user("alice").await, world.another().await);
    let run = alice.run_in(alice.experiment("vision").await).await;
    let code = make(&alice, to_runs(&[run])).await;
    elsewhere.unchecked_open_share(&code, Key::None).await.unwrap();
    alice.delete_share(&code).await.unwrap();
    check_code(elsewhere.unchecked_open_share(&code, Key::None).await, Code::ResourceDoesNotExist);
    elsewhere.close().await;
}

async fn a_password_is_asked_for(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let with = |password: &str| NewShare { password: password.to_owned(), ..to_runs(&[run]) };
    let (code, other) = (make(&alice, with("sesame")).await, make(&alice, with("sesame")).await);
    let show = async |code: &str, key| world.domain.unchecked_open_share(code, key).await;
    assert!(matches!(open(world, &code).await, Ok(Opened::Asks)));
    check_refused(
        show(&code, Key::Password("simsalabim")).await,
        Code::Unauthenticated,
        "This is not its password.",
    );
    let proof = match show(&code, Key::Password("sesame")).await {
        Ok(Opened::Shows { proof: Some(proof), .. }) => proof,
        other => panic!("{other:?}"),
    };
    assert!(matches!(show(&code, Key::Proof(&proof)).await, Ok(Opened::Shows { .. })));
    for wrong in ["", "sesame", &proof[1..]] {
        assert!(matches!(show(&code, Key::Proof(wrong)).await, Ok(Opened::Asks)));
    }
    assert!(matches!(show(&other, Key::Proof(&proof)).await, Ok(Opened::Asks)), "of another link");
    for _ in 0..9 {
        check_code(show(&code, Key::Password("guess")).await, Code::Unauthenticated);
    }
    check_code(show(&code, Key::Password("sesame")).await, Code::ResourceExhausted);
}

async fn a_snapshot_shows_how_things_were(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let kept = "<p>as it was</p>".to_owned();
    let code = make(&alice, NewShare { snapshot: Some(kept.clone()), ..to_runs(&[run]) }).await;
    alice.delete_run(run).await.unwrap();
    match open(world, &code).await.unwrap() {
        Opened::Shows { share, .. } => assert!(share.is_snapshot),
        other => panic!("{other:?}"),
    }
    let visitor = guest(world, &code).await;
    assert_eq!(visitor.read_snapshot().await.unwrap(), kept, "also of what is in the trash");
    check_code(alice.read_snapshot().await, Code::ResourceDoesNotExist);
    let live = guest(world, &make(&alice, to_table(experiment, "")).await).await;
    check_code(live.read_snapshot().await, Code::ResourceDoesNotExist);
}

async fn a_snapshot_shows_what_its_maker_may_still_see(world: &World) {
    let (alice, bob, closed) = (world.user("alice").await, world.user("bob").await, world.closed().await);
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    alice.grant_experiment(experiment, "bob", Read).await.unwrap();
    let bob = bob.on(&closed);
    let kept = |new: NewShare| NewShare { snapshot: Some("kept".to_owned()), ..new };
    for new in [kept(to_runs(&[run])), kept(to_table(experiment, ""))] {
        alice.grant_experiment(experiment, "bob", Read).await.unwrap();
        let visitor = guest(world, &make(&bob, new).await).await;
        assert_eq!(visitor.read_snapshot().await.unwrap(), "kept");
        alice.grant_experiment(experiment, "bob", NoPermissions).await.unwrap();
        check_code(visitor.read_snapshot().await, Code::ResourceDoesNotExist);
    }
    closed.close().await;
}

async fn files_are_shown_where_they_were_ticked(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (shown, hidden) = (alice.run_in(experiment).await, alice.run_in(experiment).await);
    for run in [shown, hidden] {
        for name in ["b.txt", "deep/a.txt"] {
            alice.uploads(&format!("{experiment}/{run}/artifacts/{name}"), name.as_bytes()).await;
        }
        alice.uploads(&format!("{experiment}/{run}/secret.txt"), b"beside").await;
    }
    let without = guest(world, &make(&alice, to_runs(&[shown])).await).await;
    check_code(without.list_shared_files(shown).await, Code::ResourceDoesNotExist);
    check_code(without.read_shared_file(shown, "b.txt", None).await.map(drop), Code::ResourceDoesNotExist);

    let with = guest(world, &make(&alice, NewShare { with_files: true, ..to_runs(&[shown]) }).await).await;
    let (files, is_more) = with.list_shared_files(shown).await.unwrap();
    let files: Vec<(&str, Option<u64>)> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    assert_eq!((files.as_slice(), is_more), (&[("b.txt", Some(5)), ("deep/a.txt", Some(10))][..], false));
    assert_eq!(with.read_shared_file(shown, "deep/a.txt", None).await.unwrap().size, 10);
    for path in ["../secret.txt", "%2e%2e/secret.txt", "deep/../../secret.txt", "/etc/passwd"] {
        check_code(with.read_shared_file(shown, path, None).await.map(drop), Code::InvalidParameterValue);
    }
    for path in ["nothing.txt", "secret.txt"] {
        check_code(with.read_shared_file(shown, path, None).await.map(drop), Code::ResourceDoesNotExist);
    }
    // Neither another run's, nor by the doors of those who have an account.
    check_code(with.list_shared_files(hidden).await, Code::ResourceDoesNotExist);
    check_code(with.read_shared_file(hidden, "b.txt", None).await.map(drop), Code::ResourceDoesNotExist);
    let path = format!("{experiment}/{shown}/artifacts/b.txt");
    check_code(with.read_artifact(&path, None).await.map(drop), Code::ResourceDoesNotExist);
    check_code(with.list_artifacts(&format!("{experiment}/{shown}")).await, Code::ResourceDoesNotExist);
    // What was shared with guests is for guests.
    check_code(alice.list_shared_files(shown).await, Code::ResourceDoesNotExist);
    alice.delete_run(shown).await.unwrap();
    check_code(with.list_shared_files(shown).await, Code::ResourceDoesNotExist);
}

async fn only_what_one_sees_can_be_shared(world: &World) {
    let (alice, bob, closed) = (world.user("alice").await, world.user("bob").await, world.closed().await);
    let experiment = alice.experiment("hidden").await;
    let run = alice.run_in(experiment).await;
    let bob = bob.on(&closed);
    let own = bob.run_in(bob.experiment("own").await).await;
    for new in [to_runs(&[run]), to_runs(&[own, run]), to_table(experiment, ""), for_members(to_runs(&[run]))]
    {
        check_code(bob.create_share(new).await, Code::ResourceDoesNotExist);
    }
    check_code(bob.create_share(to_runs(&[no_run()])).await, Code::ResourceDoesNotExist);
    closed.close().await;
}

async fn links_have_rules(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let good = to_runs(&[run]);
    let address = |address: &str| NewShare { address: address.to_owned(), ..good.clone() };
    let title = |title: &str| NewShare { title: title.to_owned(), ..good.clone() };
    let reach = |reach: Reach| NewShare { reach, ..good.clone() };
    let long = "a".repeat(40_000);
    for bad in [
        address(""),
        address("compare"),
        address("//evil.example"),
        address("/\\evil.example"),
        address("/a\nb"),
        address(&format!("/{long}")),
        title(" "),
        title("a\0b"),
        title(&long),
        reach(Reach::Runs(Vec::new())),
        reach(Reach::Runs(vec![run; COMPARISON_LIMIT + 1])),
        to_table(experiment, "nonsense"),
        reach(Reach::Table(
            experiment,
            RunsQuery { order_by: "nonsense".to_owned(), ..RunsQuery::default() },
        )),
        reach(Reach::Table(experiment, RunsQuery { deleted: true, ..RunsQuery::default() })),
        NewShare { password: long.clone(), ..good.clone() },
        NewShare { with_files: true, snapshot: Some(String::new()), ..good.clone() },
        NewShare { with_files: true, ..to_table(experiment, "") },
        for_members(NewShare { with_files: true, ..good.clone() }),
        NewShare { snapshot: Some("a".repeat(LONGEST_SNAPSHOT + 1)), ..good.clone() },
        for_members(NewShare { password: "sesame".to_owned(), ..good.clone() }),
        for_members(NewShare { snapshot: Some(String::new()), ..good.clone() }),
    ] {
        check_code(alice.create_share(bad).await, Code::InvalidParameterValue);
    }
}

async fn everybody_has_links_of_their_own(world: &World) {
    let (alice, bob, root) = (world.user("alice").await, world.user("bob").await, world.admin("root").await);
    let run = alice.run_in(alice.experiment("vision").await).await;
    let (of_alice, of_bob) = (make(&alice, to_runs(&[run])).await, make(&bob, to_runs(&[run])).await);
    let codes = async |user: &User| -> Vec<(String, String)> {
        let shares = user.list_shares().await.unwrap();
        shares.into_iter().map(|share| (share.maker, share.code)).collect()
    };
    assert_eq!(codes(&alice).await, [("alice".to_owned(), of_alice.clone())]);
    assert_eq!(codes(&root).await, []);
    check_code(bob.list_all_shares().await, Code::PermissionDenied);
    check_code(bob.delete_share(&of_alice).await, Code::ResourceDoesNotExist);
    check_code(bob.delete_any_share(&of_alice).await, Code::PermissionDenied);
    assert_eq!(root.list_all_shares().await.unwrap().len(), 2);
    root.delete_any_share(&of_bob).await.unwrap();
    check_code(root.delete_any_share(&of_bob).await, Code::ResourceDoesNotExist);
    assert_eq!(codes(&bob).await, []);

    // What is told of it doesn't open it.
    let told = root.list_events(&Default::default(), "").await.unwrap().items;
    let told: Vec<_> = told.iter().filter(|event| event.kind == "share").collect();
    assert_eq!(
        told.iter().map(|event| event.action.as_str()).collect::<Vec<_>>(),
        ["share.delete", "share.create", "share.create"]
    );
    assert!(told.iter().all(|event| event.object.len() == 6 && !event.detail.contains(&of_bob)));
}

async fn without_accounts_links_are_for_members(world: &World) {
    let local = world.local();
    let run = local.run_in(local.experiment("vision").await).await;
    check_code(local.create_share(to_runs(&[run])).await, Code::InvalidParameterValue);
    let code = make(&local, for_members(to_runs(&[run]))).await;
    assert!(matches!(open(world, &code).await, Ok(Opened::Leads(_))));
    assert_eq!(local.list_shares().await.unwrap().len(), 1);
    local.delete_share(&code).await.unwrap();
    check_ended(world, &code).await;
}
