"""A second opinion on a Mac's reports, straight from schema files in YAML: nothing of the program's own tables or of
its validation is used here.

The files have the form of Apple's device-management schema: a folder `mdm/commands` with one file a
command. Only what is said about macOS is looked at."""

import dataclasses
import datetime
import pathlib
import re

import yaml

# Bits of AccessRights (com.apple.mdm); the schema names them by word, some by two.
RIGHTS = {
    "AllowInspection": 1, "AllowInstallationRemoval": 2, "AllowPasscodeRemovalAndLock": 4,
    "DeviceLockAndRemovePasscode": 4, "AllowDeviceErase": 8, "AllowQueryDeviceInformation": 16,
    "AllowQueryNetworkInformation": 32, "AllowProvisioningInspection": 64,
    "AllowProvisioningInstallationRemoval": 128, "AllowQueryApplications": 256,
    "QueryInstalledApps": 256, "AllowQueryRestrictions": 512, "AllowQuerySecurity": 1024,
    "AllowSettings": 2048, "AllowAppInstallation": 4096,
    # Not one right: decided query by query.
    "Special Case": 0, "None": 0, "n/a": 0,
}
STATUSES = {"Acknowledged", "Error", "CommandFormatError", "NotNow"}
ENVELOPE = {"Status": str, "CommandUUID": str, "RequestType": str, "UDID": str, "EnrollmentID": str,
            "UserID": str, "EnrollmentUserID": str, "UserShortName": str, "UserLongName": str,
            "AuthToken": str, "NotOnConsole": bool, "NeedSyncResponse": bool, "ErrorChain": list}


class Text(yaml.SafeLoader):
    """Versions, On/Off and dates stay what they are in the file: text. Of the scalars only true, false,
    whole numbers and null are more; a number with a point becomes one where its key is a real."""


Text.yaml_implicit_resolvers = {}
for _tag, _form, _first in (("bool", "true|false", "tf"), ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
                            ("null", "~|null|", ["~", "n", ""])):
    Text.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), list(_first))


def version(text):
    return tuple(int(part) for part in re.findall(r"\d+", str(text))[:3])


@dataclasses.dataclass(frozen=True)
class Context:
    """How a command meets a Mac."""
    os: str = "15.1"
    channel: str = "device"
    rights: int = 8191
    supervised: bool = True
    ade: bool = True
    user_enrollment: bool = False

    def has(self, marks):
        """Is something with these marks there at all?"""
        since, gone = marks.get("introduced"), marks.get("removed")
        if since == "n/a" or (since not in (None, "all") and version(self.os) < version(since)):
            return False
        if gone not in (None, "n/a") and version(self.os) >= version(gone):
            return False
        if marks.get(self.channel + "channel") is False:
            return False
        # Nothing said: allowed in both. What is for user enrollments alone is not there in others.
        mode = marks.get("userenrollment", {}).get("mode")
        return mode != ("forbidden" if self.user_enrollment else "required")


def inherited(outer, node):
    own = (node.get("supportedOS") or {}).get("macOS") or {}
    return {**outer, **own}


class Command:
    def __init__(self, content):
        payload = content["payload"]
        self.name = payload["requesttype"]
        self.marks = (payload.get("supportedOS") or {}).get("macOS") or {"introduced": "n/a"}
        self.request = content.get("payloadkeys") or []
        self.answer = content.get("responsekeys") or []

    @property
    def is_for_macs(self):
        return self.marks.get("introduced") != "n/a"

    @property
    def right(self):
        return RIGHTS[self.marks.get("accessrights", "None")]

    def obstacle(self, context):
        """Why a Mac says Error, whatever is in the command; None: nothing is in the way."""
        if not self.is_for_macs or not context.has(self.marks):
            return "not there"
        if context.user_enrollment:  # com.apple.mdm: AccessRights do not count in one
            pass
        elif context.rights & self.right != self.right:
            return "right"
        if self.marks.get("supervised") and not context.supervised:
            return "supervision"
        if self.marks.get("requiresdep") and not context.ade:
            return "ADE"
        return None


def load(folder):
    """All commands below `folder`, by RequestType."""
    out = {}
    for path in sorted((pathlib.Path(folder) / "mdm" / "commands").glob("*.yaml")):
        command = Command(yaml.load(path.read_text("utf-8"), Text))
        out[command.name] = command
    if not out:
        raise SystemExit(f"{folder} has no mdm/commands/*.yaml")
    return out


def type_holds(kind, value):
    kind = kind.strip("<>")
    if kind == "any":
        return True
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "real":  # an integer is a number too
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "data": bytes, "date": datetime.datetime,
                              "array": list, "dictionary": dict}[kind])


def as_written(node, value):
    """A value of the file as one of its key's type: a real may be written whole, a text like a number."""
    kind = node["type"]
    return str(value) if kind == "<string>" else float(value) if kind == "<real>" else value


def permitted(node):
    return [as_written(node, value) for value in node.get("rangelist") or []]


def bounds_of(node):
    return {end: float(value) if node["type"] == "<real>" else int(value)
            for end, value in (node.get("range") or {}).items()}


def is_free(key):
    """The key stands for keys of any name. Two are not written as ANY."""
    return key.startswith("ANY") or key in ("Category Name", "AppleID domain")


