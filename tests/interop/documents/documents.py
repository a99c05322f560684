"""What the document tests share: the messages of real runs, and how others read a property list."""

import base64
import json
import pathlib
import plistlib

from harness import SOURCE, expect, expect_exit, run, tool

HERE = pathlib.Path(__file__).resolve().parent
CHECKIN = {"Authenticate", "TokenUpdate", "CheckOut", "DeclarativeManagement"}
REPORT = {"Idle", "DeviceInformation", "SecurityInfo", "InstallProfile", "ProfileList", "DeclarativeManagement"}


def first_fleet(out, *options):
    """Runs the example scenario with a small fleet; gives the run folder."""
    process = run("run", SOURCE / "scenarios/first-fleet.yaml", "--macs", 3, "--out", out, *options)
    expect_exit(process, 0)
    return out


class Message:
    """An event with a body, as it is stored. A `redacted` body is not what went over the wire."""

    def __init__(self, event, folder):
        self.event = event
        self.headers = {name.lower(): value for name, value in event.get("headers", [])}
        self.kind = event["kind"]
        self.channel = event["channel"]
        self.summary = event.get("summary", {})
        self.redacted = "redacted" in event["body"]
        self.content = (folder / "bodies" / event["body"]["sha256"]).read_bytes()
        self.is_plist = self.content.startswith((b"<?xml", b"bplist00"))

    def signature(self):
        value = self.headers.get("mdm-signature")
        return base64.b64decode(value, validate=True) if value else None

    def name(self):
        """What kind of document this is."""
        if self.channel == "mdm" and self.kind == "response":
            return "command " + self.summary.get("RequestType", "?")
        if self.channel == "mdm":
            return "report " + (self.summary.get("RequestType") or self.summary.get("Status", "?"))
        if self.channel == "checkin":
            return "checkin " + self.summary.get("MessageType", "?")
        return {"enroll": "enrollment profile", "api": "API command"}.get(self.channel, self.channel)


def messages(folder, actors=("mac", "operator")):
    """Every stored body of what these actors recorded, in order."""
    with open(folder / "trace.ndjson", encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    return [Message(e, folder) for e in events if "body" in e and e["actor"].startswith(actors)]


def expect_all(found, wanted, what):
    """No kind may be missing: a test over nothing has tested nothing."""
    missing = set(wanted) - set(found)
    expect(not missing, f"no {what} for {sorted(missing)}; there are {sorted(found)}")


def by_plistutil(content, scratch, form="xml"):
    """The content in that form, rewritten by libplist's own program."""
    before, after = scratch / "plistutil.in", scratch / "plistutil.out"
    before.write_bytes(content)
    after.unlink(missing_ok=True)
    tool("plistutil", "-i", before, "-o", after, "-f", form)
    return after.read_bytes()


def typed(value):
    """Values with their types: Python's own equality has 1 == 1.0 == True."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value).__name__, value


def expect_equal(content, scratch, what):
    """plistlib, and plistutil's rewriting in both forms, read the same values; gives them."""
    own = plistlib.loads(content)
    for form in ("xml", "bin"):
        other = plistlib.loads(by_plistutil(content, scratch, form))
        expect(typed(own) == typed(other), f"{what}: plistlib reads\n{own}\nplistutil -f {form} makes of it\n{other}")
    return own
