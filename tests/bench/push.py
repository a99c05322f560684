"""The emulated push service: its rate beside nghttp2's own server, by h2load in both cases, and the memory of a token."""

import json
import pathlib
import re
import socket
import subprocess
import sys
import time

from processes import POMONA, Driven, cpu_of, private_kib_of, served

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's libraries, whichever interpreter runs this

APP, KEY_ID, TEAM = "org.example.bench", "KEY0000001", "TEAM000001"
CLIENTS, STREAMS = 4, 100
TOKENS = 1000  # the pushes of one round go to so many


def h2load(where, count, port, header):
    """Answers a second, and all of them were 200."""
    done = subprocess.run(["h2load", "-n", str(count), "-c", str(CLIENTS), "-m", str(STREAMS), "-i", where / "paths",
                           "-B", f"https://127.0.0.1:{port}", "-d", where / "payload", *header],
                          capture_output=True, text=True, check=True)
    good, rest = re.search(r"status codes: (\d+) 2xx, (.*)", done.stdout).groups()
    if int(good) != count:
        raise SystemExit(f"bench: h2load: {good} of {count} were accepted: {rest}")
    return float(re.search(r"finished in .*?, ([\d.]+) req/s", done.stdout)[1])


def prepare(where, tokens, key):
    import jwt  # Debian's
    bearer = jwt.encode({"iss": TEAM, "iat": int(time.time())}, key, algorithm="ES256", headers={"kid": KEY_ID})
    (where / "paths").write_text("".join(f"/3/device/{one}\n" for one in tokens), encoding="ascii")
    (where / "payload").write_text('{"aps":{"alert":"one of very many"}}', encoding="ascii")
    return ["-H", f"authorization: bearer {bearer}", "-H", f"apns-topic: {APP}", "-H", "apns-push-type: alert"]


def await_port(server, port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"bench: nghttpd does not listen; it ended with {server.poll()}")


def nghttpd_rate(where, identities, tokens, count, header):
    """nghttp2's server with an empty file for each path: 200 and no body."""
    root = where / "files" / "3" / "device"
    root.mkdir(parents=True, exist_ok=True)
    for one in tokens:
        (root / one).touch()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(["nghttpd", "--address=127.0.0.1", f"--htdocs={where / 'files'}", "--max-concurrent-streams=1000",
                               str(port), identities / "server.key", identities / "server.pem"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_port(server, port)
        before = cpu_of(server.pid)
        rate = h2load(where, count, port, header)
        return rate, (cpu_of(server.pid) - before) / count
    finally:
        server.terminate()
        server.wait(timeout=60)


def ctl(target, *arguments):
    done = subprocess.run([POMONA, "ctl", "apns", *arguments, "-t", target], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def rates(where, identities, count=100_000):
    """Requests a second and CPU seconds of the server for one: of nghttpd, and of the push service, which checks a push and keeps
    it for a device that is not there."""
    where = pathlib.Path(where)
    with served(where / "data") as (server, target):
        ctl(target, "rules", "one_stream_first=false")  # h2load does not wait for the first answer
        key = ctl(target, "key", KEY_ID, TEAM, APP)["private_key"]
        with Driven("bench_devices", target) as devices:
            devices.ask(f"subscribe {TOKENS}")
            tokens = devices.ask(f"tokens {TOKENS}")
        header = prepare(where, tokens, key)
        bare = nghttpd_rate(where, identities, tokens, count, header)
        port = int(re.search(r"apns:\n    host: .*\n    port: (\d+)", target.read_text(encoding="utf-8"))[1])
        before = cpu_of(server)
        rate = h2load(where, count, port, header)
        cpu = (cpu_of(server) - before) / count
        own = (rate, cpu)
    return {"bare": {"rate": bare[0], "cpu": bare[1]}, "own": {"rate": own[0], "cpu": own[1]}, "clock": own[0] / bare[0],
            "ratio": bare[1] / own[1]}


def token_memory(where, few=1000, many=100_000):
    """KiB of the service's private memory for a token that a device listens for."""
    with served(pathlib.Path(where) / "data") as (server, target), Driven("bench_devices", target) as devices:
        devices.ask(f"subscribe {few}")
        before = private_kib_of(server)
        devices.ask(f"subscribe {many - few}")
        return (private_kib_of(server) - before) / (many - few)
