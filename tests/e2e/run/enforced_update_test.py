"""A declaration enforces a system update: nothing installs before its time, and the Mac tells of it by itself."""

from harness import SOURCE, expect, expect_exit, folder, outcome, run, trace

DUE = "2026-01-07T20:00:00"


def main():
    with folder() as temporary:
        out = temporary / "run"
        process = run("run", SOURCE / "scenarios/enforced-update.yaml", "--world", "virtual", "--out", out)
        expect_exit(process, 0)
        said = outcome(out)
        expect(said["verdict"] == "pass", f"verdict {said['verdict']}", process)
        events = trace(out)
        for mac in ("mac-0001", "mac-0002"):
            mine = [e for e in events if e["actor"] == mac]
            pushes = [e for e in mine if e.get("name") == "push-received"]
            reports = [e for e in mine if e["kind"] == "request" and e.get("summary", {}).get("Endpoint") == "status"]
            expect(len(pushes) == 1 and len(reports) > 4, f"{mac}: {len(pushes)} pushes, {len(reports)} reports")
            downs = [e for e in mine if e.get("name") == "power" and e["summary"]["mode"] == "restarting"]
            expect(len(downs) == 1 and downs[0]["time"] > DUE, f"{mac} went down at {[e['time'] for e in downs]}")
            # Its capabilities are those of the new system: told again, as it may have others.
            expect("device.operating-system.version" in reports[-1]["summary"]["status.items"], f"{mac}: {reports[-1]}")


if __name__ == "__main__":
    main()
