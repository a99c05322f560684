"""HTTP/2 frames by hand: a peer that shares no code with what it attacks."""

import contextlib
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    """A string of RFC 7541 section 5.2, without Huffman's code."""
    size = len(value)
    if size < 127:
        return bytes([size]) + value
    size -= 127
    out = b"\x7f"
    while size >= 128:
        out += bytes([size % 128 + 128])
        size //= 128
    return out + bytes([size]) + value


def literal(name, value):
    """Not indexed, with a name of its own."""
    return b"\x00" + text(name) + text(value)


def request_headers(method=b"GET", path=b"/healthz", more=b""):
    return (literal(b":method", method) + literal(b":scheme", b"https") + literal(b":authority", b"localhost") +
            literal(b":path", path) + more)


def setting(number, value):
    return struct.pack(">HI", number, value)


class Peer:
    """One connection. `send` never fails: a peer that has closed is seen by `read`."""

    def __init__(self, stream, settings=b"", preface=True):
        self.stream, self.data, self.ended = stream, b"", False
        stream.settimeout(90)
        if preface:
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def send(self, data):
        """False once the peer does not take it any more."""
        try:
            self.stream.sendall(data)
            return True
        except (ConnectionError, ssl.SSLError, TimeoutError):
            return False

    def request(self, stream, flags=END_HEADERS | END_STREAM, **how):
        return self.send(frame(HEADERS, flags, stream, request_headers(**how)))

    def read(self):
        """The next frame: (kind, flags, stream, payload), or None at the end."""
        try:
            while len(self.data) < 9 or len(self.data) < 9 + int.from_bytes(self.data[:3], "big"):
                more = self.stream.recv(65536)
                if not more:
                    return None
                self.data += more
        except TimeoutError:
            raise AssertionError("open and silent for 90 s") from None
        except (ConnectionError, ssl.SSLError):
            return None
        size = int.from_bytes(self.data[:3], "big")
        kind, flags, stream = self.data[3], self.data[4], int.from_bytes(self.data[5:9], "big") & 0x7FFFFFFF
        payload, self.data = self.data[9:9 + size], self.data[9 + size:]
        return kind, flags, stream, payload

    def frames_to_end(self):
        out = []
        while (got := self.read()) is not None:
            out.append(got)
        return out

    def close(self):
        with contextlib.suppress(OSError):
            self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
