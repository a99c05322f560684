#!/usr/bin/env python3
"""A second opinion on what the virtual Macs of a run answered (tests/support/schema_judge.py).

    python3 tests/schema/second_validator.py SCHEMA RUN...

SCHEMA is a checkout of Apple's schema (folder with mdm/commands), RUN the folder of a run (trace.ndjson, bodies). Says
what is wrong with each report, and how many answers of which commands it looked at; exit 1 when something is wrong.
Needs PyYAML.
"""
import collections
import json
import pathlib
import plistlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from schema_judge import Context, judge_report, load  # noqa: E402


class Versions:
    """What is known of each Mac's macOS: what it said last, over its check-ins and its answers."""

    def __init__(self):
        self.of = {}

    def hear(self, actor, said):
        if said:
            self.of[actor] = said


def context_of(report, os_version):
    user = "UserID" in report or "EnrollmentUserID" in report
    return Context(os=os_version, channel="user" if user else "device", user_enrollment="EnrollmentID" in report)


def judge_run(schema, run):
    commands = load(schema)
    versions, types = Versions(), {}
    seen, problems = collections.Counter(), []
    for line in (run / "trace.ndjson").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        summary = event.get("summary", {})
        if event.get("at") != "client":
            continue
        uuid = summary.get("CommandUUID")
        if event.get("kind") == "response" and event.get("channel") == "mdm" and uuid is not None:
            types[uuid] = summary.get("RequestType")
        if event.get("kind") != "request":
            continue
        if summary.get("MessageType") == "Authenticate":
            versions.hear(event["actor"], summary.get("OSVersion"))
        if event.get("channel") != "mdm" or uuid is None:
            continue
        name, os_version = types.get(uuid), versions.of.get(event["actor"])
        body = run / "bodies" / event["body"]["sha256"]
        if name not in commands or os_version is None or not body.exists():
            continue
        report = plistlib.loads(body.read_bytes())
        found = judge_report(commands[name], context_of(report, os_version), report, uuid)
        problems += [f"event {event['number']}, {name}: {problem}" for problem in found]
        if report.get("Status") == "Acknowledged":
            seen[name] += 1
            versions.hear(event["actor"], report.get("QueryResponses", {}).get("OSVersion"))
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
