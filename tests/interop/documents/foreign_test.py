"""Property lists, CMS and identities that others made, taken by a running server and by Macs."""

import json
import plistlib
import re
import uuid

from documents import by_plistutil, messages
from signatures_test import trust_of

from harness import expect, expect_exit, folder, outcome, run, served, tool

SCENARIO = """
pomona: 1
name: A profile that openssl signed, and one that plistutil wrote
needs: [queue, push]
macs:
  fleet: {{count: 2, persona: macos-15-apple-silicon}}
steps:
  - enroll: profile
  - server: queue
    with:
      - {{RequestType: InstallProfile, Payload: "file:{signed}"}}
      - {{RequestType: InstallProfile, Payload: "file:{plain}"}}
      - {{RequestType: ProfileList}}
  - expect: InstallProfile Acknowledged
    times: 2
    within: 30s of push
  - expect: ProfileList Acknowledged
    within: 30s of push
"""


class Device:
    """A device made of curl, openssl and plistlib: an identity that the server's CA signed, and check-in by TLS certificate."""

    def __init__(self, target, ca, scratch):
        self.ca, self.scratch = ca, scratch
        text = target.read_text()
        self.url = re.search(r'^  url: "(.+)"$', text, re.M)[1]
        self.login = "nanomdm:" + re.search(r'^    key: "(.+)"$', text, re.M)[1]
        self.topic = json.loads(self.api("GET", "/v1/pushcert"))["topic"]
        self.udid = str(uuid.uuid4()).upper()
        self.key, self.certificate = scratch / "device.key", scratch / "device.pem"
        request, usage = scratch / "device.csr", scratch / "usage"
        tool("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", request, "-subj", "/CN=foreign")
        usage.write_text("extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n")
        tool("openssl", "x509", "-req", "-in", request, "-CA", target.parent / "ca-identity.pem", "-days", "30", "-extfile", usage,
             "-set_serial", "0x7f000001", "-out", self.certificate)

    def api(self, method, path, content=None):
        body = self.scratch / "api-body"
        body.write_bytes(content or b"")
        given = ["--data-binary", f"@{body}"] if content else []
        return tool("curl", "-sS", "--fail-with-body", "--cacert", self.ca, "-u", self.login, "-X", method, *given, self.url + path)

    def put(self, path, kind, content, status=200, options=()):
        """One PUT of a Mac; gives the answer's body."""
        body, out = self.scratch / "body", self.scratch / "answer"
        body.write_bytes(content)
        out.write_bytes(b"")
        got = tool("curl", "-sS", *options, "--cacert", self.ca, "--cert", self.certificate, "--key", self.key, "-T", body, "-H",
                   f"Content-Type: application/x-apple-aspen-mdm{kind}", "-o", out, "-w", "%{http_code}", self.url + path)
        expect(int(got) == status, f"{path}: {got} {out.read_bytes()!r} for {content[:600]!r}")
        return out.read_bytes()


def forms(value, scratch):
    """The value as four writers of others spell it."""
    xml, binary = plistlib.dumps(value), plistlib.dumps(value, fmt=plistlib.FMT_BINARY)
    return {"plistlib xml": xml, "plistlib binary": binary, "plistutil xml": by_plistutil(binary, scratch, "xml"),
            "plistutil binary": by_plistutil(xml, scratch, "bin")}


def enroll(device, maker, scratch):
    """Authenticate and TokenUpdate by one writer's bytes."""
    base = {"Topic": device.topic, "UDID": device.udid}
    authenticate = {"MessageType": "Authenticate", "Model": "Mac14,2", "ModelName": "MacBook Air", "DeviceName": "Grüße & <more>",
                    "OSVersion": "15.1", "BuildVersion": "24B83", "ProductName": "Mac14,2", "SerialNumber": "FOREIGN001"} | base
    update = {"MessageType": "TokenUpdate", "PushMagic": f"magic of {maker}", "Token": bytes(range(32)),
              "NotOnConsole": False} | base
    for message in (authenticate, update):
        answer = device.put("/checkin", "-checkin", forms(message, scratch)[maker])
        expect(answer == b"", f"{maker}: {answer}")


