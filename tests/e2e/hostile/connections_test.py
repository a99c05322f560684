"""Ten thousand connections, more of them than descriptors, and more bodies than memory."""

import contextlib
import re
import ssl
import subprocess
import sys
import threading
import time

from harness import expect
from victim import HERE, Health, read_answer, victim


@contextlib.contextmanager
def attackers(port, count, seconds, processes=2):
    """Child processes that hold `count` connections together; gives how many of them were closed after `seconds`."""
    children = [subprocess.Popen([sys.executable, HERE / "connect_many.py", str(port), str(count // processes), str(seconds)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    try:
        opened = [int(re.search(r"opened (\d+)", child.stdout.readline())[1]) for child in children]
        expect(sum(opened) > count * 0.99, f"only {opened} connections came about")
        yield lambda: sum(int(re.search(r"closed (\d+)", child.stdout.readline())[1]) for child in children)
    finally:
        for child in children:
            child.stdin.close()
            child.wait(30)


def ten_thousand():
    """Within the server's means: all are held until they have been silent for too long, and others are served meanwhile."""
    for name in ("server", "apns"):
        with victim() as v, Health(v):
            with attackers(v.ports[name], 10_000, 12) as closed:
                most, held = 0, 0
                for _ in range(10):
                    most, held = max(most, v.memory_mib()), max(held, v.descriptors())
                    time.sleep(0.3)
                gone = closed()
            expect(held > 5_000, f"{held} descriptors at most: the attack never stood")
            expect(held < 15_100, f"{held} descriptors: no cap below the limit")
            expect(gone > 9_900, f"{gone} of 10,000 silent connections were closed")
            v.expect_line(rf"{name} refused \(handshake\) .*deadline passed")
            print(f"{name}: {held} descriptors, {most:.0f} MiB at most")


def surplus():
    """More than the server may hold: it closes the oldest that said nothing, and never runs out of descriptors."""
    with victim(descriptors=1200) as v:
        with attackers(v.port, 6000, 2) as closed:
            held = 0
            for _ in range(10):
                held = max(held, v.descriptors())
                expect(v.healthy(), "full of silent connections, the server has no place for one that asks")
            expect(closed() > 5000, "the server held more than it may")
        expect(held < 1000, f"{held} of 1200 descriptors in use")
        v.expect_line(r"server refused \(overload\) .*(no place for another|closed without a request)")
        expect("accepting:" not in v.log(), "accept failed for want of descriptors")


def memory():
    """Bodies that never end on many connections: beyond the budget they are refused, small ones are not."""
    with victim() as v, Health(v):
        body = b"x" * (3 << 20)
        refused, errors, most = [], [], 0

        def send_most_of_it():
            try:
                with v.tls() as stream:
                    with contextlib.suppress(ConnectionError, ssl.SSLError):
                        stream.sendall(b"PUT /mdm HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1) + body)
                    refused.append(read_answer(stream).status)
            except (OSError, AssertionError) as why:
                errors.append(repr(why))

        threads = [threading.Thread(target=send_most_of_it, daemon=True) for _ in range(150)]
        for one in threads:
            one.start()
        while any(t.is_alive() for t in threads):
            most = max(most, v.memory_mib())
            time.sleep(0.2)
        expect(not errors, f"{errors[:3]}")
        expect(most < 900, f"{most:.0f} MiB for 450 MiB of bodies that never end")
        expect(set(refused) <= {408, 413, None} and 413 in refused, f"{sorted(set(map(str, refused)))}")
        v.expect_line(r"server refused \(overload\) .*no memory for this request")
        print(f"memory: {most:.0f} MiB at most, {refused.count(413)} of {len(refused)} refused at once")


def main():
    for attack in (ten_thousand, surplus, memory):
        began = time.monotonic()
        attack()
        print(f"{attack.__name__}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
