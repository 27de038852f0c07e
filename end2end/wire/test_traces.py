"""Traces: by MLflow's client, and by OpenTelemetry's protocol."""

import gzip
import json
import os
import time
import uuid
import zlib

import mlflow
import pytest
import requests
from google.protobuf.json_format import MessageToDict
from mlflow.entities import AssessmentSource, Expectation, Feedback, SpanType, TraceData
from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from mlflow.exceptions import MlflowException, RestException
from mlflow.store.analytics.trace_correlation import calculate_npmi_from_counts
from mlflow.tracing.client import TracingClient
from mlflow.tracking._tracking_service.utils import _get_store
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from runmark import check_refusal

HUMAN = AssessmentSource(source_type="HUMAN", source_id="alice")


@pytest.fixture(autouse=True)
def anew(client):
    """Each test's traces go to the server of that test."""
    mlflow.tracing.reset()
    yield
    mlflow.flush_trace_async_logging()
    mlflow.tracing.reset()


@mlflow.trace(span_type=SpanType.RETRIEVER)
def find(question):
    return [{"page": 7, "text": f"about {question}"}]


@mlflow.trace(name="chat", span_type=SpanType.AGENT)
def answer(question):
    pages = find(question)
    with mlflow.start_span("think", span_type=SpanType.LLM) as span:
        span.set_inputs({"question": question, "pages": pages})
        span.set_attribute("model", "gpt-none")
        span.set_outputs({"answer": 42})
    return 42


def ask(question="why?") -> str:
    """A trace; returns its id."""
    answer(question)
    mlflow.flush_trace_async_logging()
    return mlflow.get_last_active_trace_id()


def found(experiment, filter_string=None, **arguments):
    """Ids of the traces that a search finds."""
    traces = mlflow.search_traces(
        locations=[experiment], filter_string=filter_string, return_type="list", include_spans=False, **arguments
    )
    return [trace.info.trace_id for trace in traces]


def test_a_trace_comes_back_with_its_steps(client, experiment):
    trace = client.get_trace(ask())
    assert trace.info.experiment_id == experiment
    assert (trace.info.state, trace.info.tags["mlflow.traceName"]) == ("OK", "chat")
    assert trace.info.request_preview and trace.info.execution_duration is not None
    assert abs(trace.info.request_time - time.time() * 1000) < 60_000
    spans = {span.name: span for span in trace.data.spans}
    assert set(spans) == {"chat", "find", "think"}
    assert spans["chat"].parent_id is None
    assert spans["find"].parent_id == spans["think"].parent_id == spans["chat"].span_id
    assert (spans["chat"].inputs, spans["chat"].outputs) == ({"question": "why?"}, 42)
    assert spans["find"].outputs == [{"page": 7, "text": "about why?"}]
    assert (spans["think"].span_type, spans["think"].get_attribute("model")) == ("LLM", "gpt-none")
    assert all(span.status.status_code == "OK" and span.end_time_ns > span.start_time_ns for span in trace.data.spans)
    (again,) = mlflow.search_traces(locations=[experiment], return_type="list")
    assert [span.to_dict() for span in again.data.spans] == [span.to_dict() for span in trace.data.spans]


def test_a_failure_is_told(client, experiment):
    @mlflow.trace
    def fail():
        raise ValueError("no such page")

    with pytest.raises(ValueError):
        fail()
    mlflow.flush_trace_async_logging()
    (trace,) = mlflow.search_traces(locations=[experiment], filter_string="status = 'ERROR'", return_type="list")
    (event,) = [event for event in trace.data.spans[0].events if event.name == "exception"]
    assert event.attributes["exception.message"] == "no such page"
    assert found(experiment, "span.content LIKE '%no such page%'") == [trace.info.trace_id]


