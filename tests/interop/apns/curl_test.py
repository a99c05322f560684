"""curl as a push provider: every documented answer that one request can provoke."""

import json
import re
import time

from push_bench import bench, expect_millis_now, expect_mdm_pushes_only, payload

from harness import expect, tool

UPPER_UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


class Provider:
    def __init__(self, b):
        self.b = b
        self.identity = ["--cert", b.certificate, "--key", b.key]

    def ask(self, path, *options, identity=None):
        """(status, headers, body) of one request, whatever it is."""
        body = self.b.scratch / "answer"
        body.write_bytes(b"")
        head = tool("curl", "-sS", "--http2", "--cacert", self.b.ca, *(self.identity if identity is None else identity),
                    "-D", "-", "-o", body, *options, self.b.url + path)
        lines = head.strip().splitlines()
        expect(lines[0].startswith("HTTP/2 "), f"not HTTP/2: {lines[0]}")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        return int(lines[0].split()[1]), headers, body.read_bytes()

    def push(self, token, content, *options, **more):
        file = self.b.scratch / "payload"
        file.write_bytes(content)
        return self.ask(f"/3/device/{token}", "--data-binary", f"@{file}", *options, **more)

    def accepted(self, answer, message_id=None):
        """APNS-016: 200 with apns-id and no body; APNS-017: the id of the request, else one of the service's."""
        status, headers, body = answer
        expect(status == 200 and body == b"", f"{status} {headers} {body!r}")
        own = headers.get("apns-id", "")
        expect(own == message_id if message_id else UPPER_UUID.fullmatch(own), f"apns-id {own!r}, sent {message_id}")

    def refused(self, what, answer, status, reason, message_id=None):
        """APNS-015: status, JSON type, and a body of exactly the reason (with a timestamp where it is 410)."""
        got, headers, body = answer
        said = json.loads(body)
        expect((got, said.get("reason")) == (status, reason), f"{what}: {got} {body!r}, wanted {status} {reason}")
        expect(headers.get("content-type") == "application/json", f"{what}: {headers}")
        expect(set(said) == ({"reason", "timestamp"} if status == 410 else {"reason"}), f"{what}: {said}")
        own = headers.get("apns-id", "")
        expect(own == message_id if message_id else UPPER_UUID.fullmatch(own), f"{what}: apns-id {own!r}")
        return said


def good(p, listener, token):
    """What the service has to take; gives the payloads that have to arrive."""
    sent = []

    def send(name, *options, message_id=None, path=token, content=None):
        content = payload(name) if content is None else content
        p.accepted(p.push(path, content, *options), message_id)
        listener.wait(token, content)
        sent.append((token, content))

    send("bare")  # APNS-005: the topic is the certificate's; APNS-026: curl's form type does not matter
    send("all", "-H", f"apns-topic: {p.b.topic}", "-H", "apns-push-type: mdm", "-H", "apns-priority: 10", "-H",
         f"apns-expiration: {int(time.time()) + 3600}", "-H", "apns-id: 0a1b2c3d-0000-4000-8000-00000000000a",
         message_id="0a1b2c3d-0000-4000-8000-00000000000a")
    send("upper", path=token.upper())  # APNS-021
    for priority in ("1", "5", "10"):  # APNS-023
        send(f"priority {priority}", "-H", f"apns-priority: {priority}")
    send("collapse", "-H", "apns-collapse-id: " + 64 * "c")  # APNS-024
    send("now or never", "-H", "apns-expiration: 0")  # APNS-032: the device is online
    send("no type", "-H", "content-type:")
    frame = payload("")
    send("largest", content=payload((4096 - len(frame)) * "m"))  # APNS-019
    return sent


