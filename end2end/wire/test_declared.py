"""People as a file declares them."""

import pytest

from conftest import database
from runmark import running

FILE = """
[users]
ada = {}
root = { admin = true }
nightly = { service = true }

[groups]
vision = ["ada", "nightly"]

[experiments.ImageNet]
everyone = "NO_PERMISSIONS"
groups.vision = "EDIT"
users.ada = "MANAGE"

[models.detector]
groups.vision = "READ"
"""


@pytest.fixture
def declared(tmp_path):
    file = tmp_path / "people.toml"
    file.write_text(FILE)
    return file


def test_it_is_so_from_the_start(kind, tmp_path, declared):
    with database(kind, tmp_path) as address, running(tmp_path / "server", address, "--people-file", str(declared)) as server:
        assert server.say("user", "list").splitlines() == [
            "ada\tuser\tactive",
            "admin\tadmin\tactive",
            "nightly\tservice\tactive",
            "root\tadmin\tactive",
        ]
        assert server.say("group", "list") == "vision: ada, nightly"
        # Once more, nothing is to be done.
        assert server.say("apply", str(declared)) == "Nothing to change."
        told = len(server.say("audit", "export").splitlines())
        server.stop()
        server.start()
        assert len(server.say("audit", "export", "--action", "user.create").splitlines()) == 1 + 4
        assert len(server.say("audit", "export").splitlines()) <= told + 1, "the start's link is told of, no more"


def test_what_is_not_named_is_left_alone_and_what_is_named_is_exact(server, declared):
    server.say("apply", str(declared))
    server.say("user", "add", "bob", "--url", server.url)
    server.say("group", "add", "vision", "bob")
    [experiment] = [
        found["experiment_id"]
        for found in server.post("/experiments/search", {"max_results": 1000})["experiments"]
        if found["name"] == "ImageNet"
    ]
    server.say("grant", "--user", "bob", "--experiment", experiment, "READ")
    server.say("grant", "--everyone", "--experiment", experiment, "READ")
    assert server.say("apply", str(declared)).splitlines() == [
        "'bob' is no longer in group 'vision'",
        "everyone has NO_PERMISSIONS of experiment 'ImageNet'",
        "what was given to user bob of experiment 'ImageNet' is taken back",
    ]
    assert "bob\tuser\tactive" in server.say("user", "list")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("users.ada.password = 'x'", "unknown field `password`"),
        ("experiments.a.everyone = 'WRITE'", "WRITE"),
        ("groups.vision = ['nobody']", "nobody"),
        ("users = 7", "line 1"),
        ("[users", "line 1"),
    ],
)
def test_what_is_wrong_is_said(server, tmp_path, text, words):
    file = tmp_path / "people.toml"
    file.write_text(text)
    done = server.run("apply", str(file))
    assert done.returncode != 0 and words in done.stderr, done.stderr