def test_traces_are_found(client, experiment):
    with mlflow.start_run() as run:
        first = ask("first")
    second = ask("second")
    assert found(experiment) == [second, first]
    assert found(experiment, order_by=["timestamp ASC"]) == [first, second]
    assert found(experiment, run_id=run.info.run_id) == [first]
    assert found(experiment, "name = 'chat' AND span.type = 'LLM'") == [second, first]
    assert found(experiment, "span.attributes.model = 'gpt-none' AND span.name = 'find'") == [second, first]
    assert found(experiment, "execution_time > 100000") == []
    client.set_trace_tag(first, "team", "vision")
    assert found(experiment, "tags.team = 'vision'") == [first]
    client.delete_trace_tag(first, "team")
    assert found(experiment, "tags.team = 'vision'") == []
    client.link_traces_to_run([second], run.info.run_id)
    assert found(experiment, run_id=run.info.run_id) == [second, first]
    pages = client.search_traces(locations=[experiment], max_results=1, include_spans=False)
    assert [trace.info.trace_id for trace in pages] == [second]
    rest = client.search_traces(locations=[experiment], max_results=1, page_token=pages.token, include_spans=False)
    assert [trace.info.trace_id for trace in rest] == [first]
    with pytest.raises(RestException, match="INVALID_PARAMETER_VALUE"):
        found(experiment, "nonsense = 1")


def test_two_filters_are_counted_together(server, client, experiment):
    first, second = ask("first"), ask("second")
    client.set_trace_tag(first, "team", "vision")

    def check(one, other, among, *counts):
        found = TracingClient().calculate_trace_filter_correlation([experiment], one, other, among)
        assert (found.joint_count, found.filter1_count, found.filter2_count, found.total_count) == counts
        expected = calculate_npmi_from_counts(*counts)
        assert found.npmi == pytest.approx(expected.npmi, nan_ok=True)
        # Where there is none the client says so in a word of its own.
        smoothed = float("nan") if found.npmi_smoothed is None else found.npmi_smoothed
        assert smoothed == pytest.approx(expected.npmi_smoothed, nan_ok=True)

    check("tags.team = 'vision'", "span.name = 'find'", None, 1, 1, 2, 2)
    check("tags.team = 'vision'", f"request_id = '{second}'", None, 0, 1, 1, 2)
    check("tags.team = 'vision'", "status = 'OK'", f"request_id = '{first}'", 1, 1, 1, 1)
    check("status = 'ERROR'", "status = 'OK'", None, 0, 0, 2, 2)
    address = f"{server.url}/api/3.0/mlflow/traces/calculate-filter-correlation"
    asked = {"experiment_ids": [experiment], "filter_string1": "status = 'OK'", "filter_string2": "status = 'OK'"}
    for wrong in [{"filter_string1": ""}, {"filter_string2": "nonsense = 1"}, {"experiment_ids": None}]:
        response = requests.post(address, json=asked | wrong, headers=server.admin.headers, timeout=30)
        check_refusal(response, 400, "INVALID_PARAMETER_VALUE")


