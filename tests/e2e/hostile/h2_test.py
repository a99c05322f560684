"""HTTP/2 floods and nonsense, against the server and against the emulated push service."""

import socket
import struct
import threading
import time

from h2_frames import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY, PUSH_PROMISE,
                       RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, frame, literal, request_headers, setting)
from harness import expect
from victim import Health, victim

CALM, CANCEL = 11, 8


def connect(v, port, **how):
    return Peer(v.tls(alpn=("h2",), port=port), **how)


def expect_ended(peer, what, codes=None):
    """GOAWAY for a reason (or for one of `codes`), or at least an end."""
    frames = peer.frames_to_end()
    told = [int.from_bytes(payload[4:8], "big") for kind, _, _, payload in frames if kind == GOAWAY]
    expect(not codes or any(code in codes for code in told) or not told, f"{what}: GOAWAY {told}")
    return frames


def flood(peer, what, data, most=20_000, bound_s=90):
    """Sends `data` until the peer has had enough; more than `most` times is too patient."""
    reader = threading.Thread(target=lambda: expect_ended(peer, what), daemon=True)  # a peer that reads: no queue fills up
    reader.start()
    began, sent = time.monotonic(), 0
    while peer.send(data) and sent < most and reader.is_alive():
        sent += 1
        expect(time.monotonic() - began < bound_s, f"{what}: taken for {bound_s} s")
    reader.join(90)
    expect(sent < most and not reader.is_alive(), f"{what}: {sent} times {len(data)} octets were taken")


def floods(v, port):
    many = 1000
    window = struct.pack(">I", 1)
    endless = {
        "SETTINGS": frame(SETTINGS, 0, 0, setting(3, 100)) * many,
        "empty SETTINGS": frame(SETTINGS) * many,
        "PING": frame(PING, 0, 0, bytes(8)) * many,
        "PING answers": frame(PING, ACK, 0, bytes(8)) * many,
        "PRIORITY": b"".join(frame(PRIORITY, 0, 2 * i + 1, struct.pack(">IB", 0, 1)) for i in range(many)),
        "WINDOW_UPDATE": frame(WINDOW_UPDATE, 0, 0, window) * many,
        "unknown frames": frame(0xEE, 0, 0, b"x") * many,
    }
    for what, data in endless.items():
        with connect(v, port) as peer:
            flood(peer, what, data)
    with connect(v, port) as peer:
        peer.request(1, END_HEADERS, method=b"PUT", path=b"/mdm")
        flood(peer, "empty DATA", frame(DATA, 0, 1) * many)
    with connect(v, port) as peer:
        peer.send(frame(HEADERS, END_STREAM, 1, request_headers()))
        flood(peer, "CONTINUATION", frame(CONTINUATION, 0, 1, literal(b"x", b"y")) * 50)
    with connect(v, port) as peer:
        peer.send(frame(HEADERS, END_STREAM, 1, request_headers()))
        flood(peer, "empty CONTINUATION", frame(CONTINUATION, 0, 1) * 50)


def resets(v, port):
    """Streams that are opened and reset at once (CVE-2023-44487), by the client, or by what makes the server do it."""
    for what, after in (("RST_STREAM", lambda i: frame(RST_STREAM, 0, i, struct.pack(">I", CANCEL))),
                        ("WINDOW_UPDATE of 0", lambda i: frame(WINDOW_UPDATE, 0, i, bytes(4))),
                        ("a window beyond 2^31", lambda i: frame(WINDOW_UPDATE, 0, i, b"\x7f\xff\xff\xff") * 2)):
        with connect(v, port) as peer:
            ended, taken = threading.Event(), 0

            def read(peer=peer, ended=ended, what=what):
                expect_ended(peer, what)
                ended.set()

            threading.Thread(target=read, daemon=True).start()
            head = request_headers(method=b"POST", path=b"/3/device/00")
            for i in range(1, 60_000, 2):
                if ended.is_set() or not peer.send(frame(HEADERS, END_HEADERS | END_STREAM, i, head) + after(i)):
                    break
                taken = i
            expect(ended.wait(90) and taken < 50_000, f"{what}: {taken // 2} streams were taken")


