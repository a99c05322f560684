"""Debian's scepclient (Go, micromdm/scep 2.1.0) at our CA. It encrypts with single DES and signs with SHA-1 whatever the CA
announces (SCEP-029): refused by default, served with --scep-legacy."""

from ca import REFUSED, ca, issued
from harness import expect, folder, tool


def enroll(authority, scratch, name, challenge, good=(0,)):
    own = scratch / name
    own.mkdir()
    # It writes its certificate request into the working folder.
    said = tool("scepclient", "-server-url", authority.url, "-private-key", own / "key.pem", "-certificate", own / "cert.pem",
                "-challenge", challenge, "-cn", name, "-organization", "Interop", good=good, cwd=own)
    return own, said


def refusal(authority, scratch, name, challenge, reason):
    """It dies with an error of its own making; what the CA answered is in its log line."""
    own, _ = enroll(authority, scratch, name, challenge, good=REFUSED)
    expect(not (own / "cert.pem").exists(), f"{name} has a certificate")
    text = tool("sh", "-c", f"cd {own} && scepclient -server-url {authority.url} -private-key key.pem -certificate cert.pem "
                            f"-challenge {challenge} -cn {name} 2>&1; true")
    expect(reason in text, f"{name}: no {reason} in {text}")


def main():
    print(tool("dpkg-query", "-W", "scep").strip())
    with folder() as scratch, ca("--scep-legacy") as authority:
        own, _ = enroll(authority, scratch, "first", authority.challenge(scratch))
        one = issued(authority.root, own / "cert.pem", own / "key.pem", ["CN = first", "O = Interop"])
        own, _ = enroll(authority, scratch, "second", authority.challenge(scratch))
        two = issued(authority.root, own / "cert.pem", own / "key.pem", ["CN = second"])
        expect(one != two, f"one serial twice: {one}")
        refusal(authority, scratch, "liar", "not-the-challenge", "badRequest")  # SCEP-018
    with folder() as scratch, ca() as authority:
        refusal(authority, scratch, "des", authority.challenge(scratch), "badAlg")  # SCEP-029


main()