def test_traces_are_measured(server, client, experiment):
    first, second = ask("first"), ask("second")
    mlflow.log_feedback(trace_id=first, name="good", value=True, source=HUMAN)
    mlflow.log_feedback(trace_id=second, name="good", value=False, source=HUMAN)
    client.set_trace_tag(first, "team", "vision")

    def measured(view, metric, *aggregations, **asked):
        made = [MetricAggregation(AggregationType(word)) for word in aggregations if word != "P50"]
        if "P50" in aggregations:
            made.append(MetricAggregation(AggregationType.PERCENTILE, 50.0))
        points = _get_store().query_trace_metrics([experiment], MetricViewType(view), metric, made, **asked)
        assert all(point.metric_name == metric for point in points)
        return [(point.dimensions, point.values) for point in points]

    assert measured("TRACES", "trace_count", "COUNT") == [({}, {"COUNT": 2})]
    by_name = measured("TRACES", "trace_count", "COUNT", dimensions=["trace_name", "trace_status"])
    assert by_name == [({"trace_name": "chat", "trace_status": "OK"}, {"COUNT": 2})]
    assert measured("TRACES", "trace_count", "COUNT", filters=["trace.tag.team = 'vision'"]) == [({}, {"COUNT": 1})]
    ((_, took),) = measured("TRACES", "latency", "AVG", "MIN", "MAX", "P50")
    assert set(took) == {"AVG", "MIN", "MAX", "P50.0"} and took["MIN"] <= took["P50.0"] == took["AVG"] <= took["MAX"]
    now = int(time.time() * 1000)
    range_of_time = {"start_time_ms": now - 60_000, "end_time_ms": now + 60_000}
    by_day = measured("TRACES", "trace_count", "COUNT", time_interval_seconds=86400, **range_of_time)
    assert sum(values["COUNT"] for _, values in by_day) == 2
    assert all(dimensions["time_bucket"].endswith("T00:00:00+00:00") for dimensions, _ in by_day)
    by_step = measured("SPANS", "span_count", "COUNT", dimensions=["span_type"], filters=["span.name = 'think'"])
    assert by_step == [({"span_type": "LLM"}, {"COUNT": 2})]
    said = measured("ASSESSMENTS", "assessment_count", "COUNT", dimensions=["assessment_name", "assessment_value"])
    expected = [({"assessment_name": "good", "assessment_value": value}, {"COUNT": 1}) for value in ["false", "true"]]
    assert said == expected
    assert measured("ASSESSMENTS", "assessment_value", "AVG") == [({}, {"AVG": 0.5})]
    for view, metric, asked in [
        ("TRACES", "nonsense", {}),
        ("TRACES", "latency", {}),
        ("TRACES", "trace_count", {"dimensions": ["span_name"]}),
        ("TRACES", "trace_count", {"filters": ["span.name = 'think'"]}),
        ("TRACES", "trace_count", {"time_interval_seconds": 60}),
    ]:
        with pytest.raises(RestException, match="INVALID_PARAMETER_VALUE"):
            measured(view, metric, "COUNT", **asked)
    eve = server.add(f"eve-{uuid.uuid4().hex[:8]}")
    server.grant(eve, experiment, "NO_PERMISSIONS")
    body = {
        "experiment_ids": [experiment],
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": [{"aggregation_type": "COUNT"}],
    }
    for prefix, account, count in [("api", server.admin, 2), ("ajax-api", server.admin, 2), ("api", eve, 0)]:
        address = f"{server.url}/{prefix}/3.0/mlflow/traces/metrics"
        answer = requests.post(address, json=body, headers=account.headers, timeout=30)
        assert answer.json() == {"data_points": [{"metric_name": "trace_count", "values": {"COUNT": count}}]}


def test_what_is_thought_of_a_trace(client, experiment):
    trace = ask()
    good = mlflow.log_feedback(trace_id=trace, name="good", value=True, source=HUMAN, rationale="it is")
    mlflow.log_feedback(trace_id=trace, name="score", value=0.75, source=HUMAN, metadata={"round": "1"})
    mlflow.log_feedback(trace_id=trace, name="broken", error=ValueError("no judge"), source=HUMAN)
    expected = mlflow.log_expectation(trace_id=trace, name="answer", value={"number": 42, "words": ["forty", "two"]})
    assert found(experiment, "feedback.score > 0.5 AND feedback.good = 'true'") == [trace]
    known = {assessment.name: assessment for assessment in client.get_trace(trace).info.assessments}
    assert (known["good"].feedback.value, known["good"].rationale) == (True, "it is")
    assert (known["score"].feedback.value, known["score"].metadata) == (0.75, {"round": "1"})
    assert known["broken"].feedback.error.error_message == "no judge"
    assert known["answer"].expectation.value == {"number": 42, "words": ["forty", "two"]}
    assert mlflow.get_assessment(trace, expected.assessment_id).source.source_type == "HUMAN"
    changed = mlflow.update_assessment(
        trace_id=trace, assessment_id=good.assessment_id, assessment=Feedback(name="good", value=False)
    )
    assert (changed.feedback.value, changed.source.source_id) == (False, "alice")
    mlflow.update_assessment(
        trace_id=trace, assessment_id=expected.assessment_id, assessment=Expectation(name="answer", value=7)
    )
    assert mlflow.get_assessment(trace, expected.assessment_id).expectation.value == 7
    better = mlflow.override_feedback(trace_id=trace, assessment_id=good.assessment_id, value=True, source=HUMAN)
    assert mlflow.get_assessment(trace, good.assessment_id).valid is False
    mlflow.delete_assessment(trace_id=trace, assessment_id=better.assessment_id)
    assert mlflow.get_assessment(trace, good.assessment_id).valid is True
    with pytest.raises(MlflowException, match="not found"):
        mlflow.get_assessment(trace, better.assessment_id)


