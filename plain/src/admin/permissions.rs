//! Who may do what: experiments down, subjects across, each cell to be changed in place, and why somebody has what they have.

use crate::{
    Address,
    frame::{Frame, Place},
    words::{level_meaning, reason},
};
use leptos::prelude::*;
use model::{
    ExperimentId, Permission,
    account::{Group, User},
    permission::{Given, Reason, Subject, effective},
};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// What the names of the experiments contain.
    pub query: String,
    /// Experiments with all that was given of each.
    pub rows: Vec<(ExperimentId, String, Vec<Given>)>,
    /// How many more experiments there are.
    pub left_out: usize,
    /// Groups, all of which have a column.
    pub groups: Vec<Group>,
    /// Users who have a column.
    pub users: Vec<User>,
    /// What somebody may do to what nobody gave them a permission for.
    pub default: Permission,
}

/// The name of a cell in the form: what it is of, and what was given before, so that only changes are made.
pub fn cell_name(experiment: ExperimentId, subject: &Subject) -> String {
    let subject = match subject {
        Subject::User(name) => format!("user:{name}"),
        Subject::Group(name) => format!("group:{name}"),
        Subject::Everyone => "everyone".to_owned(),
    };
    format!("{experiment}:{subject}")
}

/// What a cell's name means.
pub fn read_cell_name(name: &str) -> Option<(ExperimentId, Subject)> {
    let (experiment, subject) = name.split_once(':')?;
    let subject = match subject.split_once(':') {
        Some(("user", name)) => Subject::User(name.to_owned()),
        Some(("group", name)) => Subject::Group(name.to_owned()),
        None if subject == "everyone" => Subject::Everyone,
        _ => return None,
    };
    Some((experiment.parse().ok()?, subject))
}

/// The page.
pub fn page(frame: Frame, matrix: Matrix) -> String {
    frame.render(Place::Permissions, move || {
        let shown: Vec<String> = matrix.users.iter().map(|user| user.name.clone()).collect();
        let here = Address::of(Place::Permissions.path()).with("q", &matrix.query).with("users", &shown.join(","));
        let more = (matrix.left_out > 0).then(|| {
            view! { <p class="muted">"And "{matrix.left_out}" more experiments: name a part of their names to see them."</p> }
        });
        let none = matrix.rows.is_empty();
        view! {
            <form method="get" action=Place::Permissions.path() role="search" class="field-line">
                <label class="field">
                    <span>"Experiments with this in their name"</span>
                    <input type="search" name="q" value=matrix.query.clone() autocomplete="off"/>
                </label>
                <label class="field">
                    <span>"Users to show"</span>
                    <input type="text" name="users" value=shown.join(", ") placeholder="ada, bob" autocomplete="off"/>
                </label>
                <button type="submit" class="button">"Show"</button>
            </form>
            <p class="muted">
                "What is given to a user counts before what their groups have, and that before what everyone has; else the default, "
                {matrix.default.name()}", counts. Admins may do everything."
            </p>
            {none.then(|| view! { <p class="none-found">"No experiment has that in its name."</p> })}
            {(!none).then(|| table(&matrix, here.into_text()))}
            {more}
        }
        .into_any()
    })
}

fn table(matrix: &Matrix, here: String) -> AnyView {
    let group_heads = matrix.groups.iter().map(|group| {
        let title = format!("Members: {}", group.members.join(", "));
        view! { <th scope="col" title=title>{group.name.clone()}<span class="muted">" group"</span></th> }
    });
    let user_heads = matrix.users.iter().map(|user| {
        let kind = if user.is_admin { " admin" } else { "" };
        view! { <th scope="col">{user.name.clone()}<span class="muted">{kind}</span></th> }
    });
    let (group_heads, user_heads) = (group_heads.collect_view(), user_heads.collect_view());
    let rows: Vec<AnyView> = matrix.rows.iter().map(|row| one_row(matrix, row)).collect();
    view! {
        <form method="post" action="/admin/permissions" class="admin-table">
            <input type="hidden" name="here" value=here/>
            <div class="table-frame" role="region" aria-label="Permissions" tabindex="0">
                <table class="grid matrix" aria-label="Permissions">
                    <thead>
                        <tr>
                            <th scope="col">"Experiment"</th>
                            <th scope="col">"Everyone"</th>
                            {group_heads}
                            {user_heads}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <div class="bulk"><button type="submit" class="button primary">"Save changes"</button></div>
        </form>
    }
    .into_any()
}

fn one_row(matrix: &Matrix, (id, name, given): &(ExperimentId, String, Vec<Given>)) -> AnyView {
    let level_of =
        |subject: &Subject| given.iter().find(|given| given.to == *subject).map(|given| given.level);
    let cell = |subject: Subject, why: Option<String>| {
        let label = format!("What {subject} may do to {name}");
        view! { <td>{choice(*id, &subject, level_of(&subject), label)}{why.map(|why| view! { <div class="why">{why}</div> })}</td> }
            .into_any()
    };
    let everyone = cell(Subject::Everyone, None);
    let groups: Vec<AnyView> =
        matrix.groups.iter().map(|group| cell(Subject::Group(group.name.clone()), None)).collect();
    let users: Vec<AnyView> = matrix
        .users
        .iter()
        .map(|user| {
            let of: Vec<String> = matrix
                .groups
                .iter()
                .filter(|group| group.members.contains(&user.name))
                .map(|group| group.name.clone())
                .collect();
            let has = effective(user.is_admin, &user.name, &of, given, matrix.default);
            let own = Subject::User(user.name.clone());
            // What was given to themselves is what the cell says.
            let why =
                (has.reason != Reason::Given(own)).then(|| format!("{} {}", has.level, reason(&has.reason)));
            cell(Subject::User(user.name.clone()), why)
        })
        .collect();
    view! {
        <tr>
            <th scope="row" class="strong"><a href=format!("/experiments/{id}")>{name.clone()}</a></th>
            {everyone}
            {groups}
            {users}
        </tr>
    }
    .into_any()
}

fn choice(id: ExperimentId, subject: &Subject, given: Option<Permission>, label: String) -> AnyView {
    let name = cell_name(id, subject);
    let option = move |level: Permission| {
        let selected = given == Some(level);
        view! { <option value=level.name() selected=selected title=level_meaning(level)>{level.name()}</option> }
    };
    let was = given.map_or("", Permission::name);
    view! {
        <input type="hidden" name=format!("was:{name}") value=was/>
        <select name=format!("is:{name}") aria-label=label>
            <option value="" selected=given.is_none()>"–"</option>
            {Permission::ALL.map(option).into_view()}
        </select>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cells_lead_back() {
        let subjects =
            [Subject::Everyone, Subject::User("a b,c".to_owned()), Subject::Group("everyone".to_owned())];
        for subject in subjects {
            let name = cell_name(ExperimentId(7), &subject);
            assert_eq!(read_cell_name(&name), Some((ExperimentId(7), subject)));
        }
        for name in ["", "7", "x:everyone", "7:nobody", "7:user"] {
            assert_eq!(read_cell_name(name), None, "{name}");
        }
    }
}
