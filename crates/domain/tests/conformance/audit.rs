//! The audit log tells of every change, every sign-in and what was refused, and shows when somebody touched it.

use crate::{
    permission::{Things, attempts},
    world::*,
};
use Permission::{Edit, Read};
use model::{
    audit::{Event, EventFilter},
    permission::Subject,
};
use std::{net::IpAddr, time::Duration};

on_both_databases! {
    every_change_is_told,
    what_is_data_is_not_told,
    permissions_are_told_with_before_and_after,
    sign_ins_are_told_refused_ones_too,
    who_is_refused_is_told_once_for_all_tries,
    credentials_that_nobody_has_are_told_of,
    a_call_is_told_with_its_address_and_token,
    who_launched_a_run_is_answered,
    the_log_is_read_in_pages_and_by_filter,
    the_chain_shows_what_was_touched,
    rows_cannot_be_deleted_or_changed,
    only_admins_read_it,
}

/// All there is, newest first.
async fn events(world: &World, filter: EventFilter) -> Vec<Event> {
    world.local().list_events(&filter, "").await.unwrap().items
}

fn of(kind: &str, object: impl ToString) -> EventFilter {
    EventFilter { kind: kind.to_owned(), object: object.to_string(), ..EventFilter::default() }
}

fn actions(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.action.as_str()).collect()
}

/// What jobs log, which is told by the runs themselves.
const DATA: [&str; 5] = ["log", "log_inputs", "log_outputs", "set_trace_tag", "write_artifact"];

async fn every_change_is_told(world: &World) {
    let alice = world.user("alice").await;
    world.user("friend").await;
    let mut things = Things::made_by(&alice, "told").await;
    things.friend = "friend".to_owned();
    // Use cases that change something leave one row more each.
    let before = events(world, EventFilter::default()).await.len();
    let done = attempts(&alice, &things).await;
    let changes: Vec<&str> = done
        .iter()
        .filter(|(use_case, needed, outcome)| {
            assert_eq!(outcome, &Ok(()), "{use_case}");
            // To look at who may do what needs MANAGE, too.
            let looks = use_case.ends_with("_permissions") || use_case.starts_with("explain_");
            *needed >= Edit && !looks && !DATA.contains(use_case)
        })
        .map(|(use_case, ..)| *use_case)
        .collect();
    let told = events(world, EventFilter::default()).await;
    let new = &told[..told.len() - before];
    assert_eq!(new.len(), changes.len(), "{changes:?}\n{:?}", actions(new));
    assert!(new.iter().all(|event| event.actor == "alice" && event.done && !event.object.is_empty()));
}

async fn what_is_data_is_not_told(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let before = events(world, EventFilter::default()).await.len();
    alice.logs(run, batch().metric("loss", 1, 0.5).param("lr", "0.1").tag("a", "1")).await;
    alice.uploads(&format!("{experiment}/{run}/artifacts/a.txt"), b"hello").await;
    assert_eq!(events(world, EventFilter::default()).await.len(), before);
}

