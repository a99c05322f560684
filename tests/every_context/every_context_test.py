#!/usr/bin/env python3
"""Every macOS command of a schema, the least and the most of it, on each permitted and each
forbidden channel, right, supervision and OS, sent to a virtual Mac; its answers are judged by a
validator that shares no code with it (MDM-CHK-062, MDM-CHK-075, MDM-CHK-076, MDM-CHK-077,
MDM-CHK-078). Each command is also broken at each of its keys.

    every_context_test.py [--schema FOLDER] [--mac PROGRAM] [--command NAME] [--most N]

FOLDER: a checkout of Apple's device-management schema; without it the small one beside this file.
"""

import argparse
import base64
import collections
import dataclasses
import json
import os
import pathlib
import plistlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "support")]

import commands  # noqa: E402
import sequences  # noqa: E402
from schema_judge import Context, judge_report, load, version  # noqa: E402

ALL_RIGHTS = 8191
OLDEST = (13, 0)
VERSIONS = ("10.15", "13.0", "14.0", "15.0", "15.1", "26.0")
# A command may keep to the schema and yet say too little or too much: "one of these keys" and
# the like. The documents call that malformed as well.
COMBINATIONS = {"AccountConfiguration", "DeleteUser", "DeviceLock", "EraseDevice",
                "InstallApplication", "InstallEnterpriseApplication", "RequestMirroring",
                "RotateFileVaultKey",
                "ScheduleOSUpdate", "SetAutoAdminPassword", "SetFirmwarePassword"}
# Commands that have nothing to fail at in the least form.
ALWAYS = {"CertificateList", "DeclarativeManagement", "DeviceInformation", "DisableRemoteDesktop",
          "EnableRemoteDesktop", "InstallProfile", "InstalledApplicationList",
          "ManagedApplicationList", "ProfileList", "ProvisioningProfileList", "SecurityInfo",
          "UserList", "ActiveNSExtensions", "NSExtensionMappings", "UnlockUserAccount",
          "InstallProvisioningProfile", "OSUpdateStatus", "ScheduleOSUpdateScan"}
USER_ENROLLMENT = Context(supervised=False, ade=False, user_enrollment=True)


