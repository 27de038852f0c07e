"""Roles by MLflow's own client for them: they are the groups of the pages and the command line."""

import uuid

import pytest
import requests
from mlflow.server.auth.client import AuthServiceClient

from runmark import check_refusal
from test_users import PASSWORD, refused, speak_as


@pytest.fixture
def roles(server, client, monkeypatch):
    """The client, as the admin."""
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    return AuthServiceClient(server.url)


@pytest.fixture
def name(roles):
    """Somebody with an account."""
    name = f"hedy-{uuid.uuid4().hex[:8]}"
    roles.create_user(name, PASSWORD)
    return name


@pytest.fixture
def role(roles, name):
    """A role that she hasn't."""
    return roles.create_role("default", f"team of {name}")


def speak_as_admin(server, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", server.admin.token)


def test_a_role_is_a_group(server, roles, name, role):
    assert (role.name, role.workspace, role.description) == (f"team of {name}", "default", None)
    assert role.permissions == []
    refused("RESOURCE_ALREADY_EXISTS", lambda: roles.create_role("default", role.name))
    assert roles.get_role(role.id).name == role.name
    for listed in [roles.list_roles("default"), roles.list_all_roles()]:
        assert role.id in [found.id for found in listed]
    assert roles.list_roles("elsewhere") == []

    assigned = roles.assign_role(name, role.id)
    assert (assigned.role_id, assigned.user_id) == (role.id, roles.get_user(name).id)
    refused("RESOURCE_ALREADY_EXISTS", lambda: roles.assign_role(name, role.id))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.assign_role("nobody", role.id))
    assert f"{role.name}: {name}" in server.say("group", "list").splitlines()
    assert [(held.id, held.user_id) for held in roles.list_role_users(role.id)] == [(assigned.id, assigned.user_id)]
    assert [held.id for held in roles.list_user_roles(name)] == [role.id]
    [listed] = [user for user in server.api("GET", "/mlflow/users/list").json()["users"] if user["username"] == name]
    assert [held["name"] for held in listed["roles"]] == [role.name]

    renamed = roles.update_role(role.id, name=f"{role.name} 2")
    assert (renamed.id, renamed.name) == (role.id, f"{role.name} 2")
    assert f"{renamed.name}: {name}" in server.say("group", "list").splitlines()
    roles.unassign_role(name, role.id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.unassign_role(name, role.id))
    assert roles.list_role_users(role.id) == [] and roles.list_user_roles(name) == []
    roles.delete_role(role.id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.get_role(role.id))
    assert renamed.name not in server.say("group", "list")


def test_its_permissions_are_what_counts(server, client, roles, name, role, experiment, monkeypatch):
    client.create_registered_model(f"model of {name}")
    given = roles.add_role_permission(role.id, "experiment", experiment, "EDIT")
    assert (given.role_id, given.resource_type, given.resource_pattern) == (role.id, "experiment", experiment)
    assert given.permission == "EDIT"
    refused("RESOURCE_ALREADY_EXISTS", lambda: roles.add_role_permission(role.id, "experiment", experiment, "READ"))
    roles.add_role_permission(role.id, "registered_model", f"model of {name}", "MANAGE")
    roles.assign_role(name, role.id)
    listed = {(held.resource_type, held.resource_pattern, held.permission) for held in roles.list_role_permissions(role.id)}
    assert listed == {("experiment", experiment, "EDIT"), ("registered_model", f"model of {name}", "MANAGE")}
    assert len(roles.get_role(role.id).permissions) == 2
    path = f"{server.url}/api/3.0/mlflow/users/permissions/list?username={name}"
    held = requests.get(path, headers=server.admin.headers, timeout=30).json()["permissions"]
    assert {(one["role_id"], one["role_name"]) for one in held} == {(role.id, role.name)}

    speak_as(monkeypatch, name, PASSWORD)
    assert roles.get_user_permission(name, "experiment", experiment).permission == "EDIT"
    client.create_run(experiment)
    client.delete_registered_model(f"model of {name}")

    speak_as_admin(server, monkeypatch)
    assert len(roles.list_role_permissions(role.id)) == 1, "what isn't there isn't given"
    assert roles.update_role_permission(given.id, "READ").permission == "READ"
    speak_as(monkeypatch, name, PASSWORD)
    refused("PERMISSION_DENIED", lambda: client.create_run(experiment))

    speak_as_admin(server, monkeypatch)
    roles.remove_role_permission(given.id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.remove_role_permission(given.id))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.update_role_permission(given.id, "READ"))
    assert roles.list_role_permissions(role.id) == []


