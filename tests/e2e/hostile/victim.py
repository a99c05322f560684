"""A served Pomona that is attacked, and what has to be true of it afterwards."""

import base64
import contextlib
import pathlib
import plistlib
import re
import resource
import socket
import ssl
import subprocess
import threading
import time
import uuid

from harness import POMONA, expect, expect_exit, folder, run, stop, tool, wait_for

HERE = pathlib.Path(__file__).parent
CHECKIN = "application/x-apple-aspen-mdm-checkin"
REPORT = "application/x-apple-aspen-mdm"
PATIENCE = 90  # seconds: far longer than any timeout of the server's (docs/limits.md)


class Answer:
    """What came back: a status, or None when the peer closed (or its TLS alert came) instead of answering."""

    def __init__(self, status, head=b"", body=b""):
        self.status, self.head, self.body = status, head, body


def read_answer(stream):
    """The next HTTP/1.1 answer; silence for longer than PATIENCE fails the test."""
    stream.settimeout(PATIENCE)
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            more = stream.recv(65536)
            if not more:
                return Answer(None, data)
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        status = int(head.split(b" ", 2)[1])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            more = stream.recv(65536)
            if not more:
                break
            body += more
        return Answer(status, head, body)
    except TimeoutError:
        raise AssertionError(f"silence for {PATIENCE} s after {data[:200]!r}") from None
    except (ConnectionError, ssl.SSLError):
        return Answer(None, data)


def wait_for_close(stream):
    """Reads until the peer closes; returns what came."""
    stream.settimeout(PATIENCE)
    data = b""
    try:
        while more := stream.recv(65536):
            data += more
    except TimeoutError:
        raise AssertionError(f"open and silent for {PATIENCE} s after {data[:200]!r}") from None
    except (ConnectionError, ssl.SSLError):
        pass
    return data


class Victim:
    """The served process. Everything here talks to it as its peers do."""

    def __init__(self, data, process, log):
        self.data, self.process, self.log_file = data, process, log
        text = (data / "target.yaml").read_text()
        self.port = int(re.search(r'  url: "https://localhost:(\d+)"', text)[1])
        self.key = re.search(r'key: "?([0-9a-f]+)"?', text)[1]
        self.apns_port = int(re.search(r'apns:.*?port: "?(\d+)"?', text, re.S)[1])
        self.topic = (data / "apns/topic").read_text().strip()
        self.ports = {"server": self.port, "apns": self.apns_port}

    # --- connections

    def tcp(self, port=None, source=None):
        return socket.create_connection(("127.0.0.1", port or self.port), 10,
                                        source_address=(source, 0) if source else None)

    def tls(self, identity=None, alpn=("http/1.1",), port=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if identity:
            context.load_cert_chain(identity)
        return context.wrap_socket(self.tcp(port), server_hostname="localhost")

    def http(self, method, path, body=b"", headers=(), identity=None):
        with self.tls(identity) as stream:
            lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}",
                     "Connection: close", *headers]
            try:
                stream.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
            except (ConnectionError, ssl.SSLError):
                pass  # refused before it was whole; the answer says why
            return read_answer(stream)

    def raw(self, data, identity=None):
        with self.tls(identity) as stream:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                stream.sendall(data)
            return read_answer(stream)

    def api(self, method, path, body=b""):
        token = base64.b64encode(b"nanomdm:" + self.key.encode()).decode()
        return self.http(method, path, body, [f"Authorization: Basic {token}"])

    def healthy(self):
        return self.http("GET", "/healthz").status == 200

    # --- identities

    def identity(self, name, days=30, ca=None):
        """A PEM file with key and certificate, issued by the server's own CA or by that of the file `ca`."""
        pem = self.data / f"{name}.pem"
        if not pem.exists():
            ca = ca or self.data / "ca-identity.pem"
            base = self.data / name
            tool("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", f"{base}.key", "-out", f"{base}.csr")
            tool("openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", ca, "-CAkey", ca, "-days", days,
                 "-set_serial", str(uuid.uuid4().int >> 8), "-out", f"{base}.crt")
            pem.write_text(pathlib.Path(f"{base}.crt").read_text() + pathlib.Path(f"{base}.key").read_text())
        return pem

    def foreign_ca(self):
        pem = self.data / "foreign-ca.pem"
        if not pem.exists():
            tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Another CA", "-days", "30",
                 "-keyout", pem.with_suffix(".key"), "-out", f"{pem}.crt")
            pem.write_text(pathlib.Path(f"{pem}.crt").read_text() + pem.with_suffix(".key").read_text())
        return pem

    # --- afterwards

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def log(self):
        return self.log_file.read_text(errors="replace")

    def expect_line(self, pattern):
        wait_for(lambda: re.search(pattern, self.log()), 5, f"a line like {pattern!r}; there were:\n{self.log()[-3000:]}")

    def expect_alive(self):
        expect(self.process.poll() is None, f"the server ended with {self.process.poll()}:\n{self.log()[-4000:]}")