class Mac:
    """The program with one virtual Mac behind a pipe."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.count = 0

    def tell(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the Mac is gone ({self.process.wait()}) after {line}")
        return json.loads(answer)["report"]

    def fresh(self, context, **more):
        self.tell({"reset": True, "os": context.os, **more})

    def send(self, body, context, **more):
        self.count += 1
        uuid = f"U{self.count}"
        data = plistlib.dumps({"CommandUUID": uuid, "Command": body})
        report = self.tell({"channel": context.channel, "rights": context.rights,
                            "supervised": context.supervised, "ade": context.ade,
                            "user_enrollment": context.user_enrollment,
                            "command": base64.b64encode(data).decode(), **more})
        return uuid, None if report is None else plistlib.loads(base64.b64decode(report))


def contexts(command):
    """Each way to meet the command, permitted or not, one thing changed at a time."""
    base = Context()
    marks = command.marks
    for os_version in VERSIONS:
        for channel in ("device", "user"):
            for ade in (True, False):
                yield dataclasses.replace(base, os=os_version, channel=channel, ade=ade)
    for channel in ("device", "user"):
        yield dataclasses.replace(base, channel=channel, rights=ALL_RIGHTS & ~command.right)
        yield dataclasses.replace(base, channel=channel, rights=command.right)
        yield dataclasses.replace(base, channel=channel, supervised=False)
        for os_version in VERSIONS:  # account-driven: neither supervised nor ADE
            yield dataclasses.replace(USER_ENROLLMENT, os=os_version, channel=channel)
        # AccessRights do not count there.
        yield dataclasses.replace(USER_ENROLLMENT, channel=channel, rights=ALL_RIGHTS & ~command.right)
    since = version(marks.get("introduced", "0"))
    if since and since > (10, 15):
        before = (since[0], since[1] - 1) if len(since) > 1 and since[1] else (since[0] - 1, 9)
        for one in (since, before):
            yield dataclasses.replace(base, os=".".join(map(str, one)))


class Run:
    def __init__(self, mac, most):
        self.mac = mac
        self.most = most
        self.problems = []
        self.seen = collections.Counter()

    def problem(self, title, what, body, report):
        self.problems.append(f"{title}: {what}")
        if len(self.problems) <= self.most:
            print(f"PROBLEM {title}: {what}\n  command {body!r:.600}\n  report  {report!r:.900}")

    def one(self, command, context, body, title, allowed):
        """Sends a command to a new Mac and judges the report; gives the Status."""
        self.mac.fresh(context)
        uuid, report = self.mac.send(body, context)
        self.judged(command, context, body, title, allowed, uuid, report)

    def judged(self, command, context, body, title, allowed, uuid, report):
        where = f"{title} ({context.os}, {context.channel}, rights {context.rights}, " \
                f"{'' if context.supervised else 'un'}supervised, {'' if context.ade else 'no '}ADE" \
                f"{', user enrollment' if context.user_enrollment else ''})"
        if report is None:
            self.problem(where, "there is no report", body, report)
            return
        self.seen[report.get("Status")] += 1
        for what in judge_report(command, context, report, uuid):
            self.problem(where, what, body, report)
        if report.get("Status") not in allowed:
            self.problem(where, f"Status {report.get('Status')}, not {sorted(allowed)}", body,
                         report)

    def command(self, command):
        # Pomona has no Mac older than OLDEST: those are only there for what they lack.
        ways = [c for c in dict.fromkeys(contexts(command))
                if version(c.os) >= OLDEST or command.obstacle(c)]
        for context in ways:
            obstacle = command.obstacle(context)
            for extent, body in (("least", commands.make(command, context, False)),
                                 ("most", commands.make(command, context, True)),
                                 ("all there is", commands.make(command, commands.Everything(), True))):
                title = f"{command.name}, {extent}"
                if obstacle:
                    allowed = {"Error"}
                    title += f", {obstacle}"
                elif command.name in ALWAYS:
                    allowed = {"Acknowledged"}
                else:
                    allowed = {"Acknowledged", "Error"}
                    if command.name in COMBINATIONS:
                        allowed.add("CommandFormatError")
                self.one(command, context, body, title, allowed)
        permitted = [c for c in ways if not command.obstacle(c)]
        for context in [c for c in permitted if c.os == "15.1" and c.ade][:2] + \
                [c for c in permitted if c.os == "15.1" and c.user_enrollment][:2]:
            self.break_it(command, context)

    def break_it(self, command, context):
        for what, body in commands.broken(command, context):
            self.one(command, context, body, what, {"CommandFormatError", "Error"})
        body = {**commands.make(command, context, False), "OrgExampleUnknown": 1}
        self.one(command, context, body, f"{command.name}, an unknown key",
                 {"Acknowledged", "Error", "CommandFormatError"})

    def unknown(self):
        for channel in ("device", "user"):
            context = dataclasses.replace(Context(), channel=channel)
            self.one(None, context, {"RequestType": "NoSuchCommand"}, "unknown", {"Error"})
            self.one(None, context, {}, "no RequestType", {"CommandFormatError"})
            self.one(None, context, {"RequestType": 5}, "RequestType 5", {"CommandFormatError"})

    def forbidden(self, known):
        """MDM-CHK-077, MDM-CHK-078: what is refused is not carried out."""
        looks = [body for body in ({"RequestType": "ProfileList"}, {"RequestType": "UserList"},
                                   {"RequestType": "SecurityInfo"},
                                   {"RequestType": "CertificateList"})
                 if body["RequestType"] in known]

        def look():
            return [{k: v for k, v in self.mac.send(body, Context())[1].items()
                     if k != "CommandUUID"} for body in looks]
        self.mac.fresh(Context())
        before = look()
        for command in known.values():
            for context in contexts(command):
                if command.obstacle(context) and context.os == "15.1":
                    self.mac.send(commands.make(command, context, True), context)
        if look() != before:
            self.problem("forbidden commands", "the Mac is not what it was", looks, look())


def main():
    options = argparse.ArgumentParser()
    here = pathlib.Path(__file__).parent
    options.add_argument("--schema", default=here / "small")
    options.add_argument("--mac", default=os.path.join(os.environ.get("POMONA_BUILD", "build/dev"),
                                                       "tests/every_context/every_context_mac"))
    options.add_argument("--command")
    options.add_argument("--most", type=int, default=40, help="problems that are shown whole")
    given = options.parse_args()
    known = {name: c for name, c in load(given.schema).items()
             if given.command in (None, name)}
    run = Run(Mac(given.mac), given.most)
    for command in known.values():
        run.command(command)
    if not given.command:
        run.unknown()
        run.forbidden(known)
        sequences.run_all(run, known)
    on_macs = sum(c.is_for_macs for c in known.values())
    print(f"{len(known)} commands, {on_macs} of them of macOS; {run.mac.count} sent; "
          + ", ".join(f"{n} {status}" for status, n in sorted(run.seen.items(), key=str)))
    if run.problems:
        by = collections.Counter(p.split(" (")[0].split(",")[0].split(":")[0].split(".")[0]
                                 for p in run.problems)
        print(f"{len(run.problems)} problems: " + ", ".join(f"{k} {n}" for k, n in by.items()))
        return 1
    print("no problem")
    return 0


if __name__ == "__main__":
    sys.exit(main())
