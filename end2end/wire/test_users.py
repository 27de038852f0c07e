"""Accounts and permissions by MLflow's own client for them."""

import uuid

import mlflow
import pytest
import requests
from mlflow.exceptions import MlflowException, RestException
from mlflow.server.auth.client import AuthServiceClient

PASSWORD = "a good password of hers"


@pytest.fixture
def users(server, client, monkeypatch):
    """The client, as the admin."""
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    return AuthServiceClient(server.url)


@pytest.fixture
def name():
    return f"grace-{uuid.uuid4().hex[:8]}"


def refused(code: str, attempt):
    with pytest.raises((RestException, MlflowException)) as caught:
        attempt()
    assert caught.value.error_code == code, caught.value


def speak_as(monkeypatch, name, password):
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)


def test_accounts_are_made_changed_and_deleted(server, users, name, monkeypatch):
    made = users.create_user(name, PASSWORD)
    assert (made.username, made.is_admin) == (name, False)
    assert users.get_user(name).id == made.id
    refused("RESOURCE_ALREADY_EXISTS", lambda: users.create_user(name, PASSWORD))
    refused("INVALID_PARAMETER_VALUE", lambda: users.create_user(f"{name}-2", "short"))
    users.update_user_admin(name, True)
    assert users.get_user(name).is_admin
    users.update_user_admin(name, False)
    users.update_user_password(name, "another good password")
    assert f"{name}\tuser\tactive" in server.say("user", "list")

    # She changes it herself, and needs the old one for that.
    speak_as(monkeypatch, name, "another good password")
    assert users.get_user(name).username == name
    refused("PERMISSION_DENIED", lambda: users.get_user("admin"))
    refused("PERMISSION_DENIED", lambda: users.create_user(f"{name}-3", PASSWORD))
    refused("PERMISSION_DENIED", lambda: users.update_user_admin(name, True))
    refused("INVALID_PARAMETER_VALUE", lambda: users.update_user_password(name, PASSWORD))
    refused("INVALID_PARAMETER_VALUE", lambda: users.update_user_password(name, PASSWORD, current_password="wrong"))
    users.update_user_password(name, PASSWORD, current_password="another good password")
    refused("UNAUTHENTICATED", lambda: users.get_user(name))
    speak_as(monkeypatch, name, PASSWORD)
    refused("BAD_REQUEST", lambda: users.delete_user(name))

    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", server.admin.token)
    users.delete_user(name)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: users.get_user(name))


def test_permissions_are_given_seen_and_taken(server, users, name, experiment, monkeypatch):
    users.create_user(name, PASSWORD)
    mlflow.MlflowClient().create_registered_model(f"model of {name}")
    things = [("experiment", experiment, "EDIT", True), ("registered_model", f"model of {name}", "READ", False)]
    for kind, thing, level, allowed in things:
        users.grant_user_permission(name, kind, thing, level)
        refused("RESOURCE_ALREADY_EXISTS", lambda: users.grant_user_permission(name, kind, thing, "MANAGE"))
        seen = users.get_user_permission(name, kind, thing)
        assert (seen.allowed, seen.permission) == (allowed, level)
    hers = {"auth": (name, PASSWORD)}
    for path, who in [(f"permissions/list?username={name}", {"headers": server.admin.headers}), ("current/permissions", hers)]:
        answer = requests.get(f"{server.url}/api/3.0/mlflow/users/{path}", timeout=30, **who).json()
        listed = {(held["resource_type"], held["resource_pattern"], held["permission"]) for held in answer["permissions"]}
        assert listed == {(kind, thing, level) for kind, thing, level, _ in things} and not answer["is_admin"]
    # She sees her own, and gives nobody anything.
    speak_as(monkeypatch, name, PASSWORD)
    assert users.get_user_permission(name, "experiment", experiment).permission == "EDIT"
    refused("PERMISSION_DENIED", lambda: users.grant_user_permission("admin", "experiment", experiment, "READ"))
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", server.admin.token)
    for kind, thing, _, _ in things:
        users.revoke_user_permission(name, kind, thing)
        refused("RESOURCE_DOES_NOT_EXIST", lambda: users.revoke_user_permission(name, kind, thing))
        assert users.get_user_permission(name, kind, thing).permission == "READ", "the default"
    refused("INVALID_PARAMETER_VALUE", lambda: users.grant_user_permission(name, "scorer", "1/x", "READ"))
    refused("INVALID_PARAMETER_VALUE", lambda: users.grant_user_permission(name, "experiment", "*", "READ"))
    refused("INVALID_PARAMETER_VALUE", lambda: users.grant_user_permission(name, "experiment", experiment, "WRITE"))
