"""openssl verifies the chains that a run uses: the server's by purpose and name, and that of an identity."""

import re

from signatures_test import trust_of

from documents import first_fleet, messages
from harness import expect, folder, served, tool


def server_chain(target, ca, scratch):
    where = re.search(r'^  url: "https://(.+)"$', target.read_text(), re.M)[1]
    said = tool("openssl", "s_client", "-connect", where, "-CAfile", ca, "-verify_return_error", "-x509_strict", "-purpose",
                "sslserver", "-verify_hostname", "localhost", "-showcerts", input="")
    expect("Verification: OK" in said and "Verified peername: localhost" in said, said)
    leaf = scratch / "server.pem"
    leaf.write_text(re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", said, re.S)[0])
    for name in (["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"]):
        said = tool("openssl", "verify", "-x509_strict", "-purpose", "sslserver", *name, "-CAfile", ca, leaf)
        expect(said.strip().endswith("OK"), said)
    tool("openssl", "verify", "-verify_hostname", "elsewhere.example", "-CAfile", ca, leaf, good=(2,))
    tool("openssl", "verify", "-purpose", "sslclient", "-CAfile", ca, leaf, good=(2,))
    return leaf


def authority(ca):
    text = tool("openssl", "x509", "-in", ca, "-noout", "-text")
    expect(re.search(r"Basic Constraints: critical\n +CA:TRUE, pathlen:0", text), text)
    expect(re.search(r"Key Usage: critical\n.*Certificate Sign", text), text)
    said = tool("openssl", "verify", "-x509_strict", "-check_ss_sig", "-CAfile", ca, ca)
    expect(said.strip().endswith("OK"), said)


def identities(run, ca, server, scratch):
    """The leaf in each Mac's Mdm-Signature: for clients only, with the CA's key identifier, and by nobody else."""
    seen = {}
    for message in messages(run, actors=("mac",)):
        if message.signature() and message.event["actor"] not in seen:
            name = message.event["actor"]
            (scratch / "signature").write_bytes(message.signature())
            listed = tool("openssl", "pkcs7", "-inform", "DER", "-in", scratch / "signature", "-print_certs")
            seen[name] = scratch / f"{name}.pem"
            seen[name].write_text(re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", listed, re.S)[0])
    expect(len(seen) == 3, f"identities of {sorted(seen)}")
    keys = {tool("openssl", "x509", "-in", leaf, "-noout", "-pubkey") for leaf in seen.values()}
    expect(len(keys) == 3, "Macs share a key")
    above = re.search(r"Subject Key Identifier: *\n +(\S+)", tool("openssl", "x509", "-in", ca, "-noout", "-text"))[1]
    for leaf in seen.values():
        said = tool("openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", ca, leaf)
        expect(said.strip().endswith("OK"), said)
        tool("openssl", "verify", "-purpose", "sslserver", "-CAfile", ca, leaf, good=(2,))
        tool("openssl", "verify", "-CAfile", server, leaf, good=(2,))
        # SCEP-033: extended usage, usage, no CA, the issuer's key identifier, a life within the CA's.
        text = tool("openssl", "x509", "-in", leaf, "-noout", "-text")
        for wanted in ("CA:FALSE", "Digital Signature", "TLS Web Client Authentication", f"Authority Key Identifier: \n                {above}"):
            expect(wanted in text, f"no {wanted!r}:\n{text}")
        expect("TLS Web Server" not in text and "Certificate Sign" not in text, text)
        ends = [int(tool("date", "-u", "-d", tool("openssl", "x509", "-in", c, "-noout", "-enddate").split("=")[1], "+%s"))
                for c in (leaf, ca)]
        expect(ends[0] <= ends[1], f"the identity outlives its CA: {ends}")


def main():
    with served() as (_, target), folder() as scratch:
        ca = trust_of(target, scratch)
        authority(ca)
        server = server_chain(target, ca, scratch)
        identities(first_fleet(scratch / "run", "-t", target), ca, server, scratch)


if __name__ == "__main__":
    main()