def checkins_and_commands(device, scratch):
    """Each writer enrolls the device anew, queues a command, fetches it and reports on it."""
    for maker in forms({}, scratch):
        enroll(device, maker, scratch)
        command = {"CommandUUID": str(uuid.uuid4()).upper(),
                   "Command": {"RequestType": "InstallProfile", "Payload": b"\x00\x01 of " + maker.encode()}}
        said = json.loads(device.api("PUT", f"/v1/enqueue/{device.udid}?nopush=1", forms(command, scratch)[maker]))
        expect(said["command_uuid"] == command["CommandUUID"], said)
        idle = {"Status": "Idle", "UDID": device.udid}
        got = plistlib.loads(device.put("/mdm", "", forms(idle, scratch)[maker]))
        expect(got == command, f"{maker} queued\n{command}\nand got\n{got}")
        report = {"Status": "Acknowledged", "UDID": device.udid, "CommandUUID": command["CommandUUID"]}
        expect(device.put("/mdm", "", forms(report, scratch)[maker]) == b"", "a second command")
    # MDM-CHK-057: with Content-Length (above) and in chunks.
    chunks = ("--http1.1", "-H", "Transfer-Encoding: chunked")
    expect(device.put("/mdm", "", plistlib.dumps({"Status": "Idle", "UDID": device.udid}), options=chunks) == b"", "not empty")
    # What is no property list is refused, and the next one taken.
    device.put("/mdm", "", b"bplist00 and nothing more", status=400)
    expect(device.put("/mdm", "", plistlib.dumps({"Status": "Idle", "UDID": device.udid})) == b"", "not empty")


def profile(name):
    inner = {"PayloadType": "com.apple.notificationsettings", "PayloadVersion": 1, "PayloadIdentifier": f"org.example.{name}.1",
             "PayloadUUID": str(uuid.uuid4()).upper(), "idleTime": 300}
    return {"PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": f"org.example.{name}",
            "PayloadUUID": str(uuid.uuid4()).upper(), "PayloadDisplayName": "Grüße", "PayloadContent": [inner]}


def profiles(target, device, scratch):
    """Macs install a profile that openssl signed, and list it."""
    plain, signed = scratch / "plain.mobileconfig", scratch / "signed.mobileconfig"
    content = scratch / "content"
    content.write_bytes(plistlib.dumps(profile("signed")))
    tool("openssl", "cms", "-sign", "-nodetach", "-binary", "-in", content, "-signer", device.certificate, "-inkey", device.key,
         "-outform", "DER", "-out", signed)
    plain.write_bytes(by_plistutil(plistlib.dumps(profile("plain"), fmt=plistlib.FMT_BINARY), scratch, "xml"))
    file = scratch / "profiles.yaml"
    file.write_text(SCENARIO.format(signed=signed, plain=plain).lstrip())
    process = run("run", file, "-t", target, "--out", scratch / "run")
    expect_exit(process, 0)
    expect(outcome(scratch / "run")["verdict"] in ("pass", "warn"), process.stdout)
    sent = [plistlib.loads(m.content)["Command"]["Payload"] for m in messages(scratch / "run")
            if m.name() == "command InstallProfile"]
    expect(sorted(sent) == sorted(2 * [signed.read_bytes(), plain.read_bytes()]), "the Macs got other bytes")
    for listed in [plistlib.loads(m.content)["ProfileList"] for m in messages(scratch / "run") if m.name() == "report ProfileList"]:
        found = {p["PayloadIdentifier"]: p for p in listed}
        expect({"org.example.signed", "org.example.plain"} <= set(found), f"installed: {sorted(found)}")
        signer = tool("openssl", "x509", "-in", device.certificate, "-outform", "DER", text=False)
        expect(found["org.example.signed"]["SignerCertificates"] == [signer], "not the signer of the profile")
        expect(found["org.example.plain"]["PayloadDisplayName"] == "Grüße", found["org.example.plain"])


def main():
    with served() as (_, target), folder() as scratch:
        device = Device(target, trust_of(target, scratch), scratch)
        checkins_and_commands(device, scratch)
        profiles(target, device, scratch)


if __name__ == "__main__":
    main()