def headers(v, port):
    """Headers that are too many, too large, or small on the wire and large in memory."""
    field = literal(b"x-name", b"y" * 200)
    with connect(v, port) as peer:
        peer.send(frame(HEADERS, END_STREAM, 1, request_headers()) + b"".join(
            frame(CONTINUATION, END_HEADERS if i == 5 else 0, 1, field * 70) for i in range(6)))
        expect(answered(peer, 1) in (b"431", None), "84 KiB of headers")
    with connect(v, port) as peer:
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, request_headers(more=literal(b"a", b"b") * 400)))
        expect(answered(peer, 1) == b"431", "400 fields")
    with connect(v, port) as peer:  # one entry of 4000 octets in the table, then a reference of one octet 16,000 times
        bomb = b"\x40" + b"\x01a" + b"\x7f\xa1\x1e" + b"b" * 4000
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, request_headers(more=bomb + b"\xbe" * 11_000)))
        expect(answered(peer, 1) in (b"431", None), "a header bomb")
    for what, block in (("an index that is not there", b"\xff\xff\xff\xff\x0f"), ("a table of 2^30", b"\x3f\xe1\xff\xff\xff\x03"),
                        ("a string beyond the frame", b"\x00\x7f\xff\xff\xff\x07"), ("broken Huffman", b"\x00\x81\xff\x81\xff"),
                        ("no path", literal(b":method", b"GET")), ("capital letters", request_headers(more=literal(b"X", b"y"))),
                        ("a connection header", request_headers(more=literal(b"transfer-encoding", b"chunked"))),
                        ("a late pseudo-header", request_headers(more=literal(b"x", b"y") + literal(b":path", b"/mdm"))),
                        ("a line break", request_headers(more=literal(b"x", b"a\r\nb: c"))),
                        ("two lengths", request_headers(more=literal(b"content-length", b"5") + literal(b"content-length", b"6")))):
        with connect(v, port) as peer:
            peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
            expect(answered(peer, 1) != b"200", f"{what} was answered with 200")


def answered(peer, stream):
    """The status of the answer to `stream`, None if it was reset or the connection ended."""
    while (got := peer.read()) is not None:
        kind, _, on, payload = got
        if kind == HEADERS and on == stream:
            # Static table (RFC 7541, appendix A): 8 is 200, 12 is 400, 13 is 404; others are literals with name 8.
            first = payload[0] if payload[0] & 0xE0 != 0x20 else payload[1]
            indexed = {0x88: b"200", 0x8C: b"400", 0x8D: b"404", 0x8E: b"500"}
            return indexed.get(first) or status_literal(payload)
        if (kind == RST_STREAM and on == stream) or kind == GOAWAY:
            return None
    return None


def status_literal(payload):
    """Digits that nghttp2 sends by Huffman's code: 0 to 9 are the codes 00000 to 00010 and 011001 to 011111."""
    at = payload.index(0x48) if 0x48 in payload else payload.index(0x08)
    size, coded = payload[at + 1] & 0x7F, payload[at + 1] & 0x80
    raw = payload[at + 2:at + 2 + size]
    if not coded:
        return raw
    bits, out = "".join(f"{octet:08b}" for octet in raw), ""
    codes = {f"{i:05b}": str(i) for i in range(3)} | {f"{i + 22:06b}": str(i) for i in range(3, 10)}
    while len(out) < 3:
        code = next(c for c in codes if bits.startswith(c))
        out, bits = out + codes[code], bits[len(code):]
    return out.encode()


