"""What an adversary tries. docs/security.md says what is meant by each, and what happens."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from runmark import Server, check_refusal, use_link


@pytest.fixture
def eve(server):
    """Somebody with an account and nothing else."""
    return server.add(f"eve-{uuid.uuid4().hex[:8]}")


def write_certificate(folder):
    """Of this machine, signed by itself: chain.pem and key.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    builder = builder.not_valid_after(now + timedelta(hours=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    pem = serialization.Encoding.PEM
    (folder / "chain.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)


def link_for(server, name: str) -> str:
    return server.say("user", "link", name, "--url", server.url)


def signed_in(server, name: str) -> requests.Session:
    browser = requests.Session()
    assert use_link(link_for(server, name), browser).url.endswith("/experiments")
    return browser


def site(server, browser, method: str, path: str, **request) -> requests.Response:
    headers = {"Accept": "text/html"} | request.pop("headers", {})
    return browser.request(method, f"{server.url}{path}", headers=headers, allow_redirects=False, timeout=30, **request)


def test_a_session_that_was_chosen_beforehand_is_not_signed_in(server):
    """Session fixation."""
    victim = requests.Session()
    victim.cookies.set("runmark_session", "AAAAAAAAAAAAAAAAAAAAAA")
    assert use_link(link_for(server, "admin"), victim).url.endswith("/experiments")
    values = [cookie.value for cookie in victim.cookies if cookie.name == "runmark_session"]
    assert "AAAAAAAAAAAAAAAAAAAAAA" not in values[-1:]
    attacker = requests.Session()
    attacker.cookies.set("runmark_session", "AAAAAAAAAAAAAAAAAAAAAA")
    assert site(server, attacker, "GET", "/experiments").status_code == 302


def test_a_program_that_looks_at_a_link_does_not_use_it_up(server):
    """As chats and mail servers do; and no other page signs somebody in."""
    link = link_for(server, "admin")
    for _ in range(2):
        page = requests.get(link, timeout=30)
        assert page.status_code == 200 and "set-cookie" not in page.headers
    foreign = use_link(link, headers={"Origin": "https://evil.example"}, allow_redirects=False)
    assert foreign.status_code == 403
    assert use_link(link).url.endswith("/experiments")
    assert "error=link" in use_link(link).url


FORMS = {
    "/admin/people/add": {"name": "mallory", "kind": "admin"},
    "/admin/tokens/delete": {"id": "0"},
    "/share": {"of": "/compare", "audience": "anybody"},
    "/ui/sign_out": {},
}


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_foreign_page_sends_no_form(server, path, origin):
    """Cross-site request forgery, where SameSite isn't honoured."""
    browser = signed_in(server, "admin")
    response = site(server, browser, "POST", path, data=FORMS[path], headers={"Origin": origin})
    assert response.status_code == 403
    # Refused before it was read: its connection ends.
    browser.close()
    assert site(server, browser, "GET", "/experiments").status_code == 200, "still signed in"


def test_a_token_in_the_address_counts_nothing(server):
    """Addresses are in logs and histories."""
    token = server.admin.token
    for query in [f"?token={token}", f"?access_token={token}", f"?api_key={token}"]:
        path = f"/mlflow/experiments/get{query}&experiment_id=0"
        response = requests.get(f"{server.url}/api/2.0{path}", timeout=30)
        check_refusal(response, 401, "UNAUTHENTICATED")


def test_a_page_that_was_uploaded_runs_nowhere(server, client, experiment):
    """An artifact of HTML that would read cookies."""
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "<script>fetch('/ui/sign_out', {method: 'POST'})</script>", "evil.html")
    client.log_text(run, "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "evil.svg")
    browser = signed_in(server, "admin")
    for name in ["evil.html", "evil.svg"]:
        response = site(server, browser, "GET", f"/files/run/{experiment}/{run}/{name}")
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert "sandbox" in policy and "default-src 'none'" in policy and "allow-scripts" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
    html = site(server, browser, "GET", f"/files/run/{experiment}/{run}/evil.html")
    assert html.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", 'a"; filename="b.exe', "a\u202ecod.exe"])
def test_a_name_of_a_file_stays_in_its_header(server, client, experiment, name):
    """Header injection."""
    run = client.create_run(experiment).info.run_id
    path = requests.utils.quote(name, safe="")
    address = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{path}"
    requests.put(address, data=b"x", headers=server.admin.headers, timeout=30)
    response = requests.get(address, headers=server.admin.headers, timeout=30)
    assert "set-cookie" not in response.headers
    if response.status_code == 200:
        disposition = response.headers.get("content-disposition", "")
        assert disposition.isascii() and "\n" not in disposition and 'filename="b.exe' not in disposition


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"])
def test_signing_in_leads_nowhere_else(server, target):
    """Open redirect."""
    browser = requests.Session()
    form = {"name": "admin", "password": server.password, "next": target}
    response = site(server, browser, "POST", "/ui/sign_in", data=form, headers={"Origin": server.url})
    assert response.headers["location"] == "/experiments"


def test_fields_that_nobody_asked_for_change_nothing(server, eve, experiment):
    """Mass assignment."""
    body = {"experiment_id": experiment, "is_admin": True, "lifecycle_stage": "deleted", "run_id": "0" * 32}
    run = server.post("/runs/create", body)["run"]["info"]
    assert run["lifecycle_stage"] == "active" and run["run_id"] != "0" * 32
    browser = signed_in(server, eve.name)
    form = {"name": eve.name, "action": "make-admin", "kind": "admin", "is_admin": "true"}
    refused = site(server, browser, "POST", "/admin/people", data=form, headers={"Origin": server.url})
    assert refused.status_code == 403


def test_names_do_not_become_markup(server, client, experiment):
    """Stored cross-site scripting, on the pages and in what a link shows."""
    nasty = "</title></script><img src=x onerror=alert(1)>\"'&"
    run = client.create_run(experiment, run_name=nasty, tags={"note": nasty}).info.run_id
    client.log_param(run, "lr", nasty)
    client.log_metric(run, "loss", 1)
    browser = signed_in(server, "admin")
    for path in [f"/experiments/{experiment}", f"/experiments/{experiment}/runs/{run}", f"/compare?runs={run}"]:
        assert "<img src=x" not in site(server, browser, "GET", path).text, path
    form = {"of": f"/compare?runs={run}", "title": nasty, "audience": "anybody", "days": "", "password": ""}
    made = site(server, browser, "POST", "/share", data=form, headers={"Origin": server.url})
    assert "<img src=x" not in made.text
    link = re.search(r"/s/[\w-]{16}", made.text).group()
    for path in [link, f"{link}/chart", "/share", "/admin/links", "/admin/audit"]:
        page = site(server, browser, "GET", path)
        assert page.status_code == 200 and "<img src=x" not in page.text and "<b>" not in page.text, path
        assert "script-src" not in page.headers["content-security-policy"], "no script at all"


def test_a_link_opens_what_it_names_and_nothing_beside(server, client, experiment):
    """IDOR with a share link: whatever is added to its address."""
    shown, hidden = (client.create_run(experiment, run_name=name).info.run_id for name in ["open-sesame", "kept-apart"])
    browser = signed_in(server, "admin")
    form = {"of": f"/compare?runs={shown}", "title": "one run", "audience": "anybody", "days": "", "password": ""}
    made = site(server, browser, "POST", "/share", data=form, headers={"Origin": server.url})
    link = re.search(r"/s/[\w-]{16}", made.text).group()
    stranger = requests.Session()
    for address in [link, f"{link}?runs={hidden}", f"{link}?of=/compare?runs={hidden}", f"{link}?page=99"]:
        page = site(server, stranger, "GET", address)
        assert page.status_code == 200 and "open-sesame" in page.text and "kept-apart" not in page.text
    for address in [f"{link}/../compare?runs={hidden}", f"{link[:-1]}", f"{link}/chart?metric=loss", "/s/", "/s/%00"]:
        assert site(server, stranger, "GET", address).status_code in {302, 404}, address
    for path in ["/share", "/share/export?of=/compare", f"/files/run/{experiment}/{shown}/x"]:
        assert site(server, stranger, "GET", path).status_code in {302, 401, 404}, path


def test_nobody_is_told_apart_by_a_wrong_password(server, eve):
    """Account enumeration."""
    answers = []
    for name in [eve.name, "nobody-of-that-name"]:
        form = {"name": name, "password": "wrong password", "next": ""}
        response = site(server, requests.Session(), "POST", "/ui/sign_in", data=form, headers={"Origin": server.url})
        answers.append((response.status_code, re.sub(r"__err=[^&]*", "", response.headers.get("location", "")), response.text))
    assert answers[0] == answers[1]


def test_what_proxies_would_say_is_not_believed_of_anybody(server):
    """A forged X-Forwarded-Proto or -For."""
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    browser = requests.Session()
    response = use_link(link_for(server, "admin"), browser, headers=forged, allow_redirects=False)
    assert "secure" not in response.headers["set-cookie"].lower()
    page = site(server, browser, "GET", "/admin/audit?actor=admin", headers=forged)
    assert "203.0.113.7" not in page.text


def test_behind_a_trusted_proxy_cookies_are_secure(tmp_path):
    server = Server(tmp_path, f"sqlite:///{tmp_path}/runmark.db", "--trusted-proxy", "127.0.0.1")
    server.start()
    try:
        link = server.say("user", "link", "admin", "--url", server.url)
        response = use_link(link, headers={"X-Forwarded-Proto": "https"}, allow_redirects=False)
        assert "secure" in response.headers["set-cookie"].lower()
    finally:
        server.stop()


def test_with_a_certificate_the_server_speaks_https(tmp_path):
    write_certificate(tmp_path)
    flags = ["--tls-cert", str(tmp_path / "chain.pem"), "--tls-key", str(tmp_path / "key.pem")]
    server = Server(tmp_path, f"sqlite:///{tmp_path}/runmark.db", *flags)
    server.verify = str(tmp_path / "chain.pem")
    server.start()
    try:
        assert server.url.startswith("https://")
        link = server.say("user", "link", "admin", "--url", server.url)
        response = use_link(link, verify=server.verify, allow_redirects=False)
        cookie = response.headers["set-cookie"]
        assert cookie.startswith("__Host-runmark_session=") and "Secure" in cookie and "Path=/" in cookie
        headers = server.admin.headers
        found = requests.get(
            f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0", headers=headers, verify=server.verify, timeout=30
        )
        assert found.status_code == 200
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(server.url.replace("https", "http"), timeout=30)
    finally:
        server.stop()


@pytest.mark.parametrize("path", ["/sign-in/link?token=made-up", "/admin/server", "/account/second-factor", "/share"])
def test_pages_of_the_server_alone_run_nothing_and_stand_in_no_frame(server, path):
    """Clickjacking, and scripts where none are."""
    page = site(server, signed_in(server, "admin"), "GET", path)
    policy = page.headers["content-security-policy"]
    assert page.status_code == 200 and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store" and "<script" not in page.text
