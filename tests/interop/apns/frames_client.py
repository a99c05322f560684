"""Raw HTTP/2 by Debian's python3-h2. Arguments: port, CA, certificate, key, token, ALPN (or -). Prints what came as JSON."""

import json
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events

PORT, CA, CERTIFICATE, KEY, TOKEN, ALPN = sys.argv[1:]
UNKNOWN_FRAME = b"\x00\x00\x04\xfa\x00\x00\x00\x00\x00abcd"  # length 4, type 0xfa, stream 0


def connect():
    context = ssl.create_default_context(cafile=CA)
    context.load_cert_chain(CERTIFICATE, KEY)
    if ALPN != "-":
        context.set_alpn_protocols([ALPN])
    return context.wrap_socket(socket.create_connection(("localhost", int(PORT)), timeout=30), server_hostname="localhost")


def headers(token, *more):
    return [(":method", "POST"), (":scheme", "https"), (":path", f"/3/device/{token}"), ("host", "localhost"), *more]


def send(connection, token, body, *more):
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, headers(token, *more))
    connection.send_data(stream, body, end_stream=True)
    return stream


class Record:
    """Per stream: status, whether HEADERS carried END_STREAM, and the body; and the pings that were answered."""

    def __init__(self):
        self.streams = {}
        self.pongs = []

    def take(self, event):
        stream = self.streams.setdefault(getattr(event, "stream_id", 0), {"body": "", "ended": False, "reset": False})
        if isinstance(event, h2.events.ResponseReceived):
            fields = dict(event.headers)
            stream["status"] = int(fields[":status"])
            stream["id"] = fields.get("apns-id")
            stream["headers_end_stream"] = event.stream_ended is not None
        elif isinstance(event, h2.events.DataReceived):
            stream["body"] += event.data.decode()
        elif isinstance(event, h2.events.StreamEnded):
            stream["ended"] = True
        elif isinstance(event, h2.events.StreamReset):
            stream["reset"] = True
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs.append(event.ping_data.decode())
        elif isinstance(event, h2.events.ConnectionTerminated):
            raise SystemExit(f"GOAWAY {event.error_code} {event.additional_data}")


def main():
    wire = connect()
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    connection.ping(b"pomona-1")
    wire.sendall(connection.data_to_send() + UNKNOWN_FRAME)
    names = {
        send(connection, TOKEN, b'{"mdm":"h2 good"}'): "good",
        send(connection, "0" * 64, b'{"mdm":"h2 bad"}', ("apns-id", "0a1b2c3d-0000-4000-8000-00000000000c")): "bad",
        send(connection, TOKEN, b'{"mdm":"h2 twice"}', ("apns-priority", "10"), ("apns-priority", "10")): "twice",
    }
    first = min(names)
    connection.prioritize(first, weight=7)
    connection.ping(b"pomona-2")
    wire.sendall(connection.data_to_send())
    record = Record()
    while len(record.pongs) < 2 or not all(record.streams.get(s, {}).get("ended") for s in names):
        data = wire.recv(65536)
        if not data:
            raise SystemExit(f"closed after {record.streams}")
        for event in connection.receive_data(data):
            record.take(event)
        wire.sendall(connection.data_to_send())
    print(json.dumps({"alpn": wire.selected_alpn_protocol(), "pongs": record.pongs,
                      "answers": {name: record.streams[stream] for stream, name in names.items()}}))


main()
