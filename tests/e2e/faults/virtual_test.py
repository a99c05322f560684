"""Every message fault on a fleet in the virtual world, many seeds: all Macs come through, no check fails, budgets hold."""

import concurrent.futures
import sys

from bearing import FLEET, bear, catalogue
from harness import SOURCE, expect, expect_exit, folder, outcome, run

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6  # a sanitizer build needs five times as long


def one_fault(fault):
    total = 0
    for seed in range(1, SEEDS + 1):
        with folder() as temporary:
            total += bear(fault, temporary / "run", "--world", "virtual", "--seed", seed)
    expect(total >= 2 * SEEDS, f"{fault}: only {total} injected in {SEEDS} runs")
    return f"{fault}: {total} injected in {SEEDS} runs"


def test_each(faults):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(one_fault, faults):
            print(line)


def test_same_seed_same_trace():
    for fault in ("drop-answer", "alter-body"):
        with folder() as temporary:
            for name in ("a", "b"):
                bear(fault, temporary / name, "--world", "virtual", "--seed", 5)
            expect((temporary / "a/trace.ndjson").read_bytes() == (temporary / "b/trace.ndjson").read_bytes(),
                   f"{fault}: the same seed made another trace")


def test_wire_faults_are_refused(faults):
    for fault in faults:
        process = run("run", FLEET, "--var", f"fault={fault}", "--world", "virtual")
        expect_exit(process, 4)
        expect(f"`{fault}` is a wire fault, and the virtual world has no wire" in process.stderr, "no clear word", process)
        expect("fleet.yaml:" in process.stderr, "no place", process)


STEP_ONLY = """pomona: 1
name: A fault from a step on, on a connection that was there before
needs: [queue, push]
macs: {fleet: {count: 2}}
steps:
  - enroll: profile
  - fault: drop-answer
    on: Acknowledged
    budget: 1
  - server: queue
    with: [{RequestType: ProfileList}]
  - expect: ProfileList Acknowledged
    times: 2
"""


def test_a_step_brings_the_first_rule():
    with folder() as temporary:
        (temporary / "step.yaml").write_text(STEP_ONLY)
        process = run("run", temporary / "step.yaml", "--world", "virtual", "--out", temporary / "run")
        expect_exit(process, 1)  # one of the two Macs had to say it twice, the other not
        held = [s["macs_held"] for s in outcome(temporary / "run")["steps"] if s["title"].startswith("expect")]
        expect(held == [1], f"{held} Macs said it twice", process)
        expect("faults injected: drop-answer 1" in process.stdout, "not counted", process)


def test_words():
    process = run("explain", "drop-answer")
    expect_exit(process, 0)
    expect("Apple, \"Sending MDM commands\"" in process.stdout and "reset or timeout" in process.stdout, "explain says too little", process)
    process = run("explain", "drop-anser")
    expect_exit(process, 64)
    expect("did you mean `drop-answer`?" in process.stderr, "no suggestion", process)
    process = run("lint", FLEET, SOURCE / "scenarios/lost-answers.yaml")
    expect_exit(process, 0)


def main():
    faults = catalogue()
    messages = [f["id"] for f in faults if f["tier"] == "message"]
    wires = [f["id"] for f in faults if f["tier"] == "wire"]
    expect(len(messages) >= 8 and len(wires) >= 7, f"only {messages} and {wires}")
    test_words()
    test_a_step_brings_the_first_rule()
    test_wire_faults_are_refused(wires)
    test_same_seed_same_trace()
    test_each(messages)


if __name__ == "__main__":
    main()
