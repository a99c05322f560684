"""Misconfigurations, each really planted: doctor names it with its mend, and `run` says "unusable", never "failed"."""

import contextlib
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import stub  # noqa: E402
from harness import POMONA, SOURCE, expect, expect_exit, folder, run, served  # noqa: E402

SCENARIO = SOURCE / "scenarios/not-now.yaml"
CASES = []


def case(expected, code=3):
    """Names the finding that has to come, and no other problem."""
    def add(function):
        CASES.append((function.__name__, expected, code, function))
        return function
    return add


class Bench:
    """A sound stub, and the parts to spoil it with."""

    def __init__(self, scratch, apns, ca, identity):
        self.scratch, self.apns, self.ca, self.identity = scratch, apns, ca, identity
        self.setup = stub.Setup(self.ca, self.identity)
        self.changes = {}       # of the target file
        self.capabilities = "[queue, push]"
        self.environment = {}
        self.prefix = ()        # before `pomona`
        self.closing = contextlib.ExitStack()

    def target(self, server):
        api = self.changes.get("api", server.base)
        apns = self.changes.get("apns", self.apns)
        indent = lambda text: "\n".join("      " + line for line in text.strip().splitlines())  # noqa: E731
        file = self.scratch / "target.yaml"
        file.write_text(f"""pomona: 1
target:
  name: stub
  url: {self.changes.get("url", server.base)}
  enroll_url: {self.changes.get("enroll_url", server.base + "/enroll")}
  trust: |
{indent(self.changes.get("trust", self.ca).certificate.read_text())}
  api:
    url: {api}
    user: nanomdm
    key: {self.changes.get("key", stub.KEY)}
  apns:
    host: localhost
    port: {apns["port"]}
    trust: |
{indent(apns["trust"])}
  capabilities: {self.capabilities}
{self.changes.get("more", "")}
""")
        return file


@case("tls-expired")
def expired_server_certificate(b):
    b.setup.identity = b.ca.issue("old", start=-20, end=-2)


@case("tls-not-yet-valid")
def certificate_of_tomorrow(b):
    b.setup.identity = b.ca.issue("new", start=2, end=300)


@case("tls-name")
def wrong_name_in_certificate(b):
    b.setup.identity = b.ca.issue("other", names="DNS:mdm.example.org")


@case("tls-untrusted")
def untrusted_ca(b):
    b.changes["trust"] = stub.Authority(b.scratch, "another CA")


@case("clock")
def clock_behind(b):
    b.setup.skew = -600


@case("clock")
def clock_at_the_end_of_time(b):
    b.setup.date = "Fri, 31 Dec 9999 23:59:59 GMT"


@case("port-closed")
def closed_port(b):
    b.changes["url"] = f"https://localhost:{stub.closed_port()}"


@case("name-unknown")
def name_that_does_not_resolve(b):
    b.changes["url"] = "https://mdm.pomona.invalid"


@case("tls-handshake")
def plain_http_port(b):
    b.setup.identity = None


@case("api-key")
def wrong_api_key(b):
    b.changes["key"] = "another-key"


@case("api-url")
def wrong_api_path(b):
    b.changes["api"] = "/nothing/here"  # after the server's own URL


@case("enroll-status")
def enrollment_url_not_found(b):
    b.setup.enroll_status = 404


@case("enroll-type")
def profile_of_wrong_type(b):
    b.setup.enroll_type = "text/xml"


@case("profile-form")
def page_instead_of_profile(b):
    b.setup.enroll_body = b"<html>please sign in</html>"


@case("profile-mdm")
def profile_without_mdm(b):
    b.setup.with_mdm = False


@case("profile-https")
def plain_server_url(b):
    b.setup.mdm = {"ServerURL": "http://localhost/mdm"}


@case("profile-identity")
def identity_points_nowhere(b):
    b.setup.mdm = {"IdentityCertificateUUID": "6A1C3F4E-0000-4000-8000-000000000000"}


@case("profile-topic")
def topic_of_an_app(b):
    b.setup.mdm = {"Topic": "org.example.app"}
    b.setup.push = {"topic": "org.example.app"}


@case("push-topic")
def topic_of_another_certificate(b):
    b.setup.push = b.setup.push | {"topic": "com.apple.mgmt.External.another"}


@case("push-expired")
def push_certificate_expired(b):
    b.setup.push = b.setup.push | {"not_after": "2024-02-03T04:05:06Z"}


@case("port-closed")
def scep_unreachable(b):
    b.setup.scep = {"URL": f"https://localhost:{stub.closed_port()}/scep"}


@case("scep-fingerprint")
def fingerprint_of_another_ca(b):
    b.setup.scep = {"CAFingerprint": bytes(20)}


@case("scep-challenge")
def no_challenge(b):
    b.setup.scep = {"Challenge": ""}


@case("scep-caps")
def poor_capabilities(b):
    b.setup.caps = "Renewal\nGetNextCACert\n"


