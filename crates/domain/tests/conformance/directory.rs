//! A directory that knows names and passwords of its own. What a real one says is in the tests of the wire.

use crate::world::*;
use domain::{
    Domain,
    account::{Admission, Directory, External},
};
use futures::{FutureExt as _, future::BoxFuture};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

on_both_databases! {
    who_is_known_there_comes_in,
    passwords_of_here_come_first,
    it_is_asked_once_for_many_calls,
    while_it_is_gone_guessing_still_counts,
    its_password_is_not_the_old_one,
}

/// One that knows Ada.
#[derive(Default)]
struct Known {
    asked: AtomicUsize,
    is_gone: AtomicBool,
}

const HERS: &str = "her password there";

impl Directory for Known {
    fn verify<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
    ) -> BoxFuture<'a, Result<Option<External>, String>> {
        async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.is_gone.load(Ordering::Relaxed) {
                return Err("it is gone".to_owned());
            }
            let is_ada = name.eq_ignore_ascii_case("ada") && password == HERS;
            Ok(is_ada.then(|| External {
                issuer: "ldap://there".to_owned(),
                subject: "1".to_owned(),
                name: "ada".to_owned(),
                groups: None,
                is_admin: None,
            }))
        }
        .boxed()
    }

    fn admission(&self) -> Admission {
        Admission { new_accounts: true, by_name: false }
    }
}

fn asking(world: &World) -> (Arc<Known>, Domain) {
    let known = Arc::new(Known::default());
    (known.clone(), world.domain.clone().with_directory(known))
}

async fn who_is_known_there_comes_in(world: &World) {
    let (_, domain) = asking(world);
    let ada = domain.unchecked_sign_in("ADA", HERS).await.unwrap().whole().unwrap();
    assert_eq!(ada.name(), "ada");
    assert_eq!(domain.unchecked_basic("ada", HERS).await.unwrap(), ada);
    check_code(domain.unchecked_sign_in("ada", "wrong password").await, Code::Unauthenticated);
    check_code(domain.unchecked_sign_in("bob", HERS).await, Code::Unauthenticated);
    check_code(world.domain.unchecked_sign_in("ada", HERS).await, Code::Unauthenticated);
    let events = world.local().list_events(&Default::default(), "").await.unwrap().items;
    assert!(events.iter().any(|event| event.detail.contains("ldap://there")), "{events:?}");
}

async fn passwords_of_here_come_first(world: &World) {
    let (known, domain) = asking(world);
    let bob = world.user("bob").await;
    assert_eq!(domain.unchecked_sign_in("bob", PASSWORD).await.unwrap().whole().as_ref(), Some(bob.caller()));
    assert_eq!(known.asked.load(Ordering::Relaxed), 0);
    // Another Ada has an account here.
    world.user("ada").await;
    check_code(domain.unchecked_sign_in("ada", HERS).await, Code::PermissionDenied);
}

async fn it_is_asked_once_for_many_calls(world: &World) {
    let (known, domain) = asking(world);
    for name in ["ada", "Ada"] {
        known.asked.store(0, Ordering::Relaxed);
        for _ in 0..10 {
            domain.unchecked_basic(name, HERS).await.unwrap();
        }
        assert_eq!(known.asked.load(Ordering::Relaxed), 1, "{name}");
    }
    world.local().disable_user("ada").await.unwrap();
    check_code(domain.unchecked_basic("ada", HERS).await, Code::PermissionDenied);
}

async fn while_it_is_gone_guessing_still_counts(world: &World) {
    let (known, domain) = asking(world);
    world.user("bob").await;
    known.is_gone.store(true, Ordering::Relaxed);
    // Who has no password here hasn't guessed: their programs may try again and again.
    for _ in 0..200 {
        check_code(domain.unchecked_sign_in("ada", HERS).await, Code::TemporarilyUnavailable);
    }
    for _ in 0..10 {
        check_code(domain.unchecked_sign_in("bob", "wrong password").await, Code::TemporarilyUnavailable);
    }
    check_code(domain.unchecked_sign_in("bob", PASSWORD).await, Code::ResourceExhausted);
    // However its name is spelt, it is one account.
    check_code(domain.unchecked_sign_in(" B ob", PASSWORD).await, Code::ResourceExhausted);
    known.is_gone.store(false, Ordering::Relaxed);
    known.asked.store(0, Ordering::Relaxed);
    let long = "a".repeat(2000);
    check_code(domain.unchecked_sign_in(&long, HERS).await, Code::Unauthenticated);
    check_code(domain.unchecked_sign_in("ada", &long).await, Code::Unauthenticated);
    assert_eq!(known.asked.load(Ordering::Relaxed), 0, "nobody is sent as much");
}

async fn its_password_is_not_the_old_one(world: &World) {
    let (_, domain) = asking(world);
    let ada = domain.act(domain.unchecked_sign_in("ada", HERS).await.unwrap().whole().unwrap());
    let message = "The old password is wrong.";
    let set = ada.set_password(Some(HERS), "a password of her own").await;
    check_refused(set, Code::InvalidParameterValue, message);
}
