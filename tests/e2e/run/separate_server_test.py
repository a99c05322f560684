"""`pomona run -t` against a `pomona serve` in another process: the same file, the same verdicts."""

from harness import SOURCE, expect, expect_exit, folder, outcome, run, served, stop, trace


def main():
    with served() as (server, target), folder() as temporary:
        process = run("run", SOURCE / "scenarios/first-fleet.yaml", "--macs", 10, "-t", target, "--out", temporary / "run")
        expect_exit(process, 0)
        events = trace(temporary / "run")
        actors = {e["actor"] for e in events}
        expect("server" not in actors and "apns" not in actors, f"events of another process: {actors}")
        check_outs = [e for e in events if e.get("summary", {}).get("MessageType") == "CheckOut" and e["kind"] == "request"]
        expect(len(check_outs) == 10, f"{len(check_outs)} CheckOuts")
        result = outcome(temporary / "run")
        expect(result["verdict"] in ("pass", "warn"), f"verdict {result['verdict']}")
        reasons = {c["id"]: c["reason"] for c in result["checks"] if c["verdict"] == "n/a"}
        expect("MDM-CHK-020" in reasons and reasons["MDM-CHK-020"], "push checks should say that they saw no push service")
        # The server lives through the departure of the whole fleet, and enrolls the next.
        process = run("run", SOURCE / "scenarios/first-fleet.yaml", "--macs", 3, "-t", target, "--out", temporary / "again")
        expect_exit(process, 0)
        stop(server)
        expect(server.returncode == 143, f"serve ended with {server.returncode} on SIGTERM")


if __name__ == "__main__":
    main()
