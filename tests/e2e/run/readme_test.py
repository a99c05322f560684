"""Every command in README.md runs: the `pomona` lines of its console blocks, in order, in one empty folder."""

import os
import pathlib
import re
import shlex
import subprocess

from harness import POMONA, SOURCE, expect, folder, stop, wait_for

# Run by the tests themselves or by whoever reads: not again inside a test.
ELSEWHERE = ("scripts/demo", "scripts/test")


def commands(readme):
    for block in re.findall(r"```console\n(.*?)```", readme, re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line[2:].split("   #")[0].strip()


def main():
    readme = (SOURCE / "README.md").read_text()
    lines = list(commands(readme))
    expect(any(line.startswith("scripts/demo") for line in lines), "scripts/demo is not in the README")
    expect(any(line.startswith("scripts/test") for line in lines), "scripts/test is not in the README")
    own = [line for line in lines if not line.startswith(ELSEWHERE)]
    expect(len(own) >= 5, f"only {len(own)} commands to try")
    background = []
    with folder() as temporary:
        (temporary / "scenarios").symlink_to(SOURCE / "scenarios")
        bin_folder = temporary / "bin"
        bin_folder.mkdir()
        (bin_folder / "pomona").symlink_to(POMONA)
        env = dict(os.environ, PATH=f"{bin_folder}:{os.environ['PATH']}")
        try:
            for line in own:
                if line.endswith("&"):
                    words = shlex.split(line[:-1])
                    background.append(subprocess.Popen(words, cwd=temporary, env=env, stdout=subprocess.DEVNULL,
                                                       stderr=subprocess.DEVNULL))
                    target = temporary / words[words.index("--data") + 1] / "target.yaml"
                    wait_for(target.exists, 60, f"the server of `{line}`")
                    continue
                done = subprocess.run(["bash", "-c", line], cwd=temporary, env=env, capture_output=True, text=True,
                                      timeout=200, check=False)
                expect(done.returncode == 0, f"`{line}` failed", done)
        finally:
            for process in background:
                stop(process)


if __name__ == "__main__":
    main()
