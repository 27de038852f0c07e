//! The list of registered models.

use crate::part::{
    address::Address,
    copy::CodeBlock,
    empty::Empty,
    icon::Icon,
    model_link::{alias_links, model_link},
    number::count,
    pager::{neighbours, page_number},
    search_box::SearchBox,
    time::Ago,
};
use leptos::prelude::*;
use leptos_meta::Title;
use model::page::registry::{RegisteredList, RegisteredRow};

/// What stands above the list, and stays while another part of it is asked for.
pub fn list_head(address: Address) -> AnyView {
    let wanted = Memo::new(move |_| address.text("q"));
    view! {
        <Title text="Models"/>
        <header class="page-head">
            <div class="page-title"><h1>"Models"</h1></div>
            <form method="get" role="search" class="page-actions" on:submit=|event| event.prevent_default()>
                <SearchBox
                    label="Find a model"
                    text=wanted.into()
                    on_change=move |text: String| address.set(&[("q", &text), ("page", "")])
                />
            </form>
        </header>
    }
    .into_any()
}

/// The models themselves.
pub fn list_view(list: RegisteredList, address: Address) -> AnyView {
    let (text, by_change, page) = untrack(|| {
        (address.text("q").trim().to_owned(), address.text("order") == "updated", page_number(address))
    });
    if list.rows.is_empty() && page == 1 {
        return nothing(text);
    }
    let head = |class: &'static str, words: &'static str, order: &'static str, way: Option<&'static str>| {
        let href = move || address.with(&[("order", order), ("page", "")]);
        view! { <th scope="col" class=class aria-sort=way><a href=href data-noscroll="">{words}</a></th> }
    };
    view! {
        <div class="table-frame" role="region" aria-label="Models" tabindex="0">
            <table class="grid model-table" aria-label="Models">
                <thead>
                    <tr>
                        {head("name", "Name", "", (!by_change).then_some("ascending"))}
                        <th scope="col" class="about">"About"</th>
                        <th scope="col" class="num">"Versions"</th>
                        <th scope="col" class="num">"Latest"</th>
                        <th scope="col">"Aliases"</th>
                        {head("time", "Last change", "updated", by_change.then_some("descending"))}
                    </tr>
                </thead>
                <tbody>{list.rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        {neighbours(address, list.more)}
    }
    .into_any()
}

fn row(row: RegisteredRow) -> AnyView {
    let latest = row.latest.map(|version| model_link(&row.name, Some(version), "", version.to_string()));
    view! {
        <tr>
            <th scope="row" class="name">{model_link(&row.name, None, "", row.name.clone())}</th>
            <td class="about" title=row.about.clone()>{row.about.clone()}</td>
            <td class="num">{count(row.versions)}</td>
            <td class="num">{latest}</td>
            <td class="chips">{alias_links(&row.name, &row.aliases)}</td>
            <td class="time"><Ago at=row.updated/></td>
        </tr>
    }
    .into_any()
}

/// Why there are none, and how to get one.
fn nothing(text: String) -> AnyView {
    if !text.is_empty() {
        return view! { <p class="none-found">"No model has “" {text} "” in its name."</p> }.into_any();
    }
    let code = "import mlflow\nmlflow.register_model(\"runs:/<run>/model\", \"name\")".to_owned();
    view! {
        <Empty icon=Icon::Box title="No registered models yet">
            <p class="muted">
                "A registered model is a name that people agree on, with numbered versions behind it. \
                 Register one on the page of the run that made it, or in Python:"
            </p>
            <div class="first-run"><CodeBlock code what="Python lines"/></div>
        </Empty>
    }
    .into_any()
}
