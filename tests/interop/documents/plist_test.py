"""plistlib and plistutil read every property list of a run, and what our writers make of theirs; with equal values."""

import collections
import datetime
import os
import pathlib
import plistlib
import subprocess

from documents import CHECKIN, REPORT, by_plistutil, expect_all, expect_equal, first_fleet, messages, typed

from harness import expect, folder

REWRITE = pathlib.Path(os.environ["POMONA_BUILD"]) / "tests" / "interop" / "documents" / "plist_rewrite"
COMMANDS = REPORT - {"Idle"}
SAMPLES = {
    "strings": {"": "", "plain": "text", "escaped": "<&>\"'", "Grüße": "日本語 🍏", "spaces": "  two  ", "lines": "a\nb\tc"},
    "numbers": [0, 1, -1, 127, 128, 255, 256, 65535, 65536, -32769, 2**31, -2**31 - 1, 2**63 - 1, -2**63],
    "reals": [0.5, -1.25, 1e10, 3.0, 1e-3],
    "truth": [True, False, 1, 0, 1.0],
    "data": [b"", b"x", bytes(range(256)), b"long" * 500],
    "dates": [datetime.datetime(2001, 1, 1), datetime.datetime(2026, 2, 28, 23, 59, 59), datetime.datetime(1999, 12, 31, 1, 2, 3)],
    "empty": {"dict": {}, "list": [], "nested": [[], [{}], {"a": {"b": {"c": []}}}]},
    "wide": {f"key {n}": n for n in range(400)},
    "shared": [["one string many times"] * 50, {"same": [1, 2, 3], "again": [1, 2, 3]}],
    "deep": [[[[[[[[[[["bottom"]]]]]]]]]]],
}


def rewrite(content, form, good=True):
    done = subprocess.run([REWRITE, form], input=content, capture_output=True, timeout=60, check=False)
    expect((done.returncode == 0) == good, f"plist_rewrite {form}: {done.returncode} {done.stderr.decode()}")
    return done.stdout


def expect_ours_equal(content, wanted, scratch, what):
    """Our reader and both of our writers keep the values; others read both forms alike."""
    for form, magic in (("xml", b"<?xml"), ("binary", b"bplist00")):
        ours = rewrite(content, form)
        expect(ours.startswith(magic), f"{what}: {form} begins with {ours[:8]!r}")
        got = expect_equal(ours, scratch, f"{what}, our {form}")
        expect(typed(got) == typed(wanted), f"{what}, our {form}:\n{got}\nwanted\n{wanted}")


def bodies_of(run, scratch):
    """Every property list of a run; each distinct one once."""
    count, seen = collections.Counter(), set()
    for message in messages(run):
        if not message.is_plist:
            expect("xml" not in message.headers.get("content-type", ""), f"{message.name()} is no property list")
            continue
        count[message.name()] += 1
        if message.content in seen:
            continue
        seen.add(message.content)
        value = expect_equal(message.content, scratch, message.name())
        expect_ours_equal(message.content, value, scratch, message.name())
        inner = value.get("Command", {}).get("Payload")
        if inner:  # a property list within
            expect_ours_equal(inner, expect_equal(inner, scratch, "profile"), scratch, "profile")
            count["profile"] += 1
    expect_all(count, {f"checkin {name}" for name in CHECKIN} | {f"report {name}" for name in REPORT}
               | {f"command {name}" for name in COMMANDS} | {"enrollment profile", "API command", "profile"}, "property list")


def samples_of_others(scratch):
    for name, value in SAMPLES.items():
        forms = {"plistlib xml": plistlib.dumps(value), "plistlib binary": plistlib.dumps(value, fmt=plistlib.FMT_BINARY)}
        forms |= {"plistutil xml": by_plistutil(forms["plistlib binary"], scratch, "xml"),
                  "plistutil binary": by_plistutil(forms["plistlib xml"], scratch, "bin")}
        for maker, content in forms.items():
            # What the maker lost is not ours to restore: compare with what plistlib reads in its file.
            expect_ours_equal(content, plistlib.loads(content), scratch, f"{name} by {maker}")
    for bad in (b"", b"bplist00", b"<?xml version='1.0'?><plist><dict><key>a</key></dict></plist>"):
        rewrite(bad, "xml", good=False)


def main():
    with folder() as scratch:
        samples_of_others(scratch)
        bodies_of(first_fleet(scratch / "real", "--world", "real"), scratch)
        bodies_of(first_fleet(scratch / "virtual", "--world", "virtual"), scratch)


if __name__ == "__main__":
    main()
