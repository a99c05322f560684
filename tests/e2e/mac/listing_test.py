"""What `list` and `explain` say of personas and of the device's checks: the same facts as the files, without the source tree."""

import json

from harness import SOURCE, expect, expect_exit, folder, run


def personas():
    said = run("list", "personas", "--json")
    expect_exit(said, 0)
    listed = {p["name"]: p for p in json.loads(said.stdout)}
    files = {path.stem for path in (SOURCE / "scenarios" / "personas").glob("*.yaml")}
    expect(set(listed) == files and len(files) >= 25, f"{files ^ set(listed)}")
    table = run("list", "personas").stdout
    for name, p in listed.items():
        line = next(line for line in table.splitlines() if line.startswith(f"{name} "))
        for word in (p["os"], p["build"], p["model"], p["form"]):
            expect(word in line, f"{word} is not in {line!r}")
        told = run("explain", name)
        expect_exit(told, 0)
        for word in (p["about"], p["board"], *(q["source"] for q in p["quirks"])):
            expect(word in told.stdout, f"explain does not say {word}", told)
    near = run("explain", "macos-15-intle")
    expect_exit(near, 64)
    expect("did you mean `macos-15-intel`?" in near.stderr, "the near name", near)


def device_checks(elsewhere):
    rows = [line.split("\t") for line in (SOURCE / "tests" / "coverage" / "check-ids.tsv").read_text().splitlines() if line]
    levels = {name: level for name, subject, level in rows if subject in ("device", "SCEP client")}
    said = run("list", "checks", "--subject", "device", "--json", cwd=elsewhere)
    expect_exit(said, 0)
    coverage = json.loads(said.stdout)
    listed = {one["id"]: one for one in coverage["list"]}
    expect({name: one["level"] for name, one in listed.items()} == levels, "the device's checks and their levels")
    covered = [one for one in listed.values() if one["tests"] or one["in_catalogue"]]
    expect(coverage["checks"] == len(levels) and coverage["with_tests"] == len(covered), f"{coverage['with_tests']}")
    page = (SOURCE / "docs" / "coverage.md").read_text()
    for one in listed.values():
        expect(bool(one["reason"]) != bool(one["tests"] or one["in_catalogue"]), f"{one['id']}: a test or a reason")
        expect(one["reason"] in page and all(f"`{test}`" in page for test in one["tests"]), f"{one['id']}: as on the page")
        for test in one["tests"]:
            expect((SOURCE / "tests" / test).exists(), f"{one['id']}: {test} is no file")
    table = run("list", "checks", "--subject", "device", cwd=elsewhere).stdout.splitlines()
    expect(len([line for line in table if line.split(" ")[0] in levels]) == len(levels), "a line a check")
    expect(f"{len(levels)} checks judge the device; {len(covered)} " in table[-1], table[-1])
    wrong = run("list", "checks", "--subject", "devcie")
    expect_exit(wrong, 64)
    expect("did you mean `device`?" in wrong.stderr, "the near subject", wrong)
    expect_exit(run("list", "personas", "--subject", "device"), 64)


def main():
    personas()
    with folder() as elsewhere:
        device_checks(elsewhere)


if __name__ == "__main__":
    main()
