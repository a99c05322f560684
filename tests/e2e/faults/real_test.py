"""Every fault of both tiers on a fleet over real TLS, with HTTP/2 and HTTP/1.1 side by side."""

import concurrent.futures
import sys

from bearing import bear, catalogue
from harness import expect, folder, outcome, served


def one_fault(fault):
    with folder() as temporary:
        count = bear(fault["id"], temporary / "run")
        expect(count > 0, f"{fault['id']}: nothing was injected")
        rules = outcome(temporary / "run")["faults"]
        missed = [why for rule in rules for why in rule["not_applied"]]
        if fault["needs_h2"]:
            expect(any("needs h2" in why for why in missed), f"{fault['id']}: the Mac without HTTP/2 is not mentioned: {rules}")
        return f"{fault['id']}: {count} injected, not applied: {missed}"


def test_each(faults):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for line in pool.map(one_fault, faults):
            print(line, flush=True)


def test_a_server_of_another_process():
    with served() as (_, target), folder() as temporary:
        expect(bear("drop-answer", temporary / "run", "-t", target) > 0, "nothing was injected")


def main():
    faults = catalogue()
    only = sys.argv[1:]
    if not only:
        test_a_server_of_another_process()
    test_each([f for f in faults if not only or f["id"] in only])


if __name__ == "__main__":
    main()
