//! A registered model and the table of its versions.

use crate::part::{
    address::{Address, Query},
    icon::Icon,
    model_link::{alias_links, model_link},
    model_menu::{Of, What, model_menu},
    number::counted,
    pager::neighbours,
    time::Ago,
    version_comparison::comparison_address,
};
use leptos::{ev, prelude::*};
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::{
    Permission,
    page::registry::{RegisteredPage, RunLink, VERSIONS_COMPARED, VersionRow},
    run::Tag,
};

/// Numbers of the versions that are chosen.
type Chosen = RwSignal<Vec<i64>>;

/// What the boxes that choose versions belong to.
const FORM: &str = "compare-versions";

/// The page of a registered model.
pub fn model_page(page: RegisteredPage, address: Address, again: RwSignal<u32>) -> AnyView {
    let rights = rights_of(page.permission);
    let of = Of {
        name: page.name.clone(),
        what: What::Model(page.total),
        description: page.description.clone(),
        rights,
        again,
    };
    let chosen = Chosen::new(Vec::new());
    let none = page.versions.is_empty();
    let comparable = page.total > 1;
    let rows = page.versions.into_iter().map(|row| version_row(&of, row, comparable.then_some(chosen)));
    let rows = rows.collect_view();
    let compare = comparable.then(|| comparison(&page.name, chosen));
    view! {
        <Title text=page.name.clone()/>
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb"><a href="/models">"Models"</a></nav>
            <div class="page-title">
                <h1>{page.name.clone()}</h1>
                <span class="muted">{counted(page.total, "version")}</span>
                {model_menu(of)}
            </div>
            <div class="chips">{alias_links(&page.name, &page.aliases)} {tag_chips(&page.tags)}</div>
            {(!page.note_html.is_empty()).then(|| view! { <div class="page-note note" inner_html=page.note_html></div> })}
        </header>
        {compare}
        {if none {
            view! { <p class="none-yet">"No versions."</p> }.into_any()
        } else {
            view! {
                <div class="table-frame" role="region" aria-label="Versions" tabindex="0">
                    <table class="grid model-table" aria-label="Versions">
                        <thead>
                            <tr>
                                <td></td>
                                <th scope="col" class="num">"Version"</th>
                                <th scope="col">"Stage"</th>
                                <th scope="col">"Aliases"</th>
                                <th scope="col">"Run"</th>
                                <th scope="col">"Created by"</th>
                                <th scope="col">"Created"</th>
                                <th scope="col" class="about">"About"</th>
                                <td></td>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }.into_any()
        }}
        {neighbours(address, page.more)}
    }
    .into_any()
}

/// Whether the caller may change it, and whether they may delete it.
pub fn rights_of(permission: Permission) -> (bool, bool) {
    (permission >= Permission::Edit, permission >= Permission::Manage)
}

/// Tags, each as a key and its value.
pub fn tag_chips(tags: &[Tag]) -> AnyView {
    let chip = |tag: &Tag| {
        let words = format!("{}: {}", tag.key, tag.value);
        view! { <span class="chip" title=words.clone()>{words.clone()}</span> }
    };
    tags.iter().map(chip).collect_view().into_any()
}

/// Where a version stands; nothing for none.
pub fn stage_chip(stage: &str) -> Option<AnyView> {
    (stage != "None").then(|| view! { <span class="chip">{stage.to_owned()}</span> }.into_any())
}

/// A link to a run.
fn run_link(run: RunLink) -> AnyView {
    view! { <a href=format!("/experiments/{}/runs/{}", run.experiment, run.id)>{run.name}</a> }.into_any()
}

fn version_row(of: &Of, row: VersionRow, chosen: Option<Chosen>) -> AnyView {
    let VersionRow { version: number, stage, aliases, user, created, description, run, run_hidden } = row;
    let pick = chosen.map(|chosen| {
        let toggle = move |event: ev::Event| {
            chosen.update(|chosen| {
                chosen.retain(|other| *other != number);
                if event_target_checked(&event) {
                    chosen.push(number);
                }
            });
        };
        view! { <input
            type="checkbox"
            name="versions"
            value=number.to_string()
            form=FORM
            aria-label=format!("Select version {number}")
            prop:checked=move || chosen.read().contains(&number)
            on:change=toggle
        /> }
    });
    let run = match run {
        Some(run) => run_link(run),
        None => view! { <span class="faint">{if run_hidden { "not visible to you" } else { "–" }}</span> }
            .into_any(),
    };
    let names =
        aliases.iter().map(|alias| view! { <span class="chip">{alias.clone()}</span> }).collect_view();
    let about = description.lines().next().unwrap_or_default().to_owned();
    let what = What::Version { number, stage: stage.clone(), aliases, alone: false };
    let menu = model_menu(Of { what, description, ..of.clone() });
    view! {
        <tr>
            <td>{pick}</td>
            <th scope="row" class="num">{model_link(&of.name, Some(number), "", number.to_string())}</th>
            <td>{stage_chip(&stage)}</td>
            <td class="chips">{names}</td>
            <td class="run">{run}</td>
            <td>{user}</td>
            <td class="time"><Ago at=created/></td>
            <td class="about">{about}</td>
            <td class="row-actions">{menu}</td>
        </tr>
    }
    .into_any()
}

/// The way to a comparison of the chosen versions: a form, which needs no scripts.
fn comparison(name: &str, chosen: Chosen) -> AnyView {
    let (action, navigate) = (comparison_address(name), use_navigate());
    let path = action.clone();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let numbers: Vec<String> = chosen.read_untracked().iter().map(ToString::to_string).collect();
        let query = Query::default().with("versions", &numbers.join(","));
        navigate(&format!("{path}{query}"), NavigateOptions::default());
    };
    let why_not = move || match chosen.read().len() {
        0 | 1 => "Select two or more versions to compare them".to_owned(),
        many if many > VERSIONS_COMPARED => format!("At most {VERSIONS_COMPARED} versions can be compared"),
        _ => String::new(),
    };
    view! {
        <form id=FORM class="toolbar" method="get" action=action on:submit=submit>
            <button
                type="submit"
                class="button primary"
                prop:disabled=move || !why_not().is_empty()
                title=why_not
            >
                {Icon::Compare.draw()}
                "Compare"
            </button>
            <span class="muted">"the versions that you select"</span>
        </form>
    }
    .into_any()
}
