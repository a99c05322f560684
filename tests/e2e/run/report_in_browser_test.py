"""The report in headless Chromium, from disk: what it shows, what it logs, what it asks the network for."""

import os
import pathlib
import subprocess

from harness import SOURCE, expect, expect_exit, folder, run


def main():
    with folder() as temporary:
        out = temporary / "run"
        expect_exit(run("run", SOURCE / "scenarios/first-fleet.yaml", "--world", "virtual", "--macs", 5, "--out", out), 0)
        web = pathlib.Path(os.environ["POMONA_BUILD"]) / "reports" / "web"
        done = subprocess.run(["node", SOURCE / "reports/web/test/open_report.mjs", out / "report.html", temporary / "shot.png"],
                              capture_output=True, text=True, timeout=120, check=False, cwd=web,
                              env=dict(os.environ, NODE_PATH=str(web / "node_modules")))
        expect(done.returncode == 0, "the report does not hold in the browser", done)
        expect((temporary / "shot.png").stat().st_size > 10_000, "the screenshot is empty")


if __name__ == "__main__":
    main()
