#!/usr/bin/env python3
"""Which check of the fact sheets is covered by what, or why it is not: writes docs/coverage.md.

coverage.py          says what is wrong, exit 1 when anything is
coverage.py --write  writes the page first

A check is covered by the catalogue (it has fixtures that pass and that fail) or by a test that names it: in a comment, a
docstring, its own name or the title of a case. An id in other strings is data and covers nothing."""

import collections
import io
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tokenize

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
PAGE = TESTS.parent / "docs" / "coverage.md"
FIXTURES = TESTS / "unit" / "checks" / "fixtures"
# The catalogue's fixtures are counted through the catalogue.
NO_TESTS = {TESTS / "unit" / "checks" / "make_fixtures.py", TESTS / "unit" / "checks" / "trace_lines.py"}
TITLES = {
    "MDM-CHK": "MDM protocol", "DDM": "Declarative management", "SCEP": "SCEP", "ENR": "Enrollment",
    "APNS": "Push", "ABM": "Apple Business Manager",
}
# In names of C++ tests an id has underscores, and a range has _to_ between its numbers.
ID = re.compile(r"(?<![A-Za-z0-9-])(MDM[-_]CHK|DDM|SCEP|ENR|APNS|ABM)[-_](\d{3})(?:_to_(\d{3}))?(?!\d)")
CPP = re.compile(r'(?P<comment>//[^\n]*|/\*.*?\*/)|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)
TITLE = re.compile(r'"[A-Z]+(?:-CHK)?-\d{3} \w')

Row = collections.namedtuple("Row", "id subject level")


def sheet_of(name):
    return name.rsplit("-", 1)[0]


def read_rows(path):
    """Rows of a table with tabs, without empty lines."""
    return [tuple(line.split("\t")) for line in path.read_text(encoding="utf-8").splitlines() if line]


def expand(words, known):
    """The known ids of `ID` or `ID..NNN`."""
    first, _, last = words.partition("..")
    sheet, low = sheet_of(first), int(first[-3:])
    high = int(last or low)
    return [name for name in known if sheet_of(name) == sheet and low <= int(name[-3:]) <= high]


def ids_in(text):
    for sheet, low, high in ID.findall(re.sub(r"_(?=(?:MDM_CHK|DDM|SCEP|ENR|APNS|ABM)_\d{3})", " ", text)):
        for number in range(int(low), int(high or low) + 1):
            yield f"{sheet.replace('_', '-')}-{number:03}"


def naming_text(path, text):
    """What of a test's source may name a check: comments, docstrings and identifiers, no other strings."""
    if path.suffix == ".py":
        kept = []
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            is_docstring = token.type == tokenize.STRING and token.string.startswith('"""')
            if is_docstring or token.type in (tokenize.COMMENT, tokenize.NAME):
                kept.append(token.string)
        return "\n".join(kept)
    if path.suffix == ".yaml":
        return "\n".join(re.findall(r"(?:^|\s)(#.*)$", text, re.M))
    # A string that begins with an id and goes on in words is the title of a case in a table.
    return CPP.sub(lambda found: found["comment"] or (found[0] if TITLE.match(found[0]) else '""'), text)


def tests_by_id(root):
    """Id -> paths of tests below `root`, in order."""
    out = collections.defaultdict(set)
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ("fixtures", "coverage", "corpus", "node_modules", "__pycache__")]
        for name in files:
            path = pathlib.Path(folder) / name
            if path.suffix not in (".cpp", ".hpp", ".py", ".yaml") or path in NO_TESTS:
                continue
            for found in ids_in(naming_text(path, path.read_text(encoding="utf-8"))):
                out[found].add(path.relative_to(root).as_posix())
    return {name: sorted(paths) for name, paths in out.items()}


def read_catalogue():
    """Id -> check, as the command lists them."""
    said = subprocess.run([os.environ["POMONA"], "list", "checks", "--json"], capture_output=True, text=True, timeout=60,
                          check=True)
    return {check["id"]: check for check in json.loads(said.stdout)}


