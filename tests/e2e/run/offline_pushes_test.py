"""APNS-065: three pushes while Macs are offline are one session each when they are back."""

from harness import RUNS, expect, expect_exit, folder, run, trace


def main():
    with folder() as temporary:
        expect_exit(run("run", RUNS / "offline-pushes.yaml", "--world", "virtual", "--out", temporary / "run"), 0)
        events = trace(temporary / "run")
        pushes = [e for e in events if e["actor"] == "apns" and e["kind"] == "request" and e["channel"] == "apns"]
        expect(len(pushes) >= 6, f"{len(pushes)} pushes for three Macs")
        idles = [e["actor"] for e in events if e["kind"] == "request" and e["actor"].startswith("mac")
                 and e.get("summary", {}).get("Status") == "Idle"]
        expect(sorted(idles) == sorted(set(idles)) and len(idles) == 3, f"sessions: {idles}")


if __name__ == "__main__":
    main()
