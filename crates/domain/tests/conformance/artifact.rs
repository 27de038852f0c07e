//! Artifacts: files written, read, listed and deleted, and all that must not be.

use crate::world::*;
use bytes::Bytes;
use domain::artifact::ByteRange;
use futures::{StreamExt as _, TryStreamExt as _};
use model::page::{ArtifactEntry, ArtifactRoot};
use std::path::Path;

on_both_databases! {
    what_is_written_is_read,
    a_part_of_a_file_is_read,
    folders_are_listed_by_name,
    names_may_hold_what_file_systems_take,
    nothing_is_below_a_file,
    a_file_takes_the_place_of_an_older_one,
    a_folder_or_a_file_may_be_in_the_way,
    files_and_folders_are_deleted,
    the_root_is_never_deleted,
    no_path_leads_out,
    no_link_leads_out,
    an_upload_that_breaks_off_leaves_nothing,
    of_uploads_at_once_one_wins_whole,
    a_long_file_is_streamed,
    a_run_and_a_model_have_a_root,
    what_lies_elsewhere_is_for_clients_to_open,
    a_preview_shows_the_start_of_a_text,
}

async fn world_with_an_experiment(world: &World) -> (User, ExperimentId) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    (alice, experiment)
}

fn file(path: &str, size: u64) -> ArtifactEntry {
    ArtifactEntry { path: path.to_owned(), size: Some(size) }
}

fn folder(path: &str) -> ArtifactEntry {
    ArtifactEntry { path: path.to_owned(), size: None }
}

