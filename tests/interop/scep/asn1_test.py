"""A second reading of our own SCEP messages: dumpasn1, which shares nothing with OpenSSL, walks a request, a success and a
refusal of a real enrollment; openssl opens the envelope with the CA's key (SCEP-011, SCEP-012, SCEP-035, SCEP-054, SCEP-060)."""

import hashlib
import re

from ca import ca
from harness import SOURCE, expect, expect_exit, folder, run, tool, trace

VERISIGN = "2 16 840 1 113733 1 9"
DATA, SIGNED, ENVELOPED = (f"1 2 840 113549 1 7 {n}" for n in (1, 2, 3))


class Message:
    """What dumpasn1 sees in a pkiMessage. It ends with the number of errors it found, so none is a condition already."""

    def __init__(self, file):
        self.text = tool("dumpasn1", "-p", "-e", "-o", "-w200", file)
        expect(f"({SIGNED})" in self.text, f"no SignedData: {self.text[:300]}")

    def attribute(self, oid):
        """(type, value) of a signed attribute with one value; None when it is absent."""
        found = re.findall(rf"OBJECT IDENTIFIER [^\n(]*\({oid}\)\s+SET {{\s+([A-Za-z0-9 ]+?) ('[^\n]*'|[0-9A-F ]+)\n\s+}}", self.text)
        expect(len(found) <= 1, f"{oid} is there {len(found)} times")
        return found[0] if found else None

    def printable(self, last):
        kind, value = self.attribute(f"{VERISIGN} {last}") or (None, "''")
        expect(kind in (None, "PrintableString"), f"{last} is a {kind}")
        return None if kind is None else value.strip("'")

    def nonce(self, last):
        kind, value = self.attribute(f"{VERISIGN} {last}") or (None, "")
        expect(kind in (None, "OCTET STRING"), f"{last} is a {kind}")
        return None if kind is None else bytes.fromhex(value)

    def has_content(self):
        """Is there an eContent in encapContentInfo (the first `data` of the message)?"""
        return re.search(rf"\({DATA}\)\s+\[0\] {{\s+OCTET STRING", self.text) is not None


def messages(run_folder):
    """The bodies of the one PKIOperation, as the Mac sent and got them."""
    both = [e for e in trace(run_folder) if "PKIOperation" in e.get("target", "") and e.get("at") == "client"]
    expect([e["kind"] for e in both] == ["request", "response"], f"{len(both)} messages of PKIOperation")
    return [run_folder / "bodies" / e["body"]["sha256"] for e in both]


def common(message, kind):
    expect(message.printable(2) == kind, f"messageType {message.printable(2)} instead of {kind}")
    expect(len(message.nonce(5) or b"") == 16, "senderNonce has not 16 octets")
    for oid in ("9 3", "9 4", "9 5"):  # contentType, messageDigest, signingTime
        expect(message.text.count(f"(1 2 840 113549 1 {oid})") == 1, f"1.2.840.113549.1.{oid} is not there once")


def a_request(file, authority, scratch):
    request = Message(file)
    common(request, "19")
    expect(request.nonce(6) is None and request.printable(3) is None, "a request with attributes of a reply")
    envelope, csr = scratch / "envelope", scratch / "csr"
    tool("openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "der", "-in", file, "-out", envelope)
    inside = tool("dumpasn1", "-e", "-w200", envelope, good=range(0, 2))
    for words in (f"({ENVELOPED})", "aes128-CBC (2 16 840 1 101 3 4 1 2)", "rsaEncryption (1 2 840 113549 1 1 1)"):
        expect(words in inside, f"no {words} in {inside[:2000]}")
    tool("openssl", "cms", "-decrypt", "-binary", "-inform", "der", "-in", envelope, "-recip", authority.data / "ca-identity.pem",
         "-out", csr)
    said = tool("openssl", "req", "-inform", "der", "-in", csr, "-verify", "-noout", "-text")
    expect("challengePassword" in said and "2048 bit" in said, said)
    # SCEP-060: Apple's client takes SHA-1 over the PKCS#1 public key.
    public = scratch / "public.pem"
    public.write_text(tool("openssl", "req", "-inform", "der", "-in", csr, "-noout", "-pubkey"))
    pkcs1 = tool("openssl", "rsa", "-pubin", "-in", public, "-RSAPublicKey_out", "-outform", "der", text=False)
    expect(request.printable(7) == hashlib.sha1(pkcs1).hexdigest().upper(), f"transactionID {request.printable(7)}")
    return request


def a_reply(reply, request, status):
    common(reply, "3")
    expect(reply.printable(3) == status, f"pkiStatus {reply.printable(3)} instead of {status}")
    expect(reply.nonce(6) == request.nonce(5), "recipientNonce is not the request's senderNonce")
    expect(reply.nonce(5) != request.nonce(5), "senderNonce is the request's")
    expect(reply.printable(7) == request.printable(7), "another transactionID")
    expect((reply.printable(4) is not None) == (status == "2"), f"failInfo {reply.printable(4)} with status {status}")
    expect(reply.has_content() == (status == "0"), f"status {status} and an envelope do not fit")


def main():
    print(tool("dpkg-query", "-W", "dumpasn1", "openssl").strip())
    with folder() as scratch, ca() as authority, ca() as another:
        done = run("run", SOURCE / "scenarios" / "not-now.yaml", "--macs", 1, "-t", authority.data / "target.yaml",
                   "--out", scratch / "run")
        expect_exit(done, 0)
        sent, got = messages(scratch / "run")
        request = a_request(sent, authority, scratch)
        a_reply(Message(got), request, "0")
        # Another CA cannot open the envelope.
        refused = scratch / "refused"
        tool("curl", "-sS", "-f", "--data-binary", f"@{sent}", "-H", "Content-Type: application/x-pki-message", "-o", refused,
             f"{another.url}?operation=PKIOperation")
        refusal = Message(refused)
        a_reply(refusal, request, "2")
        expect(refusal.printable(4) == "1", f"failInfo {refusal.printable(4)} instead of badMessageCheck")


main()
