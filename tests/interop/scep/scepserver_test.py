"""Our Mac gets its identity from Debian's scepserver (Go, micromdm/scep 2.1.0), which answers with single DES and SHA-1
whatever it was asked with, and whose CA certificate has no keyEncipherment. With --scep-legacy the Mac enrolls at our server by
that identity; without, it refuses and says what would mend it.

scepserver listens on every interface, so this test lives in a network namespace of its own."""

import subprocess
import urllib.request

from harness import SOURCE, expect, expect_exit, folder, outcome, run, served, stop, tool, trace, wait_for
from private_network import own_network


def start_scepserver(scratch):
    tool("scepserver", "ca", "-init", "-depot", scratch / "depot")
    log = open(scratch / "scepserver.log", "w", encoding="utf-8")
    return subprocess.Popen(["scepserver", "-depot", scratch / "depot", "-port", "8080", "-challenge", "open-sesame"],
                            stdout=log, stderr=log)


def answers():
    try:
        return b"POSTPKIOperation" in urllib.request.urlopen("http://127.0.0.1:8080/scep?operation=GetCACaps", timeout=2).read()
    except OSError:
        return False


def main():
    print(tool("dpkg-query", "-W", "scep").strip())
    own_network()
    with folder() as scratch:
        authority = start_scepserver(scratch)
        try:
            wait_for(answers, 20, "scepserver")
            enroll(scratch, ("--scep-url", "http://127.0.0.1:8080/scep", "--scep-ca", scratch / "depot" / "ca.pem",
                             "--scep-challenge", "open-sesame"))
        finally:
            stop(authority)


def enroll(scratch, options):
    file = SOURCE / "scenarios" / "not-now.yaml"
    with served(*options) as (_, target):
        with_switch = run("run", file, "--macs", 1, "-t", target, "--scep-legacy", "--out", scratch / "with")
        expect_exit(with_switch, 0)
        issuers = {e["summary"]["issuer"] for e in trace(scratch / "with") if e.get("name") == "identity-issued"}
        expect(issuers and all("SCEP CA" in i or "MICROMDM" in i.upper() for i in issuers), f"issued by {issuers}")
        judged = {c["id"]: c["verdict"] for c in outcome(scratch / "with")["checks"]}
        expect("fail" not in judged.values(), f"{judged}", with_switch)
        # It copies the client's nonce into both fields: the harness sees what others reported (micromdm/scep#104).
        expect(judged["SCEP-012"] == "warn", f"SCEP-012 is {judged['SCEP-012']}", with_switch)

        # The set-up is named before anything is judged; who insists sees the Mac refuse.
        named = run("run", file, "--macs", 1, "-t", target, "--out", scratch / "named")
        expect_exit(named, 3)
        expect("scep-legacy" in named.stderr, "the mend is not named", named)
        without = run("run", file, "--macs", 1, "-t", target, "--no-doctor", "--out", scratch / "without")
        expect_exit(without, 1)
        expect("scep-legacy" in without.stdout, "the refusal does not say how to mend it", without)
        names = [e.get("name") for e in trace(scratch / "without")]
        expect("identity-issued" not in names and "enroll-failed" in names, f"{names}", without)


main()
