"""An LDAP server under test: the real OpenLDAP, with a few people and groups, in a folder of its own.

Owns: its configuration, its certificate, its life. Must never: touch an OpenLDAP that the machine runs for others.
Start reading: `Directory`. To add somebody: a line in `PEOPLE`.
"""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

BASE = "dc=example,dc=org"
PEOPLE = {"ada": "the password of ada", "bob": "the password of bob", "Cy Élan (x)": "the password of cy"}
GROUPS = {"vision": ["ada", "bob"], "elsewhere": ["ada"], "ops": ["bob"]}
READER = f"cn=reader,{BASE}"
READER_PASSWORD = "the password of the reader"
START_WITHIN = 10.0

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

# `bind_anon_dn` lets a bind without a password succeed, as some servers do: who asks them must not send one.
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/ca.crt
TLSCertificateFile {folder}/server.crt
TLSCertificateKeyFile {folder}/server.key
TLSVerifyClient never
allow bind_anon_dn
database mdb
suffix "{base}"
directory {folder}/data
maxsize 16777216
dbnosync
access to attrs=userPassword
  by anonymous auth
  by * none
access to *
  by dn.exact="{reader}" read
  by anonymous auth
  by * none
"""


def entry(name: str, *lines: str) -> str:
    return "\n".join([f"dn: {name}", *lines]) + "\n\n"


def escaped(value: str) -> str:
    """A value in the name of an entry (RFC 4514)."""
    return "".join(f"\\{char}" if char in ',+"\\<>;=' else char for char in value)


def dn(name: str) -> str:
    return f"uid={escaped(name)},ou=people,{BASE}"


def entries() -> str:
    unit = "objectClass: organizationalUnit"
    text = entry(BASE, "objectClass: dcObject", "objectClass: organization", "dc: example", "o: Example")
    secret = ["objectClass: organizationalRole", "objectClass: simpleSecurityObject"]
    text += entry(READER, *secret, "cn: reader", f"userPassword: {READER_PASSWORD}")
    text += entry(f"ou=people,{BASE}", unit, "ou: people") + entry(f"ou=groups,{BASE}", unit, "ou: groups")
    for name, password in PEOPLE.items():
        person = ["objectClass: inetOrgPerson", f"uid: {name}", f"cn: {name}", f"sn: {name}"]
        text += entry(dn(name), *person, f"userPassword: {password}")
    for name, members in GROUPS.items():
        members = [f"member: {dn(member)}" for member in members]
        text += entry(f"cn={name},ou=groups,{BASE}", "objectClass: groupOfNames", f"cn: {name}", *members)
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Directory:
    """One OpenLDAP with data of its own below `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self.process: subprocess.Popen | None = None
        (folder / "data").mkdir(parents=True)
        self._certify()
        (folder / "slapd.conf").write_text(CONFIGURATION.format(folder=folder, base=BASE, reader=READER))
        (folder / "data.ldif").write_text(entries())
        self._run("slapadd", "-q", "-f", "slapd.conf", "-l", "data.ldif")

    @property
    def authority(self) -> str:
        """The certificate to verify it with."""
        return str(self.folder / "ca.crt")

    @property
    def plain(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def secured(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def start(self):
        log = (self.folder / "log").open("ab")
        addresses = f"{self.plain}/ {self.secured}/"
        command = [program("slapd"), "-d", "stats", "-f", str(self.folder / "slapd.conf"), "-h", addresses]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        begun = time.monotonic()
        while "slapd starting" not in (said := self.log):
            if self.process.poll() is not None or time.monotonic() - begun > START_WITHIN:
                raise RuntimeError(f"OpenLDAP doesn't start:\n{said}")
            time.sleep(0.01)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def _certify(self):
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        rights = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        self._run("openssl", "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test", *rights)
        self._run("openssl", "req", "-new", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        names = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n"
        (self.folder / "names").write_text(names)
        signed = ["-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        self._run("openssl", "x509", "-req", *signed, "-extfile", "names", "-out", "server.crt")

    def _run(self, name: str, *arguments: str):
        subprocess.run([program(name), *arguments], cwd=self.folder, check=True, capture_output=True)


def program(name: str) -> str:
    """Some of its programs are only on root's path."""
    found = shutil.which(name, path=PATH)
    assert found, f"{name} is missing; `cargo xtask test --only wire` installs it"
    return found


@contextmanager
def directory_in(folder: Path):
    """A directory that is stopped afterwards."""
    directory = Directory(folder)
    directory.start()
    try:
        yield directory
    finally:
        directory.stop()
