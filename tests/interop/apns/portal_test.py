"""APNS-007, 010..013, 070, 071: a push certificate from `openssl req` to the first push, and provider tokens made by PyJWT, with curl."""

import json
import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's libraries, whichever interpreter runs this

import harness  # noqa: E402
import jwt  # noqa: E402


def ctl(target, *arguments):
    done = harness.run("ctl", "apns", *arguments, "-t", target)
    harness.expect_exit(done, 0)
    return json.loads(done.stdout)


def target_of(path):
    """Host, port and root of the push service, out of a target file."""
    lines = path.read_text(encoding="utf-8").split("  apns:")[1].splitlines()
    port = next(line.split(":")[1].strip() for line in lines if line.strip().startswith("port:"))
    pem = [line.strip() for line in lines]
    return port, "\n".join(pem[pem.index("-----BEGIN CERTIFICATE-----"):pem.index("-----END CERTIFICATE-----") + 1]) + "\n"


with harness.folder() as folder, harness.served() as (_, target):
    port, root = target_of(target)
    (folder / "root.pem").write_text(root, encoding="utf-8")

    def push(*options, token="00" * 32):
        out = harness.tool("curl", "-sS", "--http2", "--cacert", folder / "root.pem", "-d", '{"mdm":"x"}', "-w", "\n%{http_code}",
                           *options, f"https://localhost:{port}/3/device/{token}", good=(0, 56))
        body, _, status = out.rpartition("\n")
        return int(status), json.loads(body).get("reason") if body else None

    # From a key to a certificate: request, vendor's signature, upload.
    key, request, upload = folder / "push.key", folder / "push.csr", folder / "push.b64"
    harness.tool("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=mdm/C=US")
    upload.write_text(ctl(target, "sign", "--file", request)["upload"], encoding="utf-8")
    made = ctl(target, "certificate", "--file", upload)
    cert = folder / "push.pem"
    cert.write_text(made["certificate"], encoding="utf-8")
    subject = harness.tool("openssl", "x509", "-in", cert, "-noout", "-subject", "-nameopt", "RFC2253")
    harness.expect(f"UID={made['topic']}" in subject and f"CN=APSP:{made['entry']}" in subject, subject)
    mine = ("--cert", cert, "--key", key)
    harness.expect(push(*mine) == (400, "BadDeviceToken"), "the certificate is good, the token is nobody's")

    renewed = ctl(target, "certificate", "--file", upload, "--entry", made["entry"])
    harness.expect(renewed["topic"] == made["topic"] and renewed["serial"] != made["serial"], renewed)
    other = ctl(target, "certificate", "other-topic", "--file", upload, "--entry", made["entry"])
    harness.expect(other["topic"] != made["topic"], other)
    for kind, reason in (("expired", "BadCertificate"), ("sandbox-only", "BadCertificateEnvironment"), ("no-uid", "BadCertificate")):
        (folder / "bad.pem").write_text(ctl(target, "certificate", kind, "--file", upload)["certificate"], encoding="utf-8")
        harness.expect(push("--cert", folder / "bad.pem", "--key", key) == (403, reason), kind)
    ctl(target, "revoke", made["serial"])
    harness.expect(push(*mine) == (403, "BadCertificate"), "a revoked certificate")

    # Provider tokens.
    app = "org.example.app"
    (folder / "app.p8").write_text(ctl(target, "key", "KEY0000001", "TEAM000001", app)["private_key"], encoding="utf-8")

    def bearer(age=0, kid="KEY0000001"):
        signed = jwt.encode({"iss": "TEAM000001", "iat": int(time.time()) - age}, (folder / "app.p8").read_text(encoding="utf-8"),
                            algorithm="ES256", headers={"kid": kid})
        return ("-H", f"authorization: bearer {signed}")

    good = bearer()
    harness.expect(push(*good, "-H", f"apns-topic: {app}") == (400, "BadDeviceToken"), "a good token")
    harness.expect(push(*good) == (400, "MissingTopic"), "a token names no topic")
    harness.expect(push(*good, "-H", f"apns-topic: {made['topic']}") == (400, "TopicDisallowed"), "MDM takes no token")
    harness.expect(push(*bearer(kid="KEY0000009")) == (403, "InvalidProviderToken"), "unknown key")
    harness.expect(push(*bearer(age=3700)) == (403, "ExpiredProviderToken"), "old token")
    push(*bearer(age=1), "-H", f"apns-topic: {app}")
    harness.expect(push(*bearer(age=2)) == (429, "TooManyProviderTokenUpdates"), "the third token in 20 minutes")
    reasons = [p.get("reason") for p in ctl(target, "log")["pushes"]]
    harness.expect("TooManyProviderTokenUpdates" in reasons and "BadCertificate" in reasons, reasons)
