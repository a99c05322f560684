"""The verbs `abm` and `apns`: the examples in both worlds, the same bytes from one seed, and a service of another process."""

import filecmp

from harness import RUNS, SOURCE, expect, expect_exit, folder, outcome, run, served, trace

FILES = ("business-manager.yaml", "dead-token.yaml")


def test_both_worlds(temporary):
    for file in FILES:
        for world in ("virtual", "real"):
            out = temporary / f"{file}-{world}"
            process = run("run", SOURCE / "scenarios" / file, "--world", world, "--out", out)
            expect_exit(process, 0)
            expect(outcome(out)["verdict"] == "pass", f"{file}, {world}: {outcome(out)['verdict']}", process)
        again = temporary / f"{file}-again"
        expect_exit(run("run", SOURCE / "scenarios" / file, "--world", "virtual", "--out", again), 0)
        expect(filecmp.cmp(temporary / f"{file}-virtual" / "trace.ndjson", again / "trace.ndjson", shallow=False),
               f"{file}: the same seed gave other bytes")


def test_what_the_macs_did(temporary):
    events = trace(temporary / "business-manager.yaml-virtual")
    learned = [e for e in events if e.get("name") == "activation-record"]
    expect(len(learned) == 3, f"{len(learned)} records")
    told = [e["summary"] for e in learned if e["actor"].startswith("mac-ours") or "ConfigurationURL" in e["summary"]]
    expect(len(told) == 2 and all(s["AnchorCerts"] == 1 and s["IsMDMUnremovable"] for s in told), str(told))
    panes = [e["summary"]["panes"] for e in events if "panes" in e.get("summary", {})]
    expect(len(panes) == 2 and all("Siri" not in p and "Restore" in p for p in panes), str(panes))
    secrets = [e for e in events if any(w in str(e) for w in ("CS_", "AS_"))]
    expect(not secrets, f"a secret in the trace: {secrets[:1]}")


def test_a_service_elsewhere(temporary):
    with served("--abm-port", 0) as (_, target):
        out = temporary / "elsewhere"
        process = run("run", RUNS / "apple-elsewhere.yaml", "-t", target, "--out", out)
        expect_exit(process, 0)
        # The entry of the first run is found again; its devices are there already.
        process = run("run", RUNS / "apple-elsewhere.yaml", "-t", target, "--out", temporary / "once-more")
        expect_exit(process, 0)
        # What such a service sees is not in this trace: said so, instead of waiting for it.
        process = run("run", SOURCE / "scenarios/business-manager.yaml", "-t", target, "--out", temporary / "blind")
        expect_exit(process, 1)
        expect("belong to another process" in process.stdout, "no reason", process)
    with served() as (_, target):
        process = run("run", RUNS / "apple-elsewhere.yaml", "-t", target, "--out", temporary / "none")
        expect_exit(process, 1)
        expect("no emulated Apple Business Manager" in process.stdout, "no reason", process)


def test_messages():
    process = run("list", "messages")
    for message in ("abm sync", "abm assign profile", "apns request", "apns push", "activation"):
        expect(f"\n{message} " in process.stdout, f"`{message}` is not listed")


def main():
    with folder() as temporary:
        test_both_worlds(temporary)
        test_what_the_macs_did(temporary)
        test_a_service_elsewhere(temporary)
    test_messages()


if __name__ == "__main__":
    main()
