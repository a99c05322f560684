"""Each exit code is provoked, with the words that come with it."""

import os
import re
import signal
import subprocess
import time

from harness import RUNS, POMONA, SOURCE, expect, expect_exit, folder, outcome, run, served, start, stop, trace, wait_for

FILE = SOURCE / "scenarios/first-fleet.yaml"
LONG = RUNS / "long.yaml"


def test_usage():
    for arguments, words in ((["rnu"], "did you mean `pomona run`?"), (["run", FILE, "--mcas", "3"], "did you mean `--macs`?"),
                             (["run", FILE, "--macs", "many"], "whole number"), (["run"], "which scenario?"),
                             (["explain", "MDM-CHK-0004"], "there is no check"), ([], "Usage")):
        process = run(*arguments)
        expect_exit(process, 64)
        expect(words in process.stderr + process.stdout, f"{arguments}: `{words}` is missing", process)


def test_folder_taken():
    with folder() as temporary:
        taken = temporary / "run"
        taken.mkdir()
        (taken / "trace.ndjson").write_text("")
        process = run("run", FILE, "--world", "virtual", "--out", taken)
        expect_exit(process, 64)
        expect("already holds a run" in process.stderr and "--out" in process.stderr, "no mend is named", process)


def test_invalid_scenario():
    with folder() as temporary:
        typo = temporary / "typo.yaml"
        typo.write_text("pomona: 1\nname: typo\nmacs: {m: {count: 1}}\nsteps:\n  - expect: TokenUpdate\n    witin: 3s\n")
        process = run("run", typo, "--out", temporary / "run")
        expect_exit(process, 4)
        expect(f"{typo}:6:5: error: unknown key `witin`" in process.stderr, "no file:line:col", process)
        expect("did you mean `within`?" in process.stderr, "no suggestion", process)
        expect(not (temporary / "run").exists(), "a run folder was made for an invalid file")
        expect_exit(run("lint", typo), 4)
        expect_exit(run("run", temporary / "missing.yaml"), 4)
        process = run("run", FILE, "-t", temporary / "no-target.yaml")
        expect_exit(process, 4)


def test_unusable_target():
    with served() as (server, target):
        stop(server)
        with folder() as temporary:
            process = run("run", FILE, "--macs", 2, "-t", target, "--out", temporary / "run")
            expect_exit(process, 3)
            expect("cannot be reached" in process.stderr, "it is not said that the server cannot be reached", process)


def test_server_dies():
    with served() as (server, target), folder() as temporary:
        process = start("run", LONG, "-t", target, "--out", temporary / "run")
        out = temporary / "run" / "trace.ndjson"
        wait_for(lambda: out.exists() and '"enrolled"' in out.read_text(), 60, "the first enrollment")
        os.kill(server.pid, signal.SIGKILL)
        process.wait(timeout=120)
        output = process.communicate()
        expect(process.returncode == 1, f"expected exit 1, got {process.returncode}: {output}")
        verdicts = [s["verdict"] for s in outcome(temporary / "run")["steps"]]
        expect("fail" in verdicts and verdicts[-1] == "blocked", f"verdicts: {verdicts}")
        expect(not set(verdicts[verdicts.index("fail") + 1:]) - {"blocked"}, f"verdicts: {verdicts}")


def test_folder_full():
    """A file system of 256 KiB, in a mount namespace of its own."""
    with folder() as temporary:
        small = temporary / "small"
        small.mkdir()
        script = f"mount -t tmpfs -o size=256k none {small} && exec {POMONA} run {FILE} --out {small}/run"
        namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        process = subprocess.run([*namespace, "sh", "-c", script], capture_output=True, text=True, timeout=120, check=False)
        expect_exit(process, 5)
        expect("no space" in process.stderr.lower(), "the cause is not named", process)
        expect(re.search(r"\d+ of \d+ steps", process.stdout), "no summary on the console", process)


def test_signals():
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        with folder() as temporary:
            process = start("run", LONG, "--out", temporary / "run")
            out = temporary / "run" / "trace.ndjson"
            wait_for(lambda: out.exists() and '"enrolled"' in out.read_text(), 60, "the first enrollment")
            time.sleep(0.2)
            process.send_signal(number)
            output = process.communicate(timeout=60)
            expect(process.returncode == code, f"expected {code}, got {process.returncode}: {output}")
            for name in ("report.html", "junit.xml", "run.json"):
                expect((temporary / "run" / name).stat().st_size > 0, f"{name} is missing after signal {number}")
            steps = outcome(temporary / "run")["steps"]
            expect(any(s["verdict"] == "error" for s in steps) and steps[-1]["verdict"] == "blocked",
                   f"verdicts: {[s['verdict'] for s in steps]}")
            expect(trace(temporary / "run"), "the trace is empty")


def main():
    test_usage()
    test_folder_taken()
    test_invalid_scenario()
    test_unusable_target()
    test_server_dies()
    test_folder_full()
    test_signals()


if __name__ == "__main__":
    main()