/// Every file below a folder of this machine.
fn files_on_disk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_on_disk(&path));
        } else {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

async fn what_is_written_is_read(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    for (name, content) in
        [("empty", Vec::new()), ("one", vec![7]), ("some", (0..=255).cycle().take(12_345).collect())]
    {
        let path = format!("{experiment}/folder/{name}");
        alice.uploads(&path, &content).await;
        assert_eq!(alice.downloads(&path).await.unwrap(), content);
        let read = alice.read_artifact(&path, None).await.unwrap();
        assert_eq!((read.size, read.range.clone()), (content.len() as u64, 0..content.len() as u64));
        assert!(read.modified > 1_600_000_000_000 && read.etag.is_some());
    }
    let missing = format!("{experiment}/folder/missing");
    let outcome = alice.downloads(&missing).await;
    check_refused(outcome, Code::ResourceDoesNotExist, &format!("No such artifact: '{missing}'"));
    let folder = format!("{experiment}/folder");
    let message = format!("Artifact path refers to a directory, not a file: '{folder}'");
    check_refused(alice.downloads(&folder).await, Code::InvalidParameterValue, &message);
}

async fn a_part_of_a_file_is_read(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let path = format!("{experiment}/digits");
    alice.uploads(&path, b"0123456789").await;
    let check = async |range: ByteRange, expected: &str| {
        let part = alice.downloads_part(&path, Some(range)).await.unwrap();
        assert_eq!(String::from_utf8(part).unwrap(), expected, "{range:?}");
    };
    check(ByteRange::From(0), "0123456789").await;
    check(ByteRange::From(9), "9").await;
    check(ByteRange::Between(0, 0), "0").await;
    check(ByteRange::Between(3, 5), "345").await;
    check(ByteRange::Between(8, u64::MAX), "89").await;
    check(ByteRange::Last(3), "789").await;
    check(ByteRange::Last(u64::MAX), "0123456789").await;
    for range in
        [ByteRange::From(10), ByteRange::Between(10, 12), ByteRange::Between(5, 3), ByteRange::Last(0)]
    {
        check_code(alice.downloads_part(&path, Some(range)).await, Code::InvalidParameterValue);
    }
    alice.uploads(&path, b"").await;
    for range in [ByteRange::From(0), ByteRange::Last(1)] {
        check_code(alice.downloads_part(&path, Some(range)).await, Code::InvalidParameterValue);
    }
}

async fn folders_are_listed_by_name(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    for (path, content) in [("b.txt", "12"), ("a/deep/er.txt", "1"), ("a/x.txt", ""), ("c", "123")] {
        alice.uploads(&format!("{experiment}/{path}"), content.as_bytes()).await;
    }
    let list = async |path: &str| alice.list_artifacts(&format!("{experiment}{path}")).await.unwrap();
    assert_eq!(list("").await, [folder("a"), file("b.txt", 2), file("c", 3)]);
    assert_eq!(list("/a").await, [folder("deep"), file("x.txt", 0)]);
    assert_eq!(list("/a/").await, [folder("deep"), file("x.txt", 0)]);
    assert_eq!(list("/missing").await, []);
    assert_eq!(list("/b.txt").await, [], "a file holds nothing");
    assert_eq!(list("/a/dee").await, [], "half a name is no folder");
}

async fn names_may_hold_what_file_systems_take(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let mut names = vec![
        "é日本 \u{1F600}",
        "with space",
        "100%",
        "100%.txt",
        "a+b",
        "a&b=c?d",
        "~x*",
        "a'b\"c",
        "[1]{2}",
        ".hidden",
        "a:b",
        "x".repeat(200).leak(),
    ];
    for name in &names {
        let path = format!("{experiment}/{name}/{name}");
        alice.uploads(&path, name.as_bytes()).await;
        assert_eq!(alice.downloads(&path).await.unwrap(), name.as_bytes(), "{name}");
        assert_eq!(
            alice.list_artifacts(&format!("{experiment}/{name}")).await.unwrap(),
            [file(name, name.len() as u64)]
        );
    }
    names.sort_unstable();
    let listed = alice.list_artifacts(&experiment.to_string()).await.unwrap();
    assert_eq!(listed, names.into_iter().map(folder).collect::<Vec<_>>());
    // However often a client has encoded it, it's the same file.
    for spelling in ["with%20space/with space", "with%2520space/with%20space", "with space%2fwith space"] {
        assert_eq!(alice.downloads(&format!("{experiment}/{spelling}")).await.unwrap(), b"with space");
    }
}

async fn nothing_is_below_a_file(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    alice.uploads(&format!("{experiment}/a.txt"), b"1").await;
    for path in ["a.txt/b", "a.txt/b/c"] {
        let path = format!("{experiment}/{path}");
        assert_eq!(alice.list_artifacts(&path).await.unwrap(), [], "{path}");
        check_code(alice.downloads(&path).await, Code::ResourceDoesNotExist);
        alice.delete_artifact(&path).await.unwrap();
    }
    let long = format!("{experiment}/{}", "x".repeat(250));
    alice.uploads(&long, b"1").await;
    assert_eq!(alice.downloads(&long).await.unwrap(), b"1");
    let refused = alice.write_artifact(&format!("{long}y"), stream_of(b"1")).await;
    check_refused(refused, Code::InvalidParameterValue, "The name of a file has at most 250 bytes.");
    check_code(alice.downloads(&format!("{long}y")).await, Code::ResourceDoesNotExist);
}

async fn a_file_takes_the_place_of_an_older_one(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let path = format!("{experiment}/a.txt");
    alice.uploads(&path, b"an older and longer text").await;
    let reading = alice.read_artifact(&path, None).await.unwrap();
    alice.uploads(&path, b"new").await;
    assert_eq!(alice.downloads(&path).await.unwrap(), b"new");
    let read: Vec<Bytes> = reading.stream.try_collect().await.unwrap();
    assert_eq!(read.concat(), b"an older and longer text", "who was reading reads on");
    assert_eq!(alice.list_artifacts(&experiment.to_string()).await.unwrap(), [file("a.txt", 3)]);
}

async fn a_folder_or_a_file_may_be_in_the_way(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    alice.uploads(&format!("{experiment}/folder/file"), b"1").await;
    for path in ["folder", "folder/", "folder/file/below", "folder/file/far/below"] {
        let path = format!("{experiment}/{path}");
        let message = format!("'{path}' can't be a file: a folder or a file is in its way.");
        check_refused(
            alice.write_artifact(&path, stream_of(b"2")).await,
            Code::InvalidParameterValue,
            &message,
        );
    }
    assert_eq!(alice.downloads(&format!("{experiment}/folder/file")).await.unwrap(), b"1");
}

async fn files_and_folders_are_deleted(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    for path in ["keep.txt", "file.txt", "folder/a", "folder/deep/b", "folder2/c"] {
        alice.uploads(&format!("{experiment}/{path}"), b"1").await;
    }
    let list = async || alice.list_artifacts(&experiment.to_string()).await.unwrap();
    // Twice, because a client may try again.
    for _ in 0..2 {
        alice.delete_artifact(&format!("{experiment}/file.txt")).await.unwrap();
        alice.delete_artifact(&format!("{experiment}/folder")).await.unwrap();
        alice.delete_artifact(&format!("{experiment}/missing/too")).await.unwrap();
        assert_eq!(list().await, [folder("folder2"), file("keep.txt", 1)]);
    }
    check_code(alice.downloads(&format!("{experiment}/folder/a")).await, Code::ResourceDoesNotExist);
    alice.uploads(&format!("{experiment}/folder"), b"now a file").await;
    assert_eq!(alice.downloads(&format!("{experiment}/folder")).await.unwrap(), b"now a file");
}

async fn the_root_is_never_deleted(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    alice.uploads(&format!("{experiment}/a.txt"), b"1").await;
    for path in ["", "/", "%2f"] {
        check_code(world.local().delete_artifact(path).await, Code::InvalidParameterValue);
    }
    assert_eq!(alice.downloads(&format!("{experiment}/a.txt")).await.unwrap(), b"1");
}

async fn no_path_leads_out(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let other = world.user("bob").await.experiment("other").await;
    std::fs::write(world.folder.path().join("secret"), "secret").unwrap();
    let ways = [
        "../secret",
        "x/../../secret",
        "%2e%2e/secret",
        "%252e%252e%252fsecret",
        "..\\secret",
        "./a",
        "a//b",
        "a#b",
        "%00",
        "..%5csecret",
        "%25252e%25252e/secret",
    ];
    let ways = ways.into_iter().map(|way| format!("{experiment}/{way}"));
    let absolute =
        [world.folder.path().join("secret").display().to_string(), "C:/secret".to_owned(), "..".to_owned()];
    for path in ways.chain(absolute).chain([format!("{experiment}/../{other}/a")]) {
        for user in [alice.clone(), world.local()] {
            let refused = |outcome| check_refused(outcome, Code::InvalidParameterValue, "Invalid path");
            refused(user.downloads(&path).await.map(drop));
            refused(user.list_artifacts(&path).await.map(drop));
            refused(user.write_artifact(&path, stream_of(b"x")).await);
            refused(user.delete_artifact(&path).await);
        }
    }
    assert_eq!(files_on_disk(&world.artifacts()), Vec::<String>::new());
    assert_eq!(std::fs::read_to_string(world.folder.path().join("secret")).unwrap(), "secret");
}

async fn no_link_leads_out(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    alice.uploads(&format!("{experiment}/a.txt"), b"1").await;
    let outside = world.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    let inside = world.artifacts().join(experiment.to_string());
    std::os::unix::fs::symlink(&outside, inside.join("folder")).unwrap();
    std::os::unix::fs::symlink(outside.join("secret"), inside.join("file")).unwrap();
    for path in ["folder/secret", "folder/new", "folder/new/er", "folder", "file"] {
        let path = format!("{experiment}/{path}");
        for user in [alice.clone(), world.local()] {
            let refused = |outcome| check_refused(outcome, Code::InvalidParameterValue, "Invalid path");
            refused(user.downloads(&path).await.map(drop));
            refused(user.list_artifacts(&path).await.map(drop));
            refused(user.write_artifact(&path, stream_of(b"x")).await);
            refused(user.delete_artifact(&path).await);
        }
    }
    // Deleting what lies around a link leaves what lies behind it.
    alice.delete_artifact(&experiment.to_string()).await.unwrap();
    assert_eq!(files_on_disk(&outside), ["secret"]);
    assert_eq!(std::fs::read_to_string(outside.join("secret")).unwrap(), "secret");
}

async fn an_upload_that_breaks_off_leaves_nothing(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let path = format!("{experiment}/a.bin");
    // Before the first piece, before anything is on the disk, and long after.
    for pieces in [0, 1, 200] {
        let broken = || {
            let piece = || Ok(Bytes::from(vec![7; 100_000]));
            let pieces: Vec<_> = (0..pieces).map(|_| piece()).collect();
            futures::stream::iter(pieces).chain(futures::stream::iter([Err("the line went dead"), piece()]))
        };
        let message = "The upload broke off: the line went dead";
        check_refused(alice.write_artifact(&path, broken()).await, Code::InvalidParameterValue, message);
        check_code(alice.downloads(&path).await, Code::ResourceDoesNotExist);
        assert_eq!(files_on_disk(&world.artifacts()), Vec::<String>::new(), "after {pieces} pieces");

        // Nor does it harm what was there.
        alice.uploads(&path, b"good").await;
        check_refused(alice.write_artifact(&path, broken()).await, Code::InvalidParameterValue, message);
        assert_eq!(alice.downloads(&path).await.unwrap(), b"good");
        alice.delete_artifact(&path).await.unwrap();
    }
}

async fn of_uploads_at_once_one_wins_whole(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let path = format!("{experiment}/deep/er/a.bin");
    let uploads = (0..8).map(|i| {
        let (alice, path) = (alice.clone(), path.clone());
        tokio::spawn(async move { alice.uploads(&path, &vec![i; 50_000 + usize::from(i)]).await })
    });
    for upload in futures::future::join_all(uploads).await {
        upload.unwrap();
    }
    let content = alice.downloads(&path).await.unwrap();
    assert_eq!(content, vec![content[0]; 50_000 + usize::from(content[0])]);
    assert_eq!(files_on_disk(&world.artifacts()), ["a.bin"]);
}

async fn a_long_file_is_streamed(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let path = format!("{experiment}/long.bin");
    const PIECE: usize = 40_000;
    const PIECES: usize = 1000;
    let pieces = (0..PIECES).map(|i| Ok::<_, String>(Bytes::from(vec![i as u8; PIECE])));
    alice.write_artifact(&path, futures::stream::iter(pieces)).await.unwrap();
    let mut read = alice.read_artifact(&path, None).await.unwrap();
    let (mut at, mut largest) = (0, 0);
    while let Some(chunk) = read.stream.next().await {
        let chunk = chunk.unwrap();
        largest = largest.max(chunk.len());
        for byte in &chunk {
            assert_eq!(*byte, (at / PIECE) as u8, "byte {at}");
            at += 1;
        }
    }
    assert_eq!((at, read.size), (PIECE * PIECES, (PIECE * PIECES) as u64));
    assert!(largest <= 1 << 20, "{largest} bytes at once");
}

async fn a_run_and_a_model_have_a_root(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let run = alice.run_in(experiment).await;
    let model = alice.model_in(experiment, "resnet").await.id;
    for (root, below) in [
        (ArtifactRoot::Run(experiment, run), format!("{experiment}/{run}/artifacts")),
        (ArtifactRoot::Model(experiment, model), format!("{experiment}/models/{model}/artifacts")),
    ] {
        assert_eq!(alice.artifact_path(root, "").await.unwrap(), below);
        assert_eq!(alice.artifact_path(root, "a/b.txt").await.unwrap(), format!("{below}/a/b.txt"));
        for bad in ["..", "../x", "/x", "%2e%2e/x"] {
            check_refused(alice.artifact_path(root, bad).await, Code::InvalidParameterValue, "Invalid path");
            check_refused(alice.artifact_text(root, bad).await, Code::InvalidParameterValue, "Invalid path");
        }
        alice.uploads(&format!("{below}/a/b.txt"), b"1").await;
        assert_eq!(alice.artifact_entries(root, "").await.unwrap(), [folder("a")]);
        assert_eq!(alice.artifact_entries(root, "a").await.unwrap(), [file("a/b.txt", 1)]);
        assert_eq!(alice.artifact_entries(root, "a/").await.unwrap(), [file("a/b.txt", 1)]);
    }
}

async fn what_lies_elsewhere_is_for_clients_to_open(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.create_experiment("elsewhere", "s3://bucket/folder", &[]).await.unwrap();
    let run = alice.run_in(experiment).await;
    let outcome = alice.artifact_entries(ArtifactRoot::Run(experiment, run), "").await;
    let message =
        format!("These artifacts are at s3://bucket/folder/{run}/artifacts, which clients open themselves.");
    check_refused(outcome, Code::InvalidParameterValue, &message);
}

async fn a_preview_shows_the_start_of_a_text(world: &World) {
    let (alice, experiment) = world_with_an_experiment(world).await;
    let run = alice.run_in(experiment).await;
    let root = ArtifactRoot::Run(experiment, run);
    let preview = async |content: &[u8]| {
        alice.uploads(&format!("{experiment}/{run}/artifacts/a.txt"), content).await;
        let preview = alice.artifact_text(root, "a.txt").await.unwrap();
        (preview.text, preview.truncated)
    };
    assert_eq!(preview(b"").await, (String::new(), false));
    assert_eq!(preview("日本".as_bytes()).await, ("日本".to_owned(), false));
    assert_eq!(preview(b"a\xffb").await, ("a\u{FFFD}b".to_owned(), false));
    let full = vec![b'x'; 256 * 1024];
    assert_eq!(preview(&full).await, ("x".repeat(256 * 1024), false));
    assert_eq!(preview(&[full.as_slice(), b"y"].concat()).await, ("x".repeat(256 * 1024), true));
}
