use leptos::prelude::*;
use model::run::RunStatus;

/// Where a run stands, as a dot and a word.
#[component]
pub fn StatusBadge(
    /// The status.
    status: RunStatus,
) -> AnyView {
    let (class, word) = (status_class(status), status_word(status));
    view! {
        <span class=format!("status {class}")>
            <span class="status-dot" aria-hidden="true"></span>
            {word}
        </span>
    }
    .into_any()
}

/// The status as a dot, for dense tables; its word for those who point or listen.
#[component]
pub fn StatusDot(
    /// The status.
    status: RunStatus,
) -> AnyView {
    let (class, word) = (status_class(status), status_word(status));
    view! {
        <span class=format!("status {class}") title=word>
            <span class="status-dot" aria-hidden="true"></span>
            <span class="visually-hidden">{word}</span>
        </span>
    }
    .into_any()
}

/// What a status is called.
pub fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "Running",
        RunStatus::Scheduled => "Scheduled",
        RunStatus::Finished => "Finished",
        RunStatus::Failed => "Failed",
        RunStatus::Killed => "Killed",
    }
}

fn status_class(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Scheduled => "scheduled",
        RunStatus::Finished => "finished",
        RunStatus::Failed => "failed",
        RunStatus::Killed => "killed",
    }
}

/// The class that carries the colour of a run's lines, after [`chart::series_color`]; it repeats after 36.
pub fn series_class(index: usize) -> String {
    format!("series-{}", index % 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_has_the_colours_of_the_charts() {
        let sheet = include_str!("../../../style/70-series.css");
        for index in 0..36 {
            let rule =
                format!(".{} {{ --series: {}; }}", series_class(index), chart::series_color(index).css());
            assert!(sheet.contains(&rule), "{rule}");
        }
    }
}
