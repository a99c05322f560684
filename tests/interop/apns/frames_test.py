"""Raw frames by python3-h2, with and without ALPN; and the TLS versions and ALPN offers that openssl s_client makes."""

import json
import subprocess

from push_bench import DEBIAN_PYTHON, HERE, bench, payload

from harness import expect, tool


def frames(b, listener, alpn):
    token = b.register(f"h2 {alpn}", stream=listener.stream)
    said = json.loads(tool(DEBIAN_PYTHON, HERE / "frames_client.py", b.port, b.ca, b.certificate, b.key, token, alpn))
    # APNS-002, APNS-003: h2 where it is offered, and HTTP/2 at once where nothing is.
    expect(said["alpn"] == (None if alpn == "-" else alpn), said)
    # APNS-028: both pings came back, around an unknown frame and a PRIORITY frame.
    expect(said["pongs"] == ["pomona-1", "pomona-2"], said)
    good, bad, twice = (said["answers"][name] for name in ("good", "bad", "twice"))
    # APNS-016
    expect(good["status"] == 200 and good["headers_end_stream"] and good["body"] == "" and good["id"], said)
    expect(not bad["headers_end_stream"] and (bad["status"], bad["body"]) == (400, '{"reason":"BadDeviceToken"}'), said)
    expect(bad["id"] == "0a1b2c3d-0000-4000-8000-00000000000c", said)  # APNS-017
    expect((twice["status"], twice["body"]) == (400, '{"reason":"DuplicateHeaders"}'), said)  # APNS-027
    expect(not any(a["reset"] for a in said["answers"].values()), said)
    listener.wait(token, b'{"mdm":"h2 good"}')


def handshake(b, *options):
    """True when openssl s_client gets a session."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{b.port}", "-CAfile", b.ca, "-verify_return_error",
                           "-cert", b.certificate, "-key", b.key, *options], input="", capture_output=True, text=True,
                          errors="replace", timeout=60, check=False)  # frames come between its words
    return done.returncode == 0 and "Verification: OK" in done.stdout, done.stdout + done.stderr


def main():
    with bench() as b, b.listener() as listener:
        for alpn in ("h2", "-"):
            frames(b, listener, alpn)
        # APNS-001. The security level is the client's, so that a refusal is the service's.
        for version, works in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)):
            got, said = handshake(b, version, "-cipher", "DEFAULT@SECLEVEL=0", "-alpn", "h2")
            expect(got == works, f"{version}: {said}")
        # APNS-002
        got, said = handshake(b, "-alpn", "http/1.1")
        expect(not got and "no application protocol" in said, said)
        got, said = handshake(b, "-alpn", "http/1.1,h2")
        expect(got and "ALPN protocol: h2" in said, said)
        # The service is none the worse.
        token = b.register("h2 last", stream=listener.stream)
        tool("curl", "-sS", "--fail", "--http2", "--cacert", b.ca, "--cert", b.certificate, "--key", b.key, "--data-binary",
             payload("h2 last").decode(), f"{b.url}/3/device/{token}")
        listener.wait(token, payload("h2 last"))


if __name__ == "__main__":
    main()
