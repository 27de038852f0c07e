use crate::{
    api::{artifact_text, fetch, list_artifacts},
    part::{
        address::{Address, encode_path},
        answered::Answered,
        empty::Empty,
        icon::Icon,
        later::{self, Loaded},
        number::{counted, size},
    },
};
use leptos::{prelude::*, wasm_split::wasm_split};
use model::{
    page::{ArtifactEntry, ArtifactRoot, LoggedTable, ModelLink, TextPreview},
    run::RunInfo,
};

/// A place where files are: its value in the address, its name, and where the server finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    value: String,
    name: String,
    root: ArtifactRoot,
    /// The folder below the root that is shown; empty for all.
    folder: String,
}

/// The files of a run and of the models it made: folders at the left, the chosen file at the right.
#[component]
pub fn ArtifactBrowser(
    /// The run.
    run: RunInfo,
    /// The models it made.
    models: Vec<ModelLink>,
) -> AnyView {
    let mut places = vec![Place {
        value: String::new(),
        name: "Run".to_owned(),
        root: ArtifactRoot::Run(run.experiment, run.id),
        folder: String::new(),
    }];
    places.extend(models.into_iter().filter(|model| matches!(model.files, ArtifactRoot::Model(..))).map(
        |model| Place {
            value: model.id.to_string(),
            name: model.name,
            root: model.files,
            folder: String::new(),
        },
    ));
    browser(places)
}

/// The files below one folder, such as those of a version of a registered model.
pub fn files_below(root: ArtifactRoot, folder: String) -> AnyView {
    browser(vec![Place { value: "model".to_owned(), name: "Model".to_owned(), root, folder }])
}

fn browser(places: Vec<Place>) -> AnyView {
    later::with_page(load_browser, places, || {
        view! { <div class="artifacts" aria-busy="true"></div> }.into_any()
    })
}

/// The code of files.
#[wasm_split(files, wasm_split_path = leptos::wasm_split, fallible)]
pub(crate) fn load_browser() -> Loaded<Vec<Place>> {
    Ok(drawn)
}

fn drawn(places: Vec<Place>) -> AnyView {
    let address = Address::here();
    let single = places.len() == 1;
    let chosen = {
        let places = places.clone();
        Memo::new(move |_| {
            let of = address.text("of");
            let place = places.iter().find(|place| place.value == of).or(places.first());
            place.zip(address.get("path")).map(|(place, path)| (place.root, path))
        })
    };
    let trees = places
        .into_iter()
        .map(|place| {
            view! {
                <section aria-label=format!("Files of {}", place.name)>
                    {(!single).then(|| view! {
                        <h2 class="tree-title">
                            {if place.value.is_empty() { Icon::Flask } else { Icon::Box }.draw()}
                            {place.name.clone()}
                        </h2>
                    })}
                    <Folder place=place.clone() path=place.folder.clone() top=true/>
                </section>
            }
        })
        .collect_view();
    view! {
        <div class="artifacts" class:choosing=move || chosen.read().is_none()>
            <nav class="tree" aria-label="Artifacts">{trees}</nav>
            <div class="preview">
                {move || match chosen.get() {
                    Some((root, path)) => view! { <Preview root path/> }.into_any(),
                    None => view! {
                        <div class="empty"><p class="muted">"Choose a file to see it here."</p></div>
                    }.into_any(),
                }}
            </div>
        </div>
    }
    .into_any()
}

/// What a folder holds.
#[component]
fn Folder(place: Place, path: String, #[prop(optional)] top: bool) -> AnyView {
    let root = place.root;
    let entries = fetch(move || path.clone(), move |path| list_artifacts(root, path));
    view! {
        <Answered answer=entries bars=3 show={move |mut entries: Vec<ArtifactEntry>| {
            if entries.is_empty() && top && !place.value.is_empty() {
                return view! { <p class="none-yet">"No files."</p> }.into_any();
            }
            if entries.is_empty() && top {
                return view! {
                    <Empty icon=Icon::Folder title="No artifacts yet">
                        <p class="muted"><code>"mlflow.log_artifact(\"model.pt\")"</code> " puts a file here."</p>
                    </Empty>
                }.into_any();
            }
            entries.sort_by(|a, b| (a.size.is_some(), &a.path).cmp(&(b.size.is_some(), &b.path)));
            let place = place.clone();
            let entry = move |entry: ArtifactEntry| view! { <li><Entry place=place.clone() entry/></li> };
            view! { <ul class="tree-list">{entries.into_iter().map(entry).collect_view()}</ul> }.into_any()
        }}/>
    }
    .into_any()
}

#[component]
fn Entry(place: Place, entry: ArtifactEntry) -> AnyView {
    let address = Address::here();
    let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
    let path = entry.path;
    let here = {
        let value = place.value.clone();
        move || address.text("of") == value
    };
    match entry.size {
        None => {
            let inside = format!("{path}/");
            let open = untrack(|| here() && address.text("path").starts_with(&inside));
            // Listed by the browser alone. A rendered page tells its answers apart by the order in which they were asked
            // for; on the server this one comes after the preview's, in the browser before it.
            let (opened, set_opened) = signal(false);
            Effect::new(move || {
                if open {
                    set_opened.set(true);
                }
            });
            view! {
                <details open=open on:toggle=move |_| set_opened.set(true)>
                    <summary>{Icon::Folder.draw()} <span class="tree-name">{name}</span></summary>
                    <Show when=move || opened.get()>
                        <Folder place=place.clone() path=path.clone()/>
                    </Show>
                </details>
            }
            .into_any()
        }
        Some(bytes) => {
            let value = place.value.clone();
            let current = {
                let path = path.clone();
                move || (here() && address.text("path") == path).then_some("true")
            };
            let icon = if Kind::of(&path) == Kind::Image { Icon::Image } else { Icon::File };
            let title = path.clone();
            view! {
                <a
                    class="tree-file"
                    href=move || address.with(&[("of", &value), ("path", &path)])
                    rel=untrack(|| address.rel())
                    data-noscroll=""
                    aria-current=current
                    title=title
                >
                    {icon.draw()}
                    <span class="tree-name">{name}</span>
                    <span class="tree-size">{size(bytes)}</span>
                </a>
            }
            .into_any()
        }
    }
    .into_any()
}

