"""strongSwan's pki --scep at our CA as it is by default: ciphers, digests, paddings, a wrong challenge, and a renewal."""

from ca import REFUSED, ca, issued, key
from harness import expect, folder, tool


class Client:
    def __init__(self, authority, scratch):
        self.authority, self.scratch = authority, scratch
        self.root = scratch / "root.pem"
        self.root.write_bytes(authority.root.read_bytes())

    def ask(self, name, *options, its_key=None, good=(0,)):
        """The certificate's file and the key's."""
        its_key = its_key or key(self.scratch / f"{name}.key")
        certificate = self.scratch / f"{name}.pem"
        pem = tool("pki", "--scep", "--url", self.authority.url, "--in", its_key, "--dn", f"C=CH, O=Interop, CN={name}",
                   "--cacert-enc", self.root, "--cacert-sig", self.root, "--outform", "pem", *options, good=good)
        certificate.write_text(pem)
        return certificate, its_key

    def enroll(self, name, *options):
        certificate, its_key = self.ask(name, "--password", self.authority.challenge(self.scratch), *options)
        issued(self.authority.root, certificate, its_key, ["C = CH", "O = Interop", f"CN = {name}"])
        return certificate, its_key


def main():
    print(tool("dpkg-query", "-W", "strongswan-pki", "libstrongswan-extra-plugins").strip())
    with folder() as scratch, ca() as authority:
        client = Client(authority, scratch)
        first, first_key = client.enroll("default")
        client.enroll("des3", "--cipher", "des3")  # SCEP-004
        for digest in ("sha1", "sha384", "sha512"):
            client.enroll(digest, "--digest", digest)
        client.enroll("pss", "--rsa-padding", "pss")

        certificate, _ = client.ask("liar", "--password", "not-the-challenge", good=REFUSED)  # SCEP-018
        expect("CERTIFICATE" not in certificate.read_text(), "a certificate for a wrong challenge")
        certificate, _ = client.ask("mute", good=REFUSED)
        expect("CERTIFICATE" not in certificate.read_text(), "a certificate without a challenge")

        # RenewalReq: signed with the certificate in hand, a new key, no challenge (SCEP-022).
        second, second_key = client.ask("default", "--cert", first, "--key", first_key, its_key=key(scratch / "new.key"))
        issued(authority.root, second, second_key, ["CN = default"])


main()
