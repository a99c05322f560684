"""HTTP/1.1 and TLS as no client should speak them: garbage, smuggling, floods of headers, silence."""

import contextlib
import os
import socket
import ssl
import threading
import time

from harness import expect
from victim import Health, expect_refused, read_answer, victim, wait_for_close

HEAD = b"PUT /mdm HTTP/1.1\r\nHost: localhost\r\n"
SMUGGLED = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"


def garbage(v):
    for what in (b"\0" * 100, b"\xff" * 5000, b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost x\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\nHost: x\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n",
                 b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"G" * 70_000, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"):
        expect_refused(v.raw(what), f"garbage {what[:30]!r}", closed=True)
    for plain in (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 50, b"\x16\x03\x01\xff\xff" + os.urandom(70_000)):
        for port in (v.port, v.apns_port):
            with v.tcp(port) as stream:
                with contextlib.suppress(OSError):
                    stream.sendall(plain)
                expect(b"HTTP/1.1 200" not in wait_for_close(stream), "served without TLS")


def smuggling(v):
    """Requests whose end can be read in two ways. None is carried out, and what follows is no request."""
    chunked = b"5\r\nhello\r\n0\r\n\r\n"
    for fields in (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5",
                   b"Content-Length: 5\r\nContent-Length: 50", b"Content-Length: 5, 50", b"Content-Length: -1",
                   b"Content-Length: +5", b"Content-Length: 0x5", b"Content-Length: 5 5", b"Content-Length: five",
                   b"Content-Length:", b"Content-Length: 99999999999999999999999999", b"Content-Length: 18446744073709551615",
                   b"Content-Length : 5", b"Transfer-Encoding : chunked", b"Transfer-Encoding: xchunked",
                   b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity\r\nContent-Length: 5",
                   b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Transfer-Encoding:\x0bchunked",
                   b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"X: y\r\n Content-Length: 5\r\nTransfer-Encoding: ,"):
        with v.tls() as stream:
            stream.sendall(HEAD + fields + b"\r\n\r\n" + chunked + SMUGGLED)
            said = wait_for_close(stream)
            statuses = [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]
            expect(len(statuses) == 1 and 400 <= statuses[0] < 500, f"{fields!r} was answered {statuses}")
            expect(b"version" not in said, f"{fields!r}: the smuggled request was answered")


def chunks(v):
    start = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for body in (b"g\r\nhello", b"-5\r\nhello\r\n", b"5\r\nhelloXXXX\r\n", b"fffffffffffffffff\r\n", b"ffffffffffffffff\r\nx", b"\r\n\r\n\r\n", b"5;" + b"a" * 70_000,
                 b"5\r\nhello\r\n0\r\nbad trailer\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"0\r\n" + b"a: b\r\n" * 20_000 + b"\r\n"):
        expect_refused(v.raw(start + body), f"chunks {body[:20]!r}", closed=True)
    for whole in (start + b"0\r\n\r\n", start + b"5\r\nhello\r\n0\r\n\r\n"):
        with v.tls() as stream:  # the last chunk in pieces once ended the server
            for at in range(len(whole)):
                stream.sendall(whole[at:at + 1])
            expect_refused(read_answer(stream), "chunks octet by octet", [403])


def headers(v):
    many = b"".join(b"x-%d: y\r\n" % i for i in range(300))
    for what in (many, b"x: " + b"y" * 70_000 + b"\r\n", b"x" * 70_000 + b": y\r\n", b"a:b\r\n" * 20_000):
        expect_refused(v.raw(HEAD + what + b"\r\n"), f"{len(what)} octets of headers", [431], closed=True)
    with v.tls() as stream:  # without end, each small
        with contextlib.suppress(OSError):
            for i in range(200_000):
                stream.sendall(b"x-%d: y\r\n" % i if i else HEAD)
        expect_refused(read_answer(stream), "headers without end", [431], closed=True)


def half_a_request(v):
    for what in (b"", HEAD[:10], HEAD, HEAD + b"Content-Length: 100\r\n\r\nabc", HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe"):
        with v.tls() as stream:
            stream.sendall(what or b"G")
            stream.shutdown(socket.SHUT_WR)
        with v.tls() as stream:
            stream.sendall(what or b"G")
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset


class Silent(threading.Thread):
    """A client that stops (or almost); how long until the server has had enough of it."""

    def __init__(self, name, attack):
        super().__init__(name=name, daemon=True)
        self.attack, self.error, self.took, self.said = attack, None, 0, b""

    def run(self):
        began = time.monotonic()
        try:
            self.said = self.attack()
        except BaseException as why:  # noqa: BLE001 told by the main thread
            self.error = why
        self.took = time.monotonic() - began


def stalls(v):
    def silent_tcp(port):
        with v.tcp(port) as stream:
            return wait_for_close(stream)

    def half_a_handshake(port):
        with v.tcp(port) as stream:
            ssl_in, ssl_out = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.create_default_context()
            client = context.wrap_bio(ssl_in, ssl_out, server_hostname="localhost")
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            stream.sendall(ssl_out.read()[:100])
            return wait_for_close(stream)

    def drip(data, every):
        with v.tls() as stream:
            stream.settimeout(every)
            for at in range(len(data)):
                try:
                    stream.sendall(data[at:at + 1])
                    said = stream.recv(65536)
                    return said or b"closed"
                except TimeoutError:
                    continue
                except (ConnectionError, ssl.SSLError):
                    return b"closed"
            raise AssertionError(f"{len(data) * every} s were not too long")

    def never_reads():
        with v.tls() as stream:  # requests without end, and no look at the answers
            stream.settimeout(90)
            request = b"GET /enroll HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50
            try:
                while True:
                    stream.sendall(request)
            except TimeoutError:
                raise AssertionError("the server took requests for 90 s and sent nothing") from None
            except (ConnectionError, ssl.SSLError):
                return b"closed"

    def after_a_request():
        with v.tls() as stream:
            stream.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea")
            read_answer(stream)
            return wait_for_close(stream)

    def drip_body():
        with v.tls() as stream:
            stream.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
            stream.settimeout(0.5)
            for _ in range(100):
                try:
                    stream.sendall(b"x")
                    return stream.recv(65536) or b"closed"
                except TimeoutError:
                    continue
                except (ConnectionError, ssl.SSLError):
                    return b"closed"
            raise AssertionError("50 s were not too long")

    def silence_after_tls():
        with v.tls() as stream:
            return wait_for_close(stream)

    attacks = [Silent(f"silent TCP to {name}", lambda port=port: silent_tcp(port)) for name, port in v.ports.items()]
    attacks += [Silent(f"half a handshake with {name}", lambda port=port: half_a_handshake(port)) for name, port in v.ports.items()]
    attacks += [Silent("a slow header", lambda: drip(HEAD + b"x: " + b"y" * 1000, 0.5)),
                Silent("a slow body", drip_body), Silent("a client that never reads", never_reads),
                Silent("half a request after a whole one", after_a_request),
                Silent("silence after TLS", silence_after_tls)]

    for attack in attacks:
        attack.start()
    for attack in attacks:
        attack.join(180)
        expect(not attack.is_alive() and attack.error is None, f"{attack.name}: {attack.error!r}")
        expect(attack.took < 90, f"{attack.name} held a connection for {attack.took:.0f} s")
        if attack.name in ("a slow header", "a slow body", "half a request after a whole one"):
            expect(b" 408 " in attack.said, f"{attack.name} was answered {attack.said[:60]!r}")


def main():
    with victim() as v:
        with Health(v):
            for attack in (garbage, smuggling, chunks, headers, half_a_request, stalls):
                began = time.monotonic()
                attack(v)
                print(f"{attack.__name__}: {time.monotonic() - began:.1f} s")
                v.expect_alive()
        for line in (r"\(malformed\) .*not an HTTP request, answered 400", r"\(broken_off\)", r"\(flood\) .*answered 431",
                     r"server refused \(handshake\)", r"apns refused \(handshake\)", r"\(timeout\) .*no request came",
                     r"\(timeout\) .*does not end, answered 408", r"\(stalled\)"):
            v.expect_line(line)


if __name__ == "__main__":
    main()
