"""A client of the emulated Apple Business Manager: requests, requests-oauthlib, and `openssl` for the token."""

import contextlib
import json
import pathlib
import re
import sys

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's libraries, whichever interpreter runs this

import harness  # noqa: E402
import requests  # noqa: E402
import requests_oauthlib  # noqa: E402

FIELDS = {"consumer_key", "consumer_secret", "access_token", "access_secret", "access_token_expiry"}


def ctl(target, *arguments, good=True):
    """`pomona ctl abm …` against a running serve; its JSON."""
    done = harness.run("ctl", "abm", *arguments, "-t", target, "--json")
    if good:
        harness.expect_exit(done, 0)
        return json.loads(done.stdout) if done.stdout.strip() else {}
    return done


def make_key(folder, name="mdm"):
    """The MDM server's key and certificate, as an administrator would make them."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    harness.tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                 "-subj", "/CN=mdm.example.org", "-days", "365")
    return key, cert


def read_token(folder, file, key, cert):
    """ABM-001: what `openssl` makes of a token file."""
    inner = harness.tool("openssl", "cms", "-decrypt", "-in", file, "-inkey", key, "-recip", cert)
    harness.expect("Content-Type: text/plain" in inner, inner)
    body = inner.split("-----BEGIN MESSAGE-----")[1].split("-----END MESSAGE-----")[0]
    token = json.loads(body)
    harness.expect(set(token) == FIELDS, f"fields of the token: {sorted(token)}")
    return token


class Dep:
    """One server token's view of the device-enrollment service."""

    def __init__(self, base, root, token, version="10"):
        self.base, self.token, self.version = base, token, version
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(root)
        self.http.headers.update({"User-Agent": "pomona-interop/1.0", "Content-Type": "application/json;charset=UTF8",
                                  "Accept": "application/json", "X-Server-Protocol-Version": version})
        self.session = None

    def sign_in(self, **changes):
        t = dict(self.token, **changes)
        signer = requests_oauthlib.OAuth1(t["consumer_key"], t["consumer_secret"], t["access_token"], t["access_secret"],
                                          signature_method="HMAC-SHA1", realm="ADM")
        answer = self.http.get(self.base + "/session", auth=signer, timeout=30)
        if answer.status_code == 200:
            self.session = answer.json()["auth_session_token"]
        return answer

    def call(self, method, path, body=None):
        if self.session is None:
            harness.expect(self.sign_in().status_code == 200, "no session")
        answer = self.http.request(method, self.base + path, headers={"X-ADM-Auth-Session": self.session},
                                   data=None if body is None else json.dumps(body), timeout=30)
        self.session = answer.headers.get("X-ADM-Auth-Session", self.session)
        return answer

    def good(self, method, path, body=None):
        answer = self.call(method, path, body)
        harness.expect(answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def pages(self, path, **body):
        """All pages; the devices and the last cursor."""
        devices, seen = [], set()
        while True:
            page = self.good("POST", path, body)
            devices += page["devices"]
            if page["cursor"] in seen:  # a service that repeats itself is not followed for ever
                return devices, page["cursor"]
            seen.add(page["cursor"])
            body["cursor"] = page["cursor"]
            if not page["more_to_follow"]:
                return devices, page["cursor"]


class Setup:
    def __init__(self, target, folder):
        self.target, self.folder = target, folder
        about = ctl(target, "show")
        self.url, self.root = about["url"], folder / "root.pem"
        self.root.write_text(about["trust"], encoding="utf-8")

    def portal(self, method, path, body=None):
        """A call of the portal that `pomona ctl` has no verb for."""
        def value(key):
            return re.search(rf'^\s*{key}: "(.*)"$', text, re.M)[1]
        text = pathlib.Path(self.target).read_text(encoding="utf-8")
        http = requests.Session()
        http.trust_env = False
        answer = http.request(method, value("portal_url") + path, json=body or {}, auth=(value("user"), value("key")), timeout=30)
        harness.expect(answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def server(self, name="mdm"):
        """A new entry of the portal with its token; (id, client)."""
        key, cert = make_key(self.folder, name)
        entry = ctl(self.target, "add-server", name, "--file", cert)["id"]
        return entry, self.client(entry, key, cert)

    def client(self, entry, key, cert, **options):
        file = self.folder / f"{entry}.p7m"
        ctl(self.target, "token", entry, "--out-file", file)
        return Dep(self.url, self.root, read_token(self.folder, file, key, cert), **options)

    def devices(self, entry, count, prefix="C02A"):
        serials = [f"{prefix}{n:06}" for n in range(count)]
        file = self.folder / f"{prefix}.json"
        file.write_text(json.dumps({"devices": [{"serial": s, "server": entry} for s in serials]}), encoding="utf-8")
        ctl(self.target, "add", "--file", file)
        return serials


@contextlib.contextmanager
def served():
    with harness.folder() as folder, harness.served("--abm-port", "0") as (_, target):
        yield Setup(target, folder)
