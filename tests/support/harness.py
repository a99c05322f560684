"""What the end-to-end tests share: running the command, and reading a trace without any of its code."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

POMONA = os.environ["POMONA"]
SOURCE = pathlib.Path(os.environ["POMONA_SOURCE"])
RUNS = SOURCE / "tests" / "e2e" / "run"  # where the scenario files of the run tests lie


def run(*arguments, timeout=240, environment=None, cwd=None, prefix=()):
    """Runs `pomona ARGUMENTS`; returns the finished process with text output."""
    env = dict(os.environ, **(environment or {}))
    return subprocess.run([*prefix, POMONA, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, env=env, cwd=cwd, check=False)


def start(*arguments, **options):
    """Starts `pomona ARGUMENTS` and returns the process; whoever starts it ends it."""
    return subprocess.Popen([POMONA, *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **options)


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="pomona-e2e-") as path:
        yield pathlib.Path(path)


def expect(condition, message, process=None):
    """A failed expectation ends the test with its words and what the command printed."""
    if condition:
        return
    if process is not None:
        message += f"\n--- exit {process.returncode}\n--- stdout\n{process.stdout[-4000:]}\n--- stderr\n{process.stderr[-4000:]}"
    raise AssertionError(message)


def expect_exit(process, code):
    expect(process.returncode == code, f"expected exit {code}, got {process.returncode}", process)


def trace(run_folder):
    with open(pathlib.Path(run_folder) / "trace.ndjson", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def outcome(run_folder):
    return json.loads((pathlib.Path(run_folder) / "run.json").read_text(encoding="utf-8"))


def tool(*command, good=(0,), text=True, **options):
    """Runs a program of others and returns what it printed; any other end than `good` ends the test."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=text, errors="replace" if text else None,
                          timeout=120, check=False, **options)
    expect(done.returncode in good, f"{command[0]}: {' '.join(map(str, command))}", done)
    return done.stdout


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def stop(process, number=signal.SIGTERM):
    """Ends a process this test started, and collects what it printed."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


@contextlib.contextmanager
def served(*arguments):
    """A separate `pomona serve` on free ports; gives (process, path of its target file)."""
    with folder() as data:
        process = start("serve", "--data", data, "--port", 0, "--apns-port", 0, *arguments)
        try:
            target = data / "target.yaml"
            wait_for(lambda: target.exists() or process.poll() is not None, 60, "the server's target file")
            expect(process.poll() is None, f"serve ended early: {process.communicate() if process.poll() is not None else ''}")
            yield process, target
        finally:
            stop(process)
