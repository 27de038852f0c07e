//! What was just done, or is being done, said at the edge of the page; with a way to undo or cancel it.

use crate::part::{icon::Icon, pause::after_pause};
use leptos::{prelude::*, reactive::owner::WeakOwner};
use std::time::Duration;

/// How long something stays that needs no answer.
const STAYS: Duration = Duration::from_secs(8);

/// A way on from what was said.
#[derive(Clone, Copy)]
pub struct Way {
    /// What the button says.
    pub label: &'static str,
    /// What it does.
    pub act: Callback<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Done,
    Failed,
    Underway,
}

/// Something said, that can be said anew as long as it is underway.
#[derive(Clone, Copy)]
pub struct Toast {
    number: u32,
    text: RwSignal<String>,
    kind: RwSignal<Kind>,
    way: RwSignal<Option<Way>>,
    link: RwSignal<Option<(String, String)>>,
}

/// All that is said now. One for the whole application, since what is done outlives its page.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    last: StoredValue<u32>,
    owner: StoredValue<Option<WeakOwner>>,
}

impl Toasts {
    /// Makes the one there is, for all parts below.
    pub fn provide() {
        // Weak: what the owner holds must not hold the owner.
        let owner = StoredValue::new(Owner::current().map(|owner| owner.downgrade()));
        provide_context(Self { shown: RwSignal::new(Vec::new()), last: StoredValue::new(0), owner });
    }

    /// The one there is.
    pub fn here() -> Self {
        expect_context()
    }

    /// Says that something is done.
    pub fn done(self, text: impl Into<String>, way: Option<Way>) {
        self.begin(text, way).finish(None, way);
    }

    /// Says that something failed.
    pub fn failed(self, text: impl Into<String>) {
        self.begin(text, None).fail(None, None);
    }

    /// Says that something is underway; it stays until it is finished.
    pub fn begin(self, text: impl Into<String>, way: Option<Way>) -> Toast {
        let number = self.last.try_update_value(|last| {
            *last += 1;
            *last
        });
        // It belongs to the application, not to the page that said it.
        let owner = self.owner.get_value().and_then(|owner| owner.upgrade()).unwrap_or_default();
        let toast = owner.with(|| Toast {
            number: number.unwrap_or_default(),
            text: RwSignal::new(text.into()),
            kind: RwSignal::new(Kind::Underway),
            way: RwSignal::new(way),
            link: RwSignal::new(None),
        });
        self.shown.update(|shown| shown.push(toast));
        toast
    }

    fn forget(self, toast: Toast) {
        self.shown.update(|shown| shown.retain(|other| other.number != toast.number));
    }
}

impl Toast {
    /// How far it is.
    pub fn say(self, text: impl Into<String>) {
        self.text.set(text.into());
    }

    /// What it leads to, by name, and the address.
    pub fn lead(self, name: String, address: String) {
        self.link.set(Some((name, address)));
    }

    /// It is done.
    pub fn finish(self, text: Option<String>, way: Option<Way>) {
        self.end(Kind::Done, text, way);
    }

    /// It failed, or a part of it.
    pub fn fail(self, text: Option<String>, way: Option<Way>) {
        self.end(Kind::Failed, text, way);
    }

    fn end(self, kind: Kind, text: Option<String>, way: Option<Way>) {
        if let Some(text) = text {
            self.text.set(text);
        }
        self.way.set(way);
        self.kind.set(kind);
    }
}

/// Where it is said.
#[component]
pub fn ToastPlace() -> AnyView {
    let toasts = Toasts::here();
    let toast = move |toast: Toast| {
        // What somebody is about to press doesn't go away.
        let looked_at = RwSignal::new(false);
        Effect::new(move || {
            if toast.kind.get() == Kind::Done && !looked_at.get() {
                after_pause(STAYS, move || toasts.forget(toast));
            }
        });
        let way = move || {
            toast.way.get().map(|way| {
                let act = move |_| {
                    if toast.kind.get_untracked() != Kind::Underway {
                        toasts.forget(toast);
                    }
                    way.act.run(());
                };
                view! { <button type="button" class="button quiet" on:click=act>{way.label}</button> }
            })
        };
        view! {
            <div
                class="toast"
                class:failed=move || toast.kind.get() == Kind::Failed
                on:mouseenter=move |_| looked_at.set(true)
                on:mouseleave=move |_| looked_at.set(false)
                on:focusin=move |_| looked_at.set(true)
                on:focusout=move |_| looked_at.set(false)
            >
                <span class="toast-text">
                    {toast.text}
                    {move || toast.link.get().map(|(name, address)| view! { " " <a href=address>{name}</a> })}
                </span>
                {way}
                <Show when=move || toast.kind.get() != Kind::Underway>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label="Dismiss"
                        on:click=move |_| toasts.forget(toast)
                    >
                        {Icon::Close.draw()}
                    </button>
                </Show>
            </div>
        }
    };
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.shown.get() key=|toast| toast.number children=toast/>
        </div>
    }
    .into_any()
}
