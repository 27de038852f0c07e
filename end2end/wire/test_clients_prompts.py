"""Prompts, which ride on the registry of models."""

import json
import uuid

import mlflow
import pytest
from mlflow.exceptions import MlflowException


@pytest.fixture
def client(as_lise):
    return as_lise


@pytest.fixture
def name():
    return f"greeting-{uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setenv("MLFLOW_ALIAS_PROMPT_CACHE_TTL_SECONDS", "0")
    monkeypatch.setenv("MLFLOW_VERSION_PROMPT_CACHE_TTL_SECONDS", "0")


def test_versions_of_a_prompt(client, experiment, name):
    first = mlflow.genai.register_prompt(name, "Hello {{who}}!", commit_message="the first", tags={"team": "ä"})
    second = mlflow.genai.register_prompt(
        name,
        [{"role": "system", "content": "Be {{mood}}."}, {"role": "user", "content": "Größe {{who}} 🚀"}],
        response_format={"type": "object", "properties": {"text": {"type": "string"}}},
        model_config={"model_name": "some-model", "temperature": 0.5},
    )
    assert (first.version, second.version) == (1, 2)
    loaded = mlflow.genai.load_prompt(name, version=1)
    assert (loaded.format(who="world"), loaded.commit_message, loaded.variables) == ("Hello world!", "the first", {"who"})
    chat = mlflow.genai.load_prompt(f"prompts:/{name}/2")
    assert chat.format(mood="brief", who="x")[1] == {"role": "user", "content": "Größe x 🚀"}
    assert chat.response_format["properties"] == {"text": {"type": "string"}}
    assert chat.model_config["temperature"] == 0.5
    assert mlflow.genai.load_prompt(f"prompts:/{name}@latest").version == 2
    assert mlflow.genai.load_prompt(name).version == 2
    long = "A long text. " * 1_500
    assert mlflow.genai.load_prompt(name, mlflow.genai.register_prompt(name, long).version).template == long


def test_aliases_and_tags_of_a_prompt(client, experiment, name):
    for text in ["one", "two"]:
        mlflow.genai.register_prompt(name, text)
    mlflow.genai.set_prompt_alias(name, "live", 1)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@live").template == "one"
    mlflow.genai.set_prompt_alias(name, "live", 2)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@live").template == "two"
    mlflow.genai.delete_prompt_alias(name, "live")
    with pytest.raises(MlflowException):
        mlflow.genai.load_prompt(f"prompts:/{name}@live")
    mlflow.genai.set_prompt_tag(name, "task", "summary")
    mlflow.genai.set_prompt_version_tag(name, 2, "reviewed", "yes")
    assert mlflow.genai.get_prompt_tags(name)["task"] == "summary"
    assert mlflow.genai.load_prompt(name, 2).tags["reviewed"] == "yes"
    mlflow.genai.delete_prompt_tag(name, "task")
    mlflow.genai.delete_prompt_version_tag(name, 2, "reviewed")
    assert "task" not in mlflow.genai.get_prompt_tags(name)
    assert "reviewed" not in mlflow.genai.load_prompt(name, 2).tags


def test_prompts_are_found_and_are_no_models(client, experiment, name):
    mlflow.genai.register_prompt(name, "text", tags={"team": "garden"})
    model = client.create_registered_model(f"{name}-model").name
    assert [prompt.name for prompt in mlflow.genai.search_prompts(f"name LIKE '{name}%'")] == [name]
    assert [found.name for found in mlflow.search_registered_models(filter_string=f"name LIKE '{name}%'")] == [model]
    assert mlflow.search_model_versions(filter_string=f"name = '{name}'") == []
    assert mlflow.genai.load_prompt(f"{name}-nobody", version=1, allow_missing=True) is None
    with pytest.raises(MlflowException, match="[Mm]odel"):
        mlflow.genai.register_prompt(model, "text")
    with pytest.raises(MlflowException, match="[Pp]rompt"):
        client.create_registered_model(name)
    client.delete_prompt_version(name, "1")
    client.delete_prompt(name)
    assert client.get_prompt(name) is None


def test_prompts_of_a_run(client, experiment, name):
    for text in ["text {{of}} it", "another"]:
        prompt = mlflow.genai.register_prompt(name, text)
    with mlflow.start_run() as run:
        mlflow.genai.load_prompt(name, version=1)
        client.link_prompt_version_to_run(run.info.run_id, prompt)
    linked = json.loads(client.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"])
    assert {(one["name"], one["version"]) for one in linked} == {(name, "1"), (name, "2")}
