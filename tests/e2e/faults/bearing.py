"""What the tests of faults share: one run of fleet.yaml under one fault, and what has to be true of it."""

import collections
import json
import pathlib

from harness import expect, expect_exit, outcome, run, trace

FLEET = pathlib.Path(__file__).with_name("fleet.yaml")
RUN_BUDGET, MAC_BUDGET = 60, 9  # as fleet.yaml has them


def catalogue():
    """Those between Macs and servers; the emulated services' own have tests of their own."""
    process = run("list", "faults", "--json")
    expect_exit(process, 0)
    return [one for one in json.loads(process.stdout) if one["tier"] in ("message", "wire")]


def red_checks(out):
    return sorted(f"{c['id']} {c['verdict']}: {c['findings'][:1]}" for c in outcome(out)["checks"] if c["verdict"] in ("fail", "error", "warn"))


def bear(fault, out, *arguments):
    """Runs the fleet; returns how often the fault was injected."""
    process = run("run", FLEET, "--var", f"fault={fault}", "--out", out, *arguments)
    expect(not red_checks(out), f"{fault} {arguments}: a check blames a peer for what was injected: {red_checks(out)}", process)
    expect_exit(process, 0)
    events = trace(out)
    marks = [e for e in events if e["kind"] == "fault"]
    counted = sum(f["injected"] for f in outcome(out)["faults"])
    expect(all(e["name"] == fault for e in marks), f"{fault}: other faults were marked: {marks[:3]}")
    expect(counted == len(marks), f"{fault}: run.json counts {counted}, the trace marks {len(marks)}")
    expect(len(marks) <= RUN_BUDGET, f"{fault}: {len(marks)} exceed the budget of the run")
    by_mac = collections.Counter(e["actor"] for e in marks)
    expect(all(n <= MAC_BUDGET for n in by_mac.values()), f"{fault}: the budget of a Mac was exceeded: {by_mac}")
    expect((f"faults injected: {fault} {counted}" in process.stdout) == (counted > 0), f"{fault}: the summary does not say {counted}", process)
    numbers = {e["number"]: e for e in events}
    for e in marks:
        cause = numbers.get(e.get("cause", 0))
        # One that came in place of the request has none.
        expect(not e.get("exchange") or (cause and cause["kind"] == "request" and cause["exchange"] == e["exchange"]),
               f"{fault}: #{e['number']} does not name its request")
    return counted
