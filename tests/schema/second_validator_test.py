"""What virtual Macs answer in a run, judged by second_validator.py: right for a schema as it is, and wrong for one that was
spoilt, so that its silence says something."""

import shutil
import sys

from harness import SOURCE, expect, expect_exit, folder, run

sys.path.insert(0, str(SOURCE / "tests/schema"))
import second_validator  # noqa: E402

SCHEMA = SOURCE / "tests/schema/macos"


def test_answers():
    with folder() as temporary:
        made = temporary / "run"
        expect_exit(run("run", SOURCE / "scenarios/first-fleet.yaml", "--world", "virtual", "--macs", 2, "--out", made), 0)
        seen, problems = second_validator.judge_run(SCHEMA, made)
        expect(seen["DeviceInformation"] >= 2, f"no answers were looked at: {seen}")
        expect(not problems, "\n".join(problems))
        for old, new, word in (("key: SerialNumber, type: <string>", "key: SerialNumber, type: <integer>", "SerialNumber"),
                               ("key: DeviceName, type: <string>", "key: DeviceName, type: <string>, rangelist: [x]",
                                "none of"),
                               ("key: Model, type: <string>", "key: Other, presence: required, type: <string>", "missing"),
                               ("introduced: '10.15'", "introduced: '99.0'", "is not there for macOS")):
            spoilt = temporary / word
            shutil.copytree(SCHEMA, spoilt)
            file = spoilt / "mdm/commands/device.information.yaml"
            text = file.read_text()
            expect(old in text, old)
            file.write_text(text.replace(old, new))
            _, problems = second_validator.judge_run(spoilt, made)
            expect(any(word in p for p in problems), f"{new}: {problems}")


if __name__ == "__main__":
    test_answers()
    print("ok")
