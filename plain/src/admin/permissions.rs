//! Who may do what: experiments down, subjects across, each cell to be changed in place, and why somebody has what they have.

use crate::{
    Address,
    frame::{Frame, Place},
    words::{level_meaning, reason},
};
use leptos::prelude::*;
use model::{
    Permission,
    account::{Group, User},
    permission::{Given, Reason, Resource, Subject, effective},
};

/// What the table is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Experiments.
    Experiments,
    /// Registered models.
    Models,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Experiments, Self::Models];

    /// As the address has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Experiments => "",
            Self::Models => "models",
        }
    }

    /// Reads it.
    pub fn read(name: &str) -> Self {
        if name == Self::Models.name() { Self::Models } else { Self::Experiments }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Experiments => "Experiments",
            Self::Models => "Registered models",
        }
    }
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// What it is of.
    pub kind: Kind,
    /// What the names of the things contain.
    pub query: String,
    /// Things with their names and all that was given of each.
    pub rows: Vec<(Resource, String, Vec<Given>)>,
    /// How many more there are.
    pub left_out: usize,
    /// All groups, which say why somebody has a right.
    pub groups: Vec<Group>,
    /// Names of those that have a column.
    pub shown_groups: Vec<String>,
    /// Users who have a column.
    pub users: Vec<User>,
    /// What somebody may do to what nobody gave them a permission for.
    pub default: Permission,
}

/// A cell of the table: a permission that may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Of what.
    pub of: Resource,
    /// To whom.
    pub subject: Subject,
}

impl Cell {
    /// Its name in the form.
    pub fn name(&self) -> String {
        let of = match &self.of {
            Resource::Experiment(id) => format!("experiment:{id}"),
            // Their names have no colon.
            Resource::Registered(name) => format!("model:{name}"),
        };
        match &self.subject {
            Subject::User(name) => format!("{of}:user:{name}"),
            Subject::Group(name) => format!("{of}:group:{name}"),
            Subject::Everyone => format!("{of}:everyone"),
        }
    }

    /// What a cell's name means.
    pub fn read(name: &str) -> Option<Self> {
        let mut parts = name.splitn(4, ':');
        let of = match (parts.next()?, parts.next()?) {
            ("experiment", id) => Resource::Experiment(id.parse().ok()?),
            ("model", name) => Resource::Registered(name.to_owned()),
            _ => return None,
        };
        let subject = match (parts.next()?, parts.next()) {
            ("user", Some(name)) => Subject::User(name.to_owned()),
            ("group", Some(name)) => Subject::Group(name.to_owned()),
            ("everyone", None) => Subject::Everyone,
            _ => return None,
        };
        Some(Self { of, subject })
    }
}

/// The page.
pub fn page(frame: Frame, matrix: Matrix) -> String {
    frame.render(Place::Permissions, move || {
        let shown: Vec<String> = matrix.users.iter().map(|user| user.name.clone()).collect();
        let kind = matrix.kind;
        let page = Address::of(Place::Permissions.path()).with("of", kind.name());
        let shown_groups = matrix.shown_groups.clone();
        let hidden = matrix.groups.len() - shown_groups.len();
        let all_shown = hidden == 0;
        // Those that are shown anyway needn't be named.
        let groups = if all_shown { String::new() } else { shown_groups.join(", ") };
        let here = page.with("q", &matrix.query).with("groups", &groups).with("users", &shown.join(","));
        let more = (matrix.left_out > 0).then(|| {
            view! { <p class="muted">"And "{matrix.left_out}" more: name a part of their names to see them."</p> }
        });
        let way = move |other: Kind| {
            let href = Address::of(Place::Permissions.path()).with("of", other.name()).into_text();
            view! { <a class="tab" href=href aria-current={(other == kind).then_some("page")}>{other.words()}</a> }
        };
        let none = matrix.rows.is_empty();
        view! {
            <nav class="tabs" aria-label="Permissions of">{Kind::ALL.map(way).into_view()}</nav>
            <form method="get" action=Place::Permissions.path() role="search" class="field-line">
                <input type="hidden" name="of" value=kind.name()/>
                <label class="field">
                    <span>{format!("{} with this in their name", kind.words())}</span>
                    <input type="search" name="q" value=matrix.query.clone() autocomplete="off"/>
                </label>
                {(!all_shown).then(|| view! {
                    <label class="field">
                        <span>{format!("Groups to show, of {}", matrix.groups.len())}</span>
                        <input type="text" name="groups" value=groups autocomplete="off"/>
                    </label>
                })}
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
            {none.then(|| view! { <p class="none-found">{format!("No {} with that in their name.", kind.words().to_lowercase())}</p> })}
            {(!none).then(|| table(&matrix, here.into_text()))}
            {more}
        }
        .into_any()
    })
}