class Coverage:
    """Everything that is known, and what is wrong with it."""

    def __init__(self, rows, topics, reasons, tests, catalogue):
        self.rows = [Row(*row) for row in rows]
        self.tests, self.catalogue = tests, catalogue
        self.problems = []
        known = [row.id for row in self.rows]
        self.topics = self.spread("topics.tsv", topics, known)
        self.reasons = self.spread("reasons.tsv", reasons, known)
        self.judge(set(known))

    def spread(self, file, ranges, known):
        out = {}
        for words, text in ranges:
            names = expand(words, known)
            if not names:
                self.problems.append(f"{file}: {words} is no known id")
            for name in names:
                if name in out:
                    self.problems.append(f"{file}: {name} is there twice")
                out[name] = text
        return out

    def judge(self, known):
        for name in sorted(self.tests.keys() - known):
            self.problems.append(f"{self.tests[name][0]}: names {name}, which no sheet has")
        for name in sorted(self.catalogue.keys() - known):
            self.problems.append(f"the catalogue has {name}, which no sheet has")
        for row in self.rows:
            check, reason = self.catalogue.get(row.id), self.reasons.get(row.id)
            if check and (check["subject"], check["level"]) != (row.subject, row.level):
                self.problems.append(f"{row.id}: {row.level} for {row.subject} in the sheet, otherwise in the catalogue")
            if not self.covered(row.id) and not reason:
                self.problems.append(f"{row.id}: neither a check nor a test names it, and reasons.tsv does not say why")
            if self.covered(row.id) and reason:
                self.problems.append(f"{row.id}: is covered, so its reason is stale: {reason}")
            if not check and row.id not in self.topics:
                self.problems.append(f"{row.id}: topics.tsv does not say what it is about")

    def covered(self, name):
        return name in self.catalogue or name in self.tests

    def page(self):
        lines = [
            "# Coverage of the protocol checks", "",
            "Written by `tests/coverage/coverage.py --write`; a test holds it to what the tests and the catalogue have. The",
            "checks are numbered in fact sheets about the protocols, which are not part of the project; the table of their ids",
            "is `tests/coverage/check-ids.tsv`.", "",
            "*check*: in the catalogue (`pomona list checks`), judged over every run's trace; has fixtures that pass and that fail.",
            "Paths: tests below `tests/` that name the id. Otherwise the reason why nothing does.", "",
            "| sheet | checks | in the catalogue | named by tests | unit | e2e | interop | not covered | of these must |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        groups = [(sheet, list(rows)) for sheet, rows in itertools.groupby(self.rows, key=lambda row: sheet_of(row.id))]
        lines += [self.summary(TITLES[sheet], rows) for sheet, rows in groups]
        lines.append(self.summary("all", self.rows))
        for sheet, rows in groups:
            lines += ["", f"## {TITLES[sheet]}", "", "| id | level | who | about | covered by |", "|---|---|---|---|---|"]
            lines += self.table(rows)
        return "\n".join(lines) + "\n"

    def summary(self, title, rows):
        names = [row.id for row in rows]
        in_kind = [sum(any(t.startswith(kind + "/") for t in self.tests.get(n, ())) for n in names)
                   for kind in ("unit", "e2e", "interop")]
        missing = [row for row in rows if not self.covered(row.id)]
        counts = [len(rows), sum(n in self.catalogue for n in names), sum(n in self.tests for n in names), *in_kind,
                  len(missing), sum(row.level == "must" for row in missing)]
        return f"| {title} | " + " | ".join(map(str, counts)) + " |"

    def table(self, rows):
        """One line an id; neighbours of one subject that lack cover for the same reason share one."""
        def same(row):
            return (self.reasons[row.id], self.about(row.id)) if row.id in self.reasons else (row.id, "")
        for (reason, _), group in itertools.groupby(rows, key=same):
            group = list(group)
            first, last = group[0], group[-1]
            if self.covered(first.id):
                yield f"| {first.id} | {first.level} | {first.subject} | {self.about(first.id)} | {self.evidence(first.id)} |"
                continue
            name = first.id if first is last else f"{first.id} to {last.id[-3:]}"
            level, who = (", ".join(dict.fromkeys(words)) for words in zip(*((row.level, row.subject) for row in group)))
            yield f"| {name} | {level} | {who} | {self.about(first.id)} | **not covered.** {reason} |"

    def about(self, name):
        return self.catalogue[name]["rule"].replace("|", "\\|") if name in self.catalogue else self.topics.get(name, "")

    def evidence(self, name):
        return ", ".join(["*check*"] * (name in self.catalogue) + [f"`{path}`" for path in self.tests.get(name, ())])


def lacking_fixtures(catalogue):
    return [f"{name}: no fixture {kind}.ndjson" for name in catalogue for kind in ("pass", "fail")
            if not (FIXTURES / name / f"{kind}.ndjson").exists()]


def main():
    catalogue = read_catalogue()
    coverage = Coverage(*(read_rows(HERE / f"{name}.tsv") for name in ("check-ids", "topics", "reasons")),
                        tests_by_id(TESTS), catalogue)
    problems = coverage.problems + lacking_fixtures(catalogue)
    page = coverage.page()
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        problems.append("docs/coverage.md is not what the tests and the catalogue have: tests/coverage/coverage.py --write")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
