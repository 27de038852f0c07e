//! The audit log: who did what, when, from where.

use crate::{
    Address,
    frame::{Frame, Place},
    table::{
        Column::{self, Words},
        table,
    },
    words::{moment, moment_text},
};
use leptos::prelude::*;
use model::audit::{Action, Event, EventFilter};

/// What the table has.
const COLUMNS: [Column; 6] =
    [Words("When (UTC)"), Words("Who"), Words("What"), Words("On"), Words("Details"), Words("From")];

/// What is asked for, as the address says it.
pub fn address(path: &str, filter: &EventFilter) -> Address {
    let done = match filter.done {
        None => "",
        Some(true) => "yes",
        Some(false) => "no",
    };
    Address::of(path)
        .with("actor", &filter.actor)
        .with("action", &filter.action)
        .with("kind", &filter.kind)
        .with("object", &filter.object)
        .with("done", done)
}

/// The page. `next` leads to the rows before these.
pub fn page(frame: Frame, filter: &EventFilter, events: &[Event], next: Option<String>) -> String {
    let rows: Vec<AnyView> = events.iter().map(row).collect();
    let filter = filter.clone();
    frame.render(Place::Audit, move || {
        let export = |format| address(&format!("/admin/audit/export.{format}"), &filter).into_text();
        let (csv, json) = (export("csv"), export("json"));
        let earlier = next.map(|next| {
            let href = address(Place::Audit.path(), &filter).with("after", &next).into_text();
            view! { <nav class="pager" aria-label="Pages"><a class="button" href=href>"Earlier"</a></nav> }
        });
        let none = rows.is_empty();
        view! {
            {form(&filter, csv, json)}
            {none.then(|| view! { <p class="none-found">"Nothing was told that matches."</p> })}
            {(!none).then(|| table("Audit log", "audit-table", COLUMNS, rows))}
            {earlier}
        }
        .into_any()
    })
}

fn form(filter: &EventFilter, csv: String, json: String) -> AnyView {
    let text = |label: &'static str, name: &'static str, value: &str, hint: &'static str| {
        let value = value.to_owned();
        view! {
            <label class="field">
                <span>{label}</span>
                <input type="text" name=name value=value placeholder=hint autocomplete="off"/>
            </label>
        }
    };
    let chosen = filter.action.clone();
    let mut groups: Vec<&str> =
        Action::ALL.iter().filter_map(|action| action.name().split('.').next()).collect();
    groups.dedup();
    let option = |value: &'static str| {
        let selected = chosen == value;
        view! { <option value=value selected=selected>{value}</option> }
    };
    let groups = groups.into_iter().map(option).collect_view();
    let actions = Action::ALL.iter().map(|action| option(action.name())).collect_view();
    let done = |value: &'static str, words: &'static str, selected: bool| {
        view! { <option value=value selected=selected>{words}</option> }
    };
    view! {
        <form method="get" action=Place::Audit.path() role="search" class="field-line">
            {text("Who", "actor", &filter.actor, "name of an account")}
            <label class="field">
                <span>"What"</span>
                <select name="action">
                    <option value="">"Everything"</option>
                    <optgroup label="All of a kind">{groups}</optgroup>
                    <optgroup label="One action">{actions}</optgroup>
                </select>
            </label>
            {text("On which kind", "kind", &filter.kind, "run, experiment, user …")}
            {text("Number, id or name", "object", &filter.object, "")}
            <label class="field">
                <span>"Outcome"</span>
                <select name="done">
                    {done("", "Any", filter.done.is_none())}
                    {done("yes", "Done", filter.done == Some(true))}
                    {done("no", "Refused", filter.done == Some(false))}
                </select>
            </label>
            <button type="submit" class="button primary">"Show"</button>
            <a class="button" href=csv download="audit.csv">"CSV"</a>
            <a class="button" href=json download="audit.json">"JSON"</a>
        </form>
    }
    .into_any()
}

/// What the row says besides, in words: `before READ · after EDIT`. What there is not isn't said.
fn detail(json: &str) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(json) else { return json.to_owned() };
    let said = fields.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("expires", value) => value.as_i64().map(moment_text).unwrap_or_default(),
            (_, serde_json::Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        format!("{} {value}", key.replace('_', " "))
    });
    said.collect::<Vec<_>>().join(" · ")
}

fn row(event: &Event) -> AnyView {
    let event = event.clone();
    let who = match (event.actor.is_empty(), &event.address) {
        (false, _) => event.actor,
        (true, None) => "Command line".to_owned(),
        (true, Some(_)) => "Unknown".to_owned(),
    };
    let token = event.token.map(|token| view! { <span class="muted">" by token "{token}</span> });
    let refused = (!event.done).then(|| view! { <span class="chip bad">"Refused"</span> });
    let on = format!("{} {}", event.kind.replace('_', " "), event.object);
    let from = event.address.unwrap_or_else(|| "this machine".to_owned());
    let detail = detail(&event.detail);
    view! {
        <tr>
            <td class="time">{moment(event.at)}</td>
            <th scope="row" class="strong">{who}{token}</th>
            <td>{event.action}" "{refused}</td>
            <td>{on}</td>
            <td class="detail" title=detail.clone()>{detail.clone()}</td>
            <td>{from}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_said_in_words() {
        let check = |json, expected| assert_eq!(detail(json), expected, "{json}");
        check("{}", "");
        check(r#"{"after":"EDIT","before":null,"to":"user bob"}"#, "after EDIT · to user bob");
        check(
            r#"{"experiments":[1,2],"expires":1700000000000}"#,
            "experiments [1,2] · expires 2023-11-14 22:13:20",
        );
        check("no JSON", "no JSON");
    }
}
