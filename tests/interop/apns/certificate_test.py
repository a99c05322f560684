"""The push certificate that `pomona serve` leaves for its user, as openssl sees it; and certificates that must not work."""

import json
import os
import re
import stat

from push_bench import bench, payload

from harness import expect, folder, start, stop, tool, wait_for

SANDBOX, PRODUCTION = "1.2.840.113635.100.6.3.1", "1.2.840.113635.100.6.3.2"
CA_CONFIG = """
[ca]
default_ca = d
[d]
database = {0}/index
serial = {0}/serial
new_certs_dir = {0}
default_md = sha256
policy = p
x509_extensions = e
unique_subject = no
copy_extensions = none
[p]
UID = optional
CN = optional
[e]
extendedKeyUsage = clientAuth
{1}
"""


def issued_well(b):
    text = tool("openssl", "x509", "-in", b.certificate, "-noout", "-text")
    for oid in (SANDBOX, PRODUCTION):
        expect(re.search(rf"^ +{re.escape(oid)}: *$", text, re.M), f"no {oid}:\n{text}")
    subject = tool("openssl", "x509", "-in", b.certificate, "-noout", "-subject", "-nameopt", "RFC2253")
    uuid = re.fullmatch(r"subject=C=US,CN=APSP:([0-9A-F-]{36}),UID=com\.apple\.mgmt\.External\.([0-9A-F-]{36})\n", subject)
    expect(uuid and uuid[1] == uuid[2], subject)
    expect(b.topic == f"com.apple.mgmt.External.{uuid[1]}", b.topic)
    said = tool("openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", b.ca, b.certificate)
    expect(said.strip().endswith("OK"), said)
    public = tool("openssl", "pkey", "-in", b.key, "-pubout")
    expect(public == tool("openssl", "x509", "-in", b.certificate, "-noout", "-pubkey"), "push.key is not push.pem's")
    days = tool("openssl", "x509", "-in", b.certificate, "-noout", "-checkend", str(364 * 86400))
    expect("will not expire" in days, days)


def kept_private(b):
    for name in ("push.pem", "push.key", "ca.pem"):
        mode = stat.S_IMODE(os.stat(b.apns / name).st_mode)
        expect(mode == 0o600, f"{name} is {mode:o}")
    expect(stat.S_IMODE(os.stat(b.apns).st_mode) == 0o700, "others may look into the folder")


class Issuer:
    """Certificates of our push CA that its portal would never issue."""

    def __init__(self, b):
        self.b = b
        self.key = b.scratch / "ca.key"
        tool("openssl", "pkey", "-inform", "DER", "-in", b.apns / "apns-ca.key", "-out", self.key)

    def issue(self, name, subject, extensions, dates=("20200101000000Z", "20400101000000Z"), by_ca=True):
        home = self.b.scratch / name
        home.mkdir()
        (home / "index").touch()
        (home / "serial").write_text("1000\n")
        (home / "config").write_text(CA_CONFIG.format(home, extensions))
        key, request, out = home / "key", home / "request", home / "pem"
        tool("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", subject)
        by = ["-cert", self.b.ca, "-keyfile", self.key] if by_ca else ["-selfsign", "-keyfile", key]
        tool("openssl", "ca", "-batch", "-notext", "-config", home / "config", *by, "-startdate", dates[0], "-enddate",
             dates[1], "-in", request, "-out", out)
        return out, key


def pushed(b, token, identity):
    """(status, reason) of a push under this certificate."""
    out = b.scratch / "body"
    out.write_text("")
    status = tool("curl", "-sS", "--http2", "--cacert", b.ca, "--cert", identity[0], "--key", identity[1], "-o", out, "-w",
                  "%{http_code}", "--data-binary", payload("certificate").decode(), f"{b.url}/3/device/{token}")
    body = out.read_text()
    return int(status), json.loads(body)["reason"] if body else ""


def refused(b):
    """APNS-007 and its neighbours; `same` proves that this issuer's certificates are refused for nothing else."""
    token = b.register("certificate")
    subject = f"/UID={b.topic}/CN=test"
    both = f"{SANDBOX}=DER:05:00\n{PRODUCTION}=DER:05:00"
    past = ("20200101000000Z", "20210101000000Z")
    ca = Issuer(b)
    for name, identity, answer in (
            ("same", ca.issue("same", subject, both), (200, "")),
            ("foreign", ca.issue("foreign", subject, both, by_ca=False), (403, "BadCertificate")),
            ("expired", ca.issue("expired", subject, both, dates=past), (403, "BadCertificate")),
            ("nobody", ca.issue("nobody", "/CN=test", both), (403, "BadCertificate")),
            ("tls only", ca.issue("plain", subject, ""), (403, "BadCertificate")),
            ("sandbox", ca.issue("sandbox", subject, f"{SANDBOX}=DER:05:00"), (403, "BadCertificateEnvironment")),
            ("other", ca.issue("other", "/UID=com.apple.mgmt.External.other/CN=x", both), (400, "DeviceTokenNotForTopic"))):
        got = pushed(b, token, identity)
        expect(got == answer, f"{name}: {got}, wanted {answer}")


def renewed_at_next_start():
    """APNS-071: the next start issues anew under the same names, and the CA file still fits."""
    subjects, serials = [], []
    with folder() as data:
        for _ in range(2):
            process = start("serve", "--data", data, "--port", 0, "--apns-port", 0)
            try:
                target = data / "target.yaml"
                wait_for(lambda: target.exists() or process.poll() is not None, 60, "the target file")
                for words, out in ((["-subject"], subjects), (["-serial"], serials)):
                    out.append(tool("openssl", "x509", "-in", data / "apns/push.pem", "-noout", *words))
                tool("openssl", "verify", "-CAfile", data / "apns/ca.pem", data / "apns/push.pem")
            finally:
                stop(process)
            target.unlink()
    expect(subjects[0] == subjects[1] and serials[0] != serials[1], f"{subjects} {serials}")


def main():
    with bench() as b:
        issued_well(b)
        kept_private(b)
        refused(b)
    renewed_at_next_start()


if __name__ == "__main__":
    main()