@case("scep-ca-expired")
def scep_ca_expired(b):
    b.setup.ca = stub.Authority(b.scratch, "old CA", start=-400, end=-3)


@case("scep-ca-key")
def scep_ca_with_short_key(b):
    b.setup.ca = stub.Authority(b.scratch, "short CA", bits=1024)


def instead_of_apns(b, *alpn):
    server = stub.Server(("127.0.0.1", 0), stub.Handler)
    server.setup, server.other = b.setup, []
    server.socket = stub.secured(b.identity, *alpn).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = stub.threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    b.closing.callback(lambda: (server.shutdown(), server.server_close(), thread.join()))
    b.changes["apns"] = {"port": server.server_port, "trust": b.ca.certificate.read_text()}


@case("apns-http2")
def apns_speaks_http1(b):
    instead_of_apns(b)


@case("port-closed")
def business_manager_unreachable(b):
    b.changes["more"] = f"  abm_url: https://localhost:{stub.closed_port()}"


@case("tls-untrusted")
def business_manager_of_another_root(b):
    b.changes["abm"] = "abm_url"  # the stub itself, which does not chain to the push service's root


@case("abm-service")
def push_service_in_its_place(b):
    b.changes["more"] = f"  abm_url: https://localhost:{b.apns['port']}"


@case("portal-closed")
def portal_unreachable(b):
    b.changes["more"] = f"  portal_url: http://localhost:{stub.closed_port()}"


@case("portal-key")
def portal_of_another_serve(b):
    b.changes["more"] = f"  portal_url: {b.apns['portal']}"


def plain_server(b):
    server = stub.Server(("127.0.0.1", 0), stub.Handler)
    server.setup, server.other = b.setup, []
    thread = stub.threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    b.closing.callback(lambda: (server.shutdown(), server.server_close(), thread.join()))
    return server.server_port


@case("portal-answer")
def web_server_in_place_of_the_portal(b):
    b.changes["more"] = f"  portal_url: http://localhost:{plain_server(b)}"


@case("proxy-closed")
def proxy_unreachable(b):
    b.changes["more"] = f"  proxy_url: http://localhost:{stub.closed_port()}"


@case("proxy-other")
def web_server_in_place_of_the_proxy(b):
    b.changes["more"] = f"  proxy_url: http://localhost:{plain_server(b)}"


@case("open-files")
def few_open_files(b):
    b.prefix = ("bash", "-c", 'ulimit -n 66; exec "$@"', "few")


@case("key-pool")
def key_pool_is_a_file(b):
    (b.scratch / "cache").write_text("not a folder")
    b.environment["XDG_CACHE_HOME"] = str(b.scratch / "cache")


@case("key-file-open")
def key_file_readable_by_others(b):
    keys = b.scratch / "cache/pomona/keys"
    b.environment["XDG_CACHE_HOME"] = str(b.scratch / "cache")
    process = run("run", SCENARIO, "--macs", 1, "--out", b.scratch / "first", environment=b.environment)
    expect_exit(process, 0)
    next(path for path in keys.iterdir() if path.stat().st_size > 1000).chmod(0o644)


@case("there is no capability `pusj`", code=4)
def unknown_capability(b):
    b.capabilities = "[queue, pusj]"


def problems(process):
    return [f for f in json.loads(process.stdout)["findings"] if f["verdict"] == "problem"]


def examine(name, expected, code, b, target):
    process = run("doctor", "-t", target, "--json", environment=b.environment, prefix=b.prefix)
    expect_exit(process, code)
    if code == 4:
        expect(re.search(r"target\.yaml:\d+:\d+: error: " + re.escape(expected), process.stderr), name, process)
        return []
    found = problems(process)
    expect({f["id"] for f in found} == {expected}, f"{name}: {[f['id'] for f in found]} instead of {expected}", process)
    for f in found:
        expect(f["what"] and f["where"] and f["mend"], f"{name}: something is missing in {f}")
        expect("fail" not in f["what"], f"{name}: a set-up never fails: {f}")
    return found


def carry_out(name, code, b, target, found):
    out = b.scratch / "run"
    process = run("run", SCENARIO, "--macs", 4, "-t", target, "--out", out, environment=b.environment, prefix=b.prefix)
    expect_exit(process, code)
    expect(not (out / "run.json").exists(), f"{name}: something was judged")
    for f in found:
        expect(f["mend"] in process.stderr, f"{name}: `run` does not say how to mend it", process)
    if code == 3:
        expect(f"pomona doctor -t {target}" in process.stderr, f"{name}: no pointer to doctor", process)


def test_planted(sound):
    for name, expected, code, plant in CASES:
        with folder() as scratch:
            b = Bench(scratch, *sound)
            plant(b)
            with b.closing, stub.running(b.setup) as server:
                if b.changes.get("api", "").startswith("/"):
                    b.changes["api"] = server.base + b.changes["api"]
                if "abm" in b.changes:
                    b.changes["more"] = f"  {b.changes['abm']}: {server.base}"
                target = b.target(server)
                found = examine(name, expected, code, b, target)
                carry_out(name, code, b, target, found)
                changing = [what for what in server.other if not what.startswith("GET /nothing/here")]
                expect(not changing, f"{name}: doctor did more than read: {changing}")


