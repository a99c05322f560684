"""Every defect that `pomona list bugs` knows, planted: exactly its checks fail; without it the same file passes."""

import json

from harness import SOURCE, expect, expect_exit, folder, outcome, run, served

RED = ("fail", "error", "warn")


def known():
    process = run("list", "bugs", "--json")
    expect_exit(process, 0)
    return json.loads(process.stdout)


def red_checks(out):
    return {c["id"] for c in outcome(out)["checks"] if c["verdict"] in RED}


def test_each_is_caught(bugs):
    for bug in bugs:
        scenario = SOURCE / bug["scenario"]
        expect(scenario.exists(), f"{bug['id']} has no scenario that shows it: {bug['scenario']}")
        with folder() as temporary:
            process = run("run", scenario, "--world", "virtual", "--strict", "--out", temporary / "sound")
            expect_exit(process, 0)
            expect(not red_checks(temporary / "sound"), f"{bug['id']}: checks fail without it", process)
            process = run("run", scenario, "--world", "virtual", "--strict", "--bug", bug["id"], "--out", temporary / "planted")
            expect_exit(process, 1)
            found = red_checks(temporary / "planted")
            expect(found == set(bug["checks"]), f"{bug['id']}: {sorted(found)} fail, expected {bug['checks']}", process)
            expect(outcome(temporary / "planted")["target"] == f"reference with {bug['id']}", "the report does not tell of it")
            expect(f"--bug {bug['id']}" in outcome(temporary / "planted")["rerun"], "the rerun line lacks --bug")


def test_files_belong_to_bugs(bugs):
    files = {path.stem for path in (SOURCE / "scenarios/bugs").glob("*.yaml")}
    expect(files == {b["id"] for b in bugs}, f"scenarios without a bug: {files - {b['id'] for b in bugs}}")


def test_one_in_a_real_server():
    scenario = SOURCE / "scenarios/bugs/acknowledged-command-again.yaml"
    for plant, code, red in (([], 0, set()), (["--bug", "acknowledged-command-again"], 1, {"MDM-CHK-009"})):
        with served(*plant) as (_, target), folder() as temporary:
            process = run("run", scenario, "-t", target, "--out", temporary / "run")
            expect_exit(process, code)
            expect(red_checks(temporary / "run") == red, f"{red_checks(temporary / 'run')}", process)


def test_words(bugs):
    process = run("explain", bugs[0]["id"])
    expect_exit(process, 0)
    expect(bugs[0]["checks"][0] in process.stdout and bugs[0]["scenario"] in process.stdout, "explain says too little", process)
    for arguments, words in ((["serve", "--bug", "not-now-in-a-cirkle"], "did you mean `not-now-in-a-circle`?"),
                             (["explain", "not-now-in-a-cirkle"], "did you mean `not-now-in-a-circle`?"),
                             (["run", SOURCE / "scenarios/not-now.yaml", "--bug", bugs[0]["id"], "-t", "x.yaml"], "serve --bug")):
        process = run(*arguments)
        expect_exit(process, 64)
        expect(words in process.stderr, f"{arguments}: `{words}` is missing", process)


def main():
    bugs = known()
    expect(len(bugs) >= 5, f"only {len(bugs)} bugs")
    test_each_is_caught(bugs)
    test_files_belong_to_bugs(bugs)
    test_one_in_a_real_server()
    test_words(bugs)


if __name__ == "__main__":
    main()
