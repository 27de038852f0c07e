//! What is given to accounts: `/mlflow/users/permissions/…`, and, as clients before MLflow 3.17 ask for it,
//! `/mlflow/experiments/permissions/…` and `/mlflow/registered-models/permissions/…`.
//!
//! A grant here is one to an account itself; those to groups are in [`super::role`].

use super::{
    Answer,
    args::Args,
    experiment::{bad_id, experiment_id},
    role::user_role,
};
use domain::Acting;
use model::{
    Code, Permission, Problem, UserId,
    permission::{Held, Resource, Subject},
};
use serde_json::{Value, json};

/// A thing that permissions are given of, by MLflow's words for it.
pub fn resource(kind: &str, id: &str) -> Result<Resource, Problem> {
    if id == "*" {
        return Err(Problem::invalid(
            "Permissions are given of one experiment or registered model here, not of all ('*'). What counts where nothing was given is the server's default permission.",
        ));
    }
    match kind {
        "experiment" => id.parse().map(Resource::Experiment).map_err(|_| bad_id(id)),
        "registered_model" => Ok(Resource::Registered(id.to_owned())),
        "prompt" => {
            Err(Problem::invalid("Prompts are registered models here: use resource_type 'registered_model'."))
        }
        other => Err(Problem::invalid(format!(
            "Permissions of resource_type '{other}' can't be given here: use 'experiment' or 'registered_model'."
        ))),
    }
}

/// MLflow's words for it.
pub fn words(of: &Resource) -> (&'static str, String) {
    match of {
        Resource::Experiment(id) => ("experiment", id.to_string()),
        Resource::Registered(name) => ("registered_model", name.clone()),
    }
}

/// How much is given.
pub fn level(args: &Args) -> Result<Permission, Problem> {
    match args.required("permission")? {
        "DENY" => Err(Problem::invalid(
            "DENY isn't known here: NO_PERMISSIONS given to a user counts more than what their groups were given.",
        )),
        word => word.parse().map_err(Problem::invalid),
    }
}

/// The problem of giving what is given already.
pub fn given_already(to: &Subject) -> Problem {
    let message = format!("A permission of this is given to {to} already. Revoke it first.");
    Problem::new(Code::ResourceAlreadyExists, message)
}

fn named_resource(args: &Args) -> Result<Resource, Problem> {
    resource(args.required("resource_type")?, args.required("resource_id")?)
}

fn subject(args: &Args) -> Result<Subject, Problem> {
    Ok(Subject::User(args.required("username")?.to_owned()))
}

/// What was given of a thing to the account itself.
async fn given(acting: &Acting, of: &Resource, to: &Subject) -> Answer<Option<Permission>> {
    let given = acting.permissions(of).await?;
    Ok(given.iter().find(|given| given.to == *to).map(|given| given.level))
}

async fn give(acting: &Acting, of: &Resource, args: &Args) -> Answer<Permission> {
    let (to, level) = (subject(args)?, level(args)?);
    if given(acting, of, &to).await?.is_some() {
        return Err(given_already(&to).into());
    }
    acting.grant(of, to, level).await?;
    Ok(level)
}

pub async fn grant(acting: Acting, args: Args) -> Answer {
    give(&acting, &named_resource(&args)?, &args).await?;
    Ok(json!({}))
}

pub async fn revoke(acting: Acting, args: Args) -> Answer {
    acting.ungrant(&named_resource(&args)?, subject(&args)?).await?;
    Ok(json!({}))
}

/// What somebody may do in the end: oneself, or, for who may say what others may do, anybody.
pub async fn get(acting: Acting, args: Args) -> Answer {
    let (of, name) = (named_resource(&args)?, args.required("username")?);
    let level = match acting.caller().name() == name {
        true => acting.own_level(&of).await?,
        false => acting.explain(&of, name).await?.level,
    };
    Ok(json!({ "allowed": level >= Permission::Use, "permission": level.name() }))
}

async fn held(acting: &Acting, name: &str) -> Answer {
    let user = acting.get_user(name).await?;
    let mut held = acting.held_permissions(name).await?;
    // Their own first, then what each group has.
    held.sort_by(|one, other| one.group.cmp(&other.group));
    let entry = |held: &Held| {
        let (kind, pattern) = words(&held.of);
        let (id, role) = match &held.group {
            Some((name, id)) => (Some(id.to_string()), name.clone()),
            None => (None, user_role(user.id)),
        };
        json!({
            "role_id": id, "role_name": role, "workspace": "default", "resource_type": kind, "resource_pattern": pattern,
            "permission": held.level.name(),
        })
    };
    let entries: Vec<Value> = held.iter().map(entry).collect();
    Ok(json!({ "is_admin": user.is_admin, "permissions": entries }))
}