def bad_headers(p, token):
    cases = [
        ("another topic", "apns-topic: com.apple.mgmt.External.other", "TopicDisallowed"),  # APNS-008
        ("no topic", "apns-topic: not/a/topic", "BadTopic"),
        ("type", "apns-push-type: nonsense", "InvalidPushType"),  # APNS-025
        ("expiration", "apns-expiration: tomorrow", "BadExpirationDate"),
        ("priority", "apns-priority: 7", "BadPriority"),  # APNS-023
        ("collapse id", "apns-collapse-id: " + 65 * "c", "BadCollapseId"),  # APNS-024
    ]
    known = "0a1b2c3d-0000-4000-8000-00000000000b"
    for what, header, reason in cases:
        p.refused(what, p.push(token, payload(what), "-H", header), 400, reason)
        p.refused(what, p.push(token, payload(what), "-H", header, "-H", f"apns-id: {known}"), 400, reason, known)
    # APNS-017: a malformed id is answered with a new one.
    p.refused("id", p.push(token, payload("id"), "-H", "apns-id: 17"), 400, "BadMessageId")
    twice = ["-H", f"apns-topic: {p.b.topic}"] * 2  # APNS-027
    p.refused("twice", p.push(token, payload("twice"), *twice), 400, "DuplicateHeaders")


def bad_requests(p, token):
    p.refused("GET", p.ask(f"/3/device/{token}"), 405, "MethodNotAllowed")  # APNS-020
    p.refused("path", p.ask("/4/x", "--data", "{}"), 404, "BadPath")
    p.refused("no token", p.push("", payload("no token")), 400, "MissingDeviceToken")
    for wrong in (64 * "0", token[:-2], token + "00", 28 * "a", 64 * "z"):  # APNS-022
        p.refused(wrong, p.push(wrong, payload(wrong)), 400, "BadDeviceToken")
    p.refused("empty", p.push(token, b""), 400, "PayloadEmpty")  # APNS-019
    p.refused("large", p.push(token, payload((4097 - len(payload(""))) * "m")), 413, "PayloadTooLarge")
    # APNS-006, APNS-010
    p.refused("nobody", p.push(token, payload("nobody"), identity=[]), 403, "MissingProviderToken")
    p.refused("bearer", p.push(token, payload("bearer"), "-H", "authorization: bearer e30.e30.e30", identity=[]), 403,
              "InvalidProviderToken")


def tokens_of_others(p, token):
    other = p.b.register("curl-other-topic", topic="com.apple.mgmt.External.another")
    p.refused("other topic", p.push(other, payload("other")), 400, "DeviceTokenNotForTopic")  # APNS-036
    begin = time.time()
    gone = p.b.register("curl-gone")
    p.accepted(p.push(gone, payload("before")))
    p.b.device_call("unregister", {"token": gone})
    said = p.refused("gone", p.push(gone, payload("gone")), 410, "Unregistered")
    expect_millis_now(said["timestamp"], begin)  # APNS-018
    again = p.refused("gone", p.push(gone, payload("gone")), 410, "Unregistered")
    expect(again["timestamp"] == said["timestamp"], f"{again} after {said}")
    expect(p.b.register("curl-gone") not in (gone, token), "a dead token was given out again")


def stored(p, listener):
    """APNS-031, APNS-034, APNS-032: one slot a token, the newest push; what never waits does not wait."""
    first, second, third = (p.b.register(f"curl-offline-{n}") for n in range(3))
    for name in ("one", "two", "three"):
        p.accepted(p.push(first, payload(f"offline {name}")))
    p.accepted(p.push(second, payload("offline other")))
    p.accepted(p.push(third, payload("offline at once"), "-H", "apns-expiration: 0"))
    p.b.device_call("subscribe", {"stream": listener.stream, "tokens": [third, first, second]})
    sent = [(first, payload("offline three")), (second, payload("offline other"))]
    for token, content in sent:
        listener.wait(token, content)
    return sent


def main():
    with bench() as b, b.listener() as listener:
        token = b.register("curl-1", stream=listener.stream)
        p = Provider(b)
        sent = good(p, listener, token)
        bad_headers(p, token)
        bad_requests(p, token)
        tokens_of_others(p, token)
        sent += stored(p, listener)
        # Everything that was refused would have been there before this one.
        p.accepted(p.push(token, payload("last")))
        listener.wait(token, payload("last"))
        expect_mdm_pushes_only(listener, [*sent, (token, payload("last"))])


if __name__ == "__main__":
    main()
