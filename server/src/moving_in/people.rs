//! Accounts, groups and permissions that come along. Accounts that are there stay as they are.

use super::{
    Failure,
    tally::{Kind, Tally},
};
use domain::Acting;
use mlflow::people::{Grant, Granted, People};
use model::{ExperimentId, permission::Resource};
use std::collections::{BTreeSet, HashMap};

/// Counts what is there.
pub fn count(people: &People, tally: &mut Tally) {
    tally.found(Kind::Users, people.users.len());
    tally.found(Kind::Groups, people.groups.len());
    tally.found(Kind::Permissions, people.grants.len());
    tally.skipped(Kind::Permissions, people.skipped.clone());
}

/// Makes accounts, groups and permissions that aren't there.
pub async fn take(
    people: &People,
    target: &Acting,
    numbers: &HashMap<ExperimentId, ExperimentId>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let known: BTreeSet<String> = target.list_users().await?.into_iter().map(|user| user.name).collect();
    let mut new = Vec::new();
    for (name, is_admin) in &people.users {
        let there = known.contains(name);
        let made = match there {
            true => Ok(()),
            false => target.create_user_without_password(name, *is_admin).await.map(drop),
        };
        match made {
            Ok(()) => {
                tally.arrived(Kind::Users, 1);
                new.extend((!there).then(|| name.clone()));
            }
            Err(error) => tally.note(format!("account {name}: {error}")),
        }
    }
    if !new.is_empty() {
        tally.note(format!(
            "Passwords can't be taken along. `runmark user link NAME` makes a link with which somebody signs in once and chooses one: {}",
            new.join(", ")
        ));
    }
    take_groups(people, target, tally).await?;
    for grant in &people.grants {
        let of = match &grant.of {
            Granted::Experiment(number) => {
                numbers.get(&ExperimentId(*number)).map(|id| Resource::Experiment(*id))
            }
            Granted::Registered(name) => Some(Resource::Registered(name.clone())),
        };
        let Some(of) = of else {
            tally.note(format!("a permission for {}: {:?} wasn't taken over", grant.to, grant.of));
            continue;
        };
        match give(target, &of, grant).await {
            Ok(()) => tally.arrived(Kind::Permissions, 1),
            Err(error) => tally.note(format!("a permission for {}: {error}", grant.to)),
        }
    }
    Ok(())
}

/// What somebody was given here since isn't undone.
async fn give(target: &Acting, of: &Resource, grant: &Grant) -> domain::Result<()> {
    let given = target.permissions(of).await?;
    if given.iter().any(|given| given.to == grant.to) {
        return Ok(());
    }
    target.grant(of, grant.to.clone(), grant.level).await
}

async fn take_groups(people: &People, target: &Acting, tally: &mut Tally) -> Result<(), Failure> {
    let known: HashMap<String, Vec<String>> =
        target.list_groups().await?.into_iter().map(|group| (group.name, group.members)).collect();
    for (name, members) in &people.groups {
        let there = known.get(name);
        let made = match there {
            Some(_) => Ok(()),
            None => target.create_group(name).await.map(drop),
        };
        if let Err(error) = made {
            tally.note(format!("group {name}: {error}"));
            continue;
        }
        tally.arrived(Kind::Groups, 1);
        for member in members.iter().filter(|member| !there.is_some_and(|there| there.contains(member))) {
            if let Err(error) = target.add_to_group(name, member).await {
                tally.note(format!("{member} in group {name}: {error}"));
            }
        }
    }
    Ok(())
}