async fn permissions_are_told_with_before_and_after(world: &World) {
    let alice = world.user("alice").await;
    world.user("bob").await;
    let experiment = alice.experiment("vision").await;
    alice.grant_experiment(experiment, "bob", Read).await.unwrap();
    alice.grant_experiment(experiment, "bob", Edit).await.unwrap();
    alice.ungrant_experiment(experiment, "bob").await.unwrap();
    alice.grant_experiment(experiment, Subject::Everyone, Permission::NoPermissions).await.unwrap();
    let filter = EventFilter { action: "permission".to_owned(), ..of("experiment", experiment) };
    let told: Vec<_> =
        events(world, filter).await.into_iter().map(|event| (event.action, event.detail)).collect();
    let told: Vec<(&str, &str)> =
        told.iter().map(|(action, detail)| (action.as_str(), detail.as_str())).collect();
    assert_eq!(
        told,
        [
            ("permission.give", r#"{"after":"NO_PERMISSIONS","before":null,"to":"everyone"}"#),
            ("permission.take", r#"{"before":"EDIT","from":"user bob"}"#),
            ("permission.give", r#"{"after":"EDIT","before":"READ","to":"user bob"}"#),
            ("permission.give", r#"{"after":"READ","before":null,"to":"user bob"}"#),
        ]
    );
}

async fn sign_ins_are_told_refused_ones_too(world: &World) {
    world.user("alice").await;
    let domain = world.domain.called_from(IpAddr::from([10, 0, 0, 7]));
    domain.unchecked_sign_in("alice", PASSWORD).await.unwrap();
    check_code(domain.unchecked_sign_in("alice", "wrong password").await, Code::Unauthenticated);
    check_code(domain.unchecked_sign_in("my secret password", "").await, Code::Unauthenticated);
    let link = world.local().create_sign_in_link("alice").await.unwrap();
    domain.unchecked_use_sign_in_link(&link).await.unwrap();
    check_code(domain.unchecked_use_sign_in_link(&link).await, Code::Unauthenticated);
    let filter = EventFilter { action: "session".to_owned(), ..EventFilter::default() };
    let told = events(world, filter).await;
    assert!(told.iter().all(|event| event.address.as_deref() == Some("10.0.0.7")));
    let told: Vec<_> =
        told.iter().map(|event| (event.action.as_str(), event.actor.as_str(), event.done)).collect();
    assert_eq!(
        told,
        [
            ("session.sign_in_by_link", "alice", true),
            ("session.sign_in", "", false),
            ("session.sign_in", "alice", false),
            ("session.sign_in", "alice", true),
        ]
    );
}

async fn who_is_refused_is_told_once_for_all_tries(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    for _ in 0..50 {
        check_code(bob.delete_run(run).await, Code::PermissionDenied);
    }
    check_code(bob.list_users().await, Code::PermissionDenied);
    // Who only looks isn't told of.
    bob.get_run(run).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let told = events(world, EventFilter { done: Some(false), ..EventFilter::default() }).await;
    assert!(told.iter().all(|event| event.actor == "bob" && event.action == "access.denied"));
    let of_run: Vec<&Event> = told.iter().filter(|event| event.object == run.to_string()).collect();
    // Fifty tries may fall into two writings.
    assert!(!of_run.is_empty() && of_run.len() <= 2, "{of_run:?}");
    assert!(of_run.iter().all(|event| event.detail.contains(r#""needs":"MANAGE""#)), "{of_run:?}");
    assert!(told.iter().any(|event| event.detail == r#"{"needs":"admin"}"#), "{told:?}");
}

async fn credentials_that_nobody_has_are_told_of(world: &World) {
    world.user("alice").await;
    let domain = world.domain.called_from(IpAddr::from([10, 0, 0, 9]));
    for _ in 0..20 {
        check_code(domain.unchecked_token("rmk_guessed").await, Code::Unauthenticated);
        assert!(domain.unchecked_basic("alice", "wrong password").await.is_err());
        assert!(domain.unchecked_sign_in("alice", "wrong password").await.is_err());
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let told = events(world, EventFilter { done: Some(false), ..EventFilter::default() }).await;
    assert!(told.iter().all(|event| event.address.as_deref() == Some("10.0.0.9")), "{told:?}");
    for credential in ["token", "password"] {
        let said = format!(r#""credential":"{credential}""#);
        let rows =
            told.iter().filter(|event| event.action == "access.denied" && event.detail.contains(&said));
        // As many rows as there were seconds, and not one for each try.
        let count = rows.count();
        assert!((1..=12).contains(&count), "{credential}: {count}\n{told:?}");
    }
}

async fn a_call_is_told_with_its_address_and_token(world: &World) {
    let alice = world.user("alice").await;
    let (_, secret) = alice.create_token("laptop").await.unwrap();
    let domain = world.domain.called_from(IpAddr::from([192, 0, 2, 1]));
    let by_token = User(domain.act(domain.unchecked_token(&secret).await.unwrap()));
    let experiment = by_token.experiment("vision").await;
    let told = events(world, of("experiment", experiment)).await;
    let [event] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(event.actor, "alice");
    assert_eq!(event.token.as_deref(), Some("laptop"));
    assert_eq!(event.address.as_deref(), Some("192.0.2.1"));
    let told = events(world, of("token", "laptop")).await;
    assert_eq!((told[0].address.as_deref(), told[0].token.as_deref()), (None, None));
    assert!(!told[0].detail.contains(&secret));
}

async fn who_launched_a_run_is_answered(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let tags = vec![tag("mlflow.source.name", "train.py"), tag("mlflow.source.git.commit", "abc123")];
    let new = model::run::NewRun { tags, name: "first".to_owned(), ..new_run(experiment) };
    let run = alice.create_run(new).await.unwrap().info.id;
    let told = events(world, of("run", run)).await;
    assert_eq!(actions(&told), ["run.create"]);
    assert_eq!(told[0].actor, "alice");
    let detail =
        r#"{"commit":"abc123","experiment":EXPERIMENT,"name":"first","source":"train.py","user":"somebody"}"#;
    assert_eq!(told[0].detail, detail.replace("EXPERIMENT", &experiment.to_string()));
}

async fn the_log_is_read_in_pages_and_by_filter(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = alice.experiment("vision").await;
    for number in 0..450 {
        let user = if number % 3 == 0 { &alice } else { &bob };
        user.set_experiment_tag(user.experiment(&format!("e{number}")).await, &tag("a", "1")).await.unwrap();
    }
    let root = world.local();
    let filter =
        EventFilter { actor: "bob".to_owned(), action: "experiment.tag".to_owned(), ..Default::default() };
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = root.list_events(&filter, &after).await.unwrap();
        all.extend(page.items);
        let Some(next) = page.next else { break };
        after = next;
    }
    assert_eq!(all.len(), 300);
    assert!(all.iter().all(|event| event.actor == "bob" && event.action == "experiment.tag"));
    assert!(all.is_sorted_by_key(|event| std::cmp::Reverse(event.at)));
    let mut objects: Vec<&str> = all.iter().map(|event| event.object.as_str()).collect();
    objects.sort_unstable();
    objects.dedup();
    assert_eq!(objects.len(), 300);

    let made = all[100].at;
    let window = EventFilter { from: Some(made), until: Some(made + 1), ..filter.clone() };
    let found = root.list_events(&window, "").await.unwrap().items;
    assert!(!found.is_empty() && found.iter().all(|event| event.at == made));
    assert_eq!(root.export_events(&filter, "").await.unwrap().items, all);
    assert_eq!(actions(&events(world, of("experiment", experiment)).await), ["experiment.create"]);
    check_code(root.list_events(&filter, "no page").await, Code::InvalidParameterValue);
}

async fn the_chain_shows_what_was_touched(world: &World) {
    let alice = world.user("alice").await;
    for number in 0..1200 {
        alice.experiment(&format!("e{number}")).await;
    }
    let root = world.local();
    let whole = root.verify_audit(None).await.unwrap();
    assert_eq!((whole.length, whole.broken.clone(), whole.head.len()), (1201, None, 64));
    assert_eq!(root.verify_audit(None).await.unwrap(), whole, "nothing changes by looking");
    let elsewhere = world.another().await;
    assert_eq!(root.on(&elsewhere).verify_audit(None).await.unwrap(), whole);
    elsewhere.close().await;

    let known = Some((whole.length, whole.head.as_str()));
    alice.experiment("one more").await;
    let longer = root.verify_audit(known).await.unwrap();
    assert_eq!((longer.length, longer.broken.clone()), (1202, None));
    let other = "0".repeat(64);
    let anew = root.verify_audit(Some((whole.length, &other))).await.unwrap().broken;
    assert_eq!(anew, Some((1201, "the chain was written anew up to here".to_owned())));
    let cut = root.verify_audit(Some((1203, &other))).await.unwrap().broken;
    assert_eq!(cut, Some((1203, "rows are missing from the end".to_owned())));
    let whole = longer;

    // Somebody with the right to change tables makes a row say something else.
    world.unguarded("UPDATE audit SET actor = 'bob' WHERE seq = 700").await;
    let touched = root.verify_audit(None).await.unwrap();
    assert_eq!(touched.broken, Some((700, "the row is not as it was written".to_owned())));
    world.unguarded("UPDATE audit SET actor = 'alice' WHERE seq = 700").await;
    assert_eq!(root.verify_audit(None).await.unwrap(), whole);
    world.unguarded("DELETE FROM audit WHERE seq = 801").await;
    assert_eq!(root.verify_audit(None).await.unwrap().broken, Some((801, "rows are missing".to_owned())));
}

async fn rows_cannot_be_deleted_or_changed(world: &World) {
    world.user("alice").await;
    world.local().verify_audit(None).await.unwrap();
    for sql in ["DELETE FROM audit", "UPDATE audit SET actor = 'bob'"] {
        let message = world.refused(sql).await;
        assert!(message.contains("the audit log is append-only"), "{message}");
    }
}

async fn only_admins_read_it(world: &World) {
    let alice = world.user("alice").await;
    let filter = EventFilter::default();
    check_code(alice.list_events(&filter, "").await, Code::PermissionDenied);
    check_code(alice.export_events(&filter, "").await, Code::PermissionDenied);
    check_code(alice.verify_audit(None).await, Code::PermissionDenied);
}