class Judge:
    def __init__(self, context):
        self.context = context
        self.problems = []

    def say(self, path, what):
        self.problems.append(f"{path}: {what}")

    def keys(self, nodes, marks, value, path):
        """A dictionary against the keys it may have."""
        named = {node["key"]: node for node in nodes if not is_free(node["key"])}
        free = [node for node in nodes if is_free(node["key"])]
        for key, item in value.items():
            node = named.get(key) or (free[0] if free else None)
            if node is None:
                self.say(f"{path}.{key}", "no such key")
                continue
            own = inherited(marks, node)
            if not self.context.has(own):
                self.say(f"{path}.{key}", f"is not there for macOS {self.context.os} on the "
                                          f"{self.context.channel} channel")
                continue
            self.node(node, own, item, f"{path}.{key}")
        for key, node in named.items():
            if node.get("presence") == "required" and key not in value:
                if self.context.has(inherited(marks, node)):
                    self.say(f"{path}.{key}", "is missing")

    def node(self, node, marks, value, path):
        if not type_holds(node["type"], value):
            self.say(path, f"is {type(value).__name__}, not {node['type']}")
            return
        allowed = permitted(node)
        if allowed and value not in allowed:
            self.say(path, f"{value!r} is none of {allowed}")
        bounds = bounds_of(node)
        if "min" in bounds and value < bounds["min"] or "max" in bounds and value > bounds["max"]:
            self.say(path, f"{value!r} is out of {bounds}")
        form = node.get("format")
        if form and isinstance(value, str) and not re.fullmatch(f"(?:{form})", value):
            self.say(path, f"{value!r} has not the form {form}")
        subkeys = node.get("subkeys") or []
        if isinstance(value, dict) and subkeys:
            self.keys(subkeys, marks, value, path)
        elif isinstance(value, list) and subkeys:
            for number, item in enumerate(value):
                self.element(subkeys, marks, item, f"{path}[{number}]")
        elif isinstance(value, str) and subkeys:  # the texts it may be
            if value not in [sub["key"] for sub in subkeys]:
                self.say(path, f"{value!r} is not one of the texts")

    def element(self, subkeys, marks, item, path):
        first = subkeys[0]
        if len(subkeys) == 1 or first["type"] != "<dictionary>":
            self.node(first, inherited(marks, first), item, path)
        elif not any(not Judge(self.context).tried(sub, marks, item) for sub in subkeys):
            self.say(path, "fits none of its kinds")

    def tried(self, node, marks, item):
        self.node(node, inherited(marks, node), item, "")
        return self.problems


def judge_identifiers(context, report, say):
    """How the sender names itself: schema mdm/checkin/*.yaml, the keys that all have (MDM-CHK-071, MDM-CHK-072)."""
    own = {"EnrollmentID"} if context.user_enrollment else {"UDID"}
    others = {"UDID", "UserID"} if context.user_enrollment else {"EnrollmentID", "EnrollmentUserID"}
    of_a_user = {"UserShortName", "UserLongName", "NotOnConsole",
                 "EnrollmentUserID" if context.user_enrollment else "UserID"}
    if context.channel == "user":
        own |= of_a_user
    else:
        others |= of_a_user
    for key in sorted(own - set(report)):
        say(key, "is missing")
    for key in sorted(others & set(report)):
        say(key, "is no key of this channel and enrollment")


def judge_chain(report, say):
    chain = report.get("ErrorChain")
    if not isinstance(chain, list) or not chain:
        say("ErrorChain", "is missing or empty")
        return
    for item in chain:
        if not isinstance(item, dict) or not type_holds("integer", item.get("ErrorCode")):
            say("ErrorChain", "an item has no ErrorCode")
        elif not isinstance(item.get("ErrorDomain"), str) or not item["ErrorDomain"]:
            say("ErrorChain", "an item has no ErrorDomain")
        elif not isinstance(item.get("LocalizedDescription"), str):
            say("ErrorChain", "an item has no LocalizedDescription")


def judge_report(command, context, report, uuid):
    """What is wrong with a report; `command` is None for a RequestType nobody knows."""
    judge = Judge(context)
    if report.get("CommandUUID") != uuid:
        judge.say("CommandUUID", f"is {report.get('CommandUUID')!r}")
    status = report.get("Status")
    if status not in STATUSES:
        judge.say("Status", f"{status!r} is none")
    judge_identifiers(context, report, judge.say)
    for key, kind in ENVELOPE.items():
        if key in report and not isinstance(report[key], kind):
            judge.say(key, f"is {type(report[key]).__name__}")
    result = {key: value for key, value in report.items() if key not in ENVELOPE}
    if status == "Error":
        judge_chain(report, judge.say)
    if status == "Acknowledged" and command is not None:
        nodes = command.answer
        # Apple's older reference has a list with one result an item; the schema a dictionary.
        if command.name == "Settings" and isinstance(result.get("Settings"), list):
            result = dict(result)
            node = next(n for n in nodes if n["key"] == "Settings")
            for number, item in enumerate(result.pop("Settings")):
                if isinstance(item, dict):  # which item each result is of
                    item = {k: v for k, v in item.items() if k not in ("Item", "Identifier")}
                judge.node(node, inherited(command.marks, node), item, f".Settings[{number}]")
            nodes = [n for n in nodes if n["key"] != "Settings"]
        judge.keys(nodes, command.marks, result, "")
    elif status != "Error":  # an Error may still say something (MessageResult, State)
        for key in result:
            judge.say(key, f"is there although the status is {status}")
    return judge.problems
