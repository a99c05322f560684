"""@parse/node-apn as a push provider, by certificate and (refused) by provider token."""

import json
import time

from push_bench import HERE, NODE_PACKAGES, bench, expect_millis_now, expect_mdm_pushes_only, payload

from harness import expect, tool


def send(b, pushes, **options):
    given = {"port": b.port, "ca": str(b.ca), "cert": str(b.certificate), "key": str(b.key), **options,
             "pushes": [{"token": token, "magic": magic, "fields": fields} for token, magic, fields in pushes]}
    return json.loads(tool("node", HERE / "node_apn_client.cjs", NODE_PACKAGES, input=json.dumps(given)))


def as_sent(magic):
    return json.dumps({"mdm": magic}, ensure_ascii=False, separators=(",", ":")).encode()


def by_certificate(b, listener):
    token = b.register("node-apn", stream=listener.stream)
    begin = time.time()
    gone = b.register("node-apn gone")
    b.device_call("unregister", {"token": gone})
    elsewhere = b.register("node-apn elsewhere", topic="com.apple.mgmt.External.another")
    magics = [f"node {n} \" \\ ü" for n in range(100)]
    good = [(token, magic, {"topic": b.topic}) for magic in magics]
    bad = [
        ((64 * "0", "unknown", {"topic": b.topic}), 400, "BadDeviceToken"),
        ((gone, "gone", {}), 410, "Unregistered"),
        ((elsewhere, "elsewhere", {}), 400, "DeviceTokenNotForTopic"),
        ((token, "topic", {"topic": "com.apple.mgmt.External.other"}), 400, "TopicDisallowed"),
        ((token, "bad topic", {"topic": "no topic"}), 400, "BadTopic"),
        ((token, 4096 * "m", {}), 413, "PayloadTooLarge"),
        ((token, "type", {"pushType": "nonsense"}), 400, "InvalidPushType"),
        ((token, "id", {"id": "17"}), 400, "BadMessageId"),
        ((token, "priority", {"priority": 7}), 400, "BadPriority"),
        ((token, "collapse", {"collapseId": 65 * "c"}), 400, "BadCollapseId"),
    ]
    said = send(b, good + [case[0] for case in bad])
    expect(said["version"].startswith("8."), said)
    for answer in said["answers"][:len(good)]:
        expect(answer == {"sent": [token], "failed": []}, answer)
    for (push, status, reason), answer in zip(bad, said["answers"][len(good):], strict=True):
        (failure,) = answer["failed"]
        expect((failure["device"], failure["status"], failure["response"]["reason"]) == (push[0], status, reason),
               f"{failure}, wanted {status} {reason}")
        if status == 410:
            expect_millis_now(failure["response"]["timestamp"], begin)  # APNS-018
    for magic in magics:
        listener.wait(token, as_sent(magic))
    return [(token, as_sent(magic)) for magic in magics]


def by_provider_token(b, token):
    """APNS-010, APNS-013: an MDM topic takes certificates only, and no signing key is known here."""
    key = b.scratch / "AuthKey.p8"
    key.write_text(tool("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    said = send(b, [(token, "token", {"topic": b.topic})], token={"key": str(key), "keyId": "ABCDE12345", "teamId": "TEAM123456"})
    (failure,) = said["answers"][0]["failed"]
    expect((failure["status"], failure["response"]["reason"]) == (403, "InvalidProviderToken"), failure)


def main():
    with bench() as b, b.listener() as listener:
        sent = by_certificate(b, listener)
        by_provider_token(b, sent[0][0])
        last = b.register("node-apn last", stream=listener.stream)
        send(b, [(last, "last", {})])
        listener.wait(last, as_sent("last"))
        expect_mdm_pushes_only(listener, [*sent, (last, as_sent("last"))])


if __name__ == "__main__":
    main()
