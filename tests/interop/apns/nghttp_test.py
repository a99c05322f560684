"""nghttp as a push provider: the frames it prints, and a connection that carries many pushes."""

import re

from push_bench import bench, expect_mdm_pushes_only, payload

from harness import expect, tool


class Provider:
    def __init__(self, b):
        self.b = b

    def push(self, token, content, *headers, copies=1):
        """The frames that came back on request streams, as (kind, flags line) in order, and the whole record."""
        file = self.b.scratch / "payload"
        file.write_bytes(content)
        more = [part for h in headers for part in ("-H", h)]
        # nghttp has no option for a CA, and only warns when it does not know the service's.
        said = tool("nghttp", "-v", "-m", copies, "--cert", self.b.certificate, "--key", self.b.key,
                    "-H", ":method: POST", *more, "-d", file, f"{self.b.url}/3/device/{token}")
        frames = re.findall(r"recv (HEADERS|DATA|RST_STREAM) frame <length=(\d+), flags=0x(\w\w), stream_id=(\d+)>", said)
        return [(kind, int(length), int(flags, 16), int(stream)) for kind, length, flags, stream in frames], said


END_STREAM = 1


def main():
    with bench() as b, b.listener() as listener:
        token = b.register("nghttp-1", stream=listener.stream)
        p = Provider(b)

        # APNS-016: one HEADERS frame that ends the stream, and no DATA frame, not even an empty one.
        frames, said = p.push(token, payload("nghttp good"), f"apns-topic: {b.topic}", "apns-push-type: mdm")
        expect(len(frames) == 1 and frames[0][0] == "HEADERS" and frames[0][2] & END_STREAM, said)
        expect(":status: 200" in said and "The negotiated protocol: h2" in said, said)
        # APNS-028: nghttp sends PRIORITY frames on streams of their own before its request.
        expect("send PRIORITY frame" in said and "RST_STREAM" not in said, said)
        listener.wait(token, payload("nghttp good"))

        # A refusal has a body, and its stream ends with the last DATA frame.
        frames, said = p.push(64 * "0", payload("nghttp bad"))
        kinds = [f[0] for f in frames]
        expect(kinds[0] == "HEADERS" and set(kinds[1:]) == {"DATA"}, said)
        expect([bool(f[2] & END_STREAM) for f in frames] == (len(frames) - 1) * [False] + [True], said)
        expect(":status: 400" in said and '{"reason":"BadDeviceToken"}' in said, said)

        # Fifty streams of one connection.
        frames, said = p.push(token, b'{"mdm":"nghttp many"}', copies=50)
        ended = {stream for kind, _, flags, stream in frames if kind == "HEADERS" and flags & END_STREAM}
        expect(len(ended) == 50 and len(frames) == 50, said)
        expect(said.count(":status: 200") == 50, said)

        p.push(token, payload("nghttp last"))
        listener.wait(token, payload("nghttp last"))
        expect_mdm_pushes_only(listener, [(token, payload("nghttp good")), *(50 * [(token, b'{"mdm":"nghttp many"}')]),
                                          (token, payload("nghttp last"))])


if __name__ == "__main__":
    main()
