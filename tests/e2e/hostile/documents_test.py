"""Bodies, media types, methods and paths that are not what they should be."""

import json
import plistlib
import struct

from harness import expect
from victim import CHECKIN, REPORT, Health, Mac, expect_refused, victim


def binary_plist(objects, root=0):
    """A binary property list of these encoded objects, with offsets that are right."""
    body, offsets = b"bplist00", []
    for one in objects:
        offsets.append(len(body))
        body += one
    table = len(body)
    body += b"".join(struct.pack(">I", at) for at in offsets)
    return body + struct.pack(">5xBBBQQQ", 0, 4, 1, len(objects), root, table)


def cyclic(size):
    """A dictionary {"a": itself}, and for larger sizes arrays that hold each other many times over."""
    if size == 1:
        return binary_plist([b"\xd1\x01\x00", b"\x51a"])
    # Each array holds the next one twice: 2^size values out of a few bytes.
    return binary_plist([bytes([0xA2, i + 1, i + 1]) for i in range(size)] + [b"\x51a"])


def broken_plists(mac):
    good = plistlib.dumps(mac.token_update())
    binary = plistlib.dumps(mac.token_update(), fmt=plistlib.FMT_BINARY)
    head = b'<?xml version="1.0" encoding="UTF-8"?><plist version="1.0">'
    for cut in (0, 1, 7, 40, len(good) // 2, len(good) - 9):
        yield f"XML cut after {cut}", good[:cut]
    for cut in (6, 8, 20, len(binary) // 2, len(binary) - 1):
        yield f"binary cut after {cut}", binary[:cut]
    for at in range(len(binary) - 26, len(binary)):  # after the unused octets
        yield f"binary trailer, byte {at}", binary[:at] + b"\xff" + binary[at + 1:]
    yield "a dictionary that holds itself", cyclic(1)
    yield "arrays that hold each other", binary_plist([b"\xa1\x01", b"\xa1\x00"])
    yield "2^60 values in 200 bytes", cyclic(60)
    yield "an offset beyond the end", binary_plist([b"\xd1\x01\x7f", b"\x51a"])
    yield "a length of 2^62", binary_plist([b"\x4f\x13\x3f\xff\xff\xff\xff\xff\xff\xff"])
    for depth in (600, 100_000):
        yield f"{depth} arrays deep", head + b"<array>" * depth + b"</array>" * depth + b"</plist>"
        yield f"{depth} dictionaries deep", head + b"<dict><key>a</key>" * depth
    yield "a million values", head + b"<array>" + b"<true/>" * 500_000 + b"</array></plist>"
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(12))
    yield "entities that multiply", f"<!DOCTYPE plist [{entities}]><plist><string>&e11;</string></plist>".encode()
    yield "an external entity", b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><plist><string>&x;</string></plist>'
    yield "not UTF-8", head + b"<dict><key>MessageType</key><string>\xff\xfe\x80</string></dict></plist>"
    yield "noise", bytes(range(256)) * 40
    yield "zeros", bytes(1 << 20)
    for root in ([], "text", 7, {}, {"MessageType": 5}, {"MessageType": "Nonsense", "UDID": mac.udid},
                 {**mac.token_update(), "UDID": ["list"]}, {**mac.token_update(), "UDID": ""},
                 {**mac.token_update(), "Token": "text"}, {**mac.token_update(), "Topic": b"data"},
                 {"MessageType": "Authenticate", "UDID": mac.udid}, {"MessageType": "TokenUpdate"}):
        yield f"unfit: {root}", plistlib.dumps(root)


def plists(v, mac):
    for what, body in broken_plists(mac):
        for path, media in (("/checkin", CHECKIN), ("/mdm", REPORT)):
            expect_refused(mac.put(path, media, body), f"{path}: {what}")


def oversized(v, mac):
    """More than 4 MiB: 413, whether announced or only sent."""
    for identity in (None, mac.identity):
        got = v.raw(b"PUT /mdm HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n", identity)
        expect_refused(got, "an announced body of 90 MB", [413])
    got = mac.put("/mdm", REPORT, b"x" * (5 << 20))
    expect_refused(got, "a body of 5 MiB", [413], closed=True)
    chunks = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    got = v.raw(b"PUT /mdm HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks * 6 + b"0\r\n\r\n")
    expect_refused(got, "6 MiB in chunks", [413], closed=True)
    for identifier in ("x" * 100_000, "\0", "\n\x1b[31m", "\u202e" * 1000):
        body = plistlib.dumps({**mac.token_update(), "UDID": identifier}, fmt=plistlib.FMT_BINARY)
        expect_refused(mac.put("/checkin", CHECKIN, body), f"the UDID {identifier[:10]!r}")


def media_types(v, mac):
    body = plistlib.dumps(mac.token_update())
    for media in ("", "text/html", "application/json", "multipart/form-data", "x" * 3000, "application/x-apple-aspen-mdm-checkin/x",
                  ";;;", "\xff\xfe"):
        got = mac.put("/mdm", media, body)  # without its type a check-in is a command report, and none of that
        expect_refused(got, f"a check-in at /mdm as {media[:40]!r}")


def methods_and_paths(v, mac):
    for path, allowed in (("/healthz", "GET"), ("/enroll", "GET"), ("/checkin", "PUT"), ("/mdm", "PUT")):
        for method in ("GET", "POST", "DELETE", "TRACE", "PATCH", "CONNECT", "BREW", "X" * 300):
            if method != allowed:
                expect_refused(v.http(method, path, identity=mac.identity), f"{method} {path}", [400, 405])
    for path in ("/", "/nothing", "/.git/config", "/../../etc/passwd", "/mdm/../v1/enrollments", "/v1", "/v1/", "/v1//", "//mdm",
                 "/%2e%2e/%2e%2e", "/scep", "/scep?operation=", "/scep?operation=Nonsense", "/scep?message=%%%",
                 "/scep?operation=PKIOperation&message=" + "A" * 60_000, "/v1/enrollments", "/?" + "a=b&" * 5000,
                 "*", "http://[", "/\xff\xfe", "/%00", "/healthz%00"):
        expect_refused(v.http("GET", path), f"GET {path[:60]}")
    for name in ("Basic", "Basic !!!!", "Basic bmFub21kbTp3cm9uZw==", "Bearer x", "Basic " + "A" * 20_000, ""):
        expect_refused(v.http("GET", "/v1/enrollments", headers=[f"Authorization: {name}"]), name[:30], [401])


def api_bodies(v, mac):
    """Who holds the API's key gets a 4xx for nonsense, too."""
    deep = b"[" * 100_000
    for path in (f"/v1/enqueue/{mac.udid}", "/v1/enqueue/nobody", "/v1/pushcert", "/v1/declarations", "/v1/sets/x",
                 "/v1/set-declarations/x", "/v1/enrollment-sets/x"):
        for body in (b"", b"{", deep, b"\xff" * 100, b'{"a":' * 5000, json.dumps({"x": 1}).encode(), b"x" * 100_000):
            got = v.api("PUT", path, body)
            expect_refused(got, f"PUT {path} {body[:20]!r}", range(200, 500))
            expect(body[:1] not in (b"{", b"[", b"\xff") or got.status != 200 or "set" in path, f"{path} took {body[:20]!r}")
    for path in ("/v1/enrollments?id=" + "a," * 20_000, "/v1/commands/%00", "/v1/commands/" + "x" * 5000, "/v1/status/%ff",
                 "/v1/push/" + ("nobody," * 2000)[:-1] + "%ff"):
        expect_refused(v.api("GET", path), f"GET {path[:40]}", range(200, 500))


def main():
    with victim() as v:
        mac = Mac(v, "hostile").enroll()
        with Health(v):
            for attack in (plists, oversized, media_types, methods_and_paths, api_bodies):
                attack(v, mac)
                v.expect_alive()
        v.expect_line(r"refused \(answer\) 127\.0\.0\.1:\d+: PUT /checkin answered 400")
        v.expect_line(r"refused \(flood\) .*answered 413")


if __name__ == "__main__":
    main()