def test_what_is_linked_or_changed_must_be_named(server, client, experiment):
    ask()
    trace = client.search_traces([experiment])[0].info.trace_id
    thought = mlflow.log_feedback(trace_id=trace, name="good", value=True)
    path = "/mlflow/traces/link-prompts"
    check_refusal(server.api("POST", path, json={"trace_id": trace}), 400, "INVALID_PARAMETER_VALUE", "prompt_versions")
    url = f"{server.url}/api/3.0/mlflow/traces/{trace}/assessments/{thought.assessment_id}"
    for mask in ["", "assessment_name", {"paths": ["rationale"]}]:
        body = {"assessment": {"assessment_name": "other"}, "update_mask": mask}
        answer = requests.patch(url, json=body, headers=server.admin.headers, timeout=60)
        check_refusal(answer, 400, "INVALID_PARAMETER_VALUE", "update_mask")
    assert mlflow.get_assessment(trace, thought.assessment_id).name == "good"


def test_traces_are_deleted(server, client, experiment):
    kept, gone = ask(), ask()
    upload = f"/mlflow-artifacts/artifacts/{experiment}/traces/{gone}/artifacts/traces.json"
    assert server.api("PUT", upload, data=b"{}").status_code == 200
    assert client.delete_traces(experiment, trace_ids=[gone]) == 1
    assert found(experiment) == [kept]
    assert not (server.artifacts / experiment / "traces" / gone).exists()
    with pytest.raises(MlflowException, match="not found"):
        client.get_trace(gone)
    assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000) + 1000) == 1
    assert found(experiment) == []


def test_a_client_that_knows_no_span_door_uploads_a_file(server, client, experiment):
    """Before MLflow 3.4, and where a server says that it is older, steps come as a file beside what is told of the trace."""
    trace = "tr-" + uuid.uuid4().hex
    info = {
        "trace_id": trace,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "request_time": "2026-11-21T03:13:21.705Z",
        "execution_duration": "0.001s",
        "state": "OK",
    }
    answered = requests.post(
        f"{server.url}/api/3.0/mlflow/traces", json={"trace": {"trace_info": info}}, headers=server.admin.headers, timeout=30
    ).json()["trace"]["trace_info"]
    assert (answered["request_time"], answered["execution_duration"]) == (info["request_time"], "0.001s")
    assert "mlflow.trace.spansLocation" not in answered["tags"]
    place = answered["tags"]["mlflow.artifactLocation"]
    assert place == f"mlflow-artifacts:/{experiment}/traces/{trace}/artifacts"
    data = json.dumps({"spans": [], "request": "{}", "response": "{}"})
    path = f"/mlflow-artifacts/artifacts/{experiment}/traces/{trace}/artifacts/traces.json"
    assert server.api("PUT", path, data=data).status_code == 200
    assert client.get_trace(trace).data.spans == []


def test_an_older_client_begins_and_ends_a_trace(server, experiment):
    pairs = [{"key": "k", "value": "1"}]
    begun = server.post(
        "/traces", {"experiment_id": experiment, "timestamp_ms": 1000, "request_metadata": pairs, "tags": pairs}
    )["trace_info"]
    assert (begun["status"], begun["request_metadata"]) == ("IN_PROGRESS", pairs)
    path = f"/mlflow/traces/{begun['request_id']}"
    ended = server.api("PATCH", path, json={"timestamp_ms": 1500, "status": "OK"}).json()["trace_info"]
    assert (ended["status"], ended["execution_time_ms"]) == ("OK", 500)
    assert server.api("GET", f"{path}/info").json()["trace_info"] == ended
    listed = server.api("GET", f"/mlflow/traces?experiment_ids={experiment}").json()
    assert listed == {"traces": [ended]}


def test_an_older_client_says_nothing_with_null(server, experiment):
    begun = server.post("/traces", {"experiment_id": experiment, "timestamp_ms": None})["trace_info"]
    for name in ["tags", "request_metadata"]:
        said = f"Invalid value null for parameter '{name}' supplied"
        check_refusal(
            server.api("POST", "/mlflow/traces", json={"experiment_id": experiment, name: None}), 400, "INVALID_PARAMETER_VALUE", said
        )
        answer = server.api("PATCH", f"/mlflow/traces/{begun['request_id']}", json={"status": "OK", name: None})
        check_refusal(answer, 400, "INVALID_PARAMETER_VALUE", said)


