//! The columns of a table: what their heads share, and where pinned ones stay.

use crate::part::{
    address::Address,
    column::{Column, ShownColumn, write_columns},
};
use leptos::{html::Div, prelude::*};
use model::filter::RunOrder;

/// How many columns can be pinned.
const PINS: usize = 8;

/// The columns of a table, and what their heads share.
#[derive(Clone, Copy)]
pub struct Columns {
    /// Those that are shown, pinned ones first.
    pub shown: Signal<Vec<ShownColumn>>,
    /// Whether the table can be sorted by what a column is sorted by.
    pub(super) sorts_by: fn(&RunOrder) -> bool,
    /// Whose menu is open, and where.
    pub(super) menu: RwSignal<Option<(Column, (f64, f64))>>,
    /// The column whose edge was just moved with keys.
    pub(super) sized: StoredValue<Option<Column>>,
}

impl Columns {
    /// These, in a table that can be sorted by some of what columns are sorted by.
    pub fn new(shown: Signal<Vec<ShownColumn>>, sorts_by: fn(&RunOrder) -> bool) -> Self {
        Self { shown, sorts_by, menu: RwSignal::new(None), sized: StoredValue::new(None) }
    }

    /// Changes which are shown, in the address.
    pub(super) fn change(self, address: Address, change: impl FnOnce(&mut Vec<ShownColumn>)) {
        let mut changed = self.shown.get_untracked();
        change(&mut changed);
        address.set(&[("columns", &write_columns(&changed))]);
    }

    /// Says where each pinned column stays, through variables of the style sheet.
    pub fn place_pins(self, frame: NodeRef<Div>) {
        Effect::new(move || {
            let Some(element) = frame.get() else { return };
            let style = web_sys::HtmlElement::style(&element);
            let mut left = 0.0;
            let columns = self.shown.read();
            for (pin, shown) in columns.iter().take(pins(&columns)).enumerate() {
                _ = style.set_property(&format!("--pin-{pin}"), &format!("{left}px"));
                left += f64::from(shown.pixels());
            }
        });
    }
}

/// How many columns stay in sight while the table scrolls sideways: the first ones.
pub fn pins(columns: &[ShownColumn]) -> usize {
    columns.iter().filter(|shown| shown.pinned).count().min(PINS)
}

/// The class that keeps a pinned column in its place.
pub fn pin_class(index: usize, pins: usize) -> String {
    match index {
        _ if index >= pins => String::new(),
        _ if index + 1 == pins => format!(" pinned last-pin pin-{index}"),
        _ => format!(" pinned pin-{index}"),
    }
}
