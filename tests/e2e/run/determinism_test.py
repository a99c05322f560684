"""The virtual world: same seed, same bytes, whatever the machine is doing; other seeds, other orders; no socket; no waiting."""

import concurrent.futures
import filecmp
import os
import pathlib
import subprocess
import sys
import time

from harness import RUNS, SOURCE, expect, expect_exit, folder, run, trace

SEEDS = range(1, 21)
FILE = SOURCE / "scenarios/first-fleet.yaml"


def virtual_run(seed, out, **options):
    process = run("run", FILE, "--world", "virtual", "--seed", seed, "--out", out, **options)
    expect_exit(process, 0)


def same_tree(a, b):
    expect(filecmp.cmp(a / "trace.ndjson", b / "trace.ndjson", shallow=False), f"{a} and {b}: traces differ")
    names = sorted(p.name for p in (a / "bodies").iterdir())
    expect(names == sorted(p.name for p in (b / "bodies").iterdir()), f"{a} and {b}: other bodies")
    _, mismatch, errors = filecmp.cmpfiles(a / "bodies", b / "bodies", names, shallow=False)
    expect(not mismatch and not errors, f"{a} and {b}: bodies differ: {mismatch + errors}")


def order_of(out):
    """Who said what, in the order of the trace: two runs with one order interleave their Macs alike."""
    return tuple((e["actor"], e["channel"], e.get("summary", {}).get("MessageType") or e.get("summary", {}).get("Status"))
                 for e in trace(out) if e["kind"] == "request" and e["actor"].startswith("mac-"))


def interleaved(order):
    actors = [actor for actor, _, _ in order]
    switches = sum(1 for a, b in zip(actors, actors[1:]) if a != b)
    return switches > len(set(actors)) * 3


def test_same_bytes(temporary):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda seed: virtual_run(seed, temporary / f"quiet-{seed}"), SEEDS))
    # The second round shares the machine with busy loops, one a core.
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())]
    try:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda seed: virtual_run(seed, temporary / f"busy-{seed}"), SEEDS))
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
    for seed in SEEDS:
        same_tree(temporary / f"quiet-{seed}", temporary / f"busy-{seed}")


def test_orders(temporary):
    orders = {order_of(temporary / f"quiet-{seed}") for seed in SEEDS}
    expect(len(orders) >= 15, f"20 seeds gave only {len(orders)} orders")
    expect(all(interleaved(order) for order in orders), "the Macs' messages are not interleaved")


def test_no_socket(temporary):
    log = temporary / "strace.log"
    # A leak checker cannot work beside strace, where a build has one.
    virtual_run(1, temporary / "strace", environment={"ASAN_OPTIONS": "detect_leaks=0"}, prefix=("strace", "-f", "-e", "trace=socket,connect,bind,listen", "-o", log))
    calls = [line for line in log.read_text().splitlines() if "socket(" in line or "connect(" in line or "bind(" in line]
    expect(not calls, f"sockets in the virtual world: {calls[:5]}")
    same_tree(temporary / "quiet-1", temporary / "strace")


def test_half_a_year(temporary):
    file = RUNS / "half-a-year.yaml"
    run("run", file, "--world", "virtual", "--out", temporary / "warm")
    began = time.monotonic()
    process = run("run", file, "--world", "virtual", "--out", temporary / "year")
    took = time.monotonic() - began
    expect_exit(process, 0)
    events = trace(temporary / "year")
    span = events[-1]["time"][:10], events[0]["time"][:10]
    expect(span[0] >= "2026-07-04", f"the clock did not move 180 days: {span}")
    # The bound is a hundred times what it takes: it tells jumping from waiting, not fast from slow.
    expect(took < 30, f"took {took:.1f} s")
    print(f"180 days in {took:.2f} s")


def main():
    with folder() as temporary:
        temporary = pathlib.Path(temporary)
        test_same_bytes(temporary)
        test_orders(temporary)
        test_no_socket(temporary)
        test_half_a_year(temporary)


if __name__ == "__main__":
    main()