@pytest.mark.parametrize(
    "told, kept",
    [
        ('{"input_tokens": 3, "total_tokens": 7}', '{"input_tokens": 3, "total_tokens": 7}'),
        ('{"total_tokens":7,"words":2}', '{"total_tokens": 7}'),
        ("alice", None),
        ("1.0", None),
    ],
)
def test_counted_tokens_are_numbers(server, experiment, told, kept):
    """As with MLflow, whose pages read them."""
    pairs = [{"key": "k", "value": "a"}, {"key": "mlflow.trace.tokenUsage", "value": told}]
    answer = server.post("/traces", {"experiment_id": experiment, "timestamp_ms": 1, "request_metadata": pairs})
    expected = {"k": "a"} if kept is None else {"k": "a", "mlflow.trace.tokenUsage": kept}
    assert {pair["key"]: pair["value"] for pair in answer["trace_info"]["request_metadata"]} == expected


def test_a_duration_that_no_client_could_read_is_none(server, experiment):
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    for told, status in [("315576000000s", 200), ("9999999999999s", 400), ("NaNs", 400)]:
        info = {"trace_id": "tr-" + uuid.uuid4().hex, "trace_location": location, "execution_duration": told}
        body = {"trace": {"trace_info": info}}
        answer = requests.post(f"{server.url}/api/3.0/mlflow/traces", json=body, headers=server.admin.headers, timeout=30)
        assert answer.status_code == status, answer.text


def steps_of(server, trace, account=None, version="3.0", **query):
    """The steps of a trace as MLflow's pages and notebooks ask for them."""
    address = f"{server.url}/ajax-api/{version}/mlflow/get-trace-artifact"
    query = {"request_id": trace} | query
    return requests.get(address, params=query, headers=(account or server.admin).headers, timeout=30)


def test_the_steps_come_as_a_file(server, client, experiment):
    trace = client.get_trace(ask("größer?"))
    expected = sorted(trace.data.to_dict()["spans"], key=lambda span: span["span_id"])
    for version in ["2.0", "3.0"]:
        response = steps_of(server, trace.info.trace_id, version=version)
        assert response.status_code == 200, response.text
        assert response.headers["content-disposition"] == 'attachment; filename="traces.json"'
        assert response.headers["content-type"].startswith("text/plain")
        assert response.headers["content-security-policy"].startswith("sandbox")
        assert sorted(response.json()["spans"], key=lambda span: span["span_id"]) == expected
        assert len(TraceData.from_dict(response.json()).spans) == 3
    check_refusal(steps_of(server, ""), 400, "BAD_REQUEST", 'Request must include the "request_id" query parameter.')
    for nothing in ["tr-" + "0" * 32, "nonsense"]:
        check_refusal(steps_of(server, nothing), 404, "RESOURCE_DOES_NOT_EXIST")
    eve = server.add(f"eve-{uuid.uuid4().hex[:8]}")
    server.grant(eve, experiment, "NO_PERMISSIONS")
    check_refusal(steps_of(server, trace.info.trace_id, eve), 404, "RESOURCE_DOES_NOT_EXIST")
    server.grant(eve, experiment, "READ")
    assert steps_of(server, trace.info.trace_id, eve).status_code == 200


def test_what_clients_put_beside_a_trace_comes_as_a_file(server, experiment):
    trace = server.post("/traces", {"experiment_id": experiment, "timestamp_ms": 1})["trace_info"]["request_id"]
    folder = f"/mlflow-artifacts/artifacts/{experiment}/traces/{trace}/artifacts"
    check_refusal(steps_of(server, trace), 404, "RESOURCE_DOES_NOT_EXIST", "No such artifact")
    assert server.api("PUT", f"{folder}/traces.json", data=b'{"spans": []}').status_code == 200
    assert steps_of(server, trace).json() == {"spans": []}

    name = str(uuid.uuid4())
    check_refusal(steps_of(server, trace, path=name), 404, "RESOURCE_DOES_NOT_EXIST")
    assert server.api("PUT", f"{folder}/attachments/{name}", data=b"\x89PNG").status_code == 200
    assert steps_of(server, trace, path=name).content == b"\x89PNG"
    for wrong in ["traces.json", "../traces.json", f"A{name[1:]}", name.replace("-", "")]:
        check_refusal(steps_of(server, trace, path=wrong), 400, "INVALID_PARAMETER_VALUE", "must be a valid UUID")


