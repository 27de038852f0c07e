//! Two files against each other: texts line by line, pictures over each other.

use crate::{
    api::{compare_texts, fetch},
    part::{
        address::Address,
        answered::Answered,
        artifact_browser::{Kind, file_address},
        icon::Icon,
        number::{count, counted},
    },
};
use leptos::{html, prelude::*};
use model::{
    compared::{FilePlace, TextDifference},
    text_diff::{DiffLine, LineKind},
};

/// Two files, and the names of their runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The baseline's.
    pub before: FilePlace,
    /// The other one's.
    pub after: FilePlace,
    /// What their runs are called.
    pub names: (String, String),
}

/// What two files differ in. `wanted` says whether somebody just asked for it, who then must find themselves there: it may be far
/// below what they pressed.
pub fn difference(address: Address, pair: Pair, wanted: RwSignal<bool>, on_close: Callback<()>) -> AnyView {
    let place = NodeRef::<html::Section>::new();
    Effect::new(move || {
        let Some(place) = place.get().filter(|_| wanted.get()) else { return };
        wanted.set(false);
        place.scroll_into_view();
        _ = place.focus();
    });
    let (before, after) = pair.names.clone();
    let path = pair.before.path.clone();
    let body = match Kind::of(&path) {
        Kind::Image => pictures(&pair),
        Kind::Text => texts(pair),
        Kind::Other => {
            view! { <p class="none-found">"This kind of file can't be shown here."</p> }.into_any()
        }
    };
    let close = move |_| {
        address.set(&[("of", ""), ("file", ""), ("with", "")]);
        on_close.run(());
    };
    view! {
        <section
            class="card compare-difference"
            node_ref=place
            tabindex="-1"
            aria-label=format!("What differs in {path}")
        >
            <div class="card-head">
                <h3>{path.clone()}</h3>
                <span class="muted">{before} " → " {after}</span>
                <button type="button" class="icon-button push" aria-label="Close" title="Close" on:click=close>
                    {Icon::Close.draw()}
                </button>
            </div>
            {body}
        </section>
    }
    .into_any()
}

fn texts(pair: Pair) -> AnyView {
    let Pair { before, after, .. } = pair;
    let found =
        fetch(move || (before.clone(), after.clone()), |(before, after)| compare_texts(before, after));
    view! { <Answered answer=found bars=8 show={|found: TextDifference| lines(found)}/> }.into_any()
}

fn lines(TextDifference { diff, is_cut }: TextDifference) -> AnyView {
    let note = (is_cut || diff.is_cut).then(|| {
        view! { <p class="banner">"Only a part of what differs is shown: the files are long."</p> }
    });
    if diff.removed == 0 && diff.added == 0 {
        return view! {
            {note}
            <p class="none-found">"All lines are the same; only how they end may differ."</p>
        }
        .into_any();
    }
    let line = |line: &DiffLine| {
        let (class, sign, says) = match line.kind {
            LineKind::Same => ("", "", ""),
            LineKind::Removed => ("removed", "−", "Only in the baseline"),
            LineKind::Added => ("added", "+", "Only in the other run"),
        };
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        view! {
            <tr class=class title=says>
                <td class="line-number">{number(line.before)}</td>
                <td class="line-number">{number(line.after)}</td>
                <td class="line-sign">{sign}</td>
                <td class="line-text">{line.text.clone()}</td>
            </tr>
        }
    };
    let hunk = |hunk: &Vec<DiffLine>| view! { <tbody>{hunk.iter().map(line).collect_view()}</tbody> };
    let counts = format!(
        "{} only in the baseline, {} only in the other run",
        counted(diff.removed.into(), "line"),
        count(diff.added.into())
    );
    view! {
        {note}
        <p class="muted">{counts}</p>
        <div class="table-frame short" role="region" aria-label="Lines that differ" tabindex="0">
            <table class="line-table">{diff.hunks.iter().map(hunk).collect_view()}</table>
        </div>
    }
    .into_any()
}

/// Two pictures beside each other, and one over the other as far as a slider lets it be seen.
fn pictures(pair: &Pair) -> AnyView {
    let (before, after) =
        (file_address(pair.before.root, &pair.before.path), file_address(pair.after.root, &pair.after.path));
    let (name_before, name_after) = pair.names.clone();
    let revealed = RwSignal::new(50_u32);
    let slide = move |event| revealed.set(event_target_value(&event).parse().unwrap_or(50));
    view! {
        <div class="picture-pair">
            <figure>
                <img src=before.clone() alt=format!("Of {name_before}")/>
                <figcaption>{name_before.clone()}</figcaption>
            </figure>
            <figure>
                <img src=after.clone() alt=format!("Of {name_after}")/>
                <figcaption>{name_after.clone()}</figcaption>
            </figure>
        </div>
        <div class="picture-over">
            <img src=before alt=""/>
            <img src=after alt="" class="over" style:clip-path=move || format!("inset(0 0 0 {}%)", revealed.get())/>
        </div>
        <label class="slider picture-slider">
            <span>{name_before}</span>
            <input
                type="range"
                min="0"
                max="100"
                value="50"
                prop:value=move || revealed.get().to_string()
                aria-label="How much of the baseline's picture is seen"
                on:input=slide
            />
            <span>{name_after}</span>
        </label>
    }
    .into_any()
}
