"""Connections of the push service by Debian's python3-h2, frame by frame. Arguments: port, CA, certificate and key (- for none),
and what to do; then its own. Prints what came as JSON, a line each time the test has something to do meanwhile."""

import json
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

PORT, CA, CERTIFICATE, KEY, WHAT, *MORE = sys.argv[1:]
GOAWAY = 7
STREAMS = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS


class Wire:
    def __init__(self):
        context = ssl.create_default_context(cafile=CA)
        if CERTIFICATE != "-":
            context.load_cert_chain(CERTIFICATE, KEY)
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection(("localhost", int(PORT)), timeout=60)
        self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.streams, self.limits, self.goaways, self.pongs = {}, [], [], 0
        self.closed = False
        self.unread = b""

    def open(self, token, *more):
        """The head of a push."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", "POST"), (":scheme", "https"), (":path", f"/3/device/{token}"),
                                      (":authority", "localhost"), *more])
        self.streams[stream] = {"status": None, "body": "", "ended": False, "reset": None}
        return stream

    def body(self, stream, text):
        self.h2.send_data(stream, text.encode(), end_stream=True)

    def push(self, token, text, *more):
        stream = self.open(token, *more)
        self.body(stream, text)
        return stream

    def taken(self):
        """What is to be sent now."""
        return self.h2.data_to_send()

    def send(self):
        self.socket.sendall(self.taken())

    def read(self, until, answer=True):
        """Until the condition holds or the connection is closed; without `answer` acknowledgements wait."""
        while not until() and not self.closed:
            try:
                data = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError):
                data = b""
            if not data:
                self.closed = True
                return
            for event in self.h2.receive_data(self.without_goaways(data)):
                self.take(event)
            if answer:
                try:
                    self.send()
                except OSError:
                    self.closed = True

    def without_goaways(self, data):
        """Whole frames. h2 takes the first GOAWAY for the end (RFC 9113 section 6.8: it is not), so they are read here."""
        self.unread += data
        out = b""
        while len(self.unread) >= 9 and len(self.unread) >= 9 + int.from_bytes(self.unread[:3], "big"):
            size = 9 + int.from_bytes(self.unread[:3], "big")
            frame, self.unread = self.unread[:size], self.unread[size:]
            if frame[3] == GOAWAY:
                last, code = (int.from_bytes(frame[at:at + 4], "big") for at in (9, 13))
                self.goaways.append([last, code, frame[17:].decode()])
            else:
                out += frame
        return out

    def take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", 0))
        if isinstance(event, h2.events.RemoteSettingsChanged):
            if STREAMS in event.changed_settings:
                self.limits.append(event.changed_settings[STREAMS].new_value)
        elif isinstance(event, h2.events.ResponseReceived):
            stream["status"] = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream["body"] += event.data.decode()
        elif isinstance(event, h2.events.StreamEnded):
            stream["ended"] = True
        elif isinstance(event, h2.events.StreamReset):
            stream["reset"] = int(event.error_code)
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs += 1

    def over(self, *streams):
        return lambda: all(self.streams[s]["ended"] or self.streams[s]["reset"] is not None for s in streams)

    def ping(self):
        """Everything sent has been taken by the service."""
        wanted = self.pongs + 1
        self.h2.ping(b"pomona-p")
        self.send()
        self.read(lambda: self.pongs >= wanted)

    def said(self, **more):
        print(json.dumps({"limits": self.limits, "goaways": self.goaways, "closed": self.closed,
                          "streams": list(self.streams.values()), **more}), flush=True)


def first_token(token, bearer, topic):
    """Three streams before the first good provider token, the first not yet whole; then three more."""
    wire, more = Wire(), (("authorization", f"bearer {bearer}"), ("apns-topic", topic))
    first = wire.open(token, *more)
    others = [wire.push(token, '{"aps":"refused"}', *more) for _ in range(2)]
    wire.send()
    wire.read(wire.over(*others))
    wire.body(first, '{"aps":"first"}')
    wire.send()
    wire.read(lambda: wire.over(first)() and len(wire.limits) > 1)
    later = [wire.open(token, *more) for _ in range(3)]
    for number, stream in enumerate(later):
        wire.body(stream, f'{{"aps":"later {number}"}}')
    wire.send()
    wire.read(wire.over(*later))
    wire.said()


def bad_token_first(token, bearer, topic):
    """A provider token that is no good leaves the limit as it is."""
    wire, more = Wire(), (("authorization", f"bearer {bearer}"), ("apns-topic", topic))
    wire.send()
    wire.read(lambda: wire.limits)
    only = wire.push(token, "{}", *more)
    wire.send()
    wire.read(wire.over(only))
    wire.ping()
    wire.said()


def cut(token):
    """A refused push cuts the limit to one: a stream above is refused, and an accepted push restores it."""
    wire = Wire()
    wire.send()
    wire.read(lambda: wire.limits)
    first = wire.open(token)
    bad = wire.push(64 * "0", "{}")
    wire.send()
    # The next is on its way before the new limit is heard of and acknowledged.
    above = wire.push(token, json.dumps({"mdm": "above"}))
    above_bytes = wire.taken()
    wire.read(lambda: wire.over(bad)() and len(wire.limits) > 1, answer=False)
    wire.socket.sendall(above_bytes + wire.taken())
    wire.read(wire.over(above))
    wire.body(first, json.dumps({"mdm": "first"}))
    wire.send()
    wire.read(lambda: wire.over(first)() and len(wire.limits) > 2)
    again = wire.push(token, json.dumps({"mdm": "again"}))
    wire.send()
    wire.read(wire.over(again))
    wire.said()


def goaway(token, text):
    """A push is half sent when the connection is told to end; it is finished afterwards."""
    wire = Wire()
    done = wire.push(token, json.dumps({"mdm": text + " before"}))
    wire.send()
    wire.read(wire.over(done))
    open_one = wire.open(token)
    wire.ping()
    wire.said()
    wire.read(lambda: any(g[2] for g in wire.goaways))
    wire.body(open_one, json.dumps({"mdm": text}))
    wire.send()
    wire.read(lambda: False)
    wire.said()


def one(token, text):
    """One push, until it is over or the connection is; then another on the same connection where it goes on."""
    wire = Wire()
    first = wire.push(token, json.dumps({"mdm": text}))
    wire.send()
    wire.read(wire.over(first))
    if not wire.closed and not wire.goaways:
        second = wire.push(token, json.dumps({"mdm": text + " next"}))
        wire.send()
        wire.read(wire.over(second))
    wire.said()


def two(token, delayed, text):
    """Two pushes at once; the order of the answers."""
    wire, order = Wire(), []
    streams = [wire.push(delayed, json.dumps({"mdm": text + " delayed"})), wire.push(token, json.dumps({"mdm": text}))]
    wire.send()
    for _ in streams:
        wire.read(lambda: any(wire.over(s)() for s in streams if s not in order))
        order += [s for s in streams if wire.over(s)() and s not in order]
    wire.said(order=[streams.index(s) for s in order])


{"first-token": first_token, "bad-token": bad_token_first, "cut": cut, "goaway": goaway, "one": one, "two": two}[WHAT](*MORE)
