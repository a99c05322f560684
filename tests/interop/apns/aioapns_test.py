"""aioapns as a push provider, with and without ALPN (its own TLS settings offer none)."""

import json

from push_bench import DEBIAN_PYTHON, HERE, bench, expect_mdm_pushes_only, payload

from harness import expect, tool

KNOWN = "0a1b2c3d-0000-4000-8000-00000000000d"


def send(b, alpn, pushes):
    return json.loads(tool(DEBIAN_PYTHON, HERE / "aioapns_client.py", b.port, b.ca, b.both(), alpn, input=json.dumps(pushes)))


def session(b, listener, alpn):
    token = b.register(f"aioapns {alpn}", stream=listener.stream)
    gone = b.register(f"aioapns gone {alpn}")
    b.device_call("unregister", {"token": gone})
    elsewhere = b.register(f"aioapns elsewhere {alpn}", topic="com.apple.mgmt.External.another")
    wanted = [[token, {"mdm": f"aioapns {alpn} {n}"}, {"priority": "5", "time_to_live": 3600}] for n in range(100)]
    refused = [
        ([64 * "0", {"mdm": "unknown"}, {}], ["400", "BadDeviceToken"]),
        ([gone, {"mdm": "gone"}, {}], ["410", "Unregistered"]),
        ([elsewhere, {"mdm": "elsewhere"}, {}], ["400", "DeviceTokenNotForTopic"]),
        ([token, {"mdm": 4096 * "m"}, {}], ["413", "PayloadTooLarge"]),
        ([token, {"mdm": "priority"}, {"priority": "7"}], ["400", "BadPriority"]),
        ([token, {"mdm": "collapse"}, {"collapse_key": 65 * "c"}], ["400", "BadCollapseId"]),
        ([token, {"mdm": "expired"}, {"notification_id": KNOWN, "priority": "x"}], ["400", "BadPriority"]),
    ]
    said = send(b, alpn, wanted + [r[0] for r in refused])
    expect(said["topic"] == b.topic, said)
    # APNS-016: aioapns raises when an empty DATA frame follows the headers of a 200.
    for answer in said["answers"][:len(wanted)]:
        expect(answer[0] == "200" and answer[1] is None, f"{alpn}: {answer}")
    for (_, reason), answer in zip(refused, said["answers"][len(wanted):], strict=True):
        expect(answer[:2] == reason, f"{alpn}: {answer}, wanted {reason}")
    expect(said["answers"][-1][2] == KNOWN, said)  # APNS-017: it finds its request by the id that comes back
    out = [(token, json.dumps(message).encode()) for _, message, _ in wanted]
    for _, content in out:
        listener.wait(token, content)
    return out


def main():
    with bench() as b, b.listener() as listener:
        # APNS-003: no ALPN; APNS-026: `host` in place of :authority, no content-type, no content-length.
        sent = session(b, listener, "-") + session(b, listener, "h2")
        last = b.register("aioapns last", stream=listener.stream)
        send(b, "-", [[last, {"mdm": "last"}, {}]])
        listener.wait(last, payload("last"))
        expect_mdm_pushes_only(listener, [*sent, (last, payload("last"))])


if __name__ == "__main__":
    main()