def test_others_see_their_own_and_change_nothing(roles, name, role, experiment, monkeypatch):
    other = roles.create_role("default", f"no team of {name}")
    roles.assign_role(name, role.id)
    given = roles.add_role_permission(role.id, "experiment", experiment, "EDIT")
    speak_as(monkeypatch, name, PASSWORD)
    assert [found.id for found in roles.list_roles("default")] == [role.id]
    assert [found.id for found in roles.list_user_roles(name)] == [role.id]
    assert roles.get_role(role.id).permissions[0].id == given.id
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.get_role(other.id))
    for attempt in [
        lambda: roles.create_role("default", f"{name} rules"),
        lambda: roles.update_role(role.id, name=f"{name} rules"),
        lambda: roles.delete_role(role.id),
        lambda: roles.assign_role(name, other.id),
        lambda: roles.unassign_role(name, role.id),
        lambda: roles.list_role_users(role.id),
        lambda: roles.list_user_roles("admin"),
        lambda: roles.update_role_permission(given.id, "MANAGE"),
        lambda: roles.remove_role_permission(given.id),
    ]:
        refused("PERMISSION_DENIED", attempt)


def test_what_groups_have_not_is_refused(roles, name, role, experiment):
    refused("INVALID_PARAMETER_VALUE", lambda: roles.create_role("default", f"{name} x", description="of all"))
    refused("INVALID_PARAMETER_VALUE", lambda: roles.update_role(role.id, description="of all"))
    refused("INVALID_PARAMETER_VALUE", lambda: roles.update_role(role.id))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.create_role("elsewhere", f"{name} x"))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: roles.get_role(7))
    for kind, pattern, permission in [
        ("experiment", "*", "READ"),
        ("registered_model", "*", "READ"),
        ("workspace", "*", "MANAGE"),
        ("run", "*", "READ"),
        ("prompt", "greeting", "READ"),
        ("scorer", f"{experiment}/x", "READ"),
        ("experiment", experiment, "DENY"),
        ("experiment", experiment, "WRITE"),
    ]:
        attempt = lambda: roles.add_role_permission(role.id, kind, pattern, permission)  # noqa: E731, B023
        refused("INVALID_PARAMETER_VALUE", attempt)
    assert roles.list_role_permissions(role.id) == []


def test_older_clients_give_and_take(server, roles, name, experiment):
    """Those before roles: `create_experiment_permission` and its kind."""
    model = f"model of {name}"
    server.post("/registered-models/create", {"name": model})
    for path, thing, answer in [
        ("experiments", {"experiment_id": experiment}, "experiment_permission"),
        ("registered-models", {"name": model}, "registered_model_permission"),
    ]:
        whose = thing | {"username": name}

        def call(method, verb, **body):
            sent = {"params": body} if method == "GET" else {"json": body}
            return server.api(method, f"/mlflow/{path}/permissions/{verb}", **sent)

        check_refusal(call("GET", "get", **whose), 404, "RESOURCE_DOES_NOT_EXIST")
        check_refusal(call("PATCH", "update", **whose, permission="EDIT"), 404, "RESOURCE_DOES_NOT_EXIST")
        made = call("POST", "create", **whose, permission="READ").json()[answer]
        assert made["permission"] == "READ" and made["user_id"] == roles.get_user(name).id
        check_refusal(call("POST", "create", **whose, permission="EDIT"), 400, "RESOURCE_ALREADY_EXISTS")
        assert call("PATCH", "update", **whose, permission="EDIT").json() == {}
        found = call("GET", "get", **whose).json()[answer]
        assert found == made | {"permission": "EDIT"}
        user = server.api("GET", "/mlflow/users/get", params={"username": name}).json()["user"]
        assert user[f"{answer}s"] == [found]
        assert call("DELETE", "delete", **whose).json() == {}
        check_refusal(call("DELETE", "delete", **whose), 404, "RESOURCE_DOES_NOT_EXIST")
