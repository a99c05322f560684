"""Small traces for the checks' tests: events as the trace format writes them. Used by make_fixtures.py."""
import hashlib
import json

MAC = "mac-0001"
UDID = "00000000-0000-4000-8000-000000000001"
USER = "00000000-0000-4000-8000-0000000000AA"
TOPIC = "com.apple.mgmt.External.test"
TOKEN, TOKEN2, USER_TOKEN = "a1" * 32, "b2" * 32, "c3" * 32
MAGIC, MAGIC2 = "magic-1", "magic-2"
SERVER = "mdm.test:443"
XML = [["Content-Type", "application/xml; charset=UTF-8"]]
JSON = [["Content-Type", "application/json"]]
CHECKIN = [["Content-Type", "application/x-apple-aspen-mdm-checkin"]]
PROFILE = [["Content-Type", "application/x-apple-aspen-config"]]


def of_user(user):
    return {"UserID": user, "UserShortName": "alice", "UserLongName": "Alice"} if user else {}


class Trace:
    def __init__(self):
        self.events, self.bodies, self.clock = [], {}, 0.0

    def wait(self, seconds):
        self.clock += seconds

    def add(self, **members):
        self.clock += 0.001
        whole, part = divmod(round(self.clock * 1000), 1000)
        minutes, seconds = divmod(whole, 60)
        hours, minutes = divmod(minutes, 60)
        head = {"number": len(self.events) + 1,
                "time": f"2026-01-02T{3 + hours:02d}:{minutes:02d}:{seconds:02d}.{part:03d}000000Z"}
        head |= {k: v for k, v in members.items() if v not in (None, "", [], {}, 0)}
        self.events.append(head)
        return head

    def keep(self, body, stored=True):
        if not body:
            return None
        name = hashlib.sha256(body).hexdigest()
        if stored:
            self.bodies[name] = body
        return {"sha256": name, "size": len(body)}

    def request(self, actor, channel, method, target, summary, facts=None, headers=None, body=b"",
                stored=False, peer=SERVER, cert="", cause=0, at="client", exchange=None):
        n = len(self.events) + 1
        return self.add(actor=actor, peer=peer, channel=channel, exchange=exchange or f"c{n}/1",
                        kind="request", cause=cause, at=at, method=method, target=target,
                        headers=headers or [], body=self.keep(body, stored), client_certificate=cert,
                        summary=summary, facts=facts or {})

    def answer(self, to, status=200, summary=None, facts=None, headers=None, body=b"", stored=True):
        return self.add(actor=to["actor"], peer=to["peer"], channel=to["channel"],
                        exchange=to["exchange"], kind="response", cause=to["number"], at=to["at"],
                        method=to["method"], target=to["target"], status=status,
                        headers=headers or [], body=self.keep(body, stored), summary=summary or {},
                        facts=facts or {})

    def failure(self, to, why="reset", after_send=True):
        return self.add(actor=to["actor"], peer=to["peer"], channel=to["channel"],
                        exchange=to["exchange"], kind="failure", cause=to["number"], at=to["at"],
                        method=to["method"], target=to["target"], failure=why,
                        after_send=after_send or None)

    def state(self, name, summary=None, cause=0, actor=MAC):
        return self.add(actor=actor, kind="state", cause=cause, name=name, summary=summary or {})

    # Check-in ------------------------------------------------------------------------------------
    def ask(self, message, summary=None, mac=MAC, user="", signature="valid", target="/checkin",
            cause=0, **more):
        s = {"MessageType": message, "UDID": UDID[:-4] + mac[-4:], "Topic": TOPIC}
        s |= of_user(user) | ({"NotOnConsole": False} if user and message == "TokenUpdate" else {})
        return self.request(mac, "checkin", "PUT", target, s | (summary or {}),
                            {"signature": signature}, CHECKIN, cause=cause, **more)

    def checkin(self, message, summary=None, status=200, answer=None, **more):
        r = self.ask(message, summary, **more)
        return r, self.answer(r, status, **(answer or {"summary": {"empty": True}}))

    def authenticate(self, status=200, drop=(), **more):
        s = {"DeviceName": "one", "Model": "Mac14,2", "ModelName": "MacBook Air"}
        return self.checkin("Authenticate", {k: v for k, v in s.items() if k not in drop}, status,
                            **more)

    def token_update(self, token=TOKEN, magic=MAGIC, status=200, **more):
        return self.checkin("TokenUpdate", {"Token": token, "PushMagic": magic}, status, **more)

    def enroll(self, **more):
        self.authenticate()
        return self.token_update(**more)

    def set_token(self, token="", status=200, **more):
        return self.checkin("SetBootstrapToken", {"BootstrapToken": token} if token else {}, status, **more)

    def get_token(self, token="", status=200):
        return self.checkin("GetBootstrapToken", status=status,
                            answer={"summary": {"BootstrapToken": token} if token else {},
                                    "headers": XML if status == 200 else []})

    def awaits(self, on=True):
        """The TokenUpdate of Setup Assistant."""
        return self.checkin("TokenUpdate", {"Token": TOKEN, "PushMagic": MAGIC, "AwaitingConfiguration": on})

    def ddm(self, endpoint, doc=None, status=200, headers=JSON, body=None, extra=None, asked=None,
            **more):
        raw = body if body is not None else (json.dumps(doc).encode() if doc is not None else b"")
        summary = {}
        if isinstance(doc, dict):
            for name in ("DeclarationsToken", "Timestamp"):
                found = doc.get(name, doc.get("SyncTokens", {}).get(name))
                summary |= {name: found} if found is not None else {}
            for name, items in doc.get("Declarations", {}).items():
                summary[name.lower()] = len(items)
            for name in ("Type", "Identifier", "ServerToken"):
                summary |= {name: doc[name]} if name in doc else {}
        return self.checkin("DeclarativeManagement", {"Endpoint": endpoint} | (asked or {}), status,
                            {"summary": summary, "headers": headers if raw else [], "body": raw,
                             "facts": {"json_valid": True} if doc is not None else {}}, **more)

    def tokens(self, token="T1", **more):
        return self.ddm("tokens", {"SyncTokens": {"DeclarationsToken": token,
                                                  "Timestamp": "2026-01-02T03:04:05Z"}}, **more)

    def items(self, listed, token="T1", kind="Configurations", **more):
        lists = {k: [] for k in ("Activations", "Configurations", "Assets", "Management")}
        lists[kind] = [{"Identifier": i, "ServerToken": t} for i, t in listed]
        return self.ddm("declaration-items", {"Declarations": lists, "DeclarationsToken": token},
                        **more)

    def declaration(self, name, token, kind="configuration", status=200, payload=None, **more):
        doc = {"Type": f"com.apple.{kind}.management.test", "Identifier": name,
               "ServerToken": token, "Payload": payload or {}}
        return self.ddm(f"declaration/{kind}/{name}", doc if status == 200 else None, status, **more)

    def status(self, names=("management.client-capabilities", "management.declarations"), errors=0,
               **more):
        said = {"status.items": list(names)} if names is not None else {}
        said |= {"status.errors": errors} if errors is not None else {}
        return self.ddm("status", asked=said, **more)

    # Command loop --------------------------------------------------------------------------------
    def loop_request(self, status="Idle", uuid="", mac=MAC, user="", extra=None, cause=0,
                     method="PUT", signature="valid", **more):
        s = {"UDID": UDID[:-4] + mac[-4:], "Status": status}
        s |= of_user(user) | ({"CommandUUID": uuid} if uuid else {})
        s |= {"NotOnConsole": False} if user else {}
        return self.request(mac, "mdm", method, "/mdm", s | (extra or {}), {"signature": signature},
                            cause=cause, **more)

    def empty(self, to, status=200):
        return self.answer(to, status, {"empty": True})

    def command(self, to, uuid="U1", kind="ProfileList", keys=("CommandUUID", "Command"), drop=(),
                headers=XML, body=None, extra=None):
        s = {k: v for k, v in {"CommandUUID": uuid, "RequestType": kind}.items() if k not in drop}
        raw = body or f"(command {uuid} {kind})".encode()
        return self.answer(to, 200, s | (extra or {}), {"top_level_keys": list(keys)}, headers, raw,
                           stored=body is not None)

    def loop(self, status="Idle", uuid="", gets=None, answer=200, kind="ProfileList", **more):
        r = self.loop_request(status, uuid, **more)
        return r, (self.command(r, gets, kind) if gets else self.empty(r, answer))

    # Profiles and SCEP ---------------------------------------------------------------------------
    def profile(self, summary=None, drop=(), types=("com.apple.security.scep", "com.apple.mdm"),
                headers=PROFILE, body=b"(profile)", stored=False, facts=None, status=200, mac=MAC):
        r = self.request(mac, "enroll", "GET", "/enroll", {})
        s = {"PayloadType": "Configuration", "payload_types": list(types), "Topic": TOPIC,
             "ServerURL": "https://mdm.test/mdm", "CheckInURL": "https://mdm.test/checkin",
             "IdentityCertificateUUID": "ID-1", "SignMessage": True, "CheckOutWhenRemoved": True,
             "AccessRights": 8191, "SCEPURL": "https://mdm.test/scep", "Keysize": 2048,
             "Key Usage": 5, "Challenge": "{{challenge:0000000000000001:16}}"}
        s = {k: v for k, v in (s | (summary or {})).items() if k not in drop}
        return r, self.answer(r, status, s, facts if facts is not None else
                              {"profile_signature": "valid", "chain_length": 1}, headers, body,
                              stored)

    def scep(self, operation, method="GET", asked=None, status=200, answer=None, headers=None,
             body=b"x", stored=False, mac=MAC):
        r = self.request(mac, "scep", method, f"/scep?operation={operation}",
                         {"operation": operation} | (asked or {}))
        return r, self.answer(r, status, {"operation": operation} | (answer or {}), {}, headers, body,
                              stored)

    def caps(self, words=("AES", "SHA-256", "POSTPKIOperation"), headers=None, body=None, **more):
        return self.scep("GetCACaps", answer={"caps": list(words)},
                         headers=headers if headers is not None else [["Content-Type", "text/plain"]],
                         body=body or "\n".join(words).encode(), stored=body is not None, **more)

    def ca_cert(self, certs=("ca01",), kind="application/x-x509-ca-cert"):
        return self.scep("GetCACert", answer={"certificates": list(certs)},
                         headers=[["Content-Type", kind]])

    def pki(self, nonce="01" * 16, reply="f1" * 16, status=200, said=None, drop=(), size=900,
            transaction="TX1", method="POST", lost=False, **more):
        asked = {"message_bytes": size, "messageType": "PKCSReq", "transactionID": transaction,
                 "senderNonce": nonce, "signature": "valid"}
        answer = {"messageType": "CertRep", "pkiStatus": "SUCCESS", "transactionID": transaction,
                  "senderNonce": reply, "recipientNonce": nonce, "signature": "valid",
                  "signer": "ca01"}
        answer = {k: v for k, v in (answer | (said or {})).items() if k not in drop}
        if lost:
            r = self.request(MAC, "scep", method, "/scep?operation=PKIOperation",
                             {"operation": "PKIOperation"} | asked)
            return r, self.failure(r)
        return self.scep("PKIOperation", method, asked, status, answer if status == 200 else {},
                         **more)

    # Push ----------------------------------------------------------------------------------------
    def push(self, token=TOKEN, magic=MAGIC, keys=("mdm",), status=200, summary=None, answer=None,
             body=b"", headers=None, connection="p1", cert="cafe", reason=""):
        s = {"Token": token, "Topic": TOPIC, "push_type": "mdm", "certificate_topic": TOPIC}
        s |= ({"PushMagic": magic} if magic else {}) | ({"payload_keys": list(keys)} if keys is not None else {})
        n = len(self.events) + 1
        r = self.request("apns", "apns", "POST", f"/3/device/{token}", s | (summary or {}), {},
                         headers, peer="127.0.0.1:50000", cert=cert, at="server",
                         exchange=f"{connection}/{n}")
        said = {"apns_id": "11111111-2222-4333-8444-555555555555"}
        said |= {"reason": reason} if reason else {}
        return r, self.answer(r, status, said if answer is None else answer, {}, [], body, False)

    def delivered(self, token=TOKEN, magic=MAGIC, cause=0):
        return self.add(actor="apns-link", peer="push.test:443", channel="apns-device",
                        exchange="d1/1", kind="message", cause=cause, at="client",
                        summary={"Token": token, "Topic": TOPIC, "PushMagic": magic})

    def api(self, uuid, id="ID"):
        r = self.request("operator", "api", "PUT", f"/v1/enqueue/{id}",
                         {"operation": "/enqueue", "CommandUUID": uuid})
        return r, self.answer(r, 200)

    def write(self, folder, name):
        folder.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(e, separators=(",", ":"), ensure_ascii=False) for e in self.events)
        (folder / f"{name}.ndjson").write_text("".join(line + "\n" for line in lines))
        for sha, body in self.bodies.items():
            (folder / "bodies").mkdir(exist_ok=True)
            (folder / "bodies" / sha).write_bytes(body)
