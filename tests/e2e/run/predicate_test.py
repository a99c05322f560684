"""A predicate flips an activation, in both worlds: what the Macs fetched and reported (DDM-037, DDM-046, DDM-047)."""

from harness import SOURCE, expect, expect_exit, folder, outcome, run, trace


def fetched(events, mac):
    """Endpoints of the declarations that a Mac asked for, in order."""
    asked = (e["summary"].get("Endpoint", "") for e in events
             if e["actor"] == mac and e["kind"] == "request" and e.get("channel") == "checkin")
    return [where.removeprefix("declaration/") for where in asked if where.startswith("declaration/")]


def main():
    with folder() as temporary:
        for world in ("virtual", "real"):
            out = temporary / world
            process = run("run", SOURCE / "scenarios/predicate.yaml", "--world", world, "--out", out)
            expect_exit(process, 0)
            said = outcome(out)
            expect(said["verdict"] == "pass", f"verdict {said['verdict']} in the {world} world", process)
            events = trace(out)
            for mac in ("mac-0001", "mac-0002"):
                properties = "management/org.example.properties"
                asked = fetched(events, mac)
                expect(len(asked) == 8 and asked.count(properties) == 3 and asked[-2:] == [properties] * 2,
                       f"{mac} fetched {asked}")
                applied = [(e["summary"]["applied"], e["summary"]["removed"]) for e in events
                           if e["actor"] == mac and e.get("name") == "configurations-applied"]
                expect(applied == [("org.example.modern", ""), ("org.example.early", ""), ("", "org.example.early")],
                       f"{mac} applied {applied}")
        again = temporary / "again"
        expect_exit(run("run", SOURCE / "scenarios/predicate.yaml", "--world", "virtual", "--out", again), 0)
        expect((again / "trace.ndjson").read_bytes() == (temporary / "virtual/trace.ndjson").read_bytes(),
               "the virtual world's trace is another one the second time")


if __name__ == "__main__":
    main()
