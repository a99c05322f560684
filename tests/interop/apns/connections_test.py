"""Limits of streams, GOAWAY, draining and named faults of the push service, frame by frame (connections_client.py)."""

import json
import subprocess
import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's libraries, whichever interpreter runs this

import jwt  # noqa: E402
from push_bench import DEBIAN_PYTHON, HERE, Bench, payload  # noqa: E402

from harness import expect, expect_exit, folder, run, served, stop  # noqa: E402

APP, KEY_ID, TEAM = "org.example.app", "KEY0000001", "TEAM000001"
SHUTDOWN = '{"reason":"Shutdown"}'


def ctl(b, *arguments):
    done = run("ctl", "apns", *arguments, "-t", b.target)
    expect_exit(done, 0)
    return json.loads(done.stdout)


class Client:
    """connections_client.py at work; `said` is its next line."""

    def __init__(self, b, *what, certificate=True):
        who = (b.certificate, b.key) if certificate else ("-", "-")
        self.process = subprocess.Popen(
            list(map(str, (DEBIAN_PYTHON, HERE / "connections_client.py", b.port, b.ca, *who, *what))),
            stdout=subprocess.PIPE, text=True)

    def said(self):
        line = self.process.stdout.readline()
        expect(line, "the client ended without a word")
        return json.loads(line)

    def last(self):
        said = self.said()
        expect(self.process.wait(60) == 0, "the client failed")
        return said


def outcomes(said):
    return [(s["status"], s["reset"]) for s in said["streams"]]


def one_stream_before_the_first_provider_token(b, listener):
    """APNS-014"""
    (b.scratch / "app.p8").write_text(ctl(b, "key", KEY_ID, TEAM, APP)["private_key"])
    token = b.register("limits", topic=APP, stream=listener.stream)

    def bearer(kid):
        return jwt.encode({"iss": TEAM, "iat": int(time.time())}, (b.scratch / "app.p8").read_text(), algorithm="ES256",
                          headers={"kid": kid})

    good = bearer(KEY_ID)
    said = Client(b, "first-token", token, good, APP, certificate=False).last()
    expect(said["limits"] == [1, 1000], said)
    expect(outcomes(said) == [(200, None), (None, 7), (None, 7), (200, None), (200, None), (200, None)], said)
    said = Client(b, "bad-token", token, bearer("KEY0000009"), APP, certificate=False).last()
    expect(said["limits"] == [1] and outcomes(said) == [(403, None)], said)
    ctl(b, "rules", "one_stream_first=false")
    said = Client(b, "bad-token", token, good, APP, certificate=False).last()
    expect(said["limits"] == [1000] and outcomes(said) == [(200, None)], said)
    ctl(b, "rules", "one_stream_first=true")


def one_stream_after_a_refused_push(b, listener):
    """APNS-014 and the observation of section 4: SETTINGS with 1, REFUSED_STREAM above it, the old limit after the next 200."""
    token = b.register("cut", stream=listener.stream)
    ctl(b, "rules", "one_stream_after_refusal=true")
    said = Client(b, "cut", token).last()
    expect(said["limits"] == [1000, 1, 1000], said)
    expect(outcomes(said) == [(200, None), (400, None), (None, 7), (200, None)], said)
    ctl(b, "rules", "one_stream_after_refusal=false")
    for text in ("first", "again"):
        listener.wait(token, payload(text))


def ends_connections_with_what_is_under_way(b, listener, end, text):
    """APNS-029, APNS-030: notice, GOAWAY with the last stream and the reason as JSON; the stream in flight is answered, not reset."""
    token = b.register(text, stream=listener.stream)
    client = Client(b, "goaway", token, text)
    expect(client.said()["goaways"] == [], "too early")
    end()
    said = client.last()
    expect(said["goaways"] == [[2**31 - 1, 0, ""], [3, 0, SHUTDOWN]], said)
    expect(outcomes(said) == [(200, None), (200, None)] and said["closed"], said)
    return token


