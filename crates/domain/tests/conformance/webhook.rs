//! Webhooks: who may have them, what they are told, and that they are told it.

use crate::world::*;
use domain::{
    Domain,
    webhook::{Delivery, Received, Sender, Unsent},
};
use futures::future::BoxFuture;
use model::{
    WebhookId,
    audit::EventFilter,
    registry::NewVersion,
    webhook::{
        NewWebhook, WebhookChange,
        WebhookEvent::{self, *},
    },
};
use serde_json::{Value, json};
use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

on_both_databases! {
    webhooks_are_for_admins,
    a_webhook_is_made_changed_and_deleted,
    what_changes_meanwhile_stays_changed,
    webhooks_come_in_pages,
    what_makes_no_sense_is_refused,
    what_happens_is_told,
    prompts_are_told_of_as_prompts,
    what_was_undone_is_not_told,
    a_webhook_is_deleted_while_something_happens,
    what_does_not_arrive_is_sent_again,
    what_is_wrong_is_sent_once,
    what_waits_outlives_the_process,
    processes_share_what_is_to_be_sent,
    a_webhook_that_is_switched_off_is_told_nothing,
    a_webhook_can_be_tested,
    no_secret_is_told,
}

/// A receiver: what it got, and what it answers before it answers 200.
#[derive(Default)]
struct Receiver {
    got: Mutex<Vec<(Uuid, String, Value)>>,
    answers: Mutex<VecDeque<Result<u16, Unsent>>>,
}

impl Receiver {
    fn answering(answers: impl IntoIterator<Item = Result<u16, Unsent>>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() })
    }

    fn got(&self) -> Vec<(Uuid, String, Value)> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until it got so much.
    async fn gets(&self, count: usize) -> Vec<(Uuid, String, Value)> {
        while self.got().len() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.got()
    }
}

impl Sender for Receiver {
    fn check<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            if url.contains("inner.example") { Err("It is not public.".to_owned()) } else { Ok(()) }
        })
    }

    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Received, Unsent>> {
        Box::pin(async move {
            let body = serde_json::from_str(&delivery.body).unwrap();
            let next = self.answers.lock().unwrap().pop_front();
            self.got.lock().unwrap().push((delivery.id, delivery.secret.clone(), body));
            let status = next.unwrap_or(Ok(200))?;
            Ok(Received { status, body: "thanks".to_owned(), retry_after: None })
        })
    }
}

/// Looks where an address leads until it is told to go on.
#[derive(Default)]
struct Slow {
    asked: Notify,
    goes_on: Notify,
}

impl Sender for Slow {
    fn check<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            self.asked.notify_one();
            self.goes_on.notified().await;
            Ok(())
        })
    }

    fn send<'a>(&'a self, _: &'a Delivery) -> BoxFuture<'a, Result<Received, Unsent>> {
        Box::pin(async { Err(Unsent::Failed("nobody there".to_owned())) })
    }
}

