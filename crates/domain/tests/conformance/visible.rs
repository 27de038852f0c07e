//! Whatever is given to whom, nobody sees more or less than a slow and simple model says: in no list, search, count or page.

use crate::{
    permission::{Things, lists},
    world::*,
};
use domain::{
    run::SearchRuns,
    share::{Key, Opened},
};
use model::{
    account::{Limits, NewToken, Scope},
    experiment::ViewType,
    page::{AllRunsQuery, RunsQuery, Total},
    permission::Subject,
    share::{Audience, NewShare, Reach},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

on_both_databases! {
    nobody_sees_more_or_less_than_they_may,
}

const PEOPLE: [&str; 3] = ["ann", "bob", "cid"];
const GROUPS: [&str; 2] = ["vision", "speech"];
const THINGS: usize = 3;

/// What is given to whom, and with what somebody comes.
#[derive(Debug, Clone)]
struct Given {
    /// Who is in which group.
    members: Vec<[bool; GROUPS.len()]>,
    /// Of each thing: to each of the people, to each group, to everyone.
    levels: Vec<[Option<Permission>; PEOPLE.len() + GROUPS.len() + 1]>,
    /// Whether what nobody was given is open to all.
    is_open: bool,
    /// The experiments that tokens are limited to.
    limits: Option<Vec<bool>>,
    /// Which runs a link reaches.
    linked: Vec<bool>,
}

impl Given {
    /// The level of one of the people on a thing: the nearest word counts, of several groups the most.
    fn level(&self, person: usize, thing: usize) -> Permission {
        let given = &self.levels[thing];
        let of_groups = (0..GROUPS.len()).filter(|group| self.members[person][*group]);
        let of_groups = of_groups.filter_map(|group| given[PEOPLE.len() + group]).max();
        let default = if self.is_open { Permission::Read } else { Permission::NoPermissions };
        given[person].or(of_groups).or(given[PEOPLE.len() + GROUPS.len()]).unwrap_or(default)
    }

    fn sees(&self, person: usize, thing: usize) -> bool {
        self.level(person, thing) >= Permission::Read
    }

    fn limits_let(&self, thing: usize) -> bool {
        self.limits.as_ref().is_none_or(|only| only[thing])
    }
}

fn any_given() -> impl Strategy<Value = Given> {
    let level =
        || prop_oneof![3 => Just(None), 2 => prop::sample::select(Permission::ALL.to_vec()).prop_map(Some)];
    let levels = || prop::array::uniform6(level());
    (
        prop::collection::vec(prop::array::uniform2(any::<bool>()), PEOPLE.len()),
        prop::collection::vec(levels(), THINGS),
        any::<bool>(),
        prop::option::of(prop::collection::vec(any::<bool>(), THINGS)),
        prop::collection::vec(any::<bool>(), THINGS),
    )
        .prop_map(|(members, levels, is_open, limits, linked)| Given {
            members,
            levels,
            is_open,
            limits,
            linked,
        })
}

fn subjects() -> Vec<Subject> {
    let people = PEOPLE.map(|name| Subject::User(name.to_owned()));
    let groups = GROUPS.map(|name| Subject::Group(name.to_owned()));
    people.into_iter().chain(groups).chain([Subject::Everyone]).collect()
}

/// Makes it so.
async fn give(root: &User, things: &[Things], given: &Given) {
    for (person, groups) in PEOPLE.iter().zip(&given.members) {
        for (group, is_member) in GROUPS.iter().zip(groups) {
            // Whether they were in it before doesn't matter.
            let _ = match is_member {
                true => root.add_to_group(group, person).await,
                false => root.remove_from_group(group, person).await,
            };
        }
    }
    for (things, levels) in things.iter().zip(&given.levels) {
        for (subject, level) in subjects().into_iter().zip(levels) {
            let (experiment, name) = (things.experiment, things.registered.as_str());
            match level {
                Some(level) => {
                    root.grant_experiment(experiment, subject.clone(), *level).await.unwrap();
                    root.grant_registered_model(name, subject, *level).await.unwrap();
                }
                None => {
                    let _ = root.ungrant_experiment(experiment, subject.clone()).await;
                    let _ = root.ungrant_registered_model(name, subject).await;
                }
            }
        }
    }
}

fn sorted<T: Ord + Clone>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

/// All lists and searches show these things, by page and by count, and no others; of registered models as told.
async fn check(user: &User, things: &[Things], seen: &[bool], registered: &[bool], who: &str) {
    let experiments: Vec<ExperimentId> = things.iter().map(|things| things.experiment).collect();
    let runs: Vec<RunId> = things.iter().map(|things| things.run).collect();
    let of = |which: &[bool]| -> Vec<usize> { (0..THINGS).filter(|thing| which[*thing]).collect() };
    let ids = sorted(of(seen).into_iter().map(|thing| experiments[thing].to_string()));
    let names = sorted(of(registered).into_iter().map(|thing| things[thing].registered.clone()));
    let expected = [vec![ids.clone(); 6], vec![names.clone(); 2]].concat();
    assert_eq!(lists(user, &experiments, &runs).await, expected, "{who}");
    let all = user.list_all_runs(&AllRunsQuery::default()).await.unwrap();
    assert_eq!(sorted(all.runs.iter().map(|row| row.run.info.experiment.to_string())), ids, "{who}");
    let found = user.find_anything("things").await.unwrap();
    assert_eq!(sorted(found.experiments.iter().map(|hit| hit.id.to_string())), ids, "{who}");
    assert_eq!(sorted(found.models), names, "{who}");
    for (run, seen) in runs.iter().zip(seen) {
        let found = user.find_anything(&run.to_string()).await.unwrap();
        assert_eq!(found.runs.iter().any(|hit| hit.id == *run), *seen, "{who}");
    }

    // A page at a time: nothing is left out, nothing comes twice, and no page is shorter because something was hidden.
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let filter = "name != 'Default'";
        let page = user.search_experiments(filter, &[], ViewType::ActiveOnly, 1, &token).await.unwrap();
        assert!(page.items.len() == 1 || page.next.is_none() && found.is_empty(), "{who}: an empty page");
        found.extend(page.items.iter().map(|experiment| experiment.id.to_string()));
        match page.next {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(sorted(found), ids, "{who}");
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let asked = SearchRuns {
            experiments: &experiments,
            filter: "",
            view: ViewType::ActiveOnly,
            max_results: 1,
            order_by: &[],
            page_token: &token,
        };
        let page = user.search_runs(asked).await.unwrap();
        found.extend(page.items.iter().map(|run| run.info.experiment.to_string()));
        match page.next {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(sorted(found), ids, "{who}");

    // What isn't seen is counted nowhere, and answers as what isn't there.
    for (thing, experiment) in experiments.iter().enumerate() {
        let head = user.experiment_head(*experiment).await.map(|head| head.runs);
        let total = user.list_runs(*experiment, &RunsQuery::default()).await.map(|page| page.total);
        if seen[thing] {
            assert_eq!((head.unwrap(), total.unwrap()), (1, Total::Exactly(1)), "{who}");
        } else {
            let missing = user.experiment_head(no_experiment()).await.map(drop);
            let message = |problem: Problem| problem.message.replace(&experiment.to_string(), "ID");
            let hidden = message(problem(head.map(drop)));
            let expected = problem(missing).message.replace(&no_experiment().to_string(), "ID");
            assert_eq!(hidden, expected, "{who}");
            check_code(total, Code::ResourceDoesNotExist);
        }
    }
}

async fn nobody_sees_more_or_less_than_they_may(world: &World) {
    let (root, closed) = (world.admin("root").await, world.closed().await);
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push(world.user(name).await);
    }
    for name in GROUPS {
        root.create_group(name).await.unwrap();
    }
    let mut things = Vec::new();
    for number in 0..THINGS {
        things.push(Things::made_by(&root, &format!("things {number}")).await);
    }
    holds_for(10, any_given(), async |given: Given| {
        give(&root, &things, &given).await;
        let domain = if given.is_open { &world.domain } else { &closed };
        // What the one process changed counts in the other within a second, and at once where it was allowed.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        for (person, user) in people.iter().enumerate() {
            let user = user.on(domain);
            let seen: Vec<bool> = (0..THINGS).map(|thing| given.sees(person, thing)).collect();
            check(&user, &things, &seen, &seen, PEOPLE[person]).await;
            check_with_token(domain, &user, person, &things, &given).await;
            check_with_link(domain, &user, person, &things, &given).await;
        }
    });
    closed.close().await;
}

async fn check_with_token(
    domain: &domain::Domain,
    user: &User,
    person: usize,
    things: &[Things],
    given: &Given,
) {
    // A token can be limited to what its owner sees, and there must be something.
    let visible = |thing: &usize| given.sees(person, *thing) && given.limits_let(*thing);
    let only: BTreeSet<usize> = (0..THINGS).filter(visible).collect();
    if only.is_empty() {
        return;
    }
    let experiments =
        given.limits.as_ref().map(|_| only.iter().map(|thing| things[*thing].experiment).collect());
    let limits = Limits { scope: Scope::Read, experiments };
    let (token, secret) =
        user.create_token(NewToken { name: "job".to_owned(), limits, days: None }).await.unwrap();
    let limited = User(domain.act(domain.unchecked_token(&secret).await.unwrap()));
    let seen: Vec<bool> = (0..THINGS).map(|thing| only.contains(&thing)).collect();
    // A token for some experiments is for no registered model.
    let registered: Vec<bool> = seen.iter().map(|seen| *seen && given.limits.is_none()).collect();
    check(&limited, things, &seen, &registered, &format!("a token of {}", PEOPLE[person])).await;
    user.delete_token(token.id).await.unwrap();
}

async fn check_with_link(
    domain: &domain::Domain,
    user: &User,
    person: usize,
    things: &[Things],
    given: &Given,
) {
    let linked: Vec<usize> =
        (0..THINGS).filter(|thing| given.linked[*thing] && given.sees(person, *thing)).collect();
    if linked.is_empty() {
        return;
    }
    let new = NewShare {
        address: "/compare".to_owned(),
        reach: Reach::Runs(linked.iter().map(|thing| things[*thing].run).collect()),
        title: "runs".to_owned(),
        audience: Audience::Anybody,
        password: String::new(),
        days: None,
        snapshot: None,
        with_files: false,
    };
    let code = user.create_share(new).await.unwrap().code;
    let Ok(Opened::Shows { guest, .. }) = domain.unchecked_open_share(&code, Key::None).await else {
        panic!("a link opens")
    };
    let guest = User(domain.act(guest));
    let experiments: Vec<ExperimentId> = things.iter().map(|things| things.experiment).collect();
    let runs: Vec<RunId> = things.iter().map(|things| things.run).collect();
    let ids = sorted(linked.iter().map(|thing| experiments[*thing].to_string()));
    // By their ids the runs are there, side by side and as curves; no list and no search has anything.
    let expected = [vec![Vec::new(); 3], vec![ids; 2], vec![Vec::new(); 3]].concat();
    assert_eq!(lists(&guest, &experiments, &runs).await, expected, "a link of {}", PEOPLE[person]);
    assert!(guest.find_anything("things").await.unwrap().is_empty());
    assert!(guest.list_all_runs(&AllRunsQuery::default()).await.unwrap().runs.is_empty());
    for (thing, run) in runs.iter().enumerate() {
        assert!(guest.find_anything(&run.to_string()).await.unwrap().is_empty());
        assert_eq!(guest.get_run(*run).await.is_ok(), linked.contains(&thing));
        check_code(guest.experiment_head(experiments[thing]).await, Code::ResourceDoesNotExist);
    }
    user.delete_share(&code).await.unwrap();
}
