"""Every macOS command of the tables, with the fewest keys and with all, on the channel where it belongs and on the other one:
each is answered, none with all its keys is called malformed, and what is answered is right by second_validator.py.

By hand, for a whole checkout of Apple's schema: POMONA_APPLE_SCHEMA=CHECKOUT python3 tests/schema/every_command_test.py
"""

import collections
import json
import os
import pathlib
import sys

from harness import SOURCE, expect, expect_exit, folder, run, trace

sys.path.insert(0, str(SOURCE / "tests/schema"))
import second_validator  # noqa: E402

SCHEMA = pathlib.Path(os.environ.get("POMONA_APPLE_SCHEMA", SOURCE / "tests/schema/macos"))
TABLE = json.loads((SOURCE / "protocol/schema/tables/command.json").read_text())["entries"]
# They end the conversation, or the enrollment.
LAST = {"EraseDevice", "ShutDownDevice", "RestartDevice", "RemoveProfile", "DeviceLock"}
OS = (15, 1)


def number(version):
    return tuple(int(p) for p in version.split("."))


def is_there(node, channel):
    marks = node.get("os", {})
    return (number(marks.get("since", "10.0")) <= OS and number(marks.get("gone", "99.0")) > OS
            and channel in node.get("chan", "DU") and node.get("ue") != "only")


def value(node, channel, full):
    if "vals" in node:
        return node["vals"][0]
    kind = node["t"]
    if kind == "dictionary":
        return keys(node.get("sub", []), channel, full)
    if kind == "array":
        if "union" in node:
            return [keys(m["sub"], channel, full) for m in node["union"]["of"] if full and is_there(m, channel)]
        element = node.get("el", {"t": "string"})
        if "enumOf" in element:
            return [q["k"] for q in element["enumOf"] if full and is_there(q, channel)]
        return [value(element, channel, full)] if full else []
    if kind in ("string", "any"):
        return "x" * node.get("len", [0, 8])[1]
    if kind == "data" and "len" in node:
        return "file:short"
    return {"integer": node.get("min", 1), "real": 0.5, "boolean": False, "data": "file:blob", "date": "x"}[kind]


def keys(nodes, channel, full):
    return {n.get("k", "example"): value(n, channel, full) for n in nodes
            if is_there(n, channel) and (full or n.get("req"))}


def commands(channel):
    """Those of the channel, each twice, and those that are for the other one alone."""
    home, foreign = [], []
    for name, entry in TABLE.items():
        if name in LAST or number(entry.get("os", {}).get("since", "10.0"))[0] > 26:
            continue
        if channel not in entry.get("chan", "DU"):
            foreign.append({"RequestType": name} | keys(entry.get("req", []), "DU", False))
        else:
            home += [{"RequestType": name} | keys(entry.get("req", []), channel, full) for full in (False, True)]
    return home, foreign


def scenario(temporary):
    (temporary / "blob").write_bytes(json.dumps({"SyncTokens": {"DeclarationsToken": "1"}}).encode())
    (temporary / "short").write_bytes(b"short")
    steps = [{"enroll": "profile"}, {"expect": "state user-channel-opened", "user": "alice"}]
    total = collections.Counter()
    for channel, who in (("D", {}), ("U", {"user": "alice"})):
        for group in commands(channel):
            steps.append({"server": "queue", **who, "with": group})
            total[channel] += len(group)
        steps.append({"server": "queue", **who, "with": [{"RequestType": "ProfileList", "ManagedOnly": True}],
                      "capture": {f"last_{channel}": "uuids.0"}})
        steps.append({"expect": "ProfileList Acknowledged", **who, "within": "600s",
                      "where": {"CommandUUID": f"${{last_{channel}}}"}})
    file = temporary / "every.yaml"
    file.write_text(json.dumps({"pomona": 1, "name": "every command", "needs": ["queue", "push"],
                                "macs": {"m": {"count": 1, "users": ["alice"], "persona": "macos-15-apple-silicon"}},
                                "steps": steps}))
    return file, total


def test_every_command():
    with folder() as temporary:
        file, total = scenario(temporary)
        made = temporary / "run"
        process = run("run", file, "--world", "virtual", "--out", made)
        expect_exit(process, 0)
        types, home = {}, {c: {d["RequestType"] for d in commands(c)[0]} for c in "DU"}
        statuses = collections.defaultdict(collections.Counter)
        for event in trace(made):
            summary = event.get("summary", {})
            if event.get("channel") != "mdm" or event.get("at") != "client":
                continue
            channel = "U" if event.get("user") else "D"
            if event["kind"] == "response" and summary.get("CommandUUID"):
                types[summary["CommandUUID"]] = summary["RequestType"]
            elif event["kind"] == "request" and summary.get("CommandUUID"):
                name = types[summary["CommandUUID"]]
                statuses[channel, name][summary["Status"]] += 1
                # With the fewest keys: some need one of several, none of which is required by itself.
                expect(summary["Status"] in ("Acknowledged", "Error") or
                       summary["Status"] == "CommandFormatError" and statuses[channel, name].total() <= 2 and
                       statuses[channel, name]["CommandFormatError"] == 1, f"{name} on {channel}: {summary}")
                if name not in home[channel]:
                    expect(summary["Status"] == "Error", f"{name} on the other channel: {summary}")
        answered = sum(sum(c.values()) for c in statuses.values())
        expect(answered >= sum(total.values()), f"{answered} of {sum(total.values())} commands were answered")
        checks = {c["id"]: c["verdict"] for c in json.loads((made / "run.json").read_text())["checks"]}
        expect(checks["MDM-CHK-075"] == "pass", f"MDM-CHK-075: {checks['MDM-CHK-075']}")
        expect(checks["MDM-CHK-078"] == "pass", f"MDM-CHK-078: {checks['MDM-CHK-078']}")
        seen, problems = second_validator.judge_run(SCHEMA, made)
        expect(not problems, "\n".join(problems))
        print(f"{answered} reports; judged by {SCHEMA.name}: {sum(seen.values())} answers of {len(seen)} commands; refused: "
              + ", ".join(sorted({n for (c, n), s in statuses.items() if n in home[c] and not s["Acknowledged"]})))


if __name__ == "__main__":
    test_every_command()
    print("ok")
