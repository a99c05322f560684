#!/usr/bin/env python3
"""A second opinion on what virtual Macs answer, straight from schema files in Apple's form: nothing of the program's own
tables or of its validation is used here.

    python3 tests/schema/second_validator.py SCHEMA RUN...

SCHEMA is a checkout of Apple's schema (folder with mdm/commands), RUN the folder of a run (trace.ndjson, bodies). Says
what is wrong with each answer, and how many answers of which commands it looked at; exit 1 when something is wrong.
Needs PyYAML.
"""
import collections
import datetime
import json
import pathlib
import plistlib
import sys

import yaml

KINDS = {"<string>": str, "<integer>": int, "<real>": (int, float), "<boolean>": bool, "<date>": datetime.datetime,
         "<data>": bytes, "<array>": list, "<dictionary>": dict}
# What the files are known to have wrong: Settings answers with an array, these keys with these values.
ARRAYS = {("Settings", "Settings")}
ENVELOPE = {"UDID", "EnrollmentID", "UserID", "UserShortName", "UserLongName", "EnrollmentUserID", "NotOnConsole",
            "AuthToken", "Status", "CommandUUID", "RequestType", "ErrorChain", "NeedSyncResponse"}


class Text(yaml.SafeLoader):
    """Every scalar but the true ones stays as it is written."""


Text.yaml_implicit_resolvers = {c: [(t, r) for t, r in rules if t.endswith((":bool", ":int", ":null"))]
                                for c, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def release(text):
    return tuple(int(p) for p in str(text).split("."))


class Judge:
    def __init__(self, os, user_channel):
        self.os, self.user_channel = release(os), user_channel
        self.problems = []

    def has(self, node):
        mac = (node.get("supportedOS") or {}).get("macOS") or {}
        if str(mac.get("introduced")) == "n/a" or str(mac.get("removed")) == "0":
            return False
        if "introduced" in mac and str(mac["introduced"]) != "all" and release(mac["introduced"]) > self.os:
            return False
        if "removed" in mac and release(mac["removed"]) <= self.os:
            return False
        return mac.get("userchannel" if self.user_channel else "devicechannel", True) is not False

    def keys(self, nodes, given, path):
        named = {n["key"]: n for n in nodes if not n["key"].startswith("ANY")}
        for key, value in given.items():
            if key in named:
                if not self.has(named[key]):
                    self.problems.append(f"{path}{key}: not on macOS {'.'.join(map(str, self.os))} or this channel")
                else:
                    self.value(named[key], value, path + key)
        for key, node in named.items():
            if node.get("presence") == "required" and self.has(node) and key not in given:
                self.problems.append(f"{path}{key}: missing")

    def value(self, node, value, path):
        kind = node["type"]
        if kind == "<any>":
            return
        wanted = KINDS[kind]
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "<boolean>"):
            self.problems.append(f"{path}: {type(value).__name__} is no {kind}")
            return
        allowed = node.get("rangelist")
        if allowed and value not in allowed and str(value) not in map(str, allowed):
            self.problems.append(f"{path}: {value!r} is none of {allowed}")
        bounds = node.get("range") or {}
        if not allowed and isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < float(bounds.get("min", value)) or value > float(bounds.get("max", value)):
                self.problems.append(f"{path}: {value} is out of {bounds}")
        below = node.get("subkeys") or []
        if kind == "<dictionary>" and below:
            free = [n for n in below if n["key"].startswith("ANY")]
            self.keys(below, value, path + ".")
            for key, inner in value.items() if free else ():
                if key not in {n["key"] for n in below}:
                    self.value(free[0], inner, f"{path}.{key}")
        elif kind == "<array>" and len(below) == 1:
            for i, element in enumerate(value):
                self.value(below[0], element, f"{path}[{i}]")


def commands_of(schema):
    out = {}
    for path in sorted((schema / "mdm/commands").glob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Text)
        out[document["payload"]["requesttype"]] = document
    return out


def judge_run(schema, run):
    commands = commands_of(schema)
    versions, types = {}, {}
    seen, problems = collections.Counter(), []
    for line in (run / "trace.ndjson").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        summary = event.get("summary", {})
        if event.get("at") != "client":
            continue
        if event.get("kind") == "response" and event.get("channel") == "mdm" and "CommandUUID" in summary:
            types[summary["CommandUUID"]] = summary.get("RequestType")
        if event.get("kind") != "request":
            continue
        if summary.get("MessageType") == "Authenticate":
            versions[event["actor"]] = summary.get("OSVersion")
        if event.get("channel") != "mdm" or summary.get("Status") != "Acknowledged":
            continue
        kind, version = types.get(summary.get("CommandUUID")), versions.get(event["actor"])
        body = run / "bodies" / event["body"]["sha256"]
        if kind not in commands or version is None or not body.exists():
            continue
        report = plistlib.loads(body.read_bytes())
        answer = {k: v for k, v in report.items() if k not in ENVELOPE}
        judge = Judge(version, "UserID" in report)
        for key in list(answer):
            if (kind, key) in ARRAYS and isinstance(answer[key], list):
                for i, one in enumerate(answer.pop(key)):
                    judge.keys(commands[kind]["responsekeys"], {key: one}, f"[{i}] ")
        judge.keys(commands[kind].get("responsekeys") or [], answer, "")
        seen[kind] += 1
        if kind == "DeviceInformation" and "OSVersion" in report.get("QueryResponses", {}):
            versions[event["actor"]] = report["QueryResponses"]["OSVersion"]
        problems += [f"event {event['number']}, {kind}: {p}" for p in judge.problems]
    return seen, problems


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    schema, *runs = map(pathlib.Path, arguments)
    bad = 0
    total = collections.Counter()
    for run in runs:
        seen, problems = judge_run(schema, run)
        total += seen
        bad += len(problems)
        for problem in problems:
            print(f"{run}: {problem}")
    print(f"{sum(total.values())} answers of {len(total)} commands, {bad} problems: "
          + ", ".join(f"{k} {n}" for k, n in sorted(total.items())))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
