"""What the tests of `pomona mac` share: a server that can be stopped and started again, its API, and a store of Macs."""

import base64
import contextlib
import json
import pathlib
import plistlib
import re
import ssl
import subprocess
import urllib.request
import uuid

from harness import POMONA, SOURCE, expect, expect_exit, folder, run, start, stop, wait_for

SCREENSAVER = SOURCE / "scenarios" / "files" / "screensaver.mobileconfig"


class Bench:
    """`pomona serve` and a folder; the ports stay the same over restarts."""

    def __init__(self, root):
        self.root = root
        self.data = root / "server"
        self.target = self.data / "target.yaml"
        self.store = root / "macs.db"
        self.server = None
        self.ports = (0, 0)

    def serve(self):
        self.target.unlink(missing_ok=True)
        self.server = start("serve", "--data", self.data, "--port", self.ports[0], "--apns-port", self.ports[1])
        wait_for(lambda: self.target.exists() or self.server.poll() is not None, 60, "the server's target file")
        expect(self.server.poll() is None, "serve ended early")
        text = self.target.read_text()
        self.ports = (int(re.search(r'  url: "https://localhost:(\d+)"', text)[1]),
                      int(re.search(r'apns:.*?port: "?(\d+)"?', text, re.S)[1]))
        self.key = re.search(r'key: "?([^"\n]+)"?', text)[1]

    def stop_server(self, number=15):
        stop(self.server, number)

    def api(self, method, path, body=b""):
        """What the reference server's API says; any refusal ends the test."""
        request = urllib.request.Request(f"https://localhost:{self.ports[0]}{path}", data=body, method=method)
        request.add_header("Authorization", "Basic " + base64.b64encode(f"nanomdm:{self.key}".encode()).decode())
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            return answer.read()

    def enqueue(self, udids, command, push=True):
        body = plistlib.dumps({"CommandUUID": str(uuid.uuid4()), "Command": command})
        self.api("PUT", f"/v1/enqueue/{','.join(udids)}" + ("" if push else "?nopush=1"), body)

    def declare(self, udids, *identifiers):
        """A set of status subscriptions, and an activation for each; the devices are notified."""
        for name in identifiers:
            configuration = {"Type": "com.apple.configuration.management.status-subscriptions", "Identifier": name,
                             "Payload": {"StatusItems": [{"Name": "device.model.family"}]}}
            activation = {"Type": "com.apple.activation.simple", "Identifier": f"{name}.on",
                          "Payload": {"StandardConfigurations": [name]}}
            for one in (configuration, activation):
                self.api("PUT", "/v1/declarations", json.dumps(one).encode())
                self.api("PUT", f"/v1/set-declarations/all?declaration={one['Identifier']}")
        for udid in udids:
            self.api("PUT", f"/v1/enrollment-sets/{udid}?set=all")

    def mac(self, *arguments, code=0, **options):
        """`pomona mac ARGUMENTS` on this store; returns what it printed."""
        done = run("mac", arguments[0], "--store", self.store, *arguments[1:], **options)
        expect_exit(done, code)
        return done

    def macs(self):
        """Name -> what `list --json` says; works beside a process that has the store."""
        return {m["name"]: m for m in json.loads(self.mac("list", "--json").stdout)}


@contextlib.contextmanager
def bench():
    with folder() as root:
        b = Bench(root)
        b.serve()
        try:
            yield b
        finally:
            b.stop_server()


@contextlib.contextmanager
def online(b, *names):
    """`pomona mac online` in the background, once it has the store; gives (process, file of its lines as JSON)."""
    log = b.root / f"online-{uuid.uuid4()}.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([POMONA, "mac", "online", "--store", str(b.store), "--json", *(names or ("--all",))],
                                   stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: " online. Ctrl-C" in log.read_text() or process.poll() is not None, 60, "Macs that are online")
            expect(process.poll() is None, f"online ended early: {log.read_text()}")
            yield process, log
        finally:
            stop(process)


def lines(log):
    out = []
    for line in pathlib.Path(log).read_text().splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            out.append(json.loads(line))
    return out