/// How a file is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As lines.
    Text,
    /// As a picture.
    Image,
    /// Not at all.
    Other,
}

impl Kind {
    /// Of a file, by its name.
    pub fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default();
        // A file without an ending is most often text: MLmodel, LICENSE, Dockerfile.
        let Some((_, ending)) = name.rsplit_once('.') else { return Kind::Text };
        match ending.to_ascii_lowercase().as_str() {
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "avif" | "bmp" => Kind::Image,
            "txt" | "md" | "rst" | "log" | "csv" | "tsv" | "json" | "jsonl" | "yaml" | "yml" | "toml"
            | "ini" | "cfg" | "conf" | "env" | "py" | "ipynb" | "r" | "rs" | "js" | "ts" | "css" | "html"
            | "xml" | "sh" | "sql" | "patch" | "diff" | "lock" | "geojson" => Kind::Text,
            _ => Kind::Other,
        }
    }
}

/// Where the server hands out a file as it is.
pub fn file_address(root: ArtifactRoot, path: &str) -> String {
    let path = encode_path(path);
    match root {
        ArtifactRoot::Run(experiment, run) => format!("/files/run/{experiment}/{run}/{path}"),
        ArtifactRoot::Model(experiment, model) => format!("/files/model/{experiment}/{model}/{path}"),
    }
}

#[component]
fn Preview(root: ArtifactRoot, path: String) -> AnyView {
    let address = Address::here();
    let file = file_address(root, &path);
    let download = format!("{file}?download=1");
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let kind = Kind::of(&path);
    let body = match kind {
        Kind::Image => {
            view! { <div class="image-preview"><img src=file alt=format!("Preview of {name}")/></div> }
                .into_any()
        }
        Kind::Text => {
            let path = path.clone();
            let text = fetch(move || path.clone(), move |path| artifact_text(root, path));
            view! { <Answered answer=text bars=8 show={|text: TextPreview| view! { <Text text/> }}/> }
                .into_any()
        }
        Kind::Other => view! {
            <div class="empty">
                <div class="empty-icon">{Icon::File.draw()}</div>
                <p class="muted">"This kind of file can't be shown here. Download it to open it."</p>
            </div>
        }
        .into_any(),
    };
    view! {
        <div class="preview-head">
            <a
                class="icon-button preview-back"
                href=move || address.with(&[("path", "")])
                rel=untrack(|| address.rel())
                data-noscroll=""
                aria-label="All files"
            >
                {Icon::ChevronLeft.draw()}
            </a>
            <h2 title=path.clone()>{path.clone()}</h2>
            <a class="button" href=download rel="external" download=name>
                {Icon::Download.draw()}
                "Download"
            </a>
        </div>
        <div class="preview-body">{body}</div>
    }
    .into_any()
}

#[component]
fn Text(text: TextPreview) -> AnyView {
    if let Some(table) = text.table {
        return table_view(table).into_any();
    }
    if text.text.is_empty() {
        return view! { <p class="none-found">"This file is empty."</p> }.into_any();
    }
    view! {
        {text.truncated.then(|| view! {
            <p class="banner">"This is the start of a long file. Download it to see all of it."</p>
        })}
        <pre class="text-preview" tabindex="0">{text.text}</pre>
    }
    .into_any()
}

/// A table that the run logged.
fn table_view(table: LoggedTable) -> impl IntoView {
    let (rows, columns) = table.size;
    let is_cut = rows > table.rows.len() || columns > table.columns.len();
    let size = format!("{} × {}", counted(rows as u64, "row"), counted(columns as u64, "column"));
    let row = |row: Vec<String>| {
        let cell = |cell: String| view! { <td class="value">{cell}</td> };
        view! { <tr>{row.into_iter().map(cell).collect_view()}</tr> }
    };
    let head = |name: String| view! { <th scope="col">{name}</th> };
    view! {
        <p class="logged-table-size muted">
            {size}
            {is_cut.then_some(". This is the start of it: download the file to have all.")}
        </p>
        <div class="table-frame logged-table" role="region" aria-label="Logged table" tabindex="0">
            <table class="grid" aria-label="Logged table">
                <thead>
                    <tr>{table.columns.into_iter().map(head).collect_view()}</tr>
                </thead>
                <tbody>{table.rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ExperimentId;

    #[test]
    fn files_have_an_address_and_a_kind() {
        let run = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
        let root = ArtifactRoot::Run(ExperimentId(3), run);
        assert_eq!(
            file_address(root, "a b/ü?.png"),
            "/files/run/3/0af7651916cd43dd8448eb211c80319c/a%20b/%C3%BC%3F.png"
        );
        let check = |path: &str, kind| assert_eq!(Kind::of(path), kind, "{path}");
        check("model/MLmodel", Kind::Text);
        check("plot.PNG", Kind::Image);
        check("v1.2/weights.pt", Kind::Other);
        check("v1.2/README", Kind::Text);
    }
}
