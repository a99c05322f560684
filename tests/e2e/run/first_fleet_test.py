"""200 Macs over real TLS, counted in the trace by this script alone; then a file that expects one answer too many."""

import collections

from harness import RUNS, SOURCE, expect, expect_exit, folder, run, trace

MACS = 200
COMMANDS = 5


def macs(events):
    return [e for e in events if e["actor"].startswith("mac-")]


def requests(events, channel):
    return [e for e in macs(events) if e["kind"] == "request" and e["channel"] == channel]


def distinct(values, what):
    expect(len(values) == MACS, f"{len(values)} {what}, expected {MACS}")
    expect(len(set(values)) == MACS, f"only {len(set(values))} distinct {what}")


def check_identities(events):
    certificates = collections.defaultdict(set)
    for e in requests(events, "mdm"):
        certificates[e["actor"]].add(e["client_certificate"])
    expect(all(len(c) == 1 for c in certificates.values()), "a Mac used more than one certificate")
    distinct([c.copy().pop() for c in certificates.values()], "certificates")
    updates = [e["summary"] for e in requests(events, "checkin") if e["summary"]["MessageType"] == "TokenUpdate"]
    distinct([u["Token"] for u in updates], "push tokens")
    distinct([u["PushMagic"] for u in updates], "push magics")


def check_pushes(events):
    at_apns = [e for e in events if e["actor"] == "apns" and e["channel"] == "apns"]
    asked = {e["exchange"]: e for e in at_apns if e["kind"] == "request"}
    accepted = [asked[e["exchange"]] for e in at_apns if e["kind"] == "response" and e["status"] == 200]
    expect(len(accepted) == MACS, f"{len(accepted)} pushes answered 200, expected {MACS}")
    expect(all(e["alpn"] == "h2" for e in accepted), "a push did not come over HTTP/2")
    distinct([e["summary"]["Token"] for e in accepted], "pushed tokens")


def check_results(events):
    queued = {}
    for e in events:
        if e["actor"] == "operator" and e["kind"] == "response" and "CommandUUID" in e.get("summary", {}):
            queued.setdefault(e["summary"]["CommandUUID"], e["number"])
    results = [e for e in requests(events, "mdm") if e["summary"]["Status"] == "Acknowledged"]
    expect(len(results) == MACS * COMMANDS, f"{len(results)} Acknowledged results, expected {MACS * COMMANDS}")
    uuids = [e["summary"]["CommandUUID"] for e in results]
    expect(len(set(uuids)) == len(uuids), "a CommandUUID was answered twice")
    for e in results:
        number = queued.get(e["summary"]["CommandUUID"])
        expect(number is not None and number < e["number"], f"#{e['number']} answers a command that was not queued before")


def check_departures(events):
    checkins = requests(events, "checkin")
    reports = [e for e in checkins if e["summary"].get("Endpoint") == "status"]
    expect(len(reports) >= MACS, f"{len(reports)} DDM status reports, expected at least {MACS}")
    expect(len({e["actor"] for e in reports}) == MACS, "not every Mac sent a status report")
    check_outs = [e["actor"] for e in checkins if e["summary"]["MessageType"] == "CheckOut"]
    distinct(check_outs, "CheckOuts")


def main():
    with folder() as temporary:
        out = temporary / "run"
        process = run("run", SOURCE / "scenarios/first-fleet.yaml", "--macs", MACS, "--out", out)
        expect_exit(process, 0)
        events = trace(out)
        expect([e["number"] for e in events] == list(range(1, len(events) + 1)), "event numbers have gaps")
        check_identities(events)
        check_pushes(events)
        check_results(events)
        check_departures(events)
        for name in ("report.html", "junit.xml", "run.json"):
            expect((out / name).stat().st_size > 0, f"{name} is missing")

        sixth = RUNS / "sixth-answer.yaml"
        process = run("run", sixth, "--out", temporary / "sixth")
        expect_exit(process, 1)
        line = next(i for i, text in enumerate(sixth.read_text().splitlines(), 1) if "times: 6" in text) - 1
        expect(f"sixth-answer.yaml:{line}:" in process.stdout + process.stderr, "the failing line is not named", process)
        expect("5 of 6" in process.stdout, "it is not said that five of six came", process)


if __name__ == "__main__":
    main()
