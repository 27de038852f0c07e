//! What an address of the site shows, for those pages that can be shared.

use crate::preview::Look;
use app::{
    Query,
    column::{Column, named_columns, read_columns},
};
use model::{
    ExperimentId, RunId,
    page::{Level, RunsQuery},
    run_list::read_runs,
    share::Reach,
};

/// What an address shows, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The runs.
    pub reach: Reach,
    /// How curves are drawn.
    pub look: Look,
    /// Of which metrics: those with this in their names, in any case.
    pub metrics_with: String,
    /// Whether only what differs is listed.
    pub only_differences: bool,
    /// The run that the others are compared to; none for the first.
    pub base: Option<RunId>,
    /// The columns of a table, if somebody chose.
    pub columns: Option<Vec<Column>>,
}

impl Target {
    /// Reads an address: a comparison, a run, a table of runs.
    pub fn read(address: &str) -> Option<Self> {
        let (path, search) = address.split_once('?').unwrap_or((address, ""));
        let query = Query::parse(&format!("?{search}"));
        let text = |key: &str| query.get(key).unwrap_or_default();
        let columns: Option<Vec<Column>> = read_columns(text("columns"))
            .map(|columns| columns.into_iter().map(|shown| shown.column).collect());
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let reach = match parts.as_slice() {
            ["compare"] => {
                Reach::Runs(read_runs(text("runs")).iter().filter_map(|id| id.parse().ok()).collect())
            }
            ["experiments", _, "runs", run] => Reach::Runs(vec![run.parse().ok()?]),
            ["experiments", experiment] => Reach::Table(
                ExperimentId(experiment.parse().ok()?),
                RunsQuery {
                    filter: text("filter").trim().to_owned(),
                    order_by: text("order").to_owned(),
                    offset: 0,
                    deleted: text("view") == "trash",
                    columns: columns.as_ref().map(named_columns),
                    // Whoever has no account sees the runs without the tree.
                    level: Level::All,
                },
            ),
            _ => return None,
        };
        Some(Self {
            reach,
            look: Look::read(text("x"), text("log"), text("smooth")),
            metrics_with: text("q").to_lowercase(),
            only_differences: query.get("diff").is_some(),
            base: text("base").parse().ok(),
            columns,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "0123456789abcdef0123456789abcdef";

    fn read(address: &str) -> Option<Reach> {
        Target::read(address).map(|target| target.reach)
    }

    #[test]
    fn pages_with_runs_can_be_shared() {
        let run: RunId = RUN.parse().unwrap();
        assert_eq!(read(&format!("/compare?runs={RUN},nonsense,{RUN}")), Some(Reach::Runs(vec![run])));
        assert_eq!(read(&format!("/experiments/7/runs/{RUN}?tab=charts")), Some(Reach::Runs(vec![run])));
        let query = RunsQuery { filter: "metrics.a < 1".to_owned(), ..RunsQuery::default() };
        let found = read("/experiments/7?filter=metrics.a+%3C+1&page=3");
        assert_eq!(found, Some(Reach::Table(ExperimentId(7), query)));
    }

    #[test]
    fn other_addresses_can_not() {
        for address in [
            "",
            "/",
            "/account",
            "/experiments",
            "/admin/people",
            "https://evil.example/compare",
            "/experiments/x",
        ] {
            assert_eq!(read(address), None, "{address}");
        }
    }

    #[test]
    fn how_curves_are_drawn_is_in_the_address() {
        let target =
            Target::read(&format!("/compare?runs={RUN}&x=relative&log=1&smooth=0.5&q=LOSS&diff=1")).unwrap();
        assert_eq!(target.look, Look::read("relative", "1", "0.5"));
        assert_eq!((target.metrics_with.as_str(), target.only_differences), ("loss", true));
        assert_eq!(target.base, None);
        assert_eq!(Target::read(&format!("/compare?runs={RUN}&base={RUN}")).unwrap().base, RUN.parse().ok());
    }
}