/// Groups with a column.
fn shown(matrix: &Matrix) -> impl Iterator<Item = &Group> {
    matrix.groups.iter().filter(|group| matrix.shown_groups.contains(&group.name))
}

fn table(matrix: &Matrix, here: String) -> AnyView {
    let group_heads = shown(matrix).map(|group| {
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
                            <th scope="col">{matrix.kind.words()}</th>
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

fn one_row(matrix: &Matrix, (of, name, given): &(Resource, String, Vec<Given>)) -> AnyView {
    let level_of =
        |subject: &Subject| given.iter().find(|given| given.to == *subject).map(|given| given.level);
    let cell = |subject: Subject, why: Option<String>| {
        let label = format!("What {subject} may do to {name}");
        view! { <td>{choice(of, &subject, level_of(&subject), label)}{why.map(|why| view! { <div class="why">{why}</div> })}</td> }
            .into_any()
    };
    let everyone = cell(Subject::Everyone, None);
    let called = match of {
        Resource::Experiment(id) => {
            view! { <a href=format!("/experiments/{id}")>{name.clone()}</a> }.into_any()
        }
        Resource::Registered(_) => name.clone().into_any(),
    };
    let groups: Vec<AnyView> =
        shown(matrix).map(|group| cell(Subject::Group(group.name.clone()), None)).collect();
    let users: Vec<AnyView> = matrix
        .users
        .iter()
        .map(|user| {
            let theirs: Vec<String> = matrix
                .groups
                .iter()
                .filter(|group| group.members.contains(&user.name))
                .map(|group| group.name.clone())
                .collect();
            let has = effective(user.is_admin, &user.name, &theirs, given, matrix.default);
            let own = Subject::User(user.name.clone());
            // What was given to themselves is what the cell says.
            let why =
                (has.reason != Reason::Given(own)).then(|| format!("{} {}", has.level, reason(&has.reason)));
            cell(Subject::User(user.name.clone()), why)
        })
        .collect();
    view! {
        <tr>
            <th scope="row" class="strong">{called}</th>
            {everyone}
            {groups}
            {users}
        </tr>
    }
    .into_any()
}

fn choice(of: &Resource, subject: &Subject, given: Option<Permission>, label: String) -> AnyView {
    let name = Cell { of: of.clone(), subject: subject.clone() }.name();
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
    use model::ExperimentId;

    #[test]
    fn names_of_cells_lead_back() {
        let subjects =
            [Subject::Everyone, Subject::User("a b,c".to_owned()), Subject::Group("everyone".to_owned())];
        for of in [Resource::Experiment(ExperimentId(7)), Resource::Registered("user of everyone".to_owned())]
        {
            for subject in &subjects {
                let cell = Cell { of: of.clone(), subject: subject.clone() };
                assert_eq!(Cell::read(&cell.name()), Some(cell));
            }
        }
        for name in [
            "",
            "7",
            "experiment:7",
            "experiment:x:everyone",
            "experiment:7:nobody",
            "model:m:user",
            "run:7:everyone",
        ] {
            assert_eq!(Cell::read(name), None, "{name}");
        }
    }
}