def does_what_was_ordered(b, listener):
    """Each named fault once, on one token; the push behind it is as ever."""
    token = b.register("faults", stream=listener.stream)
    other = b.register("faults other", stream=listener.stream)
    known = [one["fault"] for one in ctl(b, "faults")["faults"]]
    seen = []

    def disturbed(name, *more, text=None):
        text = text or name
        seen.append(name)
        ctl(b, "fault", name, f"token={token}", *more)
        beside = Client(b, "one", other, f"beside {text}").last()
        expect(outcomes(beside) == [(200, None), (200, None)], f"{name} met another token: {beside}")
        return Client(b, "one", token, text).last()

    for name, more, status, reason in (("answer", ("reason=Forbidden",), 403, "Forbidden"), ("answer", (), 500, "InternalServerError"),
                                       ("too-many-requests", (), 429, "TooManyRequests"),
                                       ("service-unavailable", (), 503, "ServiceUnavailable"), ("unregistered", (), 410, "Unregistered")):
        said = disturbed(name, *more, text=f"{name} {status}")
        expect(outcomes(said) == [(status, None), (200, None)] and json.loads(said["streams"][0]["body"])["reason"] == reason, said)
        listener.wait(token, payload(f"{name} {status} next"))
    said = disturbed("silent-drop")
    expect(outcomes(said) == [(200, None), (200, None)], said)
    said = disturbed("refuse-stream")
    expect(outcomes(said) == [(None, 7), (200, None)], said)
    for name in ("lose-request", "lose-answer"):
        said = disturbed(name)
        expect(outcomes(said) == [(None, None)] and said["closed"], said)
    said = disturbed("close-in-body")
    (stream,) = said["streams"]
    expect(said["closed"] and stream["status"] == 503 and not stream["ended"], said)
    expect(stream["body"] and '{"reason":"ServiceUnavailable"}'.startswith(stream["body"]) and "}" not in stream["body"], said)
    said = disturbed("one-stream")
    expect(outcomes(said) == [(200, None), (200, None)] and said["limits"] == [1000, 1, 1000], said)
    seen.append("delay")
    ctl(b, "fault", "delay", f"token={token}", "seconds=2")
    said = Client(b, "two", other, token, "two").last()
    expect(outcomes(said) == [(200, None), (200, None)] and said["order"] == [1, 0], said)
    seen.append("shutdown")
    expect(sorted(set(seen)) == sorted(known), f"a fault without a test: {set(known) ^ set(seen)}")
    # Delivered is what the provider was not told of, and nothing that was lost or refused.
    for text in ("lose-answer", "refuse-stream next", "silent-drop next", "one-stream", "one-stream next", "two delayed"):
        listener.wait(token, payload(text))
    texts = {json.loads(p["payload"])["mdm"] for p in listener.pushes if p["token"] == token}
    expect(not texts & {"silent-drop", "refuse-stream", "lose-request", "close-in-body"}, texts)
    log = {p.get("fault") for p in ctl(b, "log")["pushes"]}
    expect({"silent-drop", "lose-answer", "delay"} <= log, log)
    expect(ctl(b, "faults")["ordered"] == [], "each was ordered once")
    for bad in (("fault", "nonsense"), ("fault", "delay", "seconds=x"), ("fault", "delay", "reason=Forbidden"),
                ("fault", "answer", "reason=Nonsense"), ("fault", "delay", "token=xy"), ("rules", "nonsense=1"),
                ("rules", "silent_drop=7"), ("rules", "outage=Nonsense")):
        expect_exit(run("ctl", "apns", *bad, "-t", b.target), 1)


def main():
    with served() as (process, target), folder() as scratch:
        b = Bench(target, scratch)
        with b.listener() as listener:
            one_stream_before_the_first_provider_token(b, listener)
            one_stream_after_a_refused_push(b, listener)
            does_what_was_ordered(b, listener)
        # Device streams end too, so each part has one of its own; what came meanwhile is handed over by the next.
        with b.listener() as listener:
            token = ends_connections_with_what_is_under_way(b, listener, lambda: ctl(b, "goaway"), "instance")
        with b.listener() as listener:
            b.device_call("subscribe", {"stream": listener.stream, "tokens": [token]})
            listener.wait(token, payload("instance"))
            ctl(b, "fault", "shutdown")
            said = Client(b, "one", token, "fault shutdown").last()
            expect(outcomes(said) == [(200, None)] and said["goaways"], said)
            listener.wait(token, payload("fault shutdown"))
        with b.listener() as listener:
            ends_connections_with_what_is_under_way(b, listener, lambda: process.terminate(), "the end")
        stop(process)
        expect(process.returncode == 143, f"serve ended with {process.returncode}")


if __name__ == "__main__":
    main()
