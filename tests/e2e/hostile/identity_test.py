"""Proofs of identity that prove nothing: signatures, certificates, SCEP messages and challenges."""

import base64
import http.server
import plistlib
import random
import re
import subprocess
import threading

from harness import expect, tool
from victim import CHECKIN, REPORT, Health, Mac, expect_refused, victim


def detached(v, body, identity, *options):
    """A CMS signature over `body` as Apple's clients make it, in DER."""
    source = v.data / "signed-body"
    source.write_bytes(body)
    return tool("openssl", "cms", "-sign", "-binary", "-in", source, "-signer", identity, "-outform", "DER", *options,
                text=False)


def signatures(v, mac, other):
    body = plistlib.dumps(mac.token_update())
    good = detached(v, body, mac.identity)

    def ask(header, what=body):
        return v.http("PUT", "/checkin", what, [f"Content-Type: {CHECKIN}", f"Mdm-Signature: {header}"])

    text = base64.b64encode(good).decode()
    expect(ask(text).status == 200, "the signature was not taken")
    headers = {"nothing": "", "no base64": "@@@@", "half a base64": text[:-3], "no CMS": base64.b64encode(b"x" * 500).decode(),
               "spaces inside": " ".join(text), "too long": text * 40, "twice": f"{text}\r\nMdm-Signature: {text}"}
    draw = random.Random(1)
    for at in draw.sample(range(len(good)), 60):
        changed = good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1:]
        headers[f"octet {at} changed"] = base64.b64encode(changed).decode()
    for cut in (1, 2, 10, len(good) // 2, len(good) - 1):
        headers[f"cut after {cut}"] = base64.b64encode(good[:cut]).decode()
    headers["nested without end"] = base64.b64encode(b"\x30\x80" * 2000).decode()
    headers["lengths of 2^32"] = base64.b64encode(b"\x30\x84\xff\xff\xff\xff" * 20).decode()
    for what, header in headers.items():
        got = ask(header)
        # What is signed does not cover every octet of a CMS message (its own version, for one).
        changed = what.startswith("octet")
        expect_refused(got, f"Mdm-Signature: {what}", range(200, 500) if changed else range(400, 500))
        expect(not changed or got.status == 200 or got.status in (400, 403), f"{what}: {got.status}")
    expect_refused(ask(text, body + b" "), "a signature over another body", [400])
    for identity in (v.identity("stranger", ca=v.foreign_ca()), v.foreign_ca()):
        expect_refused(ask(base64.b64encode(detached(v, body, identity)).decode()), "a stranger's signature", [403])
    got = ask(base64.b64encode(detached(v, body, other.identity)).decode())
    expect_refused(got, "another Mac's signature", [403])
    got = v.http("PUT", "/checkin", body, [f"Content-Type: {CHECKIN}", f"Mdm-Signature: {text}"], other.identity)
    expect_refused(got, "TLS and signature of two Macs", [400])


def certificates(v, mac, other):
    for name, identity in (("of another CA", v.identity("stranger", ca=v.foreign_ca())), ("a CA itself", v.foreign_ca()),
                           ("expired", v.identity("expired", days=0)), ("none", None),
                           ("never enrolled", v.identity("unknown"))):
        for path, media, message in (("/checkin", CHECKIN, mac.token_update()), ("/mdm", REPORT, {"Status": "Idle", "UDID": mac.udid}),
                                     ("/checkin", CHECKIN, {"MessageType": "CheckOut", "UDID": mac.udid, "Topic": v.topic})):
            body = plistlib.dumps(message)
            got = v.http("PUT", path, body, [f"Content-Type: {media}"], identity)
            expect_refused(got, f"{path} with a certificate {name}", [403])
    # A Mac of this server in another's name: nothing of the other is told, changed or ended.
    command = mac.queue()
    authenticate = {"MessageType": "Authenticate", "UDID": mac.udid, "Topic": v.topic, "SerialNumber": "X", "DeviceName": "x",
                    "Model": "x", "ModelName": "x"}
    for message in (authenticate, mac.token_update(), {"MessageType": "CheckOut", "UDID": mac.udid, "Topic": v.topic},
                    {"MessageType": "GetBootstrapToken", "UDID": mac.udid},
                    {"MessageType": "SetBootstrapToken", "UDID": mac.udid, "BootstrapToken": b"x"},
                    {"MessageType": "DeclarativeManagement", "UDID": mac.udid, "Endpoint": "tokens"}):
        got = mac.put("/checkin", CHECKIN, message, other.identity)
        expect_refused(got, f"{message['MessageType']} in another's name", [403])
    for report in ({"Status": "Idle"}, {"Status": "Acknowledged", "CommandUUID": command}):
        got = mac.put("/mdm", REPORT, {**report, "UDID": mac.udid}, other.identity)
        expect_refused(got, f"{report['Status']} in another's name", [403])
    mac.expect_command(command)


class Relay(http.server.BaseHTTPRequestHandler):
    """Stands between a SCEP client and the server, and keeps what the client said."""

    served, heard = None, []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST":
            Relay.heard.append(body)
        got = Relay.served.http(self.command, self.path, body)
        self.send_response(got.status)
        media = re.search(rb"(?i)content-type: ([^\r]+)", got.head)
        if media:
            self.send_header("Content-Type", media[1].decode())
        self.send_header("Content-Length", str(len(got.body)))
        self.end_headers()
        self.wfile.write(got.body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def challenge_of(v):
    """A new profile's one-time challenge."""
    signed = v.data / "profile.der"
    signed.write_bytes(v.http("GET", "/enroll").body)
    profile = tool("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", signed, text=False)
    payloads = plistlib.loads(profile)["PayloadContent"]
    return next(p for p in payloads if p["PayloadType"] == "com.apple.security.scep")["PayloadContent"]["Challenge"]


def enroll_by_scep(v, url, challenge, name):
    """strongSwan's client asks for a certificate."""
    key, ca = v.data / f"{name}-key.pem", v.data / "ca.pem"
    tool("openssl", "genrsa", "-out", key, "2048")
    return subprocess.run(["pki", "--scep", "--url", url, "--in", key, "--dn", f"CN={name}", "--password", challenge,
                           "--cacert-enc", ca, "--cacert-sig", ca, "--outform", "pem"],
                          capture_output=True, text=True, timeout=60, check=False)


def scep(v):
    relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=relay.serve_forever, daemon=True).start()
    Relay.served = v
    url = f"http://127.0.0.1:{relay.server_address[1]}/scep"
    challenge = challenge_of(v)
    first = enroll_by_scep(v, url, challenge, "first")
    expect(first.returncode == 0 and "BEGIN CERTIFICATE" in first.stdout, "no certificate by SCEP", first)
    message = Relay.heard[-1]
    again = enroll_by_scep(v, url, challenge, "again")
    expect("BEGIN CERTIFICATE" not in again.stdout, "a challenge was good for two certificates", again)
    expect(Relay.heard[-1] != message, "the second request never came", again)
    invented = enroll_by_scep(v, url, "0" * 32, "invented")
    expect("BEGIN CERTIFICATE" not in invented.stdout, "an invented challenge was taken", invented)
    relay.shutdown()

    # The same message once more: the same certificate for whom it was, and no other (RFC 8894 section 3.3.1).
    count = len(re.findall("serial", v.api("GET", "/v1/enrollments").body.decode()))
    expect(v.http("POST", "/scep?operation=PKIOperation", message).status == 200, "a repeated message")
    expect(len(re.findall("serial", v.api("GET", "/v1/enrollments").body.decode())) == count, "a replay enrolled something")

    broken = {"nothing": b"", "noise": bytes(range(256)) * 8, "nested without end": b"\x30\x80" * 20_000,
              "a length of 2^32": b"\x30\x84\xff\xff\xff\xff" + message, "1 MiB": b"\x30" * (1 << 20),
              "text": b"-----BEGIN PKCS7-----\n"}
    for cut in range(1, len(message), len(message) // 24):
        broken[f"cut after {cut}"] = message[:cut]
    for what, body in broken.items():
        expect_refused(v.http("POST", "/scep?operation=PKIOperation", body), f"a SCEP message: {what}")
        if len(body) < 20_000:
            target = "/scep?operation=PKIOperation&message=" + base64.b64encode(body).decode().replace("+", "%2B")
            expect_refused(v.http("GET", target), f"by GET: {what}")
    draw = random.Random(2)
    for at in draw.sample(range(len(message)), 150):
        changed = message[:at] + bytes([message[at] ^ draw.randint(1, 255)]) + message[at + 1:]
        # SCEP answers in its own terms, with 200 and a failInfo, where it can be told whom to answer.
        expect_refused(v.http("POST", "/scep?operation=PKIOperation", changed), f"octet {at}", [200, *range(400, 500)])


def main():
    with victim() as v:
        mac, other = Mac(v, "mac").enroll(), Mac(v, "other").enroll()
        with Health(v):
            scep(v)
            v.expect_line(r"refused \(answer\) .*POST /scep answered 400")
            certificates(v, mac, other)
            signatures(v, mac, other)
        v.expect_line(r"answered 403: the device's certificate is not of this server's CA")
        v.expect_line(r"answered 403: this certificate belongs to another enrollment")


if __name__ == "__main__":
    main()
