"""openssl reads our CMS: Mdm-Signature of every kind of message, SCEP messages, and the signed enrollment profile."""

import collections
import plistlib
import re

from documents import CHECKIN, REPORT, expect_all, first_fleet, messages

from harness import expect, folder, served, tool


def calendar(event):
    """The event's time for openssl: certificates of the virtual world are valid in that world."""
    return tool("date", "-u", "-d", event["time"], "+%s").strip()


def write(scratch, name, content):
    path = scratch / name
    path.write_bytes(content)
    return path


def verify_detached(message, ca, scratch, good=True):
    content = message.content if good else message.content.replace(b"UDID", b"UDIE", 1)
    expect(good or content != message.content, "nothing to alter in the body")
    signer = scratch / "signer.pem"
    said = tool("openssl", "cms", "-verify", "-inform", "DER", "-in", write(scratch, "signature", message.signature()),
                "-binary", "-content", write(scratch, "content", content), "-CAfile", ca, "-purpose", "any", "-attime",
                calendar(message.event), "-out", scratch / "out", "-signer", signer, good=(0,) if good else (4,))
    if good:
        expect((scratch / "out").read_bytes() == message.content, said)
    return signer


def mdm_signatures(run, ca, scratch):
    """MDM-CHK-069: each message's signature holds over its exact bytes, and its signer is an identity of the CA."""
    count, signers, last = collections.Counter(), set(), None
    for message in messages(run, actors=("mac",)):
        if message.kind != "request" or message.channel not in ("checkin", "mdm"):
            continue
        expect(message.signature() is not None, f"unsigned: {message.event['number']}")
        if message.redacted:  # a bootstrap token is a placeholder in the trace: its bytes are not those that were signed
            expect(message.name() == "SetBootstrapToken" or "SetBootstrapToken" in message.name(), f"{message.name()} is not stored as it was sent")
            continue
        signer = verify_detached(message, ca, scratch)
        signers.add(tool("openssl", "x509", "-in", signer, "-noout", "-subject", "-serial"))
        said = tool("openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-attime", calendar(message.event),
                    "-CAfile", ca, signer)
        expect(said.strip().endswith("OK"), said)
        count[message.name()] += 1
        last = message
    expect_all(count, {f"checkin {name}" for name in CHECKIN} | {f"report {name}" for name in REPORT}, "Mdm-Signature")
    expect(len(signers) == 3, f"three Macs, but the signers are {signers}")
    verify_detached(last, ca, scratch, good=False)


def scep_messages(run, scratch):
    """The outer signature of each PKIOperation, both ways, and the CA certificate as it was served."""
    count, authority = collections.Counter(), None
    for message in messages(run, actors=("mac",)):
        if message.channel != "scep":
            continue
        kind = f"{message.kind} {message.headers.get('content-type')}"
        file = write(scratch, "scep", message.content)
        if "pki-message" in kind:
            tool("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", file, "-out", scratch / "enveloped")
            said = tool("openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", scratch / "enveloped")
            expect("pkcs7-envelopedData" in said, said)
        elif "x-x509-ca-cert" in kind:
            authority = scratch / "served-ca.pem"
            tool("openssl", "x509", "-inform", "DER", "-in", file, "-out", authority)
        count[kind] += 1
    expect_all(count, ("request application/x-pki-message", "response application/x-pki-message",
                       "response application/x-x509-ca-cert"), "SCEP body")
    return authority


def enrollment_profile(target, ca, scratch):
    """ENR-007: what /enroll serves, by both of openssl's readers."""
    url = re.search(r'^  enroll_url: "(.+)"$', target.read_text(), re.M)[1]
    signed = scratch / "enroll.mobileconfig"
    tool("curl", "-sS", "--fail", "--cacert", ca, "-o", signed, url)
    contents = []
    for command in ("cms", "smime"):
        out = scratch / command
        tool("openssl", command, "-verify", "-inform", "DER", "-in", signed, "-CAfile", ca, "-purpose", "any", "-out", out)
        contents.append(out.read_bytes())
    expect(contents[0] == contents[1], "cms and smime read different contents")
    profile = plistlib.loads(contents[0])
    kinds = [payload["PayloadType"] for payload in profile["PayloadContent"]]
    expect({"com.apple.mdm", "com.apple.security.scep", "com.apple.security.root"} <= set(kinds), kinds)
    altered = write(scratch, "altered", signed.read_bytes().replace(b"com.apple.mdm", b"com.apple.mdn", 1))
    tool("openssl", "cms", "-verify", "-inform", "DER", "-in", altered, "-CAfile", ca, "-purpose", "any", "-out",
         scratch / "none", good=(4,))


def trust_of(target, scratch):
    """The target's own `trust`, which its Macs and its user take the CA from."""
    block = re.search(r"^  trust: \|\n((?:    .+\n)+)", target.read_text(), re.M)[1]
    return write(scratch, "ca.pem", re.sub(r"^ +", "", block, flags=re.M).encode())


def main():
    with served() as (_, target), folder() as scratch:
        ca = trust_of(target, scratch)
        enrollment_profile(target, ca, scratch)
        real = first_fleet(scratch / "real", "-t", target)
        mdm_signatures(real, ca, scratch)
        scep_messages(real, scratch)
        virtual = first_fleet(scratch / "virtual", "--world", "virtual")
        mdm_signatures(virtual, scep_messages(virtual, scratch), scratch)


if __name__ == "__main__":
    main()
