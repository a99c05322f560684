"""Network users, user enrollment, identities in headers, certificates that wait: each scenario in both worlds."""

import json

from harness import SOURCE, expect, expect_exit, folder, outcome, run, trace

SCENARIOS = {
    "network-user": ("MDM-CHK-037", "MDM-CHK-038", "MDM-CHK-080", "MDM-CHK-081"),
    "user-enrollment": ("MDM-CHK-072",),
    "identities": (),
    "pending-certificate": ("SCEP-054",),
}
SECRETS = ("correct horse", "mistyped", "another")


def requests(events, **wanted):
    return [e for e in events if e["kind"] == "request" and all(e.get(k) == v for k, v in wanted.items())]


def expect_no_secrets(out):
    whole = (out / "trace.ndjson").read_text()
    for body in (out / "bodies").rglob("*"):
        if body.is_file():
            whole += body.read_bytes().decode("utf-8", "replace")
    for secret in SECRETS:
        expect(secret not in whole, f"the trace of {out} tells the password `{secret}`")


def expect_user_enrollment(events):
    for e in events:
        if e["kind"] == "request" and e.get("channel") in ("checkin", "mdm") and e["actor"] in ("mac-0001", "mac-0002"):
            expect("UDID" not in e["summary"] and "SerialNumber" not in e["summary"], f"#{e['number']} tells the device")
            expect(any(h[0].lower() == "authorization" for h in e["headers"]), f"#{e['number']} has no bearer token")
    expect("Bearer {{" in json.dumps(events), "the bearer tokens were not redacted")


def expect_identities(events):
    def sent(mac):
        return [(e.get("client_certificate", ""), {h[0].lower() for h in e["headers"]})
                for e in requests(events, actor=mac, channel="mdm")]
    for mac, tls, signed, header in (("mac-0001", False, True, True), ("mac-0002", False, True, True),
                                     ("mac-0003", True, False, False), ("mac-0004", False, True, False),
                                     ("mac-0005", True, True, False)):
        found = sent(mac)
        expect(found, f"{mac} sent nothing")
        for certificate, names in found:
            expect((bool(certificate), "mdm-signature" in names, "x-client-cert" in names) == (tls, signed, header),
                   f"{mac}: certificate {certificate!r}, headers {names}")


def main():
    with folder() as temporary:
        for name, checks in SCENARIOS.items():
            for world in ("virtual", "real"):
                out = temporary / f"{name}-{world}"
                process = run("run", SOURCE / f"scenarios/{name}.yaml", "--world", world, "--out", out)
                expect_exit(process, 0)
                said = outcome(out)
                expect(said["verdict"] == "pass", f"{name} in the {world} world: {said['verdict']}", process)
                verdicts = {c["id"]: c["verdict"] for c in said["checks"]}
                expect({verdicts[c] for c in checks} <= {"pass"}, f"{name}: {({c: verdicts[c] for c in checks})}")
                events = trace(out)
                if name == "network-user":
                    expect_no_secrets(out)
                elif name == "user-enrollment":
                    expect_user_enrollment(events)
                elif name == "identities":
                    expect_identities(events)
            again = temporary / f"{name}-again"
            expect_exit(run("run", SOURCE / f"scenarios/{name}.yaml", "--world", "virtual", "--out", again), 0)
            expect((again / "trace.ndjson").read_bytes() == (temporary / f"{name}-virtual/trace.ndjson").read_bytes(),
                   f"{name}: the virtual world's trace is another one the second time")


if __name__ == "__main__":
    main()
