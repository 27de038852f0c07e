//! Drawings: icons, and the mark of Runmark.

use leptos::prelude::*;

/// A drawing of 16 by 16, in the colour of the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is called what it draws")]
pub enum Icon {
    Alert,
    ArrowDown,
    ArrowUp,
    Box,
    Check,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Close,
    Columns,
    Compare,
    Copy,
    Download,
    Expand,
    Eye,
    EyeOff,
    File,
    Filter,
    Flask,
    Folder,
    Grip,
    Group,
    Help,
    Image,
    Key,
    Moon,
    More,
    Screen,
    Search,
    Share,
    SignOut,
    Sliders,
    Sun,
    Trash,
    Tree,
    User,
    View,
}

impl Icon {
    /// Strokes on a grid of 16.
    fn path(self) -> &'static str {
        match self {
            Icon::Alert => {
                "M8 5.5v3M8 11h.01M7.1 2.5 1.6 12a1 1 0 0 0 .9 1.5h11a1 1 0 0 0 .9-1.5L8.9 2.5a1 1 0 0 0-1.8 0Z"
            }
            Icon::ArrowDown => "M8 3v10M4 9l4 4 4-4",
            Icon::ArrowUp => "M8 13V3M4 7l4-4 4 4",
            Icon::Box => "M2.5 5 8 2l5.5 3v6L8 14l-5.5-3V5ZM2.5 5 8 8l5.5-3M8 8v6",
            Icon::Check => "m3 8.5 3.5 3.5L13 4.5",
            Icon::ChevronDown => "m4 6 4 4 4-4",
            Icon::ChevronLeft => "m10 4-4 4 4 4",
            Icon::ChevronRight => "m6 4 4 4-4 4",
            Icon::Close => "m4 4 8 8M12 4l-8 8",
            Icon::Columns => "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
            Icon::Compare => "M2 13h12M2 13V3M4.5 10.5C7 10.5 7 4.5 13.5 4.5M4.5 6.5c4 0 4 3 9 3",
            Icon::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
            Icon::Download => "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11",
            Icon::Expand => "M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9",
            Icon::Eye => {
                "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z"
            }
            Icon::EyeOff => "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM2.5 13.5l11-11",
            Icon::File => "M3.5 1.5h5.5L12.5 5v9.5h-9zM9 1.5V5h3.5",
            Icon::Filter => "M2 3h12L9.5 8.5v4l-3 1v-5z",
            Icon::Flask => {
                "M6 1.5h4M6.7 1.5v4.3L2.6 12.6a1 1 0 0 0 .9 1.6h9a1 1 0 0 0 .9-1.6L9.3 5.8V1.5M4.6 9.5h6.8"
            }
            Icon::Folder => "M1.5 3.5h4.6L7.5 5h7v8.5h-13z",
            Icon::Grip => "M6 3.5h.01M10 3.5h.01M6 8h.01M10 8h.01M6 12.5h.01M10 12.5h.01",
            Icon::Group => "M2 3h5v4H2zM9 3h5v4H9zM2 9.5h5v4H2zM9 9.5h5v4H9z",
            Icon::Help => {
                "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM6.2 6.2a1.8 1.8 0 1 1 2.6 1.7c-.5.3-.8.7-.8 1.3M8 11.4h.01"
            }
            Icon::Image => "M2 3h12v10H2zM2 11l3.5-3.5L9 11l2-2 3 3M10.5 6h.01",
            Icon::Key => {
                "M10.5 9.5a4 4 0 1 0-3.8-2.7L2 11.5V14h2.5v-1.5H6V11h1.5l1.2-1.7c.6.1 1.2.2 1.8.2ZM11 5h.01"
            }
            Icon::More => "M3.5 7.5v1M8 7.5v1M12.5 7.5v1",
            Icon::Moon => "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
            Icon::Screen => "M1.5 2.5h13v8.5h-13zM5.5 14h5M8 11v3",
            Icon::Search => "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM10.6 10.6 14 14",
            Icon::Share => "M8 10V2M5 4.5 8 1.5l3 3M4.5 7.5h-2v7h11v-7h-2",
            Icon::SignOut => "M6 2.5H2.5v11H6M10.5 11l3-3-3-3M13.5 8H6",
            Icon::Sliders => "M2 4.5h6.5M11.5 4.5H14M10 3v3M2 11.5h2.5M7.5 11.5H14M6 10v3",
            Icon::Sun => {
                "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M3 3l1.1 1.1M11.9 11.9 13 13M1 8h1.5M13.5 8H15M3 13l1.1-1.1M11.9 4.1 13 3"
            }
            Icon::Trash => "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.8v4M9.3 6.8v4",
            Icon::Tree => "M2.5 2.5h6M4.5 2.5v10h4M4.5 7.5h4M10 7.5h3.5M10 12.5h3.5",
            Icon::View => "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6",
            Icon::User => "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14c.5-2.6 2.7-4 5.5-4s5 1.4 5.5 4",
        }
    }

    /// The drawing; the text beside it or the label of its button says what it means.
    pub fn draw(self) -> AnyView {
        view! {
            <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                <path d=self.path()></path>
            </svg>
        }
        .into_any()
    }
}

/// The mark of the product: a curve that settles on a point.
#[component]
pub fn Mark() -> AnyView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path class="mark-line" d="M3 5c2.2 9 5 12.5 10.5 13.4"></path>
            <circle class="mark-dot" cx="18.6" cy="18.6" r="3"></circle>
        </svg>
    }
    .into_any()
}
