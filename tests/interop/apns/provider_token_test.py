"""Provider tokens for an app's topic, by npm apns2, which knows no port but 443, and by h2load; and the service's several ports.

apns2 and the service meet in a network namespace of the test's own, where port 443 is free and api.push.apple.com is 127.0.0.1."""

import json
import os
import re
import socket
import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's libraries, whichever interpreter runs this

import jwt  # noqa: E402
from push_bench import HERE, NODE_PACKAGES, Bench, expect_millis_now  # noqa: E402

from harness import expect, expect_exit, folder, run, served, tool  # noqa: E402
from private_network import own_network  # noqa: E402

APPLE = "api.push.apple.com"
APP, KEY_ID, TEAM = "org.example.app", "KEY0000001", "TEAM000001"


def ctl(b, *arguments):
    done = run("ctl", "apns", *arguments, "-t", b.target)
    expect_exit(done, 0)
    return json.loads(done.stdout)


def by_apns2(b, key, listener):
    """APNS-010, 013, 014, 015, 018: twenty-odd good notifications and each reason that this client can provoke."""
    token = b.register("apns2", topic=APP, stream=listener.stream)
    gone = b.register("apns2 gone", topic=APP)
    begin = time.time()
    b.device_call("unregister", {"token": gone})
    mdm = b.register("apns2 mdm")
    cases = [
        (token, {"alert": "first"}, 200, None),
        (64 * "0", {"alert": "unknown"}, 400, "BadDeviceToken"),
        ("zz", {"alert": "no hex"}, 400, "BadDeviceToken"),
        (gone, {"alert": "gone"}, 410, "Unregistered"),
        (mdm, {"alert": "another topic's"}, 400, "DeviceTokenNotForTopic"),
        (mdm, {"alert": "MDM", "topic": b.topic}, 400, "TopicDisallowed"),
        (token, {"alert": "topic", "topic": "org.example.other"}, 400, "TopicDisallowed"),
        (token, {"alert": "topic", "topic": "no topic"}, 400, "BadTopic"),
        (token, {"alert": 4096 * "x"}, 413, "PayloadTooLarge"),
        (token, {"alert": "type", "type": "nonsense"}, 400, "InvalidPushType"),
        (token, {"alert": "priority", "priority": 7}, 400, "BadPriority"),
        (token, {"alert": "collapse", "collapseId": 65 * "c"}, 400, "BadCollapseId"),
    ]

    def send(pushes, key_id=KEY_ID):
        given = {"host": APPLE, "team": TEAM, "keyId": key_id, "signingKey": key.read_text(), "topic": APP,
                 "pushes": [{"token": case[0], "options": case[1]} for case in pushes]}
        return json.loads(tool("node", HERE / "apns2_client.cjs", NODE_PACKAGES, input=json.dumps(given),
                               env=dict(os.environ, NODE_EXTRA_CA_CERTS=str(b.ca))))

    said = send(cases)
    for (_, options, status, reason), answer in zip(cases, said["answers"], strict=True):
        expect((answer["status"], answer.get("reason")) == (status, reason), f"{options}: {answer}, wanted {status} {reason}")
        if status == 410:
            expect_millis_now(answer["timestamp"], begin)
    expect(said["many"] == 20, f"20 side by side once the token is known: {said['many']}")
    (answer,) = send([cases[1]], key_id="KEY0000009")["answers"]
    expect((answer["status"], answer["reason"]) == (403, "InvalidProviderToken"), answer)
    return token


def by_h2load(b, key, listener):
    """APNS-010, 011, 013, 014: h2load has no client certificate; with one stream a connection every push is answered."""
    token = b.register("h2load", topic=APP, stream=listener.stream)
    (b.scratch / "payload").write_text('{"aps":{"alert":"h2load"}}')
    now = int(time.time())
    bearers = {}  # a token is used again: no two of a key in 20 minutes beside that of apns2

    def load(count, status, reason, issued=now, key_id=KEY_ID, topic=APP, to=token):
        if (issued, key_id) not in bearers:
            bearers[issued, key_id] = jwt.encode({"iss": TEAM, "iat": issued}, key.read_text(), algorithm="ES256",
                                                 headers={"kid": key_id})
        bearer = bearers[issued, key_id]
        said = tool("h2load", "-n", count, "-c", 2, "-m", 1, "-d", b.scratch / "payload", "-H", f"authorization: bearer {bearer}",
                    "-H", f"apns-topic: {topic}", f"{b.url}/3/device/{to}")
        codes = [int(n) for n in re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", said).groups()]
        expect(codes == [count if status == 200 else 0, 0, count if status != 200 else 0, 0], f"{reason}: {said}")
        last = ctl(b, "log")["pushes"][-count:]
        expect({(p["status"], p.get("reason")) for p in last} == {(status, reason)}, f"{reason}: {last}")

    seen = len(listener.pushes)
    load(100, 200, None)
    last = b.register("h2load last", topic=APP, stream=listener.stream)
    load(2, 200, None, to=last)
    listener.wait_count(seen + 102)
    load(4, 400, "BadDeviceToken", to=64 * "0")
    load(4, 400, "TopicDisallowed", topic=b.topic)
    load(4, 403, "InvalidProviderToken", key_id="KEY0000009")
    load(4, 403, "ExpiredProviderToken", issued=now - 3700)


def on_every_port(b):
    """APNS-004: the same request on each port, the same answer; APNS-005 on each."""
    token = b.register("ports")
    for port in (443, 2197, b.port):
        def push(path):
            out = tool("curl", "-sS", "--http2", "--cacert", b.ca, "--cert", b.certificate, "--key", b.key,
                       "-H", "apns-id: 0A1B2C3D-0000-4000-8000-000000000004", "-d", '{"mdm":"port"}', "-w", "\n%{http_code} %{header_json}",
                       f"https://{APPLE}:{port}/3/device/{path}")
            body, _, rest = out.partition("\n")
            status, _, headers = rest.partition(" ")
            return int(status), body, json.loads(headers)["apns-id"]
        given = ["0A1B2C3D-0000-4000-8000-000000000004"]
        expect(push(token) == (200, "", given), f"port {port}: {push(token)}")
        expect(push(64 * "0") == (400, '{"reason":"BadDeviceToken"}', given), f"port {port}: {push(64 * '0')}")


def refuses_a_port_that_is_taken():
    with socket.socket() as taken, folder() as data:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--data", data, "--port", 0, "--apns-port", 0, "--apns-also-port", port)
        expect_exit(done, 3)
        expect(f"push service: listening on 127.0.0.1:{port}" in done.stderr and "--apns-also-port" in done.stderr, "the message", done)
    for bad in ("0", "65536", "x", "-1", ""):
        done = run("serve", f"--apns-also-port={bad}")
        expect_exit(done, 64)


def main():
    refuses_a_port_that_is_taken()
    with folder() as scratch:
        hosts = scratch / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {APPLE}\n")
        own_network(hosts)
        with served("--apns-also-port", 443, "--apns-also-port", 2197) as (_, target):
            b = Bench(target, scratch)
            on_every_port(b)
            key = scratch / "AuthKey.p8"
            key.write_text(ctl(b, "key", KEY_ID, TEAM, APP)["private_key"])
            with b.listener() as listener:
                token = by_apns2(b, key, listener)
                listener.wait_count(21)
                expect({p["token"] for p in listener.pushes} == {token}, listener.pushes)
                by_h2load(b, key, listener)


if __name__ == "__main__":
    main()
