"""What the SCEP tests share: a served CA without TLS, a challenge, and openssl's opinion of what came out."""

import contextlib
import os
import plistlib
import re

from harness import expect, served, tool, wait_for


class Ca:
    """A running `pomona serve` that offers SCEP without TLS."""

    def __init__(self, target, printed):
        self.data = target.parent
        self.root = self.data / "ca.pem"
        self.url = re.search(r"SCEP\s+(http://\S+)", printed)[1]
        self.enroll = re.search(r"enroll\s+(https://\S+)", printed)[1]

    def challenge(self, scratch):
        """A fresh one, out of an enrollment profile that curl fetches and openssl unpacks."""
        signed, plain = scratch / "enroll.mobileconfig", scratch / "enroll.plist"
        tool("curl", "-sS", "--cacert", self.root, "-o", signed, self.enroll)
        tool("openssl", "cms", "-verify", "-inform", "der", "-in", signed, "-CAfile", self.root, "-purpose", "any",
             "-out", plain)
        payloads = plistlib.loads(plain.read_bytes())["PayloadContent"]
        [scep] = [p for p in payloads if p["PayloadType"] == "com.apple.security.scep"]
        return scep["PayloadContent"]["Challenge"]


@contextlib.contextmanager
def ca(*options):
    with served("--scep-http-port", 0, *options) as (process, target):
        lines = []
        os.set_blocking(process.stdout.fileno(), False)
        wait_for(lambda: lines.append(process.stdout.read() or "") or "Ctrl-C" in "".join(lines), 20, "what serve prints")
        yield Ca(target, "".join(lines))


def key(path):
    """RSA 2048, PKCS#1 PEM, which every client reads."""
    tool("openssl", "genrsa", "-traditional", "-out", path, "2048")
    return path


def issued(authority, certificate, its_key, subject_words):
    """The certificate chains to the CA, is for this key, has the subject that was asked for and is good for a client."""
    tool("openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", authority, certificate)
    of_certificate = tool("openssl", "x509", "-in", certificate, "-noout", "-pubkey")
    of_key = tool("openssl", "pkey", "-in", its_key, "-pubout")
    expect(of_certificate == of_key, f"{certificate} is not for {its_key}")
    subject = tool("openssl", "x509", "-in", certificate, "-noout", "-subject")
    for word in subject_words:
        expect(word in subject, f"no {word} in {subject}")
    return tool("openssl", "x509", "-in", certificate, "-noout", "-serial")


REFUSED = range(1, 256)  # exit codes of a program that said no
