//! Groups and everyone: whatever was given to whom, the gate, every list and the explanation say the same.

use crate::world::*;
use Permission::{Edit, Manage, NoPermissions, Read};
use model::{
    GroupId,
    experiment::ViewType,
    permission::{Effective, Given, GroupPermissions, Reason, Resource, Subject, effective},
};
use proptest::prelude::*;

on_both_databases! {
    members_have_what_their_group_was_given,
    what_is_given_to_everyone_takes_the_place_of_the_default,
    groups_have_names_and_members,
    only_admins_manage_groups,
    what_groups_were_given_is_seen_by_admins_and_members,
    the_gate_the_lists_and_the_explanation_follow_one_rule,
}

fn group(name: &str) -> Subject {
    Subject::Group(name.to_owned())
}

async fn members_have_what_their_group_was_given(world: &World) {
    let (alice, bob, admin) = (world.user("alice").await, world.user("bob").await, world.local());
    admin.create_group("vision").await.unwrap();
    admin.add_to_group("vision", "bob").await.unwrap();
    let experiment = alice.experiment("secret").await;
    let run = alice.run_in(experiment).await;
    alice.grant_experiment(experiment, Subject::Everyone, NoPermissions).await.unwrap();
    check_code(bob.get_run(run).await, Code::ResourceDoesNotExist);

    alice.grant_experiment(experiment, group("vision"), Edit).await.unwrap();
    bob.logs(run, batch().metric("loss", 1, 0.5)).await;
    let why = Effective { level: Edit, reason: Reason::Given(group("vision")) };
    assert_eq!(alice.explain_experiment(experiment, "bob").await.unwrap(), why);

    // What was given to himself counts rather than what was given to the group, also if it is less.
    alice.grant_experiment(experiment, "bob", Read).await.unwrap();
    check_code(bob.log(run, batch().metric("loss", 2, 0.5).0).await, Code::PermissionDenied);
    alice.ungrant_experiment(experiment, "bob").await.unwrap();
    bob.logs(run, batch().metric("loss", 2, 0.5)).await;
    check_code(alice.ungrant_experiment(experiment, "bob").await, Code::ResourceDoesNotExist);

    admin.remove_from_group("vision", "bob").await.unwrap();
    check_code(bob.get_run(run).await, Code::ResourceDoesNotExist);
    admin.add_to_group("vision", "bob").await.unwrap();
    admin.rename_group("vision", "sight").await.unwrap();
    bob.sees(run).await;
    admin.delete_group("sight").await.unwrap();
    check_code(bob.get_run(run).await, Code::ResourceDoesNotExist);
}

async fn what_is_given_to_everyone_takes_the_place_of_the_default(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    alice.create_registered_model("reader", &[], "").await.unwrap();
    bob.get_registered_model("reader").await.unwrap();
    alice.grant_registered_model("reader", Subject::Everyone, NoPermissions).await.unwrap();
    check_code(bob.get_registered_model("reader").await, Code::ResourceDoesNotExist);
    let given = |to: Subject, level| Given { to, level };
    let expected = [given(Subject::from("alice"), Manage), given(Subject::Everyone, NoPermissions)];
    assert_eq!(alice.registered_model_permissions("reader").await.unwrap(), expected);
    let why = Effective { level: NoPermissions, reason: Reason::Given(Subject::Everyone) };
    assert_eq!(alice.explain_registered_model("reader", "bob").await.unwrap(), why);
    alice.ungrant_registered_model("reader", Subject::Everyone).await.unwrap();
    bob.get_registered_model("reader").await.unwrap();
    let why = Effective { level: Read, reason: Reason::Default };
    assert_eq!(alice.explain_registered_model("reader", "bob").await.unwrap(), why);
}

