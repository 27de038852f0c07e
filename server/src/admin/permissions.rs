//! The table of who may do what.

use super::AdminDesk;
use crate::desk::{Pairs, one, shown};
use axum::{Form, extract::Query, response::Response};
use domain::{Acting, Error};
use model::{
    Code, Permission, Problem,
    account::User,
    permission::{Resource, Subject},
};
use plain::admin::permissions::{self, Cell, Kind, Matrix};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Rows of the table, and columns of groups and of users.
const MOST_ROWS: usize = 50;
const MOST_COLUMNS: usize = 12;
/// Registered models that are looked through for a name: what the domain gives at once.
const MOST_MODELS: i64 = 1000;

pub async fn page(AdminDesk(desk): AdminDesk, Query(query): Query<HashMap<String, String>>) -> Response {
    let text = |name: &str| query.get(name).cloned().unwrap_or_default();
    let matrix =
        matrix(&desk.acting, Kind::read(&text("of")), text("q"), &text("groups"), &text("users")).await;
    shown(matrix.map(|matrix| permissions::page(desk.frame, matrix)))
}

async fn matrix(
    acting: &Acting,
    kind: Kind,
    query: String,
    groups: &str,
    users: &str,
) -> Result<Matrix, Error> {
    let mut found = match kind {
        Kind::Experiments => experiments(acting, &query).await?,
        Kind::Models => models(acting, &query).await?,
    };
    let left_out = found.len().saturating_sub(MOST_ROWS);
    found.truncate(MOST_ROWS);
    let mut rows = Vec::with_capacity(found.len());
    for (of, name) in found {
        let given = acting.permissions(&of).await?;
        rows.push((of, name, given));
    }
    let all_groups = acting.list_groups().await?;
    let given_to = |to: fn(&Subject) -> Option<&str>| -> BTreeSet<&str> {
        rows.iter().flat_map(|(_, _, given)| given.iter().filter_map(move |given| to(&given.to))).collect()
    };
    let group_names: Vec<&str> = all_groups.iter().map(|group| group.name.as_str()).collect();
    // Few groups are shown whether something was given to them or not.
    let usual = match all_groups.len() <= MOST_COLUMNS {
        true => group_names.iter().copied().collect(),
        false => given_to(|to| if let Subject::Group(name) = to { Some(name) } else { None }),
    };
    let groups = chosen(groups, &usual);
    let users = chosen(users, &given_to(|to| if let Subject::User(name) = to { Some(name) } else { None }));
    let mut shown_users: Vec<User> = acting.list_users().await?;
    shown_users.retain(|user| users.contains(user.name.as_str()));
    shown_users.truncate(MOST_COLUMNS);
    let shown_groups: Vec<String> = group_names
        .iter()
        .filter(|name| groups.contains(**name))
        .take(MOST_COLUMNS)
        .map(|name| (*name).to_owned())
        .collect();
    let default = acting.default_permission();
    Ok(Matrix { kind, query, rows, left_out, groups: all_groups, shown_groups, users: shown_users, default })
}

/// The names that somebody wrote, with commas between them; the usual ones if they wrote none.
fn chosen<'a>(named: &'a str, usual: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let named: BTreeSet<&str> = named.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if named.is_empty() { usual.clone() } else { named }
}

async fn experiments(acting: &Acting, query: &str) -> Result<Vec<(Resource, String)>, Error> {
    let found = acting.list_experiments(query).await?.into_iter();
    Ok(found.map(|row| (Resource::Experiment(row.experiment.id), row.experiment.name)).collect())
}

async fn models(acting: &Acting, query: &str) -> Result<Vec<(Resource, String)>, Error> {
    let wanted = query.to_lowercase();
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = acting.search_registered_models("", MOST_MODELS, &[], &token).await?;
        names.extend(page.items.into_iter().map(|model| model.name));
        match page.next {
            Some(next) => token = next,
            None => break,
        }
    }
    names.retain(|name| name.to_lowercase().contains(&wanted));
    Ok(names.into_iter().map(|name| (Resource::Registered(name.clone()), name)).collect())
}

pub async fn change(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let part = |prefix: &str| -> BTreeMap<String, String> {
        let of = form.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
        of.map(|(key, value)| (key.to_owned(), value.clone())).collect()
    };
    let (was, is) = (part("was:"), part("is:"));
    let mut changed = 0;
    let outcome = async {
        for (cell, level) in &is {
            if was.get(cell) == Some(level) {
                continue;
            }
            change_cell(&desk.acting, cell, level).await?;
            changed += 1;
        }
        Ok::<_, Error>(())
    };
    let outcome = outcome.await;
    let said = match changed {
        0 => "Nothing was changed.".to_owned(),
        1 => "One permission is changed.".to_owned(),
        more => format!("{more} permissions are changed."),
    };
    let to = Some(one(&form, "here")).filter(|here| here.starts_with("/admin/permissions"));
    desk.lead(to.unwrap_or("/admin/permissions"), outcome.map(|()| said)).await
}

async fn change_cell(acting: &Acting, cell: &str, level: &str) -> Result<(), Error> {
    let Cell { of, subject } =
        Cell::read(cell).ok_or_else(|| Error::from(Problem::invalid("There is no such permission.")))?;
    if level.is_empty() {
        let taken = acting.ungrant(&of, subject).await;
        // Somebody else took it meanwhile.
        return match taken.map_err(Problem::from) {
            Err(problem) if problem.code != Code::ResourceDoesNotExist => Err(problem.into()),
            _ => Ok(()),
        };
    }
    let level: Permission =
        level.parse().map_err(|message: String| Error::from(Problem::invalid(message)))?;
    acting.grant(&of, subject, level).await
}
