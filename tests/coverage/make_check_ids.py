#!/usr/bin/env python3
"""Writes check-ids.tsv from the protocol fact sheets: which checks there are, whom each judges, and how binding it is.

Run by hand with the sheets' paths; the sheets are no part of this project, and none of their sentences is taken over."""

import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).with_name("check-ids.tsv")
SUBJECTS = {
    "MDM-CHK": {"server": "server", "device": "device"},
    "DDM": {"server": "server", "device": "device"},
    "SCEP": {"S": "SCEP server", "C": "SCEP client"},
    "ENR": {"M": "server", "D": "device"},
    "APNS": {"E": "push service", "P": "push provider", "D": "device"},
    "ABM": {"E": "ABM service", "C": "ABM client", "D": "device", "S": "server", "A": "ABM API client"},
}
ID = re.compile(r"(?:\| |\d+\. )((MDM-CHK|DDM|SCEP|ENR|APNS|ABM)-\d{3})\b(.*)")


def level_of(words):
    """Sheets without a column for it say it in the sentence; what stands after a semicolon is an addition."""
    return "should" if "must" not in words and re.search(r"\bshould\b", words.split(";")[0]) else "must"


def read(line):
    """(id, subject, level) of a line that defines a check."""
    found = ID.match(line)
    if not found:
        return None
    name, sheet, rest = found.groups()
    if "|" in rest:
        cells = [cell.strip() for cell in rest.strip().strip("|").split("|")]
        who, level = cells[0], cells[2] if sheet in ("APNS", "ABM") else cells[1]
    else:
        who, words = rest.split(maxsplit=1)
        level = level_of(words)
    if level not in ("must", "should", "may"):
        raise SystemExit(f"{name}: no level in {line!r}")
    return name, SUBJECTS[sheet][who], level


def main():
    if len(sys.argv) < 2:
        raise SystemExit("make_check_ids.py SHEET...")
    rows = [row for path in sys.argv[1:] for line in open(path, encoding="utf-8") if (row := read(line))]
    names = [row[0] for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SystemExit(f"defined twice: {sorted(twice)}")
    order = list(SUBJECTS)
    rows.sort(key=lambda row: (order.index(row[0].rsplit("-", 1)[0]), row[0]))
    TABLE.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} checks")


if __name__ == "__main__":
    main()
