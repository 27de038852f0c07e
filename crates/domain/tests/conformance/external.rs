//! People whom an identity provider vouches for.

use crate::world::*;
use domain::account::{Admission, External};
use model::audit::EventFilter;

on_both_databases! {
    an_account_is_made_at_the_first_sign_in,
    the_account_stays_theirs_whatever_they_are_called,
    a_name_alone_is_no_proof,
    who_has_no_account_may_be_kept_out,
    groups_follow_the_provider,
    admins_follow_the_provider,
    who_is_disabled_or_deleted_does_not_come_in,
    sign_ins_from_outside_are_told,
}

const OPEN: Admission = Admission { new_accounts: true, by_name: false };
const CLOSED: Admission = Admission { new_accounts: false, by_name: false };
const BY_NAME: Admission = Admission { new_accounts: false, by_name: true };

fn person(subject: &str, name: &str) -> External {
    External {
        issuer: "https://id.example".to_owned(),
        subject: subject.to_owned(),
        name: name.to_owned(),
        groups: None,
        is_admin: None,
    }
}

fn in_groups(groups: &[&str]) -> External {
    let groups = groups.iter().map(|&name| name.to_owned()).collect();
    External { groups: Some(groups), ..person("1", "ada") }
}

async fn sign_in(world: &World, person: &External, admission: Admission) -> domain::Result<User> {
    let caller = world.domain.unchecked_sign_in_external(person, admission).await?;
    Ok(User(world.domain.act(caller)))
}

async fn groups_of(world: &World, name: &str) -> Vec<String> {
    let groups = world.local().list_groups().await.unwrap();
    groups
        .into_iter()
        .filter(|group| group.members.iter().any(|n| n == name))
        .map(|group| group.name)
        .collect()
}

async fn an_account_is_made_at_the_first_sign_in(world: &World) {
    let ada = sign_in(world, &person("1", "ada"), OPEN).await.unwrap();
    ada.experiment("vision").await;
    let again = sign_in(world, &person("1", "ada"), CLOSED).await.unwrap();
    assert_eq!(again.caller(), ada.caller());
    let users = world.local().list_users().await.unwrap();
    assert_eq!(users.iter().filter(|user| user.name == "ada" && !user.is_admin).count(), 1);
    check_code(world.domain.unchecked_sign_in("ada", "").await, Code::Unauthenticated);
    check_code(sign_in(world, &person("2", "a:b"), OPEN).await, Code::InvalidParameterValue);
}

async fn the_account_stays_theirs_whatever_they_are_called(world: &World) {
    let ada = sign_in(world, &person("1", "ada"), OPEN).await.unwrap();
    let married = sign_in(world, &person("1", "ada lovelace"), CLOSED).await.unwrap();
    assert_eq!(married.caller(), ada.caller());
    // Somebody else is called that now.
    check_code(sign_in(world, &person("2", "ada"), OPEN).await, Code::PermissionDenied);
    let elsewhere = External { issuer: "https://other.example".to_owned(), ..person("1", "bob") };
    assert_ne!(sign_in(world, &elsewhere, OPEN).await.unwrap().caller(), ada.caller());
}

async fn a_name_alone_is_no_proof(world: &World) {
    let root = world.admin("root").await;
    let message = "Another account is called root. Ask an admin.";
    check_refused(sign_in(world, &person("1", "root"), OPEN).await, Code::PermissionDenied, message);
    let linked = sign_in(world, &person("1", "root"), BY_NAME).await.unwrap();
    assert_eq!(linked.caller(), root.caller());
    assert_eq!(sign_in(world, &person("1", "root"), CLOSED).await.unwrap().caller(), root.caller());
    root.create_service("robot").await.unwrap();
    check_code(sign_in(world, &person("2", "robot"), BY_NAME).await, Code::PermissionDenied);
}

async fn who_has_no_account_may_be_kept_out(world: &World) {
    let message = "You have no account here. Ask an admin for one.";
    check_refused(sign_in(world, &person("1", "ada"), CLOSED).await, Code::PermissionDenied, message);
    assert!(world.local().list_users().await.unwrap().is_empty());
}

async fn groups_follow_the_provider(world: &World) {
    let root = world.admin("root").await;
    for name in ["vision", "speech", "by hand"] {
        root.create_group(name).await.unwrap();
    }
    sign_in(world, &in_groups(&["vision", "unknown here"]), OPEN).await.unwrap();
    assert_eq!(groups_of(world, "ada").await, ["vision"]);
    root.add_to_group("by hand", "ada").await.unwrap();
    sign_in(world, &in_groups(&["speech", "by hand"]), OPEN).await.unwrap();
    assert_eq!(groups_of(world, "ada").await, ["by hand", "speech"]);
    // What an admin gave stays, also where the provider said it for a while, or before.
    root.add_to_group("speech", "ada").await.unwrap();
    sign_in(world, &in_groups(&[]), OPEN).await.unwrap();
    assert_eq!(groups_of(world, "ada").await, ["by hand", "speech"]);
    root.remove_from_group("speech", "ada").await.unwrap();
    sign_in(world, &in_groups(&["vision"]), OPEN).await.unwrap();
    sign_in(world, &person("1", "ada"), OPEN).await.unwrap();
    assert_eq!(groups_of(world, "ada").await, ["by hand", "vision"], "it said nothing");
}

async fn admins_follow_the_provider(world: &World) {
    let as_admin = |is_admin| External { is_admin: Some(is_admin), ..person("1", "ada") };
    let is_admin = async |person: &External| sign_in(world, person, OPEN).await.unwrap().caller().is_admin();
    assert!(!is_admin(&as_admin(false)).await);
    assert!(is_admin(&as_admin(true)).await);
    assert!(is_admin(&person("1", "ada")).await, "it said nothing");
    assert!(is_admin(&as_admin(false)).await, "the last admin stays one");
    world.admin("root").await;
    assert!(!is_admin(&as_admin(false)).await);
}

async fn who_is_disabled_or_deleted_does_not_come_in(world: &World) {
    let root = world.admin("root").await;
    let ada = sign_in(world, &person("1", "ada"), OPEN).await.unwrap();
    root.disable_user("ada").await.unwrap();
    let refused = sign_in(world, &person("1", "ada"), OPEN).await;
    check_refused(refused, Code::PermissionDenied, "Your account is disabled.");
    root.delete_user("ada").await.unwrap();
    let anew = sign_in(world, &person("1", "ada"), OPEN).await.unwrap();
    assert_ne!(anew.caller(), ada.caller(), "a new account");
}

async fn sign_ins_from_outside_are_told(world: &World) {
    world.admin("root").await.create_group("vision").await.unwrap();
    sign_in(world, &in_groups(&["vision"]), OPEN).await.unwrap();
    check_code(sign_in(world, &person("2", "root"), OPEN).await, Code::PermissionDenied);
    let told = world.local().list_events(&EventFilter::default(), "").await.unwrap().items;
    let mut told: Vec<_> =
        told.iter().map(|event| (event.actor.as_str(), event.action.as_str(), event.done)).take(4).collect();
    told.sort();
    assert_eq!(
        told,
        [
            ("", "session.sign_in", false),
            ("ada", "group.add", true),
            ("ada", "session.sign_in", true),
            ("ada", "user.create", true),
        ]
    );
}
