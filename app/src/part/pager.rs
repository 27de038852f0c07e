use crate::part::{address::Address, icon::Icon, number::count};
use leptos::prelude::*;
use model::page::{RUNS_PAGE, Total};

/// The page of the table that the address asks for, counted from 1.
pub fn page_number(address: Address) -> u64 {
    read_page(&address.text("page"))
}

/// Of what no page can be, the first one.
fn read_page(word: &str) -> u64 {
    // As a `u32`: there are no more pages than that, and what is reckoned with them stays a number.
    word.parse::<u32>().ok().filter(|page| *page > 0).map_or(1, u64::from)
}

/// Which rows of how many are shown, and the ways to the others.
#[component]
pub fn Pager(
    /// How many rows there are in all.
    total: Total,
    /// How many of them are on this page.
    rows: u64,
) -> AnyView {
    let address = Address::here();
    let size = u64::from(RUNS_PAGE);
    let page = untrack(|| page_number(address));
    let first = (page - 1).saturating_mul(size) + 1;
    let last = (first - 1).saturating_add(rows);
    let all = match total {
        Total::Exactly(total) => count(total),
        // More may be on this very page.
        Total::AtLeast(total) => format!("{}+", count(total.max(last))),
    };
    let place = match total {
        Total::Exactly(0) => "No runs".to_owned(),
        _ if rows == 0 => format!("Past the end of {all}"),
        _ => format!("{}–{} of {all}", count(first), count(last)),
    };
    let more = match total {
        Total::Exactly(total) => rows > 0 && last < total,
        Total::AtLeast(_) => rows == size,
    };
    let step = move |label: &'static str, icon: Icon, to: Option<u64>| match to {
        Some(to) => {
            let number = if to == 1 { String::new() } else { to.to_string() };
            let href = move || address.with(&[("page", &number)]);
            view! { <a class="icon-button" href=href data-noscroll="" aria-label=label title=label>{icon.draw()}</a> }
                .into_any()
        }
        None => view! { <span class="icon-button off" aria-hidden="true">{icon.draw()}</span> }.into_any(),
    };
    view! {
        <nav class="pager" aria-label="Pages">
            <span class="pager-place">{place}</span>
            {step("Previous page", Icon::ChevronLeft, (page > 1).then(|| if rows > 0 { page - 1 } else { (page - 1).min(total.at_least().div_ceil(size).max(1)) }))}
            {step("Next page", Icon::ChevronRight, more.then_some(page + 1))}
        </nav>
    }
    .into_any()
}

/// The ways to the parts before and behind this one of a list whose length nobody counts; nothing if this is all.
pub fn neighbours(address: Address, more: bool) -> Option<AnyView> {
    let (page, rel) = untrack(|| (page_number(address), address.rel()));
    let way = move |words: &'static str, to: Option<u64>| {
        to.map(|to| {
            let number = if to == 1 { String::new() } else { to.to_string() };
            let href = move || address.with(&[("page", &number)]);
            view! { <a class="button" href=href rel=rel>{words}</a> }
        })
    };
    (page > 1 || more).then(|| {
        view! {
            <nav class="pager" aria-label="Pages">
                {way("Previous page", (page > 1).then(|| page - 1))}
                {way("Next page", more.then_some(page + 1))}
            </nav>
        }
        .into_any()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_number_from_one_on() {
        let check = |word: &str, page| assert_eq!(read_page(word), page, "{word}");
        check("", 1);
        check("1", 1);
        check("17", 17);
        check("0", 1);
        check("-1", 1);
        check("x", 1);
        check("4294967295", 4_294_967_295);
        check("18446744073709551615", 1);
    }
}
