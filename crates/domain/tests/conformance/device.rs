//! Where people are signed in: they see it, and sign out there; links let them choose a password.

use crate::world::*;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use domain::{Domain, session::Holder};
use model::account::Device;
use std::net::IpAddr;

on_both_databases! {
    people_see_where_they_are_signed_in,
    who_signs_out_somewhere_is_out_there_in_every_process,
    a_new_password_ends_the_other_sessions,
    who_came_by_a_link_may_choose_a_password,
    an_admin_signs_somebody_out,
    links_end_with_what_they_were_made_for,
    a_session_of_an_account_is_no_session_of_another,
    wrong_passwords_are_slow_to_try,
    a_password_is_hashed_anew_when_its_parameters_are_old,
}

const FAR: i64 = 32_503_680_000_000;

/// A session of the user, and the domain as it is called in it.
async fn signed_in(world: &World, user: &User, hash: [u8; 32], by_link: bool) -> User {
    let holder = Holder {
        user: user.caller().user().unwrap(),
        address: Some("10.0.0.7".to_owned()),
        agent: "Firefox/140.0".to_owned(),
        by_link,
    };
    world.domain.unchecked_create_session(hash, "{}", FAR, Some(holder)).await.unwrap();
    User(world.domain.called_in(hash).act(user.caller().clone()))
}

async fn is_open(domain: &Domain, hash: [u8; 32]) -> bool {
    domain.unchecked_load_session(hash).await.unwrap().is_some()
}

async fn people_see_where_they_are_signed_in(world: &World) {
    let alice = world.user("alice").await;
    let here = signed_in(world, &alice, [1; 32], false).await;
    signed_in(world, &alice, [2; 32], false).await;
    assert!(is_open(&world.domain, [1; 32]).await);
    let mut devices = here.list_devices().await.unwrap();
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    let [this, other] = devices.as_slice() else { panic!("{devices:?}") };
    let Device { address, agent, is_this, seen, created, .. } = this.clone();
    assert_eq!((address.as_deref(), agent.as_str(), is_this), (Some("10.0.0.7"), "Firefox/140.0", true));
    assert!(seen.is_some_and(|seen| seen >= created));
    assert_eq!((other.is_this, other.seen), (false, None));
    assert_eq!(world.user("bob").await.list_devices().await.unwrap(), []);
}

async fn who_signs_out_somewhere_is_out_there_in_every_process(world: &World) {
    let alice = world.user("alice").await;
    let here = signed_in(world, &alice, [1; 32], false).await;
    for last in [2, 3, 4] {
        signed_in(world, &alice, [last; 32], false).await;
    }
    let elsewhere = world.another().await;
    assert!(is_open(&elsewhere, [2; 32]).await && is_open(&elsewhere, [3; 32]).await);
    here.sign_out_device(&"02".repeat(32)).await.unwrap();
    assert!(!is_open(&world.domain, [2; 32]).await);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(!is_open(&elsewhere, [2; 32]).await && is_open(&elsewhere, [3; 32]).await);
    let message = "You are no longer signed in there.";
    for gone in ["02".repeat(32), "no device".to_owned()] {
        check_refused(here.sign_out_device(&gone).await, Code::ResourceDoesNotExist, message);
    }
    here.sign_out_elsewhere().await.unwrap();
    assert!(!is_open(&world.domain, [3; 32]).await && is_open(&world.domain, [1; 32]).await);
    here.sign_out().await.unwrap();
    assert!(!is_open(&world.domain, [1; 32]).await);
    elsewhere.close().await;
}

async fn a_new_password_ends_the_other_sessions(world: &World) {
    let alice = world.user("alice").await;
    let here = signed_in(world, &alice, [1; 32], false).await;
    signed_in(world, &alice, [2; 32], false).await;
    here.set_password(Some(PASSWORD), "another good password").await.unwrap();
    assert!(is_open(&world.domain, [1; 32]).await && !is_open(&world.domain, [2; 32]).await);
}

