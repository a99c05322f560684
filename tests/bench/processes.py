"""Processes under measurement: a server, a driven generator, bare work; CPU seconds and memory of each."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import textwrap
import time

BUILD = pathlib.Path(os.environ["POMONA_BUILD"])
POMONA = os.environ["POMONA"]
BENCH = BUILD / "tests" / "bench"
HERE = pathlib.Path(__file__).parent
TICK = 1 / os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    """User and system seconds of a living process, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def private_kib_of(pid):
    """Private_Dirty of a living process."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(re.search(r"Private_Dirty: +(\d+) kB", text)[1])


class Driven:
    """A bench program that answers each line on its input with a line of JSON."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen([BENCH / name, *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: {' '.join(map(str, self.process.args))} ended early")
        return json.loads(line)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=120)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def lines_of(name, *arguments):
    done = subprocess.run([BENCH / name, *map(str, arguments)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextlib.contextmanager
def served(folder, *arguments):
    """A `pomona serve` of its own; gives (process id, target file)."""
    target = folder / "target.yaml"
    process = subprocess.Popen([POMONA, "serve", "--data", folder, "--port", "0", "--apns-port", "0", *arguments],
                               stdout=subprocess.DEVNULL)
    try:
        while not target.exists():
            if process.poll() is not None:
                raise SystemExit("bench: pomona serve ended early")
            time.sleep(0.05)
        yield process.pid, target
    finally:
        process.terminate()
        process.wait(timeout=60)


class Api:
    """The administration interface of a served target, over one connection."""

    def __init__(self, target):
        text = target.read_text(encoding="utf-8")
        block = re.search(r"^  api:\n((?:    .*\n)+)", text, re.M).group(1)
        value = dict(re.findall(r'^    (\w+): "(.*)"$', block, re.M))
        trust = textwrap.dedent(re.search(r"^  trust: \|\n((?:    .*\n)+)", text, re.M).group(1))
        host, _, port = value["url"].removeprefix("https://").partition(":")
        self.connection = http.client.HTTPSConnection(
            host, int(port.partition("/")[0]), context=ssl.create_default_context(cadata=trust))
        basic = base64.b64encode(f"{value['user']}:{value['key']}".encode()).decode()
        self.headers = {"Authorization": f"Basic {basic}"}

    def ask(self, method, path, body=None):
        self.connection.request(method, f"/v1/{path}", body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"bench: {method} {path[:80]} was answered {answer.status}: {text[:300]}")
        return text


# A process counts what its parent had at the fork as its own peak: this parent is a small one.
RUN_AND_TELL = """
import os, sys
_, status, used = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def run_pomona(*arguments):
    """`pomona run`; gives its CPU seconds and its peak memory in KiB."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", RUN_AND_TELL, POMONA, "run", *map(str, arguments), "-q"],
                          stdout=subprocess.PIPE, text=True, check=True)
    code, cpu, peak = done.stdout.splitlines()[-1].split()
    if code != "0":
        raise SystemExit(f"bench: pomona run ended with {code}")
    return float(cpu), int(peak)
