"""A running `pomona serve` as push providers see it, and devices that listen to its push service through curl."""

import base64
import contextlib
import json
import os
import pathlib
import re
import subprocess
import threading
import time

from harness import expect, folder, served, tool, wait_for

HERE = pathlib.Path(__file__).resolve().parent
# Debian's modules (aioapns, h2) belong to Debian's Python, whichever Python runs this script.
DEBIAN_PYTHON = "/usr/bin/python3"
NODE_PACKAGES = pathlib.Path(os.environ["POMONA_BUILD"]) / "tests" / "interop" / "apns" / "node"
# One push has to reach the device within this; a refused one is known to be missing when a later one has come.
PATIENCE = 30


class Bench:
    """Files and address of the push service; `apns` is the folder that serve tells its user about."""

    def __init__(self, target, scratch):
        self.target = target
        self.scratch = scratch
        self.apns = target.parent / "apns"
        self.ca = self.apns / "ca.pem"
        self.certificate = self.apns / "push.pem"
        self.key = self.apns / "push.key"
        self.port = int(re.search(r"^  apns:\n    host: .*\n    port: (\d+)$", target.read_text(), re.M)[1])
        self.url = f"https://localhost:{self.port}"
        uid = tool("openssl", "x509", "-in", self.certificate, "-noout", "-subject", "-nameopt", "multiline")
        self.topic = re.search(r"userId += (\S+)", uid)[1]

    def both(self):
        """Certificate and key in one file, which some clients want."""
        path = self.scratch / "both.pem"
        path.write_text(self.certificate.read_text() + self.key.read_text())
        path.chmod(0o600)
        return path

    def device_call(self, name, body):
        answer = json.loads(tool("curl", "-sS", "--http2", "--cacert", self.ca, "--json", json.dumps(body),
                                 f"{self.url}/device/{name}"))
        expect("error" not in answer, f"/device/{name}: {answer}")
        return answer

    def register(self, device, topic=None, stream=None):
        body = {"device": device, "topic": topic or self.topic}
        return self.device_call("register", body | ({"stream": stream} if stream else {}))["token"]

    @contextlib.contextmanager
    def listener(self):
        """The device side, read by curl: `listener.stream` to subscribe with, `listener.pushes` as they arrive."""
        process = subprocess.Popen(["curl", "-sS", "-N", "--http2", "--cacert", self.ca, "-X", "POST",
                                    f"{self.url}/device/stream"], stdout=subprocess.PIPE, text=True)
        try:
            yield Listener(process)
        finally:
            process.terminate()
            process.wait(timeout=30)


class Listener:
    def __init__(self, process):
        self.lines = process.stdout
        self.stream = json.loads(self.lines.readline())["stream"]
        self.pushes = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.lines:
            push = json.loads(line)
            push["payload"] = base64.b64decode(push["payload"])
            self.pushes.append(push)

    def wait(self, token, payload):
        """The push with just this payload for this token; every payload of a test is used once."""
        def found():
            return [p for p in list(self.pushes) if (p["token"], p["payload"]) == (token, payload)]
        wait_for(found, PATIENCE, f"the push {payload!r} on the device")
        expect(len(found()) == 1, f"{payload!r} came {len(found())} times")
        return found()[0]

    def wait_count(self, count):
        """Just so many in all."""
        wait_for(lambda: len(self.pushes) >= count, PATIENCE, f"{count} pushes on the device, not {len(self.pushes)}")
        expect(len(self.pushes) == count, f"{len(self.pushes)} pushes on the device, not {count}")


def payload(text):
    return json.dumps({"mdm": text}).encode()


def expect_mdm_pushes_only(listener, wanted):
    """Exactly these (token, payload) arrived, in any order: nothing that was refused, nothing twice."""
    got = sorted((p["token"], p["payload"]) for p in listener.pushes)
    expect(got == sorted(wanted), f"on the devices:\n{got}\nwanted:\n{sorted(wanted)}")


def expect_millis_now(timestamp, begin):
    """Milliseconds, not before the token's issue and not in the future."""
    expect(isinstance(timestamp, int) and begin * 1000 - 1 <= timestamp <= time.time() * 1000,
           f"timestamp {timestamp}, begun {begin}")


@contextlib.contextmanager
def bench():
    with served() as (_, target), folder() as scratch:
        yield Bench(target, scratch)
