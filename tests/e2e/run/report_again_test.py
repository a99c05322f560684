"""`pomona report` renders the same verdicts from the run folder alone."""

from harness import SOURCE, expect, expect_exit, folder, run


def main():
    with folder() as temporary:
        out = temporary / "run"
        expect_exit(run("run", SOURCE / "scenarios/first-fleet.yaml", "--world", "virtual", "--macs", 4, "--out", out), 0)
        names = ("report.html", "junit.xml", "run.json")
        before = {name: (out / name).read_bytes() for name in names}
        for name in names[:2]:
            (out / name).unlink()
        moved = temporary / "elsewhere"
        out.rename(moved)
        process = run("report", moved)
        expect_exit(process, 0)
        for name in names:
            expect((moved / name).read_bytes() == before[name], f"{name} changed")
        # What the trace says now decides: an altered answer is found again.
        trace = moved / "trace.ndjson"
        lines = trace.read_text().splitlines()
        altered = [line.replace('"payload_keys":["mdm"]', '"payload_keys":["aps","mdm"]') for line in lines]
        expect(altered != lines, "nothing to alter in the trace")
        trace.write_text("\n".join(altered) + "\n")
        process = run("report", moved)
        expect_exit(process, 1)
        expect("MDM-CHK-020" in process.stdout, "the violated check is not named", process)
        process = run("report", temporary / "nothing-here")
        expect_exit(process, 4)
        expect("nothing-here" in process.stderr, "the folder is not named", process)


if __name__ == "__main__":
    main()