async fn who_came_by_a_link_may_choose_a_password(world: &World) {
    let alice = world.user("alice").await;
    let by_password = signed_in(world, &alice, [1; 32], false).await;
    let message = "The old password is needed.";
    for user in [&by_password, &alice] {
        assert!(!user.came_by_link().await.unwrap());
        check_refused(
            user.set_password(None, "another good password").await,
            Code::InvalidParameterValue,
            message,
        );
    }
    let by_link = signed_in(world, &alice, [2; 32], true).await;
    assert!(by_link.came_by_link().await.unwrap());
    by_link.set_password(None, "another good password").await.unwrap();
    world.domain.unchecked_sign_in("alice", "another good password").await.unwrap();
    assert!(!by_link.came_by_link().await.unwrap(), "whoever sits there later must know it");

    let by_link = signed_in(world, &alice, [3; 32], true).await;
    world.execute("UPDATE sessions SET created = created - 3600001").await;
    assert!(!by_link.came_by_link().await.unwrap());
    check_refused(
        by_link.set_password(None, "a third good password").await,
        Code::InvalidParameterValue,
        message,
    );
}

async fn an_admin_signs_somebody_out(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    signed_in(world, &alice, [1; 32], false).await;
    let of_root = signed_in(world, &root, [2; 32], false).await;
    check_code(alice.sign_out_user("root").await, Code::PermissionDenied);
    of_root.sign_out_user("alice").await.unwrap();
    assert!(!is_open(&world.domain, [1; 32]).await && is_open(&world.domain, [2; 32]).await);
}

async fn links_end_with_what_they_were_made_for(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    let link = async || root.create_sign_in_link("alice").await.unwrap();
    let is_void = async |link: String| {
        check_code(world.domain.unchecked_use_sign_in_link(&link).await, Code::Unauthenticated);
    };
    let (first, second) = (link().await, link().await);
    world.domain.unchecked_use_sign_in_link(&second).await.unwrap();
    is_void(first).await;
    let made = link().await;
    alice.set_password(Some(PASSWORD), "another good password").await.unwrap();
    is_void(made).await;
    let made = link().await;
    root.sign_out_user("alice").await.unwrap();
    is_void(made).await;
    let made = link().await;
    signed_in(world, &alice, [1; 32], false).await;
    root.disable_user("alice").await.unwrap();
    root.enable_user("alice").await.unwrap();
    is_void(made).await;
    assert!(!is_open(&world.domain, [1; 32]).await, "whoever is enabled again signs in anew");
}

async fn a_session_of_an_account_is_no_session_of_another(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    signed_in(world, &alice, [1; 32], true).await;
    let bob = User(world.domain.called_in([1; 32]).act(bob.caller().clone()));
    check_code(bob.sign_out_device(&"01".repeat(32)).await, Code::ResourceDoesNotExist);
    assert!(!bob.came_by_link().await.unwrap());
    bob.sign_out_elsewhere().await.unwrap();
    assert!(is_open(&world.domain, [1; 32]).await);
}

async fn wrong_passwords_are_slow_to_try(world: &World) {
    world.user("alice").await;
    let from = |last| world.domain.called_from(IpAddr::from([10, 0, 0, last]));
    for name in ["alice", "nobody"] {
        for _ in 0..10 {
            check_code(from(1).unchecked_sign_in(name, "wrong password").await, Code::Unauthenticated);
        }
        // The right one doesn't help now, and nobody learns whether the name is somebody's.
        let message = "Too many wrong passwords. Try again in ten minutes.";
        check_refused(from(1).unchecked_sign_in(name, PASSWORD).await, Code::ResourceExhausted, message);
        check_refused(from(1).unchecked_basic(name, PASSWORD).await, Code::ResourceExhausted, message);
    }
    from(2).unchecked_sign_in("alice", PASSWORD).await.unwrap();
}

async fn a_password_is_hashed_anew_when_its_parameters_are_old(world: &World) {
    world.user("alice").await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let hash = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    world.execute(format!("UPDATE users SET password_hash = '{hash}' WHERE name = 'alice'").leak()).await;
    world.domain.unchecked_sign_in("alice", PASSWORD).await.unwrap();
    world.domain.unchecked_sign_in("alice", PASSWORD).await.unwrap();
    let hash = world.text("SELECT password_hash FROM users WHERE name = 'alice'").await;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}