/// A process that sends what waits.
struct Sending {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Sending {
    fn begin(domain: &Domain, receiver: &Arc<Receiver>) -> Self {
        let domain = domain.clone().with_sender(receiver.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(domain.keep_delivering(async move {
            let _ = stopped.await;
        }));
        Self { stop, task }
    }

    async fn end(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

fn hook(name: &str, events: &[WebhookEvent]) -> NewWebhook {
    NewWebhook {
        name: name.to_owned(),
        url: "https://hooks.example/T0/path".to_owned(),
        description: String::new(),
        events: events.to_vec(),
        secret: "open sesame".to_owned(),
        active: true,
    }
}

/// Deliveries that wait, of all webhooks.
async fn waiting(admin: &User) -> u64 {
    admin.list_webhook_states().await.unwrap().iter().map(|state| state.waiting).sum()
}

/// Waits until nothing is left to be sent.
async fn all_settled(admin: &User) {
    while waiting(admin).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn webhooks_are_for_admins(world: &World) {
    let (ada, root) = (world.user("ada").await, world.admin("root").await);
    let id = root.create_webhook(hook("ci", &[ModelVersionCreated])).await.unwrap().id;
    let denied = Code::PermissionDenied;
    check_code(ada.create_webhook(hook("hers", &[ModelVersionCreated])).await, denied);
    check_code(ada.get_webhook(id).await, denied);
    check_code(ada.list_webhooks(None, "").await, denied);
    check_code(ada.list_webhook_states().await, denied);
    check_code(ada.update_webhook(id, WebhookChange::default()).await, denied);
    check_code(ada.test_webhook(id, None).await, denied);
    check_code(ada.delete_webhook(id).await, denied);
    root.delete_webhook(id).await.unwrap();
}

async fn a_webhook_is_made_changed_and_deleted(world: &World) {
    let root = world.admin("root").await;
    let made = root.create_webhook(hook("ci", &[PromptCreated, PromptTagSet, PromptCreated])).await.unwrap();
    assert_eq!((made.events.as_slice(), made.active), (&[PromptCreated, PromptTagSet][..], true));
    assert_eq!(root.get_webhook(made.id).await.unwrap(), made);
    let same = root.update_webhook(made.id, WebhookChange::default()).await.unwrap();
    assert_eq!((same.name.as_str(), &same.url, &same.events), ("ci", &made.url, &made.events));
    let change = WebhookChange {
        name: Some("cd".to_owned()),
        url: Some("http://other.example:8080/".to_owned()),
        description: Some("about".to_owned()),
        events: Some(vec![ModelVersionTagSet]),
        secret: Some(String::new()),
        active: Some(false),
    };
    let changed = root.update_webhook(made.id, change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.url.as_str()), ("cd", "http://other.example:8080/"));
    assert_eq!((changed.events.as_slice(), changed.active), (&[ModelVersionTagSet][..], false));
    assert_eq!(root.get_webhook(made.id).await.unwrap(), changed);
    let states = root.list_webhook_states().await.unwrap();
    assert_eq!((states[0].is_signed, states[0].waiting, &states[0].last), (false, 0, &None));
    root.delete_webhook(made.id).await.unwrap();
    let message = format!("Webhook with ID {} not found.", made.id);
    let missing = Code::ResourceDoesNotExist;
    check_refused(root.get_webhook(made.id).await, missing, &message);
    check_refused(root.update_webhook(made.id, WebhookChange::default()).await, missing, &message);
    check_refused(root.test_webhook(made.id, None).await, missing, &message);
    check_refused(root.delete_webhook(made.id).await, missing, &message);
}

async fn what_changes_meanwhile_stays_changed(world: &World) {
    let root = world.admin("root").await;
    let slow = Arc::new(Slow::default());
    let looking = User(world.domain.clone().with_sender(slow.clone()).act(root.caller().clone()));
    let id = root.create_webhook(hook("ci", &[PromptCreated])).await.unwrap().id;
    let url = "https://other.example/";
    let moved = || WebhookChange { url: Some(url.to_owned()), ..WebhookChange::default() };
    let meanwhile = async {
        slow.asked.notified().await;
        let change =
            WebhookChange { name: Some("cd".to_owned()), active: Some(false), ..WebhookChange::default() };
        root.update_webhook(id, change).await.unwrap();
        slow.goes_on.notify_one();
    };
    let (changed, ()) = futures::future::join(looking.update_webhook(id, moved()), meanwhile).await;
    let changed = changed.unwrap();
    assert_eq!((changed.name.as_str(), changed.url.as_str(), changed.active), ("cd", url, false));
    assert_eq!(root.get_webhook(id).await.unwrap(), changed);
    let meanwhile = async {
        slow.asked.notified().await;
        root.delete_webhook(id).await.unwrap();
        slow.goes_on.notify_one();
    };
    let (changed, ()) = futures::future::join(looking.update_webhook(id, moved()), meanwhile).await;
    check_refused(changed, Code::ResourceDoesNotExist, &format!("Webhook with ID {id} not found."));
}

async fn webhooks_come_in_pages(world: &World) {
    let root = world.admin("root").await;
    let mut made: HashSet<WebhookId> = HashSet::new();
    for number in 0..5 {
        made.insert(root.create_webhook(hook(&format!("hook-{number}"), &[PromptCreated])).await.unwrap().id);
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = root.list_webhooks(Some(2), &token).await.unwrap();
        found.extend(page.items.iter().map(|webhook| webhook.id));
        let Some(next) = page.next else { break };
        token = next;
    }
    assert_eq!(found.len(), 5);
    assert_eq!(found.into_iter().collect::<HashSet<_>>(), made);
    assert_eq!(root.list_webhooks(None, "").await.unwrap().items.len(), 5);
    assert_eq!(root.list_webhooks(Some(0), "").await.unwrap().items.len(), 5);
    let message = "max_results must be between 1 and 1000.";
    for wrong in [-1, 1001] {
        check_refused(root.list_webhooks(Some(wrong), "").await, Code::InvalidParameterValue, message);
    }
    check_code(root.list_webhooks(None, "x").await, Code::InvalidParameterValue);
}

async fn what_makes_no_sense_is_refused(world: &World) {
    let root = world.admin("root").await;
    let sending = User(world.domain.clone().with_sender(Receiver::answering([])).act(root.caller().clone()));
    let invalid = Code::InvalidParameterValue;
    let url = |url: &str| NewWebhook { url: url.to_owned(), ..hook("ci", &[PromptCreated]) };
    check_code(root.create_webhook(hook("no name", &[PromptCreated])).await, invalid);
    check_code(root.create_webhook(hook("ci", &[])).await, invalid);
    check_code(root.create_webhook(url("ftp://hooks.example/")).await, invalid);
    check_code(root.create_webhook(url("https://ada:secret@hooks.example/")).await, invalid);
    check_refused(sending.create_webhook(url("https://inner.example/")).await, invalid, "It is not public.");
    let long = NewWebhook { secret: "x".repeat(1001), ..hook("ci", &[PromptCreated]) };
    check_code(root.create_webhook(long).await, invalid);
    let made = sending.create_webhook(hook("ci", &[PromptCreated])).await.unwrap();
    let inner = WebhookChange { url: Some("https://inner.example/".to_owned()), ..WebhookChange::default() };
    check_code(sending.update_webhook(made.id, inner).await, invalid);
    let nothing = WebhookChange { events: Some(Vec::new()), ..WebhookChange::default() };
    check_code(root.update_webhook(made.id, nothing).await, invalid);
    for number in 1..100 {
        root.create_webhook(hook(&format!("hook-{number}"), &[PromptCreated])).await.unwrap();
    }
    let message = "There may be 100 webhooks. Delete some that are no longer used.";
    check_refused(root.create_webhook(hook("more", &[PromptCreated])).await, invalid, message);
}

/// What was told, by the events' names: what it is about.
fn told(got: &[(Uuid, String, Value)]) -> Vec<(String, Value)> {
    let mut told: Vec<(String, Value)> = got
        .iter()
        .map(|(_, _, body)| {
            let (entity, action) = (body["entity"].as_str().unwrap(), body["action"].as_str().unwrap());
            (format!("{entity}.{action}"), body["data"].clone())
        })
        .collect();
    told.sort_by(|(one, _), (other, _)| one.cmp(other));
    told
}

fn expected(list: &[(&str, Value)]) -> Vec<(String, Value)> {
    list.iter().map(|(event, data)| ((*event).to_owned(), data.clone())).collect()
}

async fn what_happens_is_told(world: &World) {
    let (ada, root) = (world.user("ada").await, world.admin("root").await);
    root.create_webhook(hook("all", WebhookEvent::ALL)).await.unwrap();
    ada.create_registered_model("bert", &[tag("team", "text")], "").await.unwrap();
    // Of models this isn't told, as with MLflow.
    ada.set_registered_model_tag("bert", &tag("team", "speech")).await.unwrap();
    ada.delete_registered_model_tag("bert", "team").await.unwrap();
    let new = NewVersion { tags: vec![tag("a", "1")], ..new_version("bert", "s3://b/1") };
    ada.create_version(new).await.unwrap();
    ada.set_version_tag("bert", 1, &tag("checked", "yes")).await.unwrap();
    ada.delete_version_tag("bert", 1, "checked").await.unwrap();
    ada.set_alias("bert", "champion", 1).await.unwrap();
    ada.delete_alias("bert", "champion").await.unwrap();
    ada.update_registered_model("bert", "notes").await.unwrap();
    assert_eq!(waiting(&root).await, 6);
    let receiver = Receiver::answering([]);
    let sending = Sending::begin(&world.domain, &receiver);
    let got = receiver.gets(6).await;
    all_settled(&root).await;
    sending.end().await;
    assert!(got.iter().all(|(_, secret, _)| secret == "open sesame"));
    assert!(got.iter().all(|(_, _, body)| body["timestamp"].as_str().unwrap().ends_with("+00:00")));
    assert_eq!(
        told(&receiver.got()),
        expected(&[
            (
                "model_version.created",
                json!({
                    "name": "bert", "version": "1", "source": "s3://b/1", "run_id": null, "tags": { "a": "1" },
                    "description": null,
                })
            ),
            ("model_version_alias.created", json!({ "name": "bert", "alias": "champion", "version": "1" })),
            ("model_version_alias.deleted", json!({ "name": "bert", "alias": "champion" })),
            ("model_version_tag.deleted", json!({ "name": "bert", "version": "1", "key": "checked" })),
            (
                "model_version_tag.set",
                json!({ "name": "bert", "version": "1", "key": "checked", "value": "yes" })
            ),
            (
                "registered_model.created",
                json!({ "name": "bert", "tags": { "team": "text" }, "description": "" })
            ),
        ])
    );
    let states = root.list_webhook_states().await.unwrap();
    assert!(matches!(states[0].last, Some((_, None))), "{states:?}");
}

async fn prompts_are_told_of_as_prompts(world: &World) {
    let root = world.admin("root").await;
    root.create_webhook(hook("all", WebhookEvent::ALL)).await.unwrap();
    let is_prompt = || tag("mlflow.prompt.is_prompt", "true");
    root.create_registered_model("greet", &[is_prompt(), tag("a", "b")], "about").await.unwrap();
    let tags = vec![
        is_prompt(),
        tag("mlflow.prompt.text", "Hello {{name}}"),
        tag("_mlflow_prompt_type", "text"),
        tag("c", "d"),
    ];
    let new = NewVersion { tags, description: "first".to_owned(), ..new_version("greet", "dummy-source") };
    root.create_version(new).await.unwrap();
    root.set_registered_model_tag("greet", &tag("e", "f")).await.unwrap();
    root.delete_registered_model_tag("greet", "e").await.unwrap();
    root.set_version_tag("greet", 1, &tag("e", "f")).await.unwrap();
    root.delete_version_tag("greet", 1, "e").await.unwrap();
    root.set_alias("greet", "best", 1).await.unwrap();
    root.delete_alias("greet", "best").await.unwrap();
    let receiver = Receiver::answering([]);
    let sending = Sending::begin(&world.domain, &receiver);
    let got = receiver.gets(8).await;
    sending.end().await;
    assert_eq!(
        told(&got),
        expected(&[
            ("prompt.created", json!({ "name": "greet", "tags": { "a": "b" }, "description": "about" })),
            ("prompt_alias.created", json!({ "name": "greet", "alias": "best", "version": "1" })),
            ("prompt_alias.deleted", json!({ "name": "greet", "alias": "best" })),
            ("prompt_tag.deleted", json!({ "name": "greet", "key": "e" })),
            ("prompt_tag.set", json!({ "name": "greet", "key": "e", "value": "f" })),
            (
                "prompt_version.created",
                json!({
                    "name": "greet", "version": "1", "template": "Hello {{name}}", "tags": { "c": "d" },
                    "description": "first",
                })
            ),
            ("prompt_version_tag.deleted", json!({ "name": "greet", "version": "1", "key": "e" })),
            ("prompt_version_tag.set", json!({ "name": "greet", "version": "1", "key": "e", "value": "f" })),
        ])
    );
}

async fn what_was_undone_is_not_told(world: &World) {
    let root = world.admin("root").await;
    root.create_webhook(hook("all", WebhookEvent::ALL)).await.unwrap();
    root.create_webhook(hook("models", &[RegisteredModelCreated])).await.unwrap();
    root.create_registered_model("bert", &[], "").await.unwrap();
    assert_eq!(waiting(&root).await, 2);
    check_code(root.create_registered_model("bert", &[], "").await, Code::ResourceAlreadyExists);
    check_code(root.set_version_tag("bert", 1, &tag("a", "b")).await, Code::ResourceDoesNotExist);
    check_code(root.set_alias("bert", "best", 1).await, Code::ResourceDoesNotExist);
    assert_eq!(waiting(&root).await, 2);
}

async fn a_webhook_is_deleted_while_something_happens(world: &World) {
    // SQLite has one writer.
    if !world.is_postgres() {
        return;
    }
    let root = world.admin("root").await;
    root.create_webhook(hook("ci", &[RegisteredModelCreated])).await.unwrap();
    let mut deleting = world.postgres().await;
    sqlx::raw_sql("BEGIN; DELETE FROM webhooks").execute(&mut deleting).await.unwrap();
    let delete = async {
        let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut deleting).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sqlx::raw_sql("COMMIT").execute(&mut deleting).await.unwrap();
    };
    let (made, ()) = futures::future::join(root.create_registered_model("bert", &[], ""), delete).await;
    made.unwrap();
    assert_eq!(waiting(&root).await, 0);
}

async fn what_does_not_arrive_is_sent_again(world: &World) {
    let root = world.admin("root").await;
    root.create_webhook(hook("ci", &[RegisteredModelCreated])).await.unwrap();
    root.create_registered_model("bert", &[], "").await.unwrap();
    let receiver = Receiver::answering([Ok(500), Err(Unsent::Failed("nobody there".to_owned()))]);
    let sending = Sending::begin(&world.domain, &receiver);
    receiver.gets(1).await;
    while root.list_webhook_states().await.unwrap()[0].last.is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let got = receiver.gets(3).await;
    all_settled(&root).await;
    sending.end().await;
    assert_eq!(receiver.got().len(), 3);
    let ids: HashSet<Uuid> = got.iter().map(|(id, _, _)| *id).collect();
    assert_eq!(ids.len(), 1, "receivers know that it is the same");
    assert!(got.iter().all(|(_, _, body)| *body == got[0].2));
    assert!(matches!(root.list_webhook_states().await.unwrap()[0].last, Some((_, None))));
}

async fn what_is_wrong_is_sent_once(world: &World) {
    let root = world.admin("root").await;
    root.create_webhook(hook("ci", &[RegisteredModelCreated])).await.unwrap();
    let receiver = Receiver::answering([Ok(404), Ok(302), Err(Unsent::Refused("not there".to_owned()))]);
    let sending = Sending::begin(&world.domain, &receiver);
    for (name, failure) in [
        ("one", "The answer was 404."),
        ("two", "The answer was 302: redirects are not followed."),
        ("three", "not there"),
    ] {
        root.create_registered_model(name, &[], "").await.unwrap();
        all_settled(&root).await;
        let states = root.list_webhook_states().await.unwrap();
        let last = states[0].last.as_ref().and_then(|(_, failure)| failure.as_deref());
        assert_eq!(last, Some(failure));
    }
    sending.end().await;
    assert_eq!(receiver.got().len(), 3);
}

async fn what_waits_outlives_the_process(world: &World) {
    let another = world.another().await;
    let root = world.admin("root").await.on(&another);
    root.create_webhook(hook("ci", &[RegisteredModelCreated])).await.unwrap();
    root.create_registered_model("bert", &[], "").await.unwrap();
    another.close().await;
    let receiver = Receiver::answering([]);
    let sending = Sending::begin(&world.domain, &receiver);
    let got = receiver.gets(1).await;
    sending.end().await;
    assert_eq!(got[0].2["data"]["name"], "bert");
}

async fn processes_share_what_is_to_be_sent(world: &World) {
    let root = world.admin("root").await;
    root.create_webhook(hook("one", &[RegisteredModelCreated])).await.unwrap();
    root.create_webhook(hook("two", &[RegisteredModelCreated])).await.unwrap();
    for number in 0..20 {
        root.create_registered_model(&format!("model-{number}"), &[], "").await.unwrap();
    }
    let another = world.another().await;
    let receiver = Receiver::answering([]);
    let both = [Sending::begin(&world.domain, &receiver), Sending::begin(&another, &receiver)];
    receiver.gets(40).await;
    all_settled(&root).await;
    for sending in both {
        sending.end().await;
    }
    another.close().await;
    let ids: HashSet<Uuid> = receiver.got().iter().map(|(id, _, _)| *id).collect();
    assert_eq!((receiver.got().len(), ids.len()), (40, 40));
}

async fn a_webhook_that_is_switched_off_is_told_nothing(world: &World) {
    let root = world.admin("root").await;
    let id = root.create_webhook(hook("ci", &[RegisteredModelCreated])).await.unwrap().id;
    root.create_registered_model("before", &[], "").await.unwrap();
    assert_eq!(waiting(&root).await, 1);
    let switch = |active| WebhookChange { active: Some(active), ..WebhookChange::default() };
    root.update_webhook(id, switch(false)).await.unwrap();
    root.create_registered_model("meanwhile", &[], "").await.unwrap();
    assert_eq!(waiting(&root).await, 0, "what waited is dropped");
    root.update_webhook(id, switch(true)).await.unwrap();
    root.create_registered_model("after", &[], "").await.unwrap();
    assert_eq!(waiting(&root).await, 1);
    root.delete_webhook(id).await.unwrap();
    root.create_registered_model("later", &[], "").await.unwrap();
    assert_eq!(waiting(&root).await, 0);
}

async fn a_webhook_can_be_tested(world: &World) {
    let root = world.admin("root").await;
    let failed = Err(Unsent::Failed("nobody there".to_owned()));
    let receiver = Receiver::answering([Ok(201), Ok(500), failed]);
    let sending = User(world.domain.clone().with_sender(receiver.clone()).act(root.caller().clone()));
    let id = root.create_webhook(hook("ci", &[ModelVersionTagSet, PromptCreated])).await.unwrap().id;
    let outcome = sending.test_webhook(id, None).await.unwrap();
    assert_eq!((outcome.status, outcome.body.as_str(), outcome.error), (Some(201), "thanks", None));
    let outcome = sending.test_webhook(id, Some(PromptVersionCreated)).await.unwrap();
    assert_eq!((outcome.status, outcome.error.as_deref()), (Some(500), Some("The answer was 500.")));
    let outcome = sending.test_webhook(id, None).await.unwrap();
    assert_eq!((outcome.status, outcome.error.as_deref()), (None, Some("nobody there")));
    let told = told(&receiver.got());
    assert_eq!(told[0].0, "model_version_tag.set");
    assert_eq!(told[2].1["template"], "Hello {{name}}!");
    for event in WebhookEvent::ALL {
        assert_eq!(sending.test_webhook(id, Some(*event)).await.unwrap().error, None, "{event}");
    }
    // A command line sends nothing.
    assert!(root.test_webhook(id, None).await.unwrap().error.is_some());
    assert_eq!(waiting(&root).await, 0);
}

async fn no_secret_is_told(world: &World) {
    let root = world.admin("root").await;
    let made = root.create_webhook(hook("ci", &[PromptCreated])).await.unwrap();
    let change = WebhookChange { secret: Some("open barley".to_owned()), ..WebhookChange::default() };
    root.update_webhook(made.id, change).await.unwrap();
    root.test_webhook(made.id, None).await.unwrap();
    root.delete_webhook(made.id).await.unwrap();
    let filter = EventFilter { kind: "webhook".to_owned(), ..EventFilter::default() };
    let events = root.list_events(&filter, "").await.unwrap().items;
    let actions: HashSet<&str> = events.iter().map(|event| event.action.as_str()).collect();
    let all = ["webhook.create", "webhook.update", "webhook.test", "webhook.delete"];
    assert_eq!(actions, HashSet::from(all));
    for event in &events {
        assert!(!event.detail.contains("open") && !event.detail.contains("T0"), "{}", event.detail);
    }
    assert!(events.iter().any(|event| event.detail.contains("hooks.example")));
}
