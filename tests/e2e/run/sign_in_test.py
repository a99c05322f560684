"""A web view before there is a profile: ENR-043, ENR-044, ENR-112; in both worlds, and against a server of another
process whose identity provider is worked by `pomona ctl idp`."""

import json

from harness import SOURCE, expect, expect_exit, folder, outcome, run, served, trace

SCENARIO = SOURCE / "scenarios/setup-assistant-sign-in.yaml"
SECRETS = ("compiler", "secret")


def expect_flow(out):
    process_verdict = outcome(out)
    expect(process_verdict["verdict"] == "pass", f"{out}: {process_verdict['verdict']}")
    verdicts = {c["id"]: c["verdict"] for c in process_verdict["checks"]}
    for check in ("ENR-044", "ENR-112"):
        expect(verdicts.get(check) == "pass", f"{out}: {check} is {verdicts.get(check)}")
    events = trace(out)
    pages = [e for e in events if e["kind"] == "request" and e["actor"].startswith("mac-")
             and e.get("channel") in ("enroll", "sign-in") and e["method"] in ("GET", "POST")]
    told = [e["target"] for e in pages if any(h[0] == "x-apple-aspen-deviceinfo" for h in e["headers"])]
    expect(len(told) == 6 and set(told) == {"/enroll/web"}, f"who is told which Mac it is: {told}")
    logins = [e["summary"]["outcome"] for e in events if e.get("name") == "idp-login"]
    expect(sorted(logins) == ["accepted"] * 5 + ["denied"], logins)
    whole = (out / "trace.ndjson").read_text()
    for body in (out / "bodies").rglob("*"):
        whole += body.read_bytes().decode("utf-8", "replace") if body.is_file() else ""
    for secret in SECRETS:
        expect(f"password={secret}" not in whole and f"\"{secret}\"" not in whole, f"{out} tells the password {secret}")


def ctl(target, *words):
    process = run("ctl", "idp", *words, "-t", target)
    expect_exit(process, 0)
    return json.loads(process.stdout)


def main():
    with folder() as temporary:
        for world in ("virtual", "real"):
            out = temporary / world
            process = run("run", SCENARIO, "--world", world, "--out", out)
            expect_exit(process, 0)
            expect_flow(out)
        process = run("run", SCENARIO, "--world", "virtual", "--out", temporary / "again")
        expect_exit(process, 0)
        expect((temporary / "again/trace.ndjson").read_bytes() == (temporary / "virtual/trace.ndjson").read_bytes(),
               "two runs of one seed differ")

        with served("--idp-port", "0") as (_, target):
            out = temporary / "apart"
            process = run("run", SCENARIO, "-t", target, "--out", out, "--no-doctor")
            expect_exit(process, 0)
            expect_flow(out)
            log = ctl(target, "log")["log"]
            seen = [line["what"] for line in log if line["what"] in ("login", "denied", "token-refused")]
            expect(sorted(seen) == ["denied"] + ["login"] * 5 + ["token-refused"], log)
            ctl(target, "user", "alan@example.org", "enigma")
            expect("alan@example.org" in json.dumps(ctl(target, "users")), "the new user")
            client = ctl(target, "client", "https://rp.example/done")
            expect(client["client_id"] and client["client_secret"], client)
            expect(any(c["client_id"] == client["client_id"] for c in ctl(target, "show")["clients"]), "the new client")
            ctl(target, "deny", "alan@example.org", "--times", "2")
            expect(ctl(target, "show")["denials"] == [{"user": "alan@example.org", "times": 2}], "the denial")
            ctl(target, "expire", "token")
            ctl(target, "reset")
            expect(ctl(target, "show")["denials"] == [], "after the reset")
            ctl(target, "remove-user", "alan@example.org")
            wrong = run("ctl", "idp", "expire", "milk", "-t", target)
            expect_exit(wrong, 1)


main()