class Mac:
    """An enrolled device of the test's own: a certificate, a UDID, and what it sends."""

    def __init__(self, victim, name):
        self.victim, self.udid, self.identity = victim, str(uuid.uuid4()).upper(), victim.identity(name)

    def put(self, path, content_type, message, identity=None):
        body = plistlib.dumps(message) if isinstance(message, dict) else message
        return self.victim.http("PUT", path, body, [f"Content-Type: {content_type}"], identity or self.identity)

    def token_update(self):
        return {"MessageType": "TokenUpdate", "UDID": self.udid, "Topic": self.victim.topic, "Token": bytes(32),
                "PushMagic": "magic"}

    def enroll(self):
        first = {"MessageType": "Authenticate", "UDID": self.udid, "Topic": self.victim.topic,
                 "DeviceName": "A Mac", "SerialNumber": "C02X", "Model": "Mac14,2", "ModelName": "MacBook Air"}
        for message in (first, self.token_update()):
            got = self.put("/checkin", CHECKIN, message)
            expect(got.status == 200, f"{message['MessageType']} was answered {got.status}: {got.body!r}")
        return self

    def report(self, status="Idle", **more):
        return self.put("/mdm", REPORT, {"Status": status, "UDID": self.udid, **more})

    def queue(self):
        """Queues a command and returns its CommandUUID."""
        command = str(uuid.uuid4())
        got = self.victim.api("PUT", f"/v1/enqueue/{self.udid}", plistlib.dumps(
            {"CommandUUID": command, "Command": {"RequestType": "ProfileList"}}))
        # The emulated push service never gave out this Mac's token: 207 says that the push failed, not the queueing.
        expect(got.status in (200, 207) and command.encode() in got.body, f"queueing: {got.status} {got.body!r}")
        return command

    def expect_command(self, command):
        got = self.report()
        expect(got.status == 200 and got.body, f"no command came: {got.status}")
        expect(plistlib.loads(got.body)["CommandUUID"] == command, "another command came")
        expect(self.report("Acknowledged", CommandUUID=command, ProfileList=[]).status == 200, "the report was refused")


class Health(threading.Thread):
    """Asks for /healthz all the time; every answer has to come within `bound` seconds."""

    def __init__(self, victim, bound=60):
        super().__init__(daemon=True)
        self.victim, self.bound, self.over, self.answers, self.bad = victim, bound, False, 0, []

    def run(self):
        while not self.over:
            began = time.monotonic()
            try:
                good = self.victim.healthy()
            except (OSError, AssertionError) as why:
                good = False
                self.bad.append(repr(why))
            took = time.monotonic() - began
            self.answers += good
            if not good or took > self.bound:
                self.bad.append(f"good: {good}, after {took:.1f} s")
            time.sleep(0.2)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.over = True
        self.join(30)
        if kind is None:
            expect(not self.bad and self.answers > 0, f"/healthz: {self.answers} answers, {self.bad[:5]}")


@contextlib.contextmanager
def victim(*arguments, descriptors=None, growth_mib=150):
    """A served process for attacks. Afterwards it has to answer, to have kept its queue and to enroll a Mac; its memory
    may have grown by `growth_mib` (the stated bound: sanitizers' builds get four times as much)."""
    with folder() as data:
        log = data / "stderr.txt"
        with open(log, "wb") as errors:
            limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
            process = subprocess.Popen([POMONA, "serve", "--data", str(data), "--port", "0", "--apns-port", "0", *arguments],
                                       stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=limit)
        try:
            wait_for(lambda: (data / "target.yaml").exists() or process.poll() is not None, 60, "the server")
            expect(process.poll() is None, log.read_text())
            v = Victim(data, process, log)
            mac = Mac(v, "enrolled-before").enroll()
            command = mac.queue()
            before, open_before = v.memory_mib(), v.descriptors()
            yield v
            v.expect_alive()
            wait_for(lambda: v.descriptors() <= open_before + 10, PATIENCE, "the attack's descriptors to be closed")
            grown = v.memory_mib() - before
            sanitized = b"__asan_init" in pathlib.Path(POMONA).read_bytes()
            bound = growth_mib * (4 if sanitized else 1)
            expect(grown < bound, f"memory grew by {grown:.0f} MiB, more than {bound}")
            expect(v.healthy(), "/healthz")
            mac.expect_command(command)
            with folder() as out:
                expect_exit(run("run", HERE / "enroll.yaml", "-t", data / "target.yaml", "--out", out / "run"), 0)
            said = v.log()
            expect(" answered 5" not in said, f"an answer of 500 and more:\n{said[-3000:]}")
            expect(len(said) < 200_000, f"the log has grown to {len(said)} bytes")
            stop(process)
            expect(process.returncode == 143, f"the server ended with {process.returncode}:\n{v.log()[-6000:]}")
            print(f"memory {before:.0f} MiB before, {before + grown:.0f} after; {said.count('refused (')} lines")
        finally:
            stop(process)


def expect_refused(got, what, statuses=range(400, 500), closed=False):
    """A documented 4xx, or (where `closed`) an end without an answer."""
    good = got.status in statuses or (closed and got.status is None)
    expect(good, f"{what}: {got.status} {got.body[:200]!r}")