pub async fn list(acting: Acting, args: Args) -> Answer {
    held(&acting, args.required("username")?).await
}

pub async fn list_own(acting: Acting, _: Args) -> Answer {
    held(&acting, acting.caller().name()).await
}

/// A grant to an account, as clients before roles read it.
fn old_entry(of: &Resource, user: Option<UserId>, level: Permission) -> Value {
    let user = user.map(|user| user.to_string());
    match of {
        Resource::Experiment(id) => {
            json!({ "experiment_id": id.to_string(), "user_id": user, "permission": level.name() })
        }
        Resource::Registered(name) => {
            json!({ "name": name, "workspace": "default", "user_id": user, "permission": level.name() })
        }
    }
}

/// Adds to an account what was given to it, which clients before roles need.
pub fn add_old_entries(account: &mut Value, user: UserId, held: &[Held]) {
    let own = || held.iter().filter(|held| held.group.is_none());
    let list = |is_experiment: bool| -> Vec<Value> {
        own()
            .filter(|held| matches!(held.of, Resource::Experiment(_)) == is_experiment)
            .map(|held| old_entry(&held.of, Some(user), held.level))
            .collect()
    };
    account["experiment_permissions"] = list(true).into();
    account["registered_model_permissions"] = list(false).into();
    account["scorer_permissions"] = json!([]);
}

/// Whose grant it is, for who may know.
async fn id_of(acting: &Acting, name: &str) -> Option<UserId> {
    let may_know = acting.caller().is_admin() || acting.caller().name() == name;
    if may_know { acting.get_user(name).await.ok().map(|user| user.id) } else { None }
}

/// `{"experiment_permission": …}`, or the same of a registered model.
async fn old_answer(acting: &Acting, of: &Resource, args: &Args, level: Permission) -> Answer {
    let name = match of {
        Resource::Experiment(_) => "experiment_permission",
        Resource::Registered(_) => "registered_model_permission",
    };
    let user = id_of(acting, args.required("username")?).await;
    Ok(json!({ name: old_entry(of, user, level) }))
}

async fn old_create(acting: &Acting, of: Resource, args: &Args) -> Answer {
    let level = give(acting, &of, args).await?;
    old_answer(acting, &of, args, level).await
}

async fn old_get(acting: &Acting, of: Resource, args: &Args) -> Answer {
    let to = subject(args)?;
    let level = given(acting, &of, &to).await?;
    let level = level.ok_or_else(|| Problem::missing(format!("Nothing was given to {to}.")))?;
    old_answer(acting, &of, args, level).await
}

async fn old_update(acting: &Acting, of: Resource, args: &Args) -> Answer {
    let (to, level) = (subject(args)?, level(args)?);
    if given(acting, &of, &to).await?.is_none() {
        return Err(Problem::missing(format!("Nothing was given to {to}.")).into());
    }
    acting.grant(&of, to, level).await?;
    Ok(json!({}))
}

async fn old_delete(acting: &Acting, of: Resource, args: &Args) -> Answer {
    acting.ungrant(&of, subject(args)?).await?;
    Ok(json!({}))
}

fn experiment(args: &Args) -> Result<Resource, Problem> {
    Ok(Resource::Experiment(experiment_id(args)?))
}

fn registered(args: &Args) -> Result<Resource, Problem> {
    Ok(Resource::Registered(args.required("name")?.to_owned()))
}

pub async fn create_of_experiment(acting: Acting, args: Args) -> Answer {
    old_create(&acting, experiment(&args)?, &args).await
}

pub async fn get_of_experiment(acting: Acting, args: Args) -> Answer {
    old_get(&acting, experiment(&args)?, &args).await
}

pub async fn update_of_experiment(acting: Acting, args: Args) -> Answer {
    old_update(&acting, experiment(&args)?, &args).await
}

pub async fn delete_of_experiment(acting: Acting, args: Args) -> Answer {
    old_delete(&acting, experiment(&args)?, &args).await
}

pub async fn create_of_registered(acting: Acting, args: Args) -> Answer {
    old_create(&acting, registered(&args)?, &args).await
}

pub async fn get_of_registered(acting: Acting, args: Args) -> Answer {
    old_get(&acting, registered(&args)?, &args).await
}

pub async fn update_of_registered(acting: Acting, args: Args) -> Answer {
    old_update(&acting, registered(&args)?, &args).await
}

pub async fn delete_of_registered(acting: Acting, args: Args) -> Answer {
    old_delete(&acting, registered(&args)?, &args).await
}