def test_sound(sound, target):
    """Neither the stub nor the reference server is accused of anything."""
    with folder() as scratch:
        b = Bench(scratch, *sound)
        with stub.running(b.setup) as server:
            process = run("doctor", "-t", b.target(server), "--json")
            expect_exit(process, 0)
            expect(json.loads(process.stdout)["verdict"] == "ok", "a sound stub", process)
    process = run("doctor", "-t", target)
    expect_exit(process, 0)
    expect("This target is usable: 0 problems, 0 warnings." in process.stdout, "the reference server", process)


def test_words(target):
    process = run("doctor", "--json")
    expect_exit(process, 0)
    ids = {f["id"] for f in json.loads(process.stdout)["findings"]}
    expect({"open-files", "local-ports", "memory", "disk", "key-pool"} <= ids, f"{ids}")
    process = run("doctor", "--macs", 900_000)
    expect_exit(process, 3)
    expect("This machine is not usable" in process.stdout, "900,000 Macs", process)
    expect_exit(run("doctor", "extra"), 64)
    expect_exit(run("doctor", "-t", "no-such-file.yaml"), 4)
    # The whole of it at once: what is wrong in several places is told in one go.
    text = pathlib.Path(target).read_text()
    with folder() as scratch:
        broken = scratch / "target.yaml"
        broken.write_text(re.sub(r'key: ".*"', 'key: "wrong"', text))
        process = run("doctor", "-t", broken, "--macs", 900_000)
        expect_exit(process, 3)
        line = next(i for i, row in enumerate(broken.read_text().splitlines(), 1) if 'key: "wrong"' in row)
        expect(f"{broken}:{line}, api.key" in process.stdout and "open-files" in process.stdout, "both", process)
        # Whoever knows better may begin all the same.
        process = run("run", SCENARIO, "--macs", 1, "-t", broken, "--no-doctor", "--out", scratch / "run")
        expect_exit(process, 3)
        expect("other credentials" in process.stderr, "the adapter's own look", process)


def test_business_manager(target):
    """What is only a warning: nothing of it keeps a run from beginning."""
    def warned():
        process = run("doctor", "-t", target, "--json")
        expect_exit(process, 0)
        return {f["id"] for f in json.loads(process.stdout)["findings"] if f["verdict"] == "warn"}

    def ctl(*arguments):
        process = run("ctl", "abm", *arguments, "-t", target, "--json")
        expect_exit(process, 0)
        return json.loads(process.stdout) if process.stdout.strip() else {}

    expect(warned() == set(), "before anything was done")
    ctl("terms", "withdraw")
    expect(warned() == {"abm-terms"}, str(warned()))
    ctl("terms", "accept")
    with folder() as scratch:
        ca = stub.Authority(scratch, "mdm")
        entry = ctl("add-server", "mdm", "--file", ca.certificate)["id"]
        expect(warned() == {"abm-token"}, str(warned()))
        ctl("token", entry, "--out-file", scratch / "token.p7m")
    expect(warned() == set(), "after the token was downloaded")


def test_documented():
    """docs/doctor.md explains each finding, and no other."""
    source = "".join(path.read_text() for path in (SOURCE / "conformance/doctor/src").glob("*.cpp"))
    told = set(re.findall(r'(?:\.problem|\.warn|\badd)\(\s*"([a-z0-9-]+)"', source))
    table = (SOURCE / "docs/doctor.md").read_text().split("| id |")[1]
    named = {i for row in table.splitlines()[2:] for i in re.findall(r"`([a-z0-9-]+)`", row.split("|")[1])}
    expect(told == named, f"not in docs/doctor.md: {sorted(told - named)}; only there: {sorted(named - told)}")
    planted = {expected for _, expected, code, _ in CASES if code == 3}
    expect(planted <= told, f"unknown: {planted - told}")


def main():
    test_documented()
    with served("--abm-port", 0, "--proxy-port", 0) as (_, target), folder() as certificates:
        ca = stub.Authority(certificates, "stub CA")
        text = target.read_text()
        push = text[text.index("  apns:"):]
        apns = {"port": int(re.search(r"port: (\d+)", push)[1]),
                "portal": re.search(r'portal_url: "(.*)"', text)[1],
                "trust": re.search(r"-----BEGIN.*?END CERTIFICATE-----", push, re.S)[0].replace("      ", "")}
        expect(len(CASES) >= 20 and os.access(POMONA, os.X_OK), f"only {len(CASES)} cases")
        sound = (apns, ca, ca.issue("server"))
        test_sound(sound, target)
        test_words(target)
        test_business_manager(target)
        test_planted(sound)


if __name__ == "__main__":
    main()
