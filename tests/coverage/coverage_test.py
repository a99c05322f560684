"""docs/coverage.md is what the tests and the catalogue have, and each check is covered or says why not."""

import pathlib
import sys

import coverage

IDS = [("DDM-001", "server", "must"), ("DDM-002", "server", "should"), ("DDM-003", "device", "must")]
TOPICS = [("DDM-001..003", "things")]
CHECK = {"DDM-001": {"rule": "A rule | with a bar.", "subject": "server", "level": "must"}}
TESTS = {"DDM-002": ["unit/a/b_test.cpp"]}
REASONS = [("DDM-003", "Not built yet.")]


def problems(rows=IDS, topics=TOPICS, reasons=REASONS, tests=TESTS, catalogue=CHECK):
    return coverage.Coverage(rows, topics, reasons, tests, catalogue).problems


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def expect_problem(words, **changes):
    found = problems(**changes)
    expect(len(found) == 1 and words in found[0], f"wanted `{words}`, got {found}")


def finds_what_is_wrong():
    expect(problems() == [], problems())
    expect_problem("neither a check nor a test", reasons=[])
    expect_problem("stale", tests=TESTS | {"DDM-003": ["unit/c_test.cpp"]})
    expect_problem("stale", reasons=[("DDM-002..003", "x")])
    expect_problem("no known id", reasons=[*REASONS, ("DDM-004..009", "x")])
    expect_problem("twice", reasons=[*REASONS, ("DDM-003", "x")])
    expect_problem("which no sheet has", tests=TESTS | {"DDM-999": ["unit/c_test.cpp"]})
    expect_problem("which no sheet has", catalogue=CHECK | {"DDM-998": CHECK["DDM-001"]})
    expect_problem("otherwise in the catalogue", catalogue={"DDM-001": CHECK["DDM-001"] | {"level": "should"}})
    expect_problem("topics.tsv", topics=[("DDM-001..002", "things")])


def reads_only_names():
    cpp = pathlib.Path("x.cpp")

    def named(path, text):
        return sorted(coverage.ids_in(coverage.naming_text(path, text)))

    expect(named(cpp, '// DDM-001, SCEP-002.\nf("DDM-003"); /* APNS-004\n */ g(R"(ENR-005)", \'"\'); // ABM-006') ==
           ["ABM-006", "APNS-004", "DDM-001", "SCEP-002"], "comments")
    expect(named(cpp, "TEST(x, works_MDM_CHK_001_to_003_ENR_010) {") ==
           ["ENR-010", "MDM-CHK-001", "MDM-CHK-002", "MDM-CHK-003"], "names")
    expect(named(cpp, '{"APNS-009 several topics", 1}, {"APNS-010"}, "// APNS-011"') == ["APNS-009"], "titles of cases")
    expect(named(cpp, "// SHA-256, DDM-0012, XDDM-001") == [], "what is no id")
    python = '"""DDM-001"""\n# DDM-002\nx = "DDM-003"\n'
    expect(named(pathlib.Path("x.py"), python) == ["DDM-001", "DDM-002"], "Python")
    expect(named(pathlib.Path("x.yaml"), "# DDM-001\ncheck: [DDM-002] # DDM-003\n") == ["DDM-001", "DDM-003"], "YAML")


def page_shows_all():
    page = coverage.Coverage(IDS, TOPICS, REASONS, TESTS, CHECK).page()
    for line in ("| Declarative management | 3 | 1 | 1 | 1 | 0 | 0 | 1 | 1 |",
                 "| DDM-001 | must | server | A rule \\| with a bar. | *check* |",
                 "| DDM-002 | should | server | things | `unit/a/b_test.cpp` |",
                 "| DDM-003 | must | device | things | **not covered.** Not built yet. |"):
        expect(line in page.splitlines(), f"{line!r} is not in\n{page}")


if __name__ == "__main__":
    finds_what_is_wrong()
    reads_only_names()
    page_shows_all()
    sys.exit(coverage.main())
