//! How much of everything a server takes. The figures are MLflow's, so that what one server takes the other takes too; the
//! last four, of which MLflow has none, are ours.

/// Characters of a metric, param or tag key.
pub const KEY: usize = 250;
/// Characters of a param's value; what is longer is cut.
pub const PARAM_VALUE: usize = 6_000;
/// Characters of a run tag's value; what is longer is cut.
pub const RUN_TAG_VALUE: usize = 8_000;
/// Characters of an experiment's name.
pub const EXPERIMENT_NAME: usize = 500;
/// Characters of an experiment tag's value.
pub const EXPERIMENT_TAG_VALUE: usize = 20_000;
/// Tags of one experiment whose key begins with [`CUSTOM_VIEW_PREFIX`].
pub const CUSTOM_VIEWS: usize = 50;
/// How the keys of the tags that keep an experiment's views begin.
pub const CUSTOM_VIEW_PREFIX: &str = "mlflow.customView.view";
/// Characters of a registered model or model version tag's value.
pub const REGISTRY_TAG_VALUE: usize = 100_000;
/// Characters of a registered model alias.
pub const ALIAS: usize = 255;
/// Characters of a registered model or model version description.
pub const DESCRIPTION: usize = 5_000;
/// Characters of an experiment's artifact location.
pub const ARTIFACT_LOCATION: usize = 2_048;

/// Characters of a dataset's name.
pub const DATASET_NAME: usize = 500;
/// Characters of a dataset's digest.
pub const DATASET_DIGEST: usize = 36;
/// Characters of a dataset's source.
pub const DATASET_SOURCE: usize = 65_535;
/// Characters of a dataset's schema.
pub const DATASET_SCHEMA: usize = 1_048_575;
/// Characters of a dataset's profile.
pub const DATASET_PROFILE: usize = 16_777_215;
/// Characters of the key of a run input's tag.
pub const INPUT_TAG_KEY: usize = 255;
/// Characters of the value of a run input's tag.
pub const INPUT_TAG_VALUE: usize = 500;

/// Metrics of one log-batch request.
pub const BATCH_METRICS: usize = 1_000;
/// Params of one log-batch request.
pub const BATCH_PARAMS: usize = 100;
/// Tags of one log-batch request.
pub const BATCH_TAGS: usize = 100;
/// Metrics, params and tags of one log-batch request together.
pub const BATCH_ITEMS: usize = 1_000;
/// Experiments that one search for datasets may name.
pub const DATASET_EXPERIMENTS: usize = 20;
/// Datasets that one search for them finds, each for each of its purposes.
pub const FOUND_DATASETS: u32 = 1_000;
/// Datasets of one log-inputs request.
pub const BATCH_DATASETS: usize = 1_000;
/// Runs of one bulk metric history request.
pub const BULK_HISTORY_RUNS: usize = 100;

/// Characters of what is shown of a trace's request, and of its response; what is longer is cut.
pub const TRACE_PREVIEW: usize = 1_000;
/// Traces that one request links to a run.
pub const TRACE_LINKS: usize = 100;
/// Traces of one page of a search.
pub const PAGE_TRACES: u32 = 500;

/// Runs of one page of a search.
pub const PAGE_RUNS: u32 = 50_000;
/// Experiments of one page of a search.
pub const PAGE_EXPERIMENTS: u32 = 50_000;
/// Registered models of one page of a search.
pub const PAGE_REGISTERED_MODELS: u32 = 1_000;
/// Model versions of one page of a search.
pub const PAGE_MODEL_VERSIONS: u32 = 200_000;
/// Experiments that one search for runs may name: a database takes only so many values in a statement.
pub const SEARCHED_EXPERIMENTS: usize = 10_000;
/// Bytes of a filter: a database takes only so long a pattern, and nobody types more.
pub const FILTER: usize = 20_000;
/// Comparisons in one filter: databases nest expressions only so deep.
pub const FILTER_CLAUSES: usize = 100;
/// Clauses of one order: databases join only so many tables.
pub const ORDER_CLAUSES: usize = 20;
/// Datasets that one search for logged models may name: databases nest expressions only so deep.
pub const SEARCHED_DATASETS: usize = 100;
