//! Webhooks: where they lead, what they are told of, and how that goes.

use crate::{
    frame::{Frame, Place},
    table::{
        Column::{self, Numbers, Unseen, Words},
        table,
    },
    words::{moment, moment_or_never},
};
use leptos::prelude::*;
use model::webhook::{Webhook, WebhookEvent, WebhookState};

/// What the table has.
const COLUMNS: [Column; 7] = [
    Words("Name"),
    Words("URL"),
    Words("Told of"),
    Words("Signed"),
    Numbers("Waiting"),
    Words("Last delivery (UTC)"),
    Unseen("Actions"),
];

/// The page.
pub fn page(frame: Frame, states: &[WebhookState]) -> String {
    let rows: Vec<AnyView> = states.iter().map(row).collect();
    frame.render(Place::Webhooks, move || {
        let list = if rows.is_empty() {
            view! { <p class="none-yet">"There are no webhooks."</p> }.into_any()
        } else {
            table("Webhooks", "hooks", COLUMNS, rows)
        };
        view! {
            {form()}
            {list}
        }
        .into_any()
    })
}

fn form() -> AnyView {
    // There are no budgets here.
    let events = WebhookEvent::ALL.iter().filter(|event| **event != WebhookEvent::BudgetPolicyExceeded);
    let choices: Vec<AnyView> = events.map(|event| choice(*event)).collect();
    view! {
        <section class="card" aria-labelledby="new-title">
            <h2 id="new-title">"New webhook"</h2>
            <p class="muted">"It is told by a POST, as MLflow's are, of what happens to all registered models and prompts."</p>
            <form method="post" action="/admin/webhooks/add" class="steps">
                <div class="field-line">
                    <label class="field">
                        <span>"Name"</span>
                        <input type="text" name="name" required maxlength="63" autocomplete="off"/>
                    </label>
                    <label class="field">
                        <span>"URL"</span>
                        <input type="url" name="url" required maxlength="2048" autocomplete="off" placeholder="https://"/>
                    </label>
                </div>
                <div class="field-line">
                    <label class="field">
                        <span>"Secret that deliveries are signed with (may be left empty)"</span>
                        <input type="password" name="secret" maxlength="1000" autocomplete="new-password"/>
                    </label>
                    <label class="field">
                        <span>"Description"</span>
                        <input type="text" name="description" maxlength="1000" autocomplete="off"/>
                    </label>
                </div>
                <fieldset class="hook-events">
                    <legend>"Told of"</legend>
                    {choices}
                </fieldset>
                <div class="bulk"><button type="submit" class="button primary">"Create webhook"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn choice(event: WebhookEvent) -> AnyView {
    let name = event.to_string();
    view! {
        <label class="check">
            <input type="checkbox" name="event" value=name.clone()/>
            <span>{name}</span>
        </label>
    }
    .into_any()
}

fn row(state: &WebhookState) -> AnyView {
    let WebhookState { webhook, is_signed, waiting, last } = state.clone();
    let events: Vec<String> = webhook.events.iter().map(ToString::to_string).collect();
    let off = (!webhook.active).then(|| view! { <span class="chip">"Off"</span> });
    let last = match last {
        None => moment_or_never(None),
        Some((at, None)) => moment(at),
        Some((at, Some(failure))) => view! {
            {moment(at)}
            <p class="hook-failure">{failure}</p>
        }
        .into_any(),
    };
    let (switch, switch_words) = if webhook.active { ("disable", "Disable") } else { ("enable", "Enable") };
    let name = webhook.name.clone();
    let button = |action: &'static str, words: &'static str| {
        let label = format!("{} {name}", words.trim_end_matches(" …"));
        view! {
            <button type="submit" class="button quiet" name="action" value=action aria-label=label>{words}</button>
        }
        .into_any()
    };
    let buttons = vec![button("test", "Test"), button(switch, switch_words), button("delete", "Delete …")];
    view! {
        <tr>
            <th scope="row" class="strong">{webhook.name} {off}</th>
            <td class="hook-long" title=webhook.description>{webhook.url}</td>
            <td class="hook-long muted">{events.join(", ")}</td>
            <td>{if is_signed { "yes" } else { "no" }}</td>
            <td class="num">{waiting.to_string()}</td>
            <td>{last}</td>
            <td class="row-actions">
                <form method="post" action="/admin/webhooks" class="bulk">
                    <input type="hidden" name="id" value=webhook.id.to_string()/>
                    {buttons}
                </form>
            </td>
        </tr>
    }
    .into_any()
}

/// Asks whether this webhook shall really be deleted.
pub fn ask_delete(frame: Frame, webhook: &Webhook) -> String {
    let (name, id) = (webhook.name.clone(), webhook.id.to_string());
    frame.render(Place::Webhooks, move || {
        view! {
            <section class="card" aria-labelledby="delete-title">
                <h2 id="delete-title">{format!("Delete the webhook {name}?")}</h2>
                <p class="muted">"What waits to be delivered is dropped."</p>
                <form method="post" action="/admin/webhooks" class="field-line">
                    <input type="hidden" name="id" value=id/>
                    <input type="hidden" name="action" value="delete"/>
                    <button type="submit" class="button danger" name="sure" value="yes">"Delete"</button>
                    <a class="button" href=Place::Webhooks.path()>"Keep it"</a>
                </form>
            </section>
        }
        .into_any()
    })
}
