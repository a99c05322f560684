"""APNS-015: every row of reasons.tsv is provoked over the wire and compared: status, type, body to the octet, apns-id."""

import json
import pathlib
import re
import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's libraries, whichever interpreter runs this

import jwt  # noqa: E402
from curl_test import Provider  # noqa: E402
from push_bench import bench, expect_millis_now  # noqa: E402

from harness import expect, expect_exit, run, tool  # noqa: E402

ROWS = [line.split("\t") for line in (pathlib.Path(__file__).parent / "reasons.tsv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")]
APP, KEY_ID, TEAM = "org.example.app", "KEY0000001", "TEAM000001"
UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


class Requests:
    """The rows' last column: each gives (status, headers, body)."""

    def __init__(self, b):
        self.b = b
        self.provider = Provider(b)
        self.token = b.register("reasons")
        self.key = self.ctl("key", KEY_ID, TEAM, APP)["private_key"]
        self.bearers = 0

    def ctl(self, *arguments):
        done = run("ctl", "apns", *arguments, "-t", self.b.target)
        expect_exit(done, 0)
        return json.loads(done.stdout)

    def push(self, *options, token=None, content=b'{"mdm":"reasons"}', **more):
        return self.provider.push(self.token if token is None else token, content, *options, **more)

    def with_header(self, header):
        return self.push("-H", header)

    def by_provider_token(self, *options, age=0, kid=KEY_ID):
        self.bearers += 1  # its signature differs each time, and so does the token
        bearer = jwt.encode({"iss": TEAM, "iat": int(time.time()) - age}, self.key, algorithm="ES256", headers={"kid": kid})
        return self.push("-H", f"authorization: bearer {bearer}", *options, identity=[])

    def by_certificate(self, kind="good", revoke=False):
        key, request, upload, cert = (self.b.scratch / f"reasons.{name}" for name in ("key", "csr", "b64", "pem"))
        tool("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=mdm/C=US")
        upload.write_text(self.ctl("sign", "--file", request)["upload"], encoding="utf-8")
        made = self.ctl("certificate", kind, "--file", upload)
        cert.write_text(made["certificate"], encoding="utf-8")
        if revoke:
            self.ctl("revoke", made["serial"])
        return self.push(identity=["--cert", cert, "--key", key])

    def with_rule(self, rule, after, how=None):
        self.ctl("rules", rule)
        try:
            return (how or self.push)()
        finally:
            self.ctl("rules", after)

    def collapse_id_of_65_bytes(self, _):
        return self.with_header("apns-collapse-id: " + 65 * "c")

    def unknown_token(self, _):
        return self.push(token=64 * "0")

    def token_that_is_no_hex(self, _):
        return self.push(token=64 * "z")

    def token_of_14_bytes(self, _):
        return self.push(token=28 * "a")

    def expiration_in_words(self, _):
        return self.with_header("apns-expiration: tomorrow")

    def id_that_is_no_uuid(self, _):
        return self.with_header("apns-id: 17")

    def priority_7(self, _):
        return self.with_header("apns-priority: 7")

    def topic_with_a_slash(self, _):
        return self.with_header("apns-topic: not/a/topic")

    def token_of_another_topic(self, _):
        return self.push(token=self.b.register("reasons other", topic=APP))

    def topic_twice(self, _):
        return self.push(*["-H", f"apns-topic: {self.b.topic}"] * 2)

    def nonsense_push_type(self, _):
        return self.with_header("apns-push-type: nonsense")

    def path_without_a_token(self, _):
        return self.push(token="")

    def provider_token_without_a_topic(self, _):
        return self.by_provider_token()

    def mdm_topic_by_provider_token(self, _):
        return self.by_provider_token("-H", f"apns-topic: {self.b.topic}")

    def provider_token_older_than_an_hour(self, _):
        return self.by_provider_token(age=3700)

    def provider_token_of_an_unknown_key(self, _):
        return self.by_provider_token(kid="KEY0000009")

    def third_provider_token_in_20_minutes(self, _):
        expect(self.bearers >= 2, "two of this key have been taken by the rows before")
        return self.by_provider_token("-H", f"apns-topic: {APP}")

    def no_payload(self, _):
        return self.push(content=b"")

    def payload_of_4097_bytes(self, _):
        return self.push(content=4097 * b"x")

    def topic_of_another(self, _):
        return self.with_header("apns-topic: com.apple.mgmt.External.other")

    def expired_certificate(self, _):
        return self.by_certificate("expired")

    def sandbox_certificate(self, _):
        return self.by_certificate("sandbox-only")

    def revoked_certificate(self, _):
        return self.by_certificate(revoke=True)

    def no_credential(self, _):
        return self.push(identity=[])

    def unknown_path(self, _):
        return self.provider.ask("/4/x", "--data", "{}")

    def get(self, _):
        return self.provider.ask(f"/3/device/{self.token}")

    def token_that_aged_out(self, _):
        token = self.b.register("reasons aged")
        self.ctl("end-token", token, "ExpiredToken")
        return self.push(token=token)

    def token_given_up(self, _):
        token = self.b.register("reasons gone")
        self.b.device_call("unregister", {"token": token})
        return self.push(token=token)

    def second_push_in_a_minute(self, _):
        token = self.b.register("reasons often")

        def twice():
            expect(self.push(token=token)[0] == 200, "the first is taken")
            return self.push(token=token)
        return self.with_rule("pushes_a_minute=1", "pushes_a_minute=0", twice)

    def outage(self, reason):
        return self.with_rule(f"outage={reason}", "outage=none")

    def ordered(self, reason):
        self.ctl("fault", "answer", f"reason={reason}", f"token={self.token}")
        return self.push()


def main():
    with bench() as b:
        begin = time.time()
        requests = Requests(b)
        expect(requests.push()[0] == 200, "nothing is wrong with what the rows begin with")
        for status, reason, name in ROWS:
            got, headers, body = getattr(requests, name)(reason)
            what = f"{name}: {got} {headers} {body!r}, wanted {status} {reason}"
            wanted = re.escape(f'{{"reason":"{reason}"}}').replace("\\}", r',"timestamp":(\d+)\}' if status == "410" else r"\}")
            found = re.fullmatch(wanted, body.decode())
            expect(got == int(status) and found, what)
            if status == "410":
                expect_millis_now(int(found[1]), begin)  # APNS-018
            expect(headers.get("content-type") == "application/json" and UUID.fullmatch(headers.get("apns-id", "")), what)
        expect(requests.push()[0] == 200, "nothing is left of it")


if __name__ == "__main__":
    main()