def nonsense(v, port):
    for what, data in (("a frame of 16 MiB", b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(70_000)),
                       ("DATA on stream 0", frame(DATA, 0, 0, b"x")), ("DATA on a stream that is not open", frame(DATA, 0, 5, b"x")),
                       ("HEADERS on an even stream", frame(HEADERS, 5, 2, request_headers())),
                       ("a stream that depends on itself", frame(HEADERS, 0x25, 1, struct.pack(">IB", 1, 1) + request_headers())),
                       ("padding beyond the frame", frame(HEADERS, 0xD, 1, b"\xff" + request_headers())),
                       ("PUSH_PROMISE", frame(PUSH_PROMISE, 4, 1, struct.pack(">I", 2) + request_headers())),
                       ("a PING of 7 octets", frame(PING, 0, 0, bytes(7))), ("SETTINGS of 5 octets", frame(SETTINGS, 0, 0, bytes(5))),
                       ("a window of 2^31", frame(SETTINGS, 0, 0, setting(4, 1 << 31))), ("a frame size of 5", frame(SETTINGS, 0, 0, setting(5, 5))),
                       ("CONTINUATION alone", frame(CONTINUATION, 4, 1, b"")), ("RST_STREAM of an idle stream", frame(RST_STREAM, 0, 9, bytes(4))),
                       ("the window's overflow", frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2), ("noise", bytes(range(256)) * 100)):
        with connect(v, port) as peer:
            peer.send(data)
            # What HTTP/2 ignores (a self-dependency, say) is ended by the client.
            peer.stream.shutdown(socket.SHUT_WR)
            expect_ended(peer, what)
    for preface in (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", PREFACE + bytes(70_000)):
        with connect(v, port, preface=False) as peer:
            peer.send(preface)
            expect_ended(peer, f"the preface {preface[:30]!r}")


def stalls(v, port):
    """Windows of nothing, requests without end, and silence: let go in time, together."""
    def zero_window():
        peer = connect(v, port, settings=setting(4, 0))
        for i in range(1, 100, 2):
            peer.request(i, path=b"/enroll")  # the push service answers 404, with a body as well
        # The push service gives a stranger one stream and refuses the others.
        def is_cancelled(frame):
            return frame[0] == RST_STREAM and int.from_bytes(frame[3], "big") == CANCEL
        expect(any(is_cancelled(f) for f in iter_until(peer, is_cancelled)), "a stalled answer was kept")
        return peer

    def no_end():
        peer = connect(v, port)
        peer.request(1, END_HEADERS, method=b"PUT", path=b"/mdm")
        expect(any(f[0] == RST_STREAM for f in iter_until(peer, lambda f: f[0] == RST_STREAM)), "half a request was kept")
        return peer

    def no_settings():
        peer = connect(v, port, preface=False)
        peer.send(PREFACE)
        peer.frames_to_end()
        return peer

    def half_a_preface():
        peer = connect(v, port, preface=False)
        peer.send(PREFACE[:10])
        peer.frames_to_end()
        return peer

    def never_reads():
        stream = v.tls(alpn=("h2",), port=port)
        stream.settimeout(90)
        peer = Peer(stream)
        try:
            i = 1
            while i < 2_000_000:
                stream.sendall(frame(PING, 0, 0, bytes(8)) * 20 + frame(HEADERS, 5, i, request_headers(path=b"/enroll")))
                i += 2
        except TimeoutError:
            raise AssertionError("not let go within 90 s") from None
        except OSError:
            pass
        return peer

    together([zero_window, no_end, no_settings, half_a_preface, never_reads])


def iter_until(peer, done):
    while (got := peer.read()) is not None:
        yield got
        if done(got):
            return


def together(attacks):
    errors = []

    def carry_out(attack):
        began = time.monotonic()
        try:
            attack().close()
            expect(time.monotonic() - began < 90, f"{attack.__name__} took {time.monotonic() - began:.0f} s")
        except BaseException as why:  # noqa: BLE001 told below
            errors.append(f"{attack.__name__}: {why!r}")

    threads = [threading.Thread(target=carry_out, args=(a,), daemon=True) for a in attacks]
    for one in threads:
        one.start()
    for one in threads:
        one.join(200)
    expect(not errors and not any(t.is_alive() for t in threads), f"{errors}")


def main():
    with victim() as v:
        with Health(v):
            for name, port in v.ports.items():
                for attack in (floods, resets, headers, nonsense):
                    began = time.monotonic()
                    attack(v, port)
                    v.expect_alive()
                    print(f"{name}, {attack.__name__}: {time.monotonic() - began:.1f} s")
            began = time.monotonic()
            together([named(stalls, v, port) for port in v.ports.values()])
            print(f"stalls: {time.monotonic() - began:.1f} s")
        for name in v.ports:
            for line in (r"\(flood\) .*ENHANCE_YOUR_CALM", r"\(malformed\) .*HTTP/2 connection ended", r"\(timeout\) .*no HTTP/2 settings",
                         r"\(timeout\) .*does not end", r"\(flood\) .*answered 431"):
                v.expect_line(f"{name} refused {line}")
        v.expect_line(r"server refused \(stalled\)")


def named(attack, v, port):
    class Nothing:
        def close(self):
            pass

    def run():
        attack(v, port)
        return Nothing()
    return run


if __name__ == "__main__":
    main()