async fn groups_have_names_and_members(world: &World) {
    let admin = world.local();
    for name in ["ann", "bob"] {
        world.user(name).await;
    }
    admin.create_group("vision").await.unwrap();
    admin.create_group("speech").await.unwrap();
    for (group, user) in [("vision", "bob"), ("vision", "ann"), ("vision", "bob"), ("speech", "ann")] {
        admin.add_to_group(group, user).await.unwrap();
    }
    let listed: Vec<(String, Vec<String>)> =
        admin.list_groups().await.unwrap().into_iter().map(|group| (group.name, group.members)).collect();
    let expected = [("speech", vec!["ann"]), ("vision", vec!["ann", "bob"])];
    let listed: Vec<(&str, Vec<&str>)> = listed
        .iter()
        .map(|(name, members)| (name.as_str(), members.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(listed, expected);
    check_code(admin.create_group("vision").await, Code::ResourceAlreadyExists);
    check_code(admin.rename_group("speech", "vision").await, Code::ResourceAlreadyExists);
    check_code(admin.create_group(" ").await, Code::InvalidParameterValue);
    check_code(admin.delete_group("nobody").await, Code::ResourceDoesNotExist);
    check_code(admin.add_to_group("vision", "nobody").await, Code::ResourceDoesNotExist);
    check_code(admin.remove_from_group("speech", "bob").await, Code::ResourceDoesNotExist);
}

async fn only_admins_manage_groups(world: &World) {
    let bob = world.user("bob").await;
    let denied = |outcome: domain::Result<()>| check_code(outcome, Code::PermissionDenied);
    denied(bob.list_groups().await.map(drop));
    denied(bob.create_group("vision").await.map(drop));
    denied(bob.rename_group("vision", "sight").await);
    denied(bob.delete_group("vision").await);
    denied(bob.add_to_group("vision", "bob").await);
    denied(bob.remove_from_group("vision", "bob").await);
}

async fn what_groups_were_given_is_seen_by_admins_and_members(world: &World) {
    let (alice, bob, admin) = (world.user("alice").await, world.user("bob").await, world.local());
    let vision = admin.create_group("vision").await.unwrap().id;
    let speech = admin.create_group("speech").await.unwrap().id;
    let experiment = alice.experiment("secret").await;
    alice.create_registered_model("reader", &[], "").await.unwrap();
    alice.grant_experiment(experiment, group("vision"), Edit).await.unwrap();
    alice.grant_registered_model("reader", group("vision"), Read).await.unwrap();
    alice.grant_experiment(experiment, "bob", Manage).await.unwrap();
    admin.add_to_group("vision", "bob").await.unwrap();

    let experiment = (Resource::Experiment(experiment), Edit);
    let model = (Resource::Registered("reader".to_owned()), Read);
    let of_vision =
        GroupPermissions { id: vision, name: "vision".to_owned(), given: vec![experiment, model] };
    let of_speech = GroupPermissions { id: speech, name: "speech".to_owned(), given: Vec::new() };
    assert_eq!(admin.list_group_permissions().await.unwrap(), [of_speech.clone(), of_vision.clone()]);
    assert_eq!(admin.group_permissions(speech).await.unwrap(), of_speech);
    for user in [&admin, &bob] {
        assert_eq!(user.group_permissions(vision).await.unwrap(), of_vision);
        assert_eq!(user.groups_of("bob").await.unwrap(), std::slice::from_ref(&of_vision));
    }
    assert!(alice.groups_of("alice").await.unwrap().is_empty());
    let bobs = admin.get_user("bob").await.unwrap().id;
    assert_eq!(admin.group_members(vision).await.unwrap(), [bobs]);
    assert!(admin.group_members(speech).await.unwrap().is_empty());

    // To others a group is as one that isn't there.
    let nobody = GroupId(no_run().0);
    for id in [vision, nobody] {
        let said = format!("Group with id={id} not found");
        check_refused(alice.group_permissions(id).await, Code::ResourceDoesNotExist, &said);
    }
    check_code(admin.group_members(nobody).await, Code::ResourceDoesNotExist);
    check_code(bob.group_members(vision).await, Code::PermissionDenied);
    check_code(bob.list_group_permissions().await, Code::PermissionDenied);
    check_code(bob.groups_of("alice").await, Code::PermissionDenied);
    check_code(admin.groups_of("nobody").await, Code::ResourceDoesNotExist);
}

const PEOPLE: [&str; 3] = ["ann", "bob", "cid"];
const GROUPS: [&str; 2] = ["speech", "vision"];

#[derive(Debug, Clone)]
enum Step {
    Give(usize, Subject, Permission),
    Take(usize, Subject),
    Join(usize, usize),
    Leave(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let subject = prop_oneof![
        3 => (0..PEOPLE.len()).prop_map(|at| Subject::from(PEOPLE[at])),
        3 => (0..GROUPS.len()).prop_map(|at| group(GROUPS[at])),
        1 => Just(Subject::Everyone),
    ];
    let level = prop::sample::select(Permission::ALL.to_vec());
    prop_oneof![
        4 => (0..2_usize, subject.clone(), level).prop_map(|(thing, to, level)| Step::Give(thing, to, level)),
        1 => (0..2_usize, subject).prop_map(|(thing, from)| Step::Take(thing, from)),
        2 => (0..GROUPS.len(), 0..PEOPLE.len()).prop_map(|(group, user)| Step::Join(group, user)),
        1 => (0..GROUPS.len(), 0..PEOPLE.len()).prop_map(|(group, user)| Step::Leave(group, user)),
    ]
}

async fn the_gate_the_lists_and_the_explanation_follow_one_rule(world: &World) {
    let admin = world.local();
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push(world.user(name).await);
    }
    let experiments = [admin.experiment("one").await, admin.experiment("two").await];
    let runs = [admin.run_in(experiments[0]).await, admin.run_in(experiments[1]).await];
    holds_for(24, prop::collection::vec(step(), 1..12), async |steps: Vec<Step>| {
        let mut given: [Vec<Given>; 2] = Default::default();
        let mut members: Vec<Vec<String>> = vec![Vec::new(); PEOPLE.len()];
        for name in GROUPS {
            let _ = admin.delete_group(name).await;
            admin.create_group(name).await.unwrap();
        }
        for experiment in experiments {
            for Given { to, .. } in admin.experiment_permissions(experiment).await.unwrap() {
                admin.ungrant_experiment(experiment, to).await.unwrap();
            }
        }
        for step in steps {
            match step {
                Step::Give(thing, to, level) => {
                    admin.grant_experiment(experiments[thing], to.clone(), level).await.unwrap();
                    given[thing].retain(|given| given.to != to);
                    given[thing].push(Given { to, level });
                }
                Step::Take(thing, from) => {
                    let taken = admin.ungrant_experiment(experiments[thing], from.clone()).await;
                    assert_eq!(taken.is_ok(), given[thing].iter().any(|given| given.to == from));
                    given[thing].retain(|given| given.to != from);
                }
                Step::Join(group, user) => {
                    admin.add_to_group(GROUPS[group], PEOPLE[user]).await.unwrap();
                    if !members[user].contains(&GROUPS[group].to_owned()) {
                        members[user].push(GROUPS[group].to_owned());
                    }
                }
                Step::Leave(group, user) => {
                    let _ = admin.remove_from_group(GROUPS[group], PEOPLE[user]).await;
                    members[user].retain(|name| name != GROUPS[group]);
                }
            }
            for (at, user) in people.iter().enumerate() {
                let mut visible = Vec::new();
                for thing in 0..2 {
                    let expected = effective(false, PEOPLE[at], &members[at], &given[thing], Read);
                    let explained = admin.explain_experiment(experiments[thing], PEOPLE[at]).await.unwrap();
                    assert_eq!(explained, expected, "{} at {thing}", PEOPLE[at]);
                    let code =
                        |outcome: domain::Result<()>| outcome.map_err(|error| Problem::from(error).code);
                    let logged = code(user.log(runs[thing], batch().metric("loss", 1, 1.0).0).await);
                    let allowed = match expected.level {
                        level if level < Read => Err(Code::ResourceDoesNotExist),
                        level if level < Edit => Err(Code::PermissionDenied),
                        _ => Ok(()),
                    };
                    assert_eq!(logged, allowed, "{} at {thing}: {expected:?}", PEOPLE[at]);
                    if expected.level >= Read {
                        visible.push(experiments[thing]);
                    }
                    let found = user.finds(experiments[thing], "").await;
                    assert_eq!(found.len(), usize::from(expected.level >= Read));
                }
                let page = user.search_experiments("", &[], ViewType::ActiveOnly, 100, "").await.unwrap();
                let mut listed: Vec<ExperimentId> = page.items.into_iter().map(|found| found.id).collect();
                listed.retain(|id| experiments.contains(id));
                listed.sort_unstable();
                assert_eq!(listed, visible, "{} sees", PEOPLE[at]);
            }
        }
    });
}