def export(trace=None, spans=1) -> ExportTraceServiceRequest:
    """A request as programs with OpenTelemetry send it."""
    request = ExportTraceServiceRequest()
    of_program = request.resource_spans.add()
    of_program.resource.attributes.add(key="service.name").value.string_value = "shop"
    for number in range(1, spans + 1):
        span = of_program.scope_spans.add().spans.add()
        span.trace_id = trace or uuid.uuid4().bytes
        span.span_id = number.to_bytes(8, "big")
        span.parent_span_id = (number - 1).to_bytes(8, "big") if number > 1 else b""
        span.name = f"step {number}"
        span.start_time_unix_nano = time.time_ns()
        span.end_time_unix_nano = span.start_time_unix_nano + 5_000_000
        span.attributes.add(key="tokens").value.int_value = 17
    return request


def as_json(request) -> bytes:
    """OpenTelemetry writes ids in hexadecimal digits."""
    message = MessageToDict(request)
    for program, of_program in zip(request.resource_spans, message["resourceSpans"]):
        for scope, of_scope in zip(program.scope_spans, of_program["scopeSpans"]):
            for span, written in zip(scope.spans, of_scope["spans"]):
                written |= {"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()}
                if span.parent_span_id:
                    written["parentSpanId"] = span.parent_span_id.hex()
    return json.dumps(message).encode()


def send(server, body, experiment, kind="application/x-protobuf", encoding=None, account=None, **headers):
    headers |= {"Content-Type": kind} | (account or server.admin).headers
    if experiment is not None:
        headers["x-mlflow-experiment-id"] = experiment
    if encoding:
        headers["Content-Encoding"] = encoding
    return requests.post(f"{server.url}/v1/traces", data=body, headers=headers, timeout=60)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKINGS = {
    None: bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("write", [ExportTraceServiceRequest.SerializeToString, as_json])
def test_programs_with_opentelemetry_send_steps(server, client, experiment, packing, write):
    trace = os.urandom(16)
    kind = "application/json" if write is as_json else "application/x-protobuf"
    response = send(server, PACKINGS[packing](write(export(trace, 2))), experiment, kind, packing)
    assert response.status_code == 200, response.text
    assert response.content == (b"{}" if write is as_json else b"")
    assert response.headers["content-type"] == kind
    stored = client.get_trace(f"tr-{trace.hex()}")
    assert [(span.name, span.get_attribute("tokens")) for span in stored.data.spans] == [("step 1", 17), ("step 2", 17)]
    assert stored.data.spans[1].parent_id == stored.data.spans[0].span_id
    assert (stored.info.state, stored.info.tags["mlflow.traceName"], stored.info.tags["service.name"]) == (
        "OK",
        "step 1",
        "shop",
    )


def test_steps_that_can_not_be_taken_are_told(server, client, experiment):
    run = client.create_run(experiment).info.run_id
    request = export(spans=1)
    request.resource_spans[0].scope_spans[0].spans.add(name="without an id")
    trace = request.resource_spans[0].scope_spans[0].spans[0].trace_id
    response = send(server, request.SerializeToString(), experiment, **{"x-mlflow-run-id": run})
    answered = ExportTraceServiceResponse.FromString(response.content)
    assert answered.partial_success.rejected_spans == 1 and "id" in answered.partial_success.error_message
    assert found(experiment, run_id=run) == [f"tr-{trace.hex()}"]
    told = send(server, as_json(request), experiment, "application/json").json()["partialSuccess"]
    assert told["rejectedSpans"] == "1"


def test_what_programs_write_as_json_is_read_as_what_it_is(server, client, experiment):
    trace = os.urandom(16)
    request = export(trace)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    asked = '{"messages": [{"role": "user", "content": "why?"}]}'
    for key, text in {"mlflow.spanInputs": asked, "mlflow.spanOutputs": "so", "list": "[1, null]", "five": "5"}.items():
        span.attributes.add(key=key).value.string_value = text
    assert send(server, request.SerializeToString(), experiment).content == b""
    stored = client.get_trace(f"tr-{trace.hex()}")
    assert (stored.info.request_preview, stored.info.response_preview) == ("why?", '"so"')
    read = stored.data.spans[0]
    assert (read.inputs, read.outputs) == (json.loads(asked), "so")
    assert (read.get_attribute("list"), read.get_attribute("five")) == ([1, None], "5")
    of_file = TraceData.from_dict(steps_of(server, stored.info.trace_id).json()).spans[0]
    assert (of_file.inputs, of_file.outputs, of_file.get_attribute("five")) == (read.inputs, "so", "5")


def test_steps_are_taken_though_their_run_is_not_there(server, client, experiment):
    for run in ["0" * 32, "../x"]:
        trace = os.urandom(16)
        response = send(server, as_json(export(trace)), experiment, "application/json", **{"x-mlflow-run-id": run})
        told = response.json()["partialSuccess"]
        assert (response.status_code, told["rejectedSpans"]) == (200, "0") and run in told["errorMessage"]
        assert len(client.get_trace(f"tr-{trace.hex()}").data.spans) == 1


def test_what_is_no_request_is_refused(server, experiment):
    body = export().SerializeToString()
    assert send(server, body, None).status_code == 422
    check_refusal(send(server, body, "987654"), 404, "RESOURCE_DOES_NOT_EXIST")
    check_refusal(send(server, body, "x"), 400, "INVALID_PARAMETER_VALUE")
    for response in [
        send(server, body, experiment, "text/plain"),
        send(server, b"\xff\xff", experiment),
        send(server, b"", experiment),
        send(server, b"[", experiment, "application/json"),
        send(server, body, experiment, encoding="br"),
        send(server, body, experiment, encoding="gzip"),
        # A bomb: it is some kilobytes here, and more than the server holds there.
        send(server, gzip.compress(b"\0" * (64 << 20), 9), experiment, encoding="gzip"),
    ]:
        assert response.status_code == 400 and response.json()["detail"], response.text
    assert send(server, b"x" * (17 << 20), experiment).status_code == 413
    # Of a few bytes each, these would be read into hundreds.
    many = gzip.compress(b'{"resourceSpans": [' + b'{"a":1},' * 500_000 + b"{}]}")
    response = send(server, many, experiment, "application/json", "gzip")
    assert response.status_code == 400 and "memory" in response.json()["detail"], response.text
    # Who may not log is told so before anything is read.
    check_refusal(send(server, b"[", "987654", "application/json"), 404, "RESOURCE_DOES_NOT_EXIST")
    response = requests.post(f"{server.url}/v1/traces", data=body, timeout=30)
    check_refusal(response, 401, "UNAUTHENTICATED")


def test_who_may_not_read_sees_nothing(server, client, experiment, sign_in):
    trace = ask()
    eve = server.add(f"eve-{uuid.uuid4().hex[:8]}")
    server.grant(eve, experiment, "NO_PERMISSIONS")
    eves = sign_in(server, eve)
    assert found(experiment) == []
    with pytest.raises(MlflowException, match="not found"):
        eves.get_trace(trace)
    with pytest.raises(RestException, match="RESOURCE_DOES_NOT_EXIST"):
        eves.set_trace_tag(trace, "a", "1")
    with pytest.raises(RestException, match="RESOURCE_DOES_NOT_EXIST"):
        mlflow.log_feedback(trace_id=trace, name="good", value=False)
    with pytest.raises(RestException, match="RESOURCE_DOES_NOT_EXIST"):
        eves.delete_traces(experiment, trace_ids=[trace])
    check_refusal(send(server, export().SerializeToString(), experiment, account=eve), 404, "RESOURCE_DOES_NOT_EXIST")
    path = f"/mlflow-artifacts/artifacts/{experiment}/traces/{trace}/artifacts/traces.json"
    check_refusal(server.api("PUT", path, eve, data=b"{}"), 404, "RESOURCE_DOES_NOT_EXIST")
    server.grant(eve, experiment, "READ")
    assert found(experiment) == [trace]
    check_refusal(send(server, export().SerializeToString(), experiment, account=eve), 403, "PERMISSION_DENIED")
    check_refusal(server.api("PUT", path, eve, data=b"{}"), 403, "PERMISSION_DENIED")
    with pytest.raises(RestException, match="PERMISSION_DENIED"):
        eves.delete_traces(experiment, trace_ids=[trace])
