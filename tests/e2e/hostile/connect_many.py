"""Run by connections_test.py: opens many connections from several addresses and holds them. Prints how many stand."""

import resource
import select
import socket
import sys
import time


def main():
    port, count, seconds = (int(a) for a in sys.argv[1:4])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held, failed = [], 0
    for i in range(count):
        try:
            held.append(socket.create_connection(("127.0.0.1", port), 5, source_address=(f"127.0.0.{2 + i % 50}", 0)))
            if i % 3 == 0:
                held[-1].sendall(b"\x16\x03\x01\x02")  # the begin of a TLS record
        except OSError:
            failed += 1
    print(f"opened {len(held)}, failed {failed}", flush=True)
    time.sleep(seconds)
    poll = select.poll()
    for one in held:
        poll.register(one, select.POLLIN)
    closed = len(poll.poll(0))  # nothing is ever said: readable is closed
    print(f"closed {closed}", flush=True)
    sys.stdin.read()  # until the test has looked
    for one in held:
        one.close()


if __name__ == "__main__":
    main()
