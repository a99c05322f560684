"""Updates of macOS from end to end, in both worlds: what the traces say of the versions before and after, and of the
time in which the Macs were down."""

from harness import SOURCE, expect, expect_exit, folder, outcome, run, trace

UPDATES = [("15.1.1", "24B91"), ("15.5", "24F74")]
MACS = ("mac-0001", "mac-0002", "mac-0003")


def expect_updates(events, mac):
    mine = [e for e in events if e["actor"] == mac]
    updates = [e["summary"] for e in mine if e["kind"] == "state" and e["name"] == "os-updated"]
    told = [(s["version"], s["build"]) for s in updates]
    expect(told == UPDATES, f"{mac} was updated to {told}")
    enrollments = [e for e in mine if e.get("summary", {}).get("MessageType") == "Authenticate"]
    expect(len(enrollments) == 1, f"{mac} enrolled {len(enrollments)} times")


def expect_silence_while_down(events, mac):
    down = None
    restarts = 0
    for e in events:
        if e["actor"] != mac:
            continue
        if e["kind"] == "state" and e["name"] == "os-update-restarting":
            down = e["number"]
        elif e["kind"] == "state" and e["name"] == "started":
            restarts += down is not None
            down = None
        elif e["kind"] == "request" and down is not None:
            expect(False, f"{mac} sent #{e['number']} while it was down since #{down}")
    expect(restarts == len(UPDATES) and down is None, f"{mac} came up {restarts} times after an update")


def main():
    with folder() as temporary:
        for world in ("virtual", "real"):
            out = temporary / world
            process = run("run", SOURCE / "scenarios/os-update.yaml", "--world", world, "--out", out)
            expect_exit(process, 0)
            said = outcome(out)
            expect(said["verdict"] == "pass", f"verdict {said['verdict']} in the {world} world", process)
            events = trace(out)
            for mac in MACS:
                expect_updates(events, mac)
                expect_silence_while_down(events, mac)
        again = temporary / "again"
        expect_exit(run("run", SOURCE / "scenarios/os-update.yaml", "--world", "virtual", "--out", again), 0)
        expect((again / "trace.ndjson").read_bytes() == (temporary / "virtual/trace.ndjson").read_bytes(),
               "the virtual world's trace is another one the second time")


if __name__ == "__main__":
    main()
