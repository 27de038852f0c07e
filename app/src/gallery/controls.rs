use super::exhibit;
use crate::part::{
    choice::Choice,
    copy::{CodeBlock, CopyButton},
    icon::{Icon, Mark},
    menu::{FloatingButton, Menu},
    search_box::SearchBox,
    share_link::ShareLink,
    theme_toggle::ThemeToggle,
};
use leptos::prelude::*;

/// Looks of buttons, by the classes that make them.
const LOOKS: [(&str, &str); 6] = [
    ("button", "Usual"),
    ("button primary", "Primary"),
    ("button quiet", "Quiet"),
    ("button quiet on", "Quiet, on"),
    ("button danger", "Danger"),
    ("icon-button", ""),
];

/// What people press, type into and choose from.
pub fn room() -> AnyView {
    let button = |disabled: bool| {
        let button = move |(class, words): (&'static str, &'static str)| {
            let face = if words.is_empty() { Icon::More.draw() } else { words.into_any() };
            let label = words.is_empty().then_some("More");
            view! { <button type="button" class=class disabled=disabled aria-label=label>{face}</button> }
        };
        LOOKS.map(button).into_iter().collect_view()
    };
    let text = RwSignal::new("solver".to_owned());
    let chosen = RwSignal::new(0_u8);
    let (on, part) = (RwSignal::new(true), RwSignal::new(0.6_f64));
    let segment = |(value, words): (u8, &'static str)| {
        view! {
            <label>
                <input
                    type="radio"
                    name="gallery-segment"
                    class="visually-hidden"
                    prop:checked=move || chosen.get() == value
                    on:change=move |_| chosen.set(value)
                />
                <span>{words}</span>
            </label>
        }
    };
    let icons = ICONS.map(|icon| {
        let name = format!("{icon:?}");
        view! { <li>{icon.draw()}<span class="faint">{name}</span></li> }
    });
    let menu = || {
        view! {
            <ul class="menu-list">
                <li><button type="button">"Rename"</button></li>
                <li><button type="button" disabled>"Delete"</button></li>
            </ul>
        }
    };
    view! {
        {exhibit("Buttons", view! {
            <div class="gallery-row">{button(false)}</div>
            <div class="gallery-row">{button(true)}</div>
            <div class="gallery-row">
                <a class="button" href="/gallery?tab=controls">{Icon::Share.draw()} "A link"</a>
                <CopyButton text="0123abcd".to_owned() what="text"/>
                <ShareLink/>
                <ThemeToggle/>
            </div>
        })}
        {exhibit("Menus", view! {
            <div class="gallery-row">
                <Menu label="Menu" face=ViewFn::from(|| view! { "Menu" {Icon::ChevronDown.draw()} })>{menu()}</Menu>
                <Menu label="Quiet menu" class="icon-button" face=ViewFn::from(|| Icon::More.draw())>{menu()}</Menu>
                <FloatingButton label="Floating menu".to_owned() class="icon-button" face=ViewFn::from(|| Icon::Sliders.draw())>
                    {menu()}
                </FloatingButton>
            </div>
        })}
        {exhibit("Search and fields", view! {
            <div class="gallery-row">
                <SearchBox label="Find params" text=text.into() on_change=move |now: String| text.set(now)/>
            </div>
            <div class="field-line">
                <label class="field"><span>"Name"</span><input type="text" value="baseline"/></label>
                <label class="field"><span>"Empty"</span><input type="text" placeholder="Placeholder"/></label>
                <Choice
                    label="Axis"
                    options=vec![(0_u8, "Step"), (1, "Time"), (2, "Relative")]
                    chosen=chosen
                />
            </div>
        })}
        {exhibit("Segments, boxes to tick and sliders", view! {
            <div class="gallery-row">
                <fieldset class="segments" aria-label="Axis of the charts">
                    {[(0_u8, "Step"), (1, "Time"), (2, "Relative")].map(segment).into_iter().collect_view()}
                </fieldset>
                <label class="check">
                    <input type="checkbox" prop:checked=on on:change=move |event| on.set(event_target_checked(&event))/>
                    <span>"Logarithmic"</span>
                </label>
                <label class="slider">
                    "Smoothing"
                    <input
                        type="range"
                        min="0"
                        max="0.99"
                        step="0.01"
                        prop:value=move || part.get().to_string()
                        on:input=move |event| {
                            if let Ok(now) = event_target_value(&event).parse() {
                                part.set(now);
                            }
                        }
                    />
                    <output class="number">{move || format!("{:.2}", part.get())}</output>
                </label>
            </div>
        })}
        {exhibit("Code to copy", view! {
            <CodeBlock code="export MLFLOW_TRACKING_URI=http://localhost:5000".to_owned() what="a shell line"/>
        })}
        {exhibit("Icons", view! { <ul class="gallery-icons"><li><Mark/></li>{icons.into_iter().collect_view()}</ul> })}
    }
    .into_any()
}

/// All drawings.
const ICONS: [Icon; 34] = [
    Icon::Alert,
    Icon::ArrowDown,
    Icon::ArrowUp,
    Icon::Box,
    Icon::Check,
    Icon::ChevronDown,
    Icon::ChevronLeft,
    Icon::ChevronRight,
    Icon::Close,
    Icon::Columns,
    Icon::Compare,
    Icon::Copy,
    Icon::Download,
    Icon::Eye,
    Icon::EyeOff,
    Icon::File,
    Icon::Filter,
    Icon::Flask,
    Icon::Folder,
    Icon::Group,
    Icon::Help,
    Icon::Image,
    Icon::Key,
    Icon::Moon,
    Icon::More,
    Icon::Screen,
    Icon::Search,
    Icon::Share,
    Icon::SignOut,
    Icon::Sliders,
    Icon::Sun,
    Icon::Trash,
    Icon::User,
    Icon::View,
];
