#!/usr/bin/env python3
"""Writes fixtures/<check>/{pass,fail}*.ndjson. Run by hand after a change; its output is committed.

Each function is one small trace: it gets a Trace and adds what matters for that check."""
import json
import pathlib
import plistlib
import shutil
import sys

from trace_lines import *

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
MADE = {}


def case(check, *names):
    def register(make):
        for name in names:
            MADE[check, name] = make
        return make
    return register


def one(check, name, make):
    assert (check, name) not in MADE, (check, name)
    MADE[check, name] = make


# MDM: answers -------------------------------------------------------------------------------------
one("MDM-CHK-001", "pass", lambda t: t.authenticate())
one("MDM-CHK-001", "fail", lambda t: t.authenticate(202))
one("MDM-CHK-004", "pass", lambda t: t.loop())
one("MDM-CHK-004", "fail", lambda t: t.answer(t.loop_request(), 200, {}, {"top_level_keys": []}, XML,
                                              b"<plist><dict/></plist>", False))
one("MDM-CHK-005", "pass", lambda t: t.loop(gets="U1"))
one("MDM-CHK-005", "fail", lambda t: t.command(t.loop_request(), keys=["Command"],
                                               drop=["CommandUUID"]))
one("MDM-CHK-005", "fail-no-plist", lambda t: t.answer(t.loop_request(), 200, {"malformed": True},
                                                       {}, XML, b"OK", False))
one("MDM-CHK-006", "pass", lambda t: t.command(t.loop_request(), headers=[["Content-Type", "text/xml"]]))
one("MDM-CHK-006", "fail", lambda t: t.command(t.loop_request(), headers=[]))
one("MDM-CHK-007", "pass", lambda t: t.loop(gets="U1"))
one("MDM-CHK-007", "fail", lambda t: t.command(t.loop_request(),
                                               keys=["CommandUUID", "Command", "Identifier"]))


@case("MDM-CHK-026", "pass")
def _(t):
    t.enroll(), t.loop(), t.loop(answer=503)


@case("MDM-CHK-026", "fail")
def _(t):
    t.enroll(), t.loop(answer=401)


@case("MDM-CHK-026", "pass-asked-to-sign-in")
def _(t):  # an account-driven enrollment's token is over: the challenge says so
    t.enroll()
    t.answer(t.loop_request(), 401, {}, {}, [["WWW-Authenticate", "Bearer method=\"x\""]])


def refusal(t, headers, summary, facts):
    t.answer(t.loop_request(), 403, summary, facts, headers, b"{...}", False)


UNKNOWN = {"code": "com.apple.unrecognized.device"}
one("MDM-CHK-052", "pass", lambda t: refusal(t, JSON, UNKNOWN, {"json_valid": True}))
one("MDM-CHK-052", "pass-plist", lambda t: refusal(t, XML, UNKNOWN, {"top_level_keys": ["code"]}))
one("MDM-CHK-052", "fail", lambda t: refusal(t, XML, UNKNOWN, {"json_valid": True}))
one("MDM-CHK-052", "fail-details", lambda t: refusal(
    t, JSON, {"code": "com.apple.softwareupdate.required"}, {"json_valid": True}))
one("ENR-010", "pass", lambda t: t.enroll())
one("ENR-010", "fail", lambda t: t.authenticate(answer={"headers": XML, "body": b"<plist/>"}))


# MDM: queue ---------------------------------------------------------------------------------------
def reported(t, status, again=None, extra=None):
    t.loop(gets="U1"), t.loop(status, "U1", extra=extra), t.loop(gets=again)


CHAIN = {"error_chain_length": 1, "ErrorDomain": "MCMDMErrorDomain", "ErrorCode": 12021,
         "LocalizedDescription": "unknown"}
for number, status in (("009", "Acknowledged"), ("010", "Error"), ("011", "CommandFormatError")):
    extra = CHAIN if status == "Error" else None
    one(f"MDM-CHK-{number}", "pass", lambda t, s=status, e=extra: reported(t, s, extra=e))
    one(f"MDM-CHK-{number}", "fail", lambda t, s=status, e=extra: reported(t, s, "U1", e))


@case("MDM-CHK-009", "pass-lost-answer")
def _(t):  # the server may or may not have had the report: once more is right
    t.loop(gets="U1")
    t.failure(t.loop_request("Acknowledged", "U1"))
    t.loop(gets="U1"), t.loop("Acknowledged", "U1")


@case("MDM-CHK-009", "pass-other-channel")
def _(t):  # each channel has its own queue, and one UUID may stand in both
    t.loop(gets="U1", user=USER), t.loop(gets="U1"), t.loop("Acknowledged", "U1")
    t.loop("Acknowledged", "U1", user=USER)


@case("MDM-CHK-009", "pass-enrolled-anew")
def _(t):
    t.loop(gets="U1"), t.loop("Acknowledged", "U1"), t.enroll(), t.loop(gets="U1")


@case("MDM-CHK-009", "pass-queued-again")
def _(t):
    t.loop(gets="U1"), t.loop("Acknowledged", "U1"), t.api("U1"), t.loop(gets="U1")


@case("MDM-CHK-009", "pass-two-connections")
def _(t):  # the second connection's Idle was on its way before the report was answered
    t.loop(gets="U1")
    other = t.loop_request()
    t.loop("Acknowledged", "U1")
    t.command(other)
    t.loop("Acknowledged", "U1")


@case("MDM-CHK-009", "fail-same-answer")
def _(t):
    t.loop(gets="U1"), t.loop("Acknowledged", "U1", gets="U1")


@case("MDM-CHK-012", "pass")
def _(t):
    t.loop(gets="U1"), t.loop("NotNow", "U1", gets="U2"), t.loop("Acknowledged", "U2")
    t.loop(gets="U1")


@case("MDM-CHK-012", "fail")
def _(t):
    t.loop(gets="U1"), t.loop("NotNow", "U1", gets="U1")


# MDM: pushes --------------------------------------------------------------------------------------
@case("MDM-CHK-018", "pass")
@case("APNS-041", "pass")
def rotated(t, token=TOKEN2, magic=MAGIC2, wait=60):
    t.enroll(), t.wait(60), t.token_update(TOKEN2, MAGIC2), t.wait(wait), t.push(token, magic)


one("MDM-CHK-018", "fail", lambda t: rotated(t, TOKEN, MAGIC))
one("APNS-041", "fail", lambda t: rotated(t, TOKEN, MAGIC))


@case("MDM-CHK-018", "pass-under-way")
@case("APNS-041", "pass-under-way")
@case("APNS-040", "pass-under-way")
def _(t):  # sent before the TokenUpdate was stored, it arrives right after the answer
    rotated(t, TOKEN, MAGIC, 0), t.wait(60), t.push(TOKEN2, MAGIC2)


@case("MDM-CHK-018", "pass-refused-update")
def _(t):  # what the server did not accept it need not use, but it may
    rotated(t), t.token_update(TOKEN, MAGIC, 500), t.wait(60), t.push(TOKEN2, MAGIC2)
    t.push(TOKEN, MAGIC)


@case("APNS-041", "pass-before-this-run")
def _(t):  # a Mac that enrolled before the run: its token is unknown here, but not to the service
    t.push("d4" * 32, "magic-9"), t.push("d5" * 32, "magic-8", status=400, reason="BadDeviceToken")
    t.enroll(), t.push()


@case("APNS-041", "fail-mangled")
def _(t):
    t.enroll(), t.push(TOKEN[:-2], status=400, reason="BadDeviceToken")


@case("APNS-041", "fail-hex-of-hex")
def _(t):
    t.enroll(), t.push(TOKEN.encode().hex(), status=400, reason="BadDeviceToken")


@case("MDM-CHK-019", "pass")
def _(t):
    t.enroll(), t.push()


@case("MDM-CHK-019", "fail")
def _(t):
    t.authenticate(), t.wait(60), t.push(), t.token_update()


@case("MDM-CHK-023", "pass")
def enrolled_twice(t, again=None, push=False, gets="U1"):
    t.enroll(), t.loop(gets=gets), t.wait(60), t.authenticate()
    if push:
        t.wait(60), t.push()
    t.token_update(TOKEN, MAGIC2), t.loop(gets=again), t.wait(60), t.push(TOKEN, MAGIC2)


one("MDM-CHK-023", "fail", lambda t: enrolled_twice(t, "U1"))
one("MDM-CHK-023", "pass-other-command", lambda t: enrolled_twice(t, "U2"))
one("MDM-CHK-023", "fail-push", lambda t: enrolled_twice(t, push=True))


@case("MDM-CHK-023", "pass-push-under-way")
def _(t):
    t.enroll(), t.wait(60), t.authenticate(), t.push(), t.wait(60), t.token_update(TOKEN, MAGIC2)


@case("MDM-CHK-024", "pass")
@case("ENR-090", "pass")
def left(t, gets=None, push=False, status=200):
    t.enroll(), t.push(), t.checkin("CheckOut", status=status)
    t.push()  # under way
    t.wait(60)
    if push:
        t.push()
    t.loop(gets=gets)


one("MDM-CHK-024", "fail", lambda t: left(t, push=True))
one("MDM-CHK-024", "fail-command", lambda t: left(t, "U1"))
one("ENR-090", "fail", lambda t: left(t, status=400))


@case("MDM-CHK-024", "pass-back-again")
def _(t):
    left(t), t.enroll(magic=MAGIC2), t.wait(60), t.push(magic=MAGIC2), t.loop(gets="U1")


@case("MDM-CHK-023", "fail-check-out")
def _(t):
    t.enroll(), t.loop(gets="U1"), t.checkin("CheckOut"), t.enroll(magic=MAGIC2), t.loop(gets="U1")


@case("ENR-090", "pass-trouble")
def _(t):
    left(t), t.enroll(magic=MAGIC2), t.checkin("CheckOut", status=503)


@case("MDM-CHK-023", "pass-uuid-of-an-ended-command")
def _(t):  # a server may name its commands by what they do
    t.enroll(), t.loop(gets="U1"), t.loop("Acknowledged", "U1"), t.enroll(), t.loop(gets="U1")


@case("ENR-090", "pass-lost")
def _(t):
    left(t), t.enroll(magic=MAGIC2), t.failure(t.ask("CheckOut"))


# Provider and push service ------------------------------------------------------------------------
def pushed(t, **how):
    t.enroll(), t.wait(60), t.push(**how)


for check in ("MDM-CHK-020", "MDM-CHK-022", "APNS-040", "APNS-042", "APNS-043", "APNS-016"):
    one(check, "pass", pushed)
one("MDM-CHK-020", "fail", lambda t: pushed(t, keys=["aps", "mdm"]))
one("MDM-CHK-020", "fail-magic", lambda t: pushed(t, magic="magic-9"))
one("MDM-CHK-020", "fail-no-json", lambda t: pushed(t, keys=None, magic=""))
one("MDM-CHK-022", "fail", lambda t: pushed(t, summary={"Topic": "com.apple.mgmt.External.other"}))
one("MDM-CHK-022", "pass-no-header", lambda t: pushed(t, summary={"Topic": ""}))
one("APNS-040", "fail", lambda t: rotated(t, TOKEN2, MAGIC))
one("APNS-042", "fail", lambda t: pushed(t, summary={"push_type": ""}))
one("APNS-042", "fail-topic", lambda t: pushed(t, summary={"Topic": ""}))
one("APNS-043", "fail", lambda t: pushed(t, headers=[["authorization", "{{authorization}}"]]))
one("APNS-016", "fail", lambda t: pushed(t, answer={}))
one("APNS-016", "fail-body", lambda t: pushed(t, body=b"{}"))


@case("APNS-040", "pass-user")
def _(t):  # each channel has its own token and magic
    t.enroll(), t.token_update(USER_TOKEN, MAGIC2, user=USER), t.wait(60)
    t.push(), t.push(USER_TOKEN, MAGIC2)


def ten(t, connections):
    t.enroll()
    for i in range(10):
        t.push(connection=f"p{i % connections}")


one("APNS-044", "pass", lambda t: ten(t, 3))
one("APNS-044", "fail", lambda t: ten(t, 10))


def gone(t, timestamp):
    said = {"apns_id": "1", "reason": "Unregistered"} | ({"timestamp": timestamp} if timestamp else {})
    pushed(t, status=410, answer=said)


one("APNS-018", "pass", lambda t: gone(t, 1767322800000))
one("APNS-018", "fail", lambda t: gone(t, 1767999999000))
one("APNS-018", "fail-seconds", lambda t: gone(t, 1767322800))
one("APNS-018", "fail-none", lambda t: gone(t, None))


# MDM: Macs ----------------------------------------------------------------------------------------
@case("MDM-CHK-058", "pass")
def _(t):
    t.profile(), t.scep("GetCACert", answer={"certificates": ["ca01"]},
                        headers=[["Content-Type", "application/x-x509-ca-cert"]])
    t.pki(), t.enroll()


@case("MDM-CHK-058", "pass-server-url")
def _(t):
    t.profile(drop=["CheckInURL"]), t.pki(), t.authenticate(target="/mdm?x=1")


@case("MDM-CHK-058", "fail")
def _(t):
    t.profile(), t.pki(), t.authenticate(target="/mdm")


@case("MDM-CHK-058", "pass-two-profiles")
def _(t):  # the second one was downloaded, the first one is installed
    t.profile(), t.profile({"CheckInURL": "https://mdm.test/new",
                            "Challenge": "{{challenge:0000000000000002:16}}"})
    t.pki(), t.authenticate()


one("MDM-CHK-059", "pass", lambda t: t.enroll())


@case("MDM-CHK-059", "fail")
def _(t):
    t.authenticate(500), t.token_update()


@case("MDM-CHK-059", "pass-failed-renewal")
def _(t):  # what was there before the renewal failed goes on
    t.enroll(), t.authenticate(403), t.token_update(TOKEN2)


@case("MDM-CHK-059", "pass-second-try")
def _(t):
    t.failure(t.ask("Authenticate", {"DeviceName": "one", "Model": "Mac14,2", "ModelName": "Air"}))
    t.enroll()


@case("MDM-CHK-059", "pass-user")
def _(t):
    t.enroll(), t.token_update(USER_TOKEN, MAGIC2, user=USER)


one("MDM-CHK-060", "pass", lambda t: t.authenticate())
one("MDM-CHK-060", "fail", lambda t: t.authenticate(drop=["ModelName"]))
one("MDM-CHK-061", "pass", lambda t: (t.enroll(), reported(t, "Acknowledged")))
one("MDM-CHK-061", "fail", lambda t: t.loop("Acknowledged"))
one("MDM-CHK-061", "fail-idle", lambda t: t.loop("Idle", "U1"))
one("MDM-CHK-061", "fail-other", lambda t: (t.enroll(), t.loop(gets="U1"), t.loop("Acknowledged", "U9")))
one("MDM-CHK-061", "pass-kept-result", lambda t: t.loop("Acknowledged", "U9"))
one("MDM-CHK-062", "pass", lambda t: reported(t, "Error", extra=CHAIN))
one("MDM-CHK-062", "fail", lambda t: reported(t, "Error"))


def after_empty(t, caused, status="Acknowledged"):
    t.loop(gets="U1")
    end = t.loop(status, "U1")[1]
    t.wait(1)
    t.loop(cause=end["number"] if caused else 0)


one("MDM-CHK-063", "pass", lambda t: after_empty(t, False))
one("MDM-CHK-063", "fail", lambda t: after_empty(t, True))
one("MDM-CHK-063", "pass-poll", lambda t: after_empty(t, True, "NotNow"))


def refused_result(t, then, uuid):
    t.loop(gets="U1"), t.loop("Acknowledged", "U1", answer=500), t.wait(5), t.loop(then, uuid)


one("MDM-CHK-064", "pass", lambda t: refused_result(t, "Acknowledged", "U1"))
one("MDM-CHK-064", "fail", lambda t: refused_result(t, "Idle", ""))


@case("MDM-CHK-064", "pass-enrolled-anew")
def _(t):
    refused_result(t, "Acknowledged", "U1"), t.loop(gets="U2"), t.loop("Acknowledged", "U2", answer=500)
    t.enroll(), t.loop()


@case("MDM-CHK-068", "pass")
def _(t):
    t.loop(gets="U1"), t.loop("NotNow", "U1"), t.loop(gets="U1"), t.loop("Acknowledged", "U1")


@case("MDM-CHK-068", "fail")
def _(t):
    t.loop(gets="U1"), t.loop("NotNow", "U1"), t.loop("Acknowledged", "U1")


@case("MDM-CHK-068", "pass-result-repeated")
def _(t):  # NotNow itself was not taken and comes again
    t.loop(gets="U1"), t.loop("NotNow", "U1", answer=500), t.loop("NotNow", "U1")


def signed(t, profile, signature):
    t.profile({"SignMessage": profile}), t.pki(), t.authenticate(signature=signature)


one("MDM-CHK-069", "pass", lambda t: signed(t, True, "valid"))
one("MDM-CHK-069", "pass-unsigned", lambda t: signed(t, False, "absent"))
one("MDM-CHK-069", "fail", lambda t: signed(t, True, "absent"))
one("MDM-CHK-069", "fail-invalid", lambda t: signed(t, True, "invalid"))
one("MDM-CHK-069", "fail-unasked", lambda t: signed(t, False, "valid"))


@case("MDM-CHK-069", "pass-renewed")
def _(t):  # the renewal may have switched it off
    signed(t, True, "valid")
    t.command(t.loop_request(), "U1", "InstallProfile", extra={"payload_types": ["com.apple.mdm"]})
    t.loop("Acknowledged", "U1", signature="absent"), t.loop(signature="valid")


def woken(t, magic=MAGIC, connects=True, status="Idle", signature="valid", push_magic=None):
    t.enroll()
    p = t.delivered(magic=magic)
    s = t.state("push-received", cause=p["number"])
    if connects:
        t.loop(status, cause=s["number"], signature=signature)


for check in ("MDM-CHK-070", "APNS-060"):
    one(check, "pass", lambda t: (woken(t, "magic-9", False), t.loop()))
    one(check, "fail", lambda t: woken(t, "magic-9"))
one("APNS-061", "pass", woken)
one("APNS-061", "fail", lambda t: woken(t, status=""))
one("APNS-061", "fail-identity", lambda t: woken(t, signature="absent"))


@case("APNS-061", "pass-result-first")
def _(t):
    woken(t), t.loop(gets="U1"), t.loop("Acknowledged", "U1", answer=503)
    t.loop("Acknowledged", "U1", cause=t.delivered()["number"])


@case("MDM-CHK-070", "pass-old-then-new")
def _(t):
    woken(t, "magic-9", False), t.loop(cause=t.delivered()["number"])


def check_out(t, asked=True, first=None):
    t.profile({"CheckOutWhenRemoved": asked}), t.pki(), t.enroll()
    if first:
        first(t, t.ask("CheckOut"))
    t.checkin("CheckOut")


one("MDM-CHK-073", "pass", check_out)
one("MDM-CHK-073", "fail", lambda t: check_out(t, first=lambda u, r: u.answer(r, 500)))
one("MDM-CHK-073", "pass-never-sent",
    lambda t: check_out(t, first=lambda u, r: u.failure(r, "refused", False)))


def check_out_lost(t, on):
    t.profile(), t.pki(), t.enroll(), t.loop(exchange="kept/1")
    t.failure(t.ask("CheckOut", exchange=on)), t.checkin("CheckOut")


# The HTTP client below may repeat what a kept connection lost without a word (RFC 9112 section 9.3.1), and only that.
one("MDM-CHK-073", "pass-kept-connection-was-closed", lambda t: check_out_lost(t, "kept/3"))
one("MDM-CHK-073", "fail-lost-on-a-new-connection", lambda t: check_out_lost(t, "new/1"))
one("MDM-CHK-073", "pass-two-enrollments",
    lambda t: (check_out(t), t.enroll(magic=MAGIC2), t.checkin("CheckOut")))
one("ENR-105", "pass", check_out)
one("ENR-105", "fail", lambda t: check_out(t, False))
one("ENR-114", "pass", lambda t: (t.enroll(), t.checkin("CheckOut"), t.enroll(magic=MAGIC2)))
one("ENR-114", "pass-renewed", lambda t: (t.enroll(), t.enroll()))
one("ENR-114", "fail", lambda t: (t.enroll(), t.state("unenrolled"), t.enroll()))
one("ENR-114", "fail-token", lambda t: t.enroll(token="a1" * 20))
one("ENR-100", "pass", lambda t: (t.profile(), t.pki(), t.authenticate()))
one("ENR-100", "fail", lambda t: (t.profile(), t.authenticate()))


# Profiles -----------------------------------------------------------------------------------------
def profile_body(uuid="ID-1", named="ID-1"):
    payloads = [{"PayloadType": "com.apple.security.scep", "PayloadUUID": uuid},
                {"PayloadType": "com.apple.mdm", "PayloadUUID": "MDM-1",
                 "IdentityCertificateUUID": named}]
    return plistlib.dumps({"PayloadType": "Configuration", "PayloadContent": payloads})


for check in ("ENR-001", "ENR-003", "ENR-004", "ENR-007", "MDM-CHK-055"):
    one(check, "pass", lambda t: t.profile())
one("ENR-001", "fail", lambda t: t.profile(headers=XML))
one("ENR-001", "pass-parameters", lambda t: t.profile(
    headers=[["content-type", "application/x-apple-aspen-config; charset=utf-8"]]))
one("ENR-002", "pass", lambda t: t.profile(body=profile_body(), stored=True))
one("ENR-002", "fail", lambda t: t.profile(body=profile_body(named="ID-2"), stored=True))
one("ENR-002", "fail-two", lambda t: t.profile(types=["com.apple.mdm", "com.apple.mdm"]))
one("ENR-003", "fail", lambda t: t.profile({"ServerURL": "http://mdm.test/mdm"}))
one("ENR-003", "fail-topic", lambda t: t.profile({"Topic": "com.example.mdm"}))
one("ENR-003", "pass-one-url", lambda t: t.profile(drop=["CheckInURL"]))
one("ENR-004", "fail", lambda t: t.profile({"AccessRights": 2}))
one("ENR-004", "fail-none", lambda t: t.profile({"AccessRights": 0}))
one("ENR-006", "pass", lambda t: (t.profile(), t.profile(
    {"Challenge": "{{challenge:0000000000000002:16}}"})))
one("ENR-006", "fail", lambda t: t.profile({"Keysize": 1024}))
one("ENR-006", "fail-challenge", lambda t: (t.profile(), t.profile()))
one("ENR-007", "fail", lambda t: t.profile(facts={"profile_signature": "invalid"}))
one("MDM-CHK-055", "fail", lambda t: t.profile(drop=["IdentityCertificateUUID"]))
one("MDM-CHK-055", "pass-no-rights", lambda t: t.profile(drop=["AccessRights"]))


# SCEP ---------------------------------------------------------------------------------------------
for check in ("SCEP-001", "SCEP-002", "SCEP-003"):
    one(check, "pass", lambda t: t.caps())
one("SCEP-001", "fail", lambda t: t.scep("GetCACaps", status=404))
one("SCEP-001", "fail-unprintable", lambda t: t.caps(["AES", "SHA\x01"]))
one("SCEP-001", "pass-busy", lambda t: (t.scep("GetCACaps", status=503), t.caps(["X-Unknown"])))
one("SCEP-002", "fail", lambda t: t.caps(body=b"AES\r\nSHA-256\r\nPOSTPKIOperation\r\n"))
one("SCEP-002", "fail-casing", lambda t: t.caps(["aes", "SHA-256", "POSTPKIOperation"]))
one("SCEP-003", "fail", lambda t: t.caps(["DES3", "SHA-1"]))
one("SCEP-003", "pass-standard", lambda t: t.caps(["SCEPStandard"]))
one("SCEP-005", "pass", lambda t: t.ca_cert())
one("SCEP-005", "pass-ra", lambda t: t.ca_cert(["ca01", "aa02"], "application/x-x509-ca-ra-cert"))
one("SCEP-005", "fail", lambda t: t.ca_cert(kind="application/octet-stream"))
one("SCEP-005", "fail-ra", lambda t: t.ca_cert(["ca01", "aa02"]))
for check in ("SCEP-010", "SCEP-011"):
    one(check, "pass", lambda t: t.pki())
one("SCEP-010", "fail", lambda t: t.pki(status=403))
one("SCEP-010", "pass-busy", lambda t: (t.pki(status=503), t.pki("02" * 16, "f2" * 16)))
one("SCEP-011", "fail", lambda t: t.pki(said={"recipientNonce": "00" * 16}))
one("SCEP-011", "fail-transaction", lambda t: t.pki(said={"transactionID": "TX9"}))
one("SCEP-011", "fail-unreadable", lambda t: t.pki(said={"signature": "unreadable"}))
one("SCEP-011", "pass-lost", lambda t: (t.pki(lost=True), t.pki()))
one("SCEP-012", "pass", lambda t: (t.pki(), t.pki("02" * 16, "f2" * 16)))
one("SCEP-012", "fail", lambda t: t.pki(reply="01" * 16))
one("SCEP-012", "fail-repeated", lambda t: (t.pki(), t.pki("02" * 16)))
one("SCEP-013", "pass", lambda t: (t.ca_cert(), t.pki()))
one("SCEP-013", "fail", lambda t: (t.ca_cert(), t.pki(said={"signer": "ee99"})))


@case("SCEP-013", "pass-rollover")
def _(t):
    t.ca_cert(), t.ca_cert(["ca02"]), t.pki(), t.pki("02" * 16, "f2" * 16, said={"signer": "ca02"})


def issued(t, *pairs):
    for serial, certificate in pairs:
        t.state("identity-issued", {"certificate": certificate, "serial": serial, "issuer": "CN=CA"})


one("SCEP-021", "pass", lambda t: issued(t, ("01AB", "e1"), ("02CD", "e2")))
one("SCEP-021", "pass-same-again", lambda t: issued(t, ("01AB", "e1"), ("01AB", "e1")))
one("SCEP-021", "fail", lambda t: issued(t, ("01AB", "e1"), ("01AB", "e2")))
one("SCEP-021", "fail-negative", lambda t: issued(t, ("-01AB", "e1")))
one("SCEP-021", "fail-long", lambda t: issued(t, ("7F" * 21, "e1")))
one("SCEP-035", "pass", lambda t: t.pki(said={"pkiStatus": "FAILURE", "failInfo": "badRequest"}))
one("SCEP-035", "pass-pending", lambda t: t.pki(said={"pkiStatus": "PENDING"}))
one("SCEP-035", "fail", lambda t: t.pki(said={"pkiStatus": "FAILURE"}))
one("SCEP-035", "fail-success", lambda t: t.pki(said={"failInfo": "badAlg"}))
one("SCEP-051", "pass", lambda t: (t.caps(), t.pki()))
one("SCEP-051", "pass-get", lambda t: (t.caps(["AES", "SHA-256"]), t.pki(method="GET")))
one("SCEP-051", "fail", lambda t: (t.caps(["AES", "SHA-256"]), t.pki()))
one("SCEP-054", "pass", lambda t: (t.pki(), t.pki("02" * 16, "f2" * 16)))
one("SCEP-054", "pass-sent-again", lambda t: (t.pki(lost=True), t.pki()))
one("SCEP-054", "fail", lambda t: (t.pki(), t.pki(reply="f2" * 16, size=901)))
one("SCEP-054", "fail-short", lambda t: t.pki("01" * 8))


# DDM: servers -------------------------------------------------------------------------------------
def switch_on(t, data=None, uuid="D1", user=""):
    command = {"RequestType": "DeclarativeManagement"} | ({"Data": data} if data is not None else {})
    body = plistlib.dumps({"CommandUUID": uuid, "Command": command})
    t.command(t.loop_request(user=user), uuid, "DeclarativeManagement", body=body)
    t.loop("Acknowledged", uuid, user=user)


one("DDM-001", "pass", lambda t: t.tokens())
one("DDM-001", "fail", lambda t: t.ddm("tokens", {"SyncTokens": {}}))
one("DDM-001", "fail-long", lambda t: t.tokens("T" * 257))
one("DDM-001", "fail-flat", lambda t: t.ddm("tokens", {"DeclarationsToken": "T1"}))
one("DDM-001", "pass-unknown-mac", lambda t: (t.ddm("tokens", status=403), t.tokens()))
one("DDM-002", "pass", lambda t: t.tokens())
one("DDM-002", "fail", lambda t: t.ddm("tokens", {"SyncTokens": {
    "DeclarationsToken": "T1", "Timestamp": "2 January 2026"}}))
one("DDM-003", "pass", lambda t: t.items([]))
one("DDM-003", "fail", lambda t: t.ddm("declaration-items", {
    "Declarations": {"Activations": [], "Configurations": []}, "DeclarationsToken": "T1"}))


def three(t, *tokens, touch=False):
    t.tokens(tokens[0]), t.items([], tokens[1])
    if touch:
        t.api("U1")
    t.tokens(tokens[2])


one("DDM-004", "pass", lambda t: three(t, "T1", "T1", "T1"))
one("DDM-004", "pass-changed", lambda t: three(t, "T1", "T2", "T2"))
one("DDM-004", "pass-and-back", lambda t: three(t, "T1", "T2", "T1", touch=True))
one("DDM-004", "fail", lambda t: three(t, "T1", "T2", "T1"))


def fetch(t, status=200, listed="S1", got="S1", after=None, name="C1", kind="configuration"):
    t.items([("C1", listed)]), t.declaration(name, got, kind, status)
    if after:
        t.items(after, "T1")


one("DDM-009", "pass", fetch)
one("DDM-009", "fail", lambda t: fetch(t, 404, after=[("C1", "S1")]))
one("DDM-009", "pass-removed", lambda t: (fetch(t, 404), t.items([], "T2")))
one("DDM-010", "pass", fetch)
one("DDM-010", "fail", lambda t: (t.items([("C1", "S1")]), t.ddm("declaration/configuration/C1", {
    "Type": "com.apple.configuration.x", "Identifier": "C2", "ServerToken": "S1", "Payload": {}})))
one("DDM-010", "fail-kind", lambda t: (t.items([("C1", "S1")]), t.ddm("declaration/asset/C1", {
    "Type": "com.apple.configuration.x", "Identifier": "C1", "ServerToken": "S1", "Payload": {}})))
one("DDM-010", "fail-token", lambda t: fetch(t, got="S0", after=[("C1", "S1")]))
one("DDM-010", "pass-newer", lambda t: (fetch(t, got="S2"), t.items([("C1", "S2")], "T2")))
one("DDM-010", "pass-slashes", lambda t: (t.items([("a/b/c", "S1")]), t.declaration("a/b/c", "S1")))
one("DDM-013", "pass", lambda t: t.items([("C" * 64, "S1"), ("C1", "S" * 64)]))
one("DDM-013", "fail", lambda t: t.items([("C" * 65, "S1")]))
one("DDM-013", "fail-twice", lambda t: t.items([("C1", "S1"), ("C1", "S2")]))


def activation(t, *names):
    lists = {"Activations": [{"Identifier": "A1", "ServerToken": "S1"}],
             "Configurations": [{"Identifier": "C1", "ServerToken": "S1"}], "Assets": [],
             "Management": []}
    t.ddm("declaration-items", {"Declarations": lists, "DeclarationsToken": "T1"})
    t.declaration("A1", "S1", "activation", payload={"StandardConfigurations": list(names)})


one("DDM-015", "pass", lambda t: activation(t, "C1"))
one("DDM-015", "fail", lambda t: activation(t, "C1", "C9"))
one("DDM-017", "pass", lambda t: t.status())
one("DDM-017", "pass-busy", lambda t: (t.status(status=503), t.status()))
one("DDM-017", "fail", lambda t: t.status(("device.model.family",), status=400))
one("DDM-017", "fail-body", lambda t: t.status(body=b"{}"))
one("DDM-025", "pass", lambda t: t.tokens())
one("DDM-025", "fail", lambda t: t.tokens(headers=[["Content-Type", "text/plain"]]))
SYNC = json.dumps({"SyncTokens": {"DeclarationsToken": "T1"}}).encode()
one("DDM-029", "pass", lambda t: switch_on(t, SYNC))
one("DDM-029", "fail", lambda t: switch_on(t, b"T1"))
one("DDM-029", "fail-text", lambda t: switch_on(t, SYNC.decode()))


# DDM: Macs ----------------------------------------------------------------------------------------
def on(t, data=None):
    t.enroll(), switch_on(t, data)


one("DDM-034", "pass", lambda t: (on(t), t.tokens()))
one("DDM-034", "fail", lambda t: (t.enroll(), t.tokens()))


@case("DDM-034", "fail-other-channel")
def _(t):  # the device's command does not switch the user's channel on
    on(t), t.token_update(USER_TOKEN, MAGIC2, user=USER), t.tokens(user=USER)


@case("DDM-034", "pass-renewed")
def _(t):  # a renewal is an Authenticate too, and forgets nothing
    on(t), t.tokens(), t.enroll(magic=MAGIC2), t.status()


@case("DDM-034", "fail-after-check-out")
def _(t):
    on(t), t.tokens(), t.checkin("CheckOut"), t.enroll(magic=MAGIC2), t.status()


one("DDM-035", "pass", lambda t: (on(t), t.status(), t.tokens(), t.items([])))
one("DDM-035", "fail", lambda t: (on(t), t.items([])))


@case("DDM-035", "pass-second-command")
def _(t):  # after the first command the server could not be reached: the second one, with Data, is followed
    on(t), t.tokens(), t.checkin("CheckOut"), t.enroll(magic=MAGIC2)
    now = {"SyncTokens": {"DeclarationsToken": "T1", "Timestamp": "2026-01-02T03:04:05Z"}}
    switch_on(t, uuid="D8"), switch_on(t, json.dumps(now).encode(), "D9"), t.items([])


# Injected faults ----------------------------------------------------------------------------------
def injected(t, exchange, effect="other", name="answer-status"):
    """A fault acted on this exchange, the last one, as Pomona's injector marks it: before the answer."""
    request, answer = exchange
    assert t.events.pop() is answer
    mark = t.add(actor=request["actor"], peer=request["peer"], channel=request["channel"], exchange=request["exchange"],
                 kind="fault", cause=request["number"], at="client", method=request["method"], target=request["target"],
                 name=name, summary={"rule": "some.yaml:1", "effect": effect})
    mark["time"], answer["time"] = answer["time"], mark["time"]
    answer["number"] = len(t.events) + 1
    t.events.append(answer)


@case("MDM-CHK-001", "pass-injected-answer")
def _(t):  # another answer came in place of the server's
    t.authenticate(), injected(t, t.authenticate(204))


@case("MDM-CHK-005", "pass-injected-alteration")
def _(t):  # the command was altered on its way
    t.loop(gets="U1")
    request = t.loop_request()
    injected(t, (request, t.answer(request, 200, {"malformed": True}, {}, XML, b"OK", False)), name="alter-answer")


@case("MDM-CHK-009", "pass-injected-duplicate")
def _(t):  # the copy of a report gets an answer of its own, which no Mac sees
    t.loop(gets="U1"), injected(t, t.loop("Acknowledged", "U1", gets="U2"), "twice", "duplicate-request")
    t.loop("Acknowledged", "U2")


@case("MDM-CHK-026", "pass-injected-answer")
def _(t):
    t.enroll(), t.loop(), injected(t, t.loop(answer=401))


@case("MDM-CHK-052", "pass-injected-answer")
def _(t):  # a proxy's 403 is none of the server's
    refusal(t, JSON, UNKNOWN, {"json_valid": True})
    request = t.loop_request()
    injected(t, (request, t.answer(request, 403, UNKNOWN, {"json_valid": True}, XML, b"{...}", False)))


@case("ENR-010", "pass-injected-answer")
def _(t):
    t.enroll(), injected(t, t.authenticate(answer={"headers": XML, "body": b"<plist/>"}))


@case("ENR-100", "pass-injected-alteration")
def _(t):  # the CertRep was damaged where the Mac needs nothing of it
    t.profile()
    request = t.request(MAC, "scep", "POST", "/scep?operation=PKIOperation", {"operation": "PKIOperation"})
    injected(t, (request, t.answer(request, 200, {"operation": "PKIOperation", "signature": "invalid"}, {}, [], b"x", False)),
             name="alter-answer")
    t.state("identity-issued"), t.authenticate()


def synced(t, then, token="T1", first=200):
    on(t), t.tokens(), t.items([("C1", "S1"), ("C2", "S1")])
    t.declaration("C1", "S1", status=first), t.declaration("C2", "S1")
    t.tokens(token), then(t)


one("DDM-036", "pass", lambda t: synced(t, lambda u: u.status()))
one("DDM-036", "fail", lambda t: synced(t, lambda u: u.items([("C1", "S1"), ("C2", "S1")])))


@case("DDM-036", "pass-not-all-there")
def _(t):  # one fetch failed, so the manifest's token was not stored
    synced(t, lambda u: u.items([("C1", "S1"), ("C2", "S1")]), first=500)
    t.declaration("C1", "S1"), t.declaration("C2", "S1"), t.tokens(), t.status()


def tampered(t, exchange):
    injected(t, exchange, name="alter-answer")


@case("DDM-036", "fail-after-altered-tokens")
def _(t):  # one answer was altered; the next one is the server's again
    on(t), t.tokens(), t.items([("C1", "S1")]), t.declaration("C1", "S1")
    tampered(t, t.tokens("T2")), t.items([("C1", "S1")]), t.tokens(), t.items([("C1", "S1")])


@case("DDM-036", "pass-altered-fetch")
def _(t):  # whether it has C1 nobody knows
    on(t), t.tokens(), t.items([("C1", "S1"), ("C2", "S1")])
    tampered(t, t.declaration("C1", "S1")), t.declaration("C2", "S1")
    t.tokens(), t.items([("C1", "S1"), ("C2", "S1")]), t.declaration("C1", "S1"), t.declaration("C2", "S1")
    t.tokens(), t.status()


@case("DDM-036", "fail-after-altered-fetch")
def _(t):
    on(t), t.tokens(), t.items([("C1", "S1")]), tampered(t, t.declaration("C1", "S1"))
    t.tokens(), t.items([("C1", "S1")]), t.declaration("C1", "S1")
    t.tokens(), t.items([("C1", "S1")])


@case("DDM-037", "pass-altered-manifest")
def _(t):  # it may have listed less, so that the Mac dropped what it had
    on(t), t.tokens(), t.items([("C1", "S1"), ("C2", "S1")]), t.declaration("C1", "S1"), t.declaration("C2", "S1")
    t.tokens("T2"), tampered(t, t.items([("C1", "S1")], "T2"))
    t.tokens("T3"), t.items([("C1", "S1"), ("C2", "S1")], "T3"), t.declaration("C2", "S1"), t.declaration("C1", "S1")


@case("DDM-037", "pass-altered-fetch")
def _(t):
    on(t), t.tokens(), t.items([("C1", "S1")]), tampered(t, t.declaration("C1", "S1"))
    t.tokens(), t.items([("C1", "S1")]), t.declaration("C1", "S1")


@case("DDM-037", "fail-after-altered-fetch")
def _(t):
    on(t), t.tokens(), t.items([("C1", "S1")]), tampered(t, t.declaration("C1", "S1"))
    t.tokens(), t.items([("C1", "S1")]), t.declaration("C1", "S1")
    t.tokens("T2"), t.items([("C1", "S1")], "T2"), t.declaration("C1", "S1")


@case("DDM-037", "fail-other-of-altered-fetch")
def _(t):  # only what was altered is unknown
    on(t), t.tokens(), t.items([("C1", "S1"), ("C2", "S1")]), t.declaration("C1", "S1"), t.declaration("C2", "S1")
    t.tokens("T2"), t.items([("C1", "S2"), ("C2", "S1")], "T2"), tampered(t, t.declaration("C1", "S2"))
    t.declaration("C2", "S1")


def changed(t, *names):
    synced(t, lambda u: u.items([("C1", "S2"), ("C2", "S1")], "T2"), "T2")
    for name in names:
        t.declaration(name, "S2" if name == "C1" else "S1")


one("DDM-037", "pass", lambda t: changed(t, "C1"))
one("DDM-037", "fail", lambda t: changed(t, "C1", "C2"))


@case("DDM-037", "pass-removed-and-back")
def _(t):
    synced(t, lambda u: u.items([("C2", "S1")], "T2"), "T2")
    t.tokens("T3"), t.items([("C1", "S1"), ("C2", "S1")], "T3"), t.declaration("C1", "S1")


@case("DDM-037", "pass-enrolled-anew")
def _(t):
    synced(t, lambda u: u.checkin("CheckOut"))
    t.enroll(magic=MAGIC2), switch_on(t), t.tokens(), t.items([("C1", "S1")]), t.declaration("C1", "S1")


one("DDM-040", "pass", lambda t: (on(t), t.status(), t.status(("device.model.family",))))
one("DDM-040", "fail", lambda t: (on(t), t.status(("device.model.family",))))
one("DDM-041", "pass", lambda t: t.status(()))
one("DDM-041", "fail", lambda t: t.status(errors=None))
one("DDM-041", "fail-items", lambda t: t.status(None))


def told(t, report):
    """A status report whose body is kept."""
    known_mac(t), switch_on(t)
    body = plistlib.dumps({"MessageType": "DeclarativeManagement", "Endpoint": "status",
                           "Data": json.dumps(report).encode()})
    t.checkin("DeclarativeManagement", {"Endpoint": "status", "status.items": ["management.client-capabilities",
                                                                               "management.declarations"],
                                        "status.errors": len(report["Errors"])}, body=body, stored=True)


def declared_states(kind, state, errors=()):
    lists = {k: [] for k in ("activations", "configurations", "assets", "management")}
    lists[kind] = [{"identifier": "D1", "server-token": "1", "active": False, "valid": "valid"} | state]
    return {"StatusItems": {"management": {"declarations": lists}}, "Errors": list(errors)}


def failing(**reason):
    return [{"StatusItem": "passcode.is-present", "Reasons": [reason]}]


one("DDM-060", "pass", lambda t: told(t, declared_states("management", {})))
one("DDM-060", "fail", lambda t: told(t, declared_states("management", {"active": True})))
one("DDM-062", "pass", lambda t: told(t, declared_states("assets", {"reasons": [{"code": "Info.X", "details": {}}]},
                                                        failing(Code="Error.X", Details={"code": "7"}))))
one("DDM-062", "fail", lambda t: told(t, declared_states("assets", {"reasons": [{"Code": "Info.X"}]})))
one("DDM-062", "fail-errors", lambda t: told(t, declared_states("assets", {}, failing(code="Error.X"))))


# User channels ------------------------------------------------------------------------------------
BOB = "00000000-0000-4000-8000-0000000000BB"
BOB_TOKEN, BOB_MAGIC = "d4" * 32, "magic-bob"


def two_users(t):
    t.enroll()
    t.token_update(USER_TOKEN, MAGIC2, user=USER)
    t.token_update(BOB_TOKEN, BOB_MAGIC, user=BOB)


def woken_by(t, token, magic, **more):
    """A push to `token`, and the Idle it leads to."""
    push = t.delivered(token, magic)
    received = t.state("push-received", {"PushMagic": magic}, push["number"])
    started = t.state("session-started", {}, received["number"])
    return t.loop(cause=started["number"], **more)


@case("MDM-CHK-041", "pass")
def _(t):
    two_users(t)
    t.loop(gets="U1", kind="DeviceLock"), t.loop("Acknowledged", "U1")
    t.loop(gets="U2", kind="InviteToProgram", user=USER), t.loop("Acknowledged", "U2", user=USER)


@case("MDM-CHK-041", "pass-as-queued")
def _(t):  # what the operator asked for is no fault of the server's
    two_users(t)
    t.api("U1", f"{UDID}%3A{USER}"), t.loop(gets="U1", kind="DeviceLock", user=USER)
    t.loop("Error", "U1", user=USER, extra=CHAIN)
    t.loop(gets="U2", kind="UserList")


@case("MDM-CHK-041", "fail")
def _(t):
    two_users(t)
    t.loop(gets="U1", kind="DeviceLock", user=USER)


@case("MDM-CHK-041", "fail-queued-for-the-device")
def _(t):
    two_users(t)
    t.api("U1", UDID), t.loop(gets="U1", kind="UserList", user=BOB)


@case("MDM-CHK-041", "fail-user-command")
def _(t):
    two_users(t)
    t.loop(gets="U1", kind="InstallMedia")


# Apple's schema ------------------------------------------------------------------------------------
def known_mac(t, os="15.1", model="Mac14,2"):
    t.checkin("Authenticate", {"DeviceName": "one", "Model": model, "ModelName": "MacBook Air",
                               "OSVersion": os})
    t.token_update()


def given(t, command, uuid="U1", user="", **more):
    body = plistlib.dumps({"CommandUUID": uuid, "Command": command})
    t.command(t.loop_request(user=user), uuid, command["RequestType"], body=body, **more)


def answers(t, kind, keys, uuid="U1", status="Acknowledged"):
    t.loop(gets=uuid, kind=kind)
    d = {"UDID": UDID, "Status": status, "CommandUUID": uuid, "RequestType": kind} | keys
    t.empty(t.loop_request(status, uuid, extra={"RequestType": kind}, body=plistlib.dumps(d), stored=True))


LOCK = {"RequestType": "DeviceLock", "PIN": "123456"}
SHORT = {"RequestType": "DeviceLock", "PIN": "12"}
one("MDM-CHK-050", "pass", lambda t: (known_mac(t), given(t, LOCK)))
one("MDM-CHK-050", "fail", lambda t: (known_mac(t), given(t, {"RequestType": "InstallProfile"})))
one("MDM-CHK-050", "fail-type", lambda t: (
    known_mac(t), given(t, {"RequestType": "InstallProfile", "Payload": "text"})))
one("MDM-CHK-050", "fail-length", lambda t: (known_mac(t), given(t, SHORT)))
one("MDM-CHK-050", "fail-value", lambda t: (
    known_mac(t), given(t, {"RequestType": "EraseDevice", "ObliterationBehavior": "Sometimes"})))
one("MDM-CHK-050", "pass-unknown-key", lambda t: (known_mac(t), given(t, LOCK | {"Future": 1})))
one("MDM-CHK-050", "pass-secret", lambda t: (  # its length is not what the trace shows
    known_mac(t), given(t, LOCK | {"PIN": "{{pin:9f86d081884c7d65:6}}"})))
one("MDM-CHK-050", "pass-queries-of-ios", lambda t: (
    known_mac(t), given(t, {"RequestType": "DeviceInformation", "Queries": ["UDID", "IMEI", "TimeZone"]})))


@case("MDM-CHK-050", "pass-as-queued")
def _(t):  # what the operator asked for is no fault of the server's
    known_mac(t)
    body = plistlib.dumps({"CommandUUID": "U1", "Command": SHORT})
    t.request("operator", "api", "PUT", "/v1/enqueue/ID", {"CommandUUID": "U1"}, body=body, stored=True)
    given(t, SHORT)


@case("MDM-CHK-050", "fail-queued-otherwise")
def _(t):
    known_mac(t)
    body = plistlib.dumps({"CommandUUID": "U1", "Command": LOCK})
    t.request("operator", "api", "PUT", "/v1/enqueue/ID", {"CommandUUID": "U1"}, body=body, stored=True)
    given(t, SHORT)


def in_user_enrollment(t, kind):
    known_mac(t)
    r = t.loop_request()
    r["summary"]["EnrollmentID"] = r["summary"].pop("UDID")
    t.command(r, "U1", kind)


one("MDM-CHK-043", "pass", lambda t: in_user_enrollment(t, "ProfileList"))
one("MDM-CHK-043", "fail", lambda t: in_user_enrollment(t, "EraseDevice"))
one("MDM-CHK-044", "pass", lambda t: (t.profile(), known_mac(t), t.loop(gets="U1", kind="DeviceLock")))
one("MDM-CHK-044", "pass-own-profile", lambda t: (
    t.profile({"AccessRights": 1}), known_mac(t), t.loop(gets="U1", kind="RemoveProfile")))
one("MDM-CHK-044", "fail", lambda t: (
    t.profile({"AccessRights": 1}), known_mac(t), t.loop(gets="U1", kind="DeviceLock")))
one("MDM-CHK-051", "pass", lambda t: (known_mac(t, "13.0"), t.loop(gets="U1", kind="DeclarativeManagement")))
one("MDM-CHK-051", "fail", lambda t: (known_mac(t, "12.6"), t.loop(gets="U1", kind="DeclarativeManagement")))
VERIFIED = {"PasswordVerified": True}
one("MDM-CHK-075", "pass", lambda t: (known_mac(t), answers(t, "VerifyRecoveryLock", VERIFIED)))
one("MDM-CHK-075", "pass-unknown-key", lambda t: (
    known_mac(t), answers(t, "VerifyRecoveryLock", VERIFIED | {"Future": 1})))
one("MDM-CHK-075", "fail", lambda t: (known_mac(t), answers(t, "VerifyRecoveryLock", {})))
one("MDM-CHK-075", "fail-type", lambda t: (
    known_mac(t), answers(t, "VerifyRecoveryLock", {"PasswordVerified": "yes"})))
one("MDM-CHK-075", "fail-too-new", lambda t: (
    known_mac(t, "13.0"), answers(t, "DeviceInformation", {"QueryResponses": {"HasBattery": True}})))
one("MDM-CHK-075", "fail-no-chain", lambda t: (
    known_mac(t), answers(t, "VerifyRecoveryLock", {}, status="Error")))


@case("MDM-CHK-075", "pass-updated-meanwhile")
def _(t):  # the Mac says later that it has a newer system
    known_mac(t, "13.0")
    answers(t, "DeviceInformation", {"QueryResponses": {"HasBattery": True}})
    answers(t, "DeviceInformation", {"QueryResponses": {"OSVersion": "14.4"}}, "U2")


@case("MDM-CHK-078", "pass")
def _(t):
    two_users(t), t.api("U1", f"{UDID}%3A{USER}")
    t.loop(gets="U1", kind="DeviceLock", user=USER), t.loop("Error", "U1", user=USER, extra=CHAIN)


@case("MDM-CHK-078", "fail")
def _(t):
    two_users(t)
    t.loop(gets="U1", kind="DeviceLock", user=USER), t.loop("Acknowledged", "U1", user=USER)


def policy(t, payload):
    known_mac(t), switch_on(t), t.tokens(), t.items([("P", "1")])
    doc = {"Type": "com.apple.configuration.passcode.settings", "Identifier": "P", "ServerToken": "1",
           "Payload": payload}
    t.ddm("declaration/configuration/P", doc)
    return doc


one("DDM-014", "pass", lambda t: policy(t, {"MinimumLength": 8, "Future": 1}))
one("DDM-014", "fail", lambda t: policy(t, {"MinimumLength": 99}))
one("DDM-014", "fail-type", lambda t: policy(t, {"RequirePasscode": "yes"}))


@case("DDM-014", "pass-as-uploaded")
def _(t):
    doc = {"Type": "com.apple.configuration.passcode.settings", "Identifier": "P",
           "Payload": {"MinimumLength": 99}}
    t.request("operator", "api", "PUT", "/v1/declarations", {}, body=json.dumps(doc).encode(), stored=True)
    policy(t, doc["Payload"])


def status_items(t, items):
    known_mac(t), switch_on(t)
    data = json.dumps({"StatusItems": items, "Errors": []}).encode()
    body = plistlib.dumps({"MessageType": "DeclarativeManagement", "Endpoint": "status", "Data": data})
    t.answer(t.ask("DeclarativeManagement", {"Endpoint": "status", "status.items": ["management.client-capabilities",
                                                              "management.declarations"],
                                             "status.errors": 0}, body=body, stored=True))


one("DDM-041", "pass-values", lambda t: status_items(
    t, {"device": {"operating-system": {"version": "15.1"}}, "some": {"other": 1}}))
one("DDM-041", "fail-values", lambda t: status_items(t, {"device": {"operating-system": {"version": 15}}}))


@case("MDM-CHK-071", "pass")
def _(t):
    two_users(t)
    t.loop(user=USER, extra={"NotOnConsole": True}), t.loop(user=BOB), t.loop()


def own_mac(t, message, channel="checkin", **said):
    """A message of a user enrollment, which names neither device nor serial number (MDM-CHK-072)."""
    head = {"MessageType": message, "Topic": TOPIC} if channel == "checkin" else {"Status": message}
    return t.request(MAC, channel, "PUT", f"/{channel}", head | {"EnrollmentID": "E1"} | said, {"signature": "valid"},
                     CHECKIN if channel == "checkin" else [])


OWNER = {"EnrollmentUserID": "EU1", "NotOnConsole": False}


def enroll_own_mac(t):
    t.answer(own_mac(t, "Authenticate", DeviceName="one", Model="Mac14,2", ModelName="MacBook Air"), summary={"empty": True})
    t.answer(own_mac(t, "TokenUpdate", Token=TOKEN, PushMagic=MAGIC), summary={"empty": True})


@case("MDM-CHK-071", "pass-user-enrollment")
def _(t):  # its user's names are not known to everybody
    enroll_own_mac(t)
    t.answer(own_mac(t, "TokenUpdate", Token=USER_TOKEN, PushMagic=MAGIC2, **OWNER), summary={"empty": True})
    t.command(own_mac(t, "Idle", "mdm", **OWNER, UserShortName="alice", UserLongName="Alice"))
    t.empty(own_mac(t, "Acknowledged", "mdm", CommandUUID="U1", **OWNER))


@case("MDM-CHK-072", "pass-channels")
def _(t):
    enroll_own_mac(t)
    t.answer(own_mac(t, "TokenUpdate", Token=USER_TOKEN, PushMagic=MAGIC2, **OWNER), summary={"empty": True})
    t.empty(own_mac(t, "Idle", "mdm"))


@case("MDM-CHK-072", "fail-serial-number")
def _(t):
    own_mac(t, "Authenticate", DeviceName="one", Model="Mac14,2", ModelName="MacBook Air", SerialNumber="C02TEST123")


@case("MDM-CHK-071", "fail-user-enrollment")
def _(t):  # a user is named, but not by EnrollmentUserID
    enroll_own_mac(t)
    own_mac(t, "TokenUpdate", Token=USER_TOKEN, PushMagic=MAGIC2, UserShortName="alice", NotOnConsole=False)


@case("MDM-CHK-071", "fail-user-enrollment-result")
def _(t):
    enroll_own_mac(t)
    t.command(own_mac(t, "Idle", "mdm", **OWNER)), own_mac(t, "Acknowledged", "mdm", CommandUUID="U1", EnrollmentUserID="EU1")


@case("MDM-CHK-071", "fail")
def _(t):
    t.enroll()
    t.request(MAC, "mdm", "PUT", "/mdm", {"UDID": UDID, "UserID": USER, "Status": "Acknowledged",
                                          "CommandUUID": "U1"})


@case("MDM-CHK-071", "fail-no-id")
def _(t):
    t.enroll()
    t.ask("TokenUpdate", {"UserShortName": "alice", "UserLongName": "Alice", "NotOnConsole": False})


@case("MDM-CHK-080", "pass")
def _(t):
    t.enroll(), t.checkin("UserAuthenticate", status=410, user=USER)
    t.loop(), t.token_update(BOB_TOKEN, BOB_MAGIC, user=BOB)
    t.checkin("UserAuthenticate", status=200, user=USER,
              answer={"summary": {"DigestChallenge": ""}, "headers": XML})
    t.token_update(USER_TOKEN, MAGIC2, user=USER)


@case("MDM-CHK-080", "fail")
def _(t):
    t.enroll(), t.checkin("UserAuthenticate", status=410, user=USER)
    t.token_update(USER_TOKEN, MAGIC2, user=USER)


@case("MDM-CHK-080", "fail-answers-nothing")
def _(t):
    t.enroll(), t.checkin("UserAuthenticate", status=410, user=USER)
    t.checkin("UserAuthenticate", {"DigestResponse": "{{digest:0000000000000001:32}}"}, user=USER)


DIGEST = {"DigestResponse": "{{digest-response:0000000000000001:32}}"}
GIVEN, OTHER = ({"AuthToken": "{{auth-token:000000000000000%d:32}}" % n} for n in (1, 2))


def asks(t, status=200, answer=None, **more):
    t.checkin("UserAuthenticate", status=status, user=USER,
              answer={"summary": answer or {}, "headers": XML if answer else []}, **more)


def responds(t, answer=None, status=200):
    t.checkin("UserAuthenticate", DIGEST, status, user=USER,
              answer={"summary": answer or {}, "headers": XML if answer else []})


def logs_in(t, token=GIVEN):
    asks(t, answer={"DigestChallenge": "Digest nonce=\"n\",realm=\"r\""}), responds(t, token)


@case("MDM-CHK-037", "pass")
def _(t):
    t.enroll(), asks(t, 410), asks(t, answer={"DigestChallenge": ""})


@case("MDM-CHK-037", "fail")
def _(t):
    t.enroll(), asks(t)


@case("MDM-CHK-038", "pass", "pass-wrong")
def _(t):
    t.enroll(), logs_in(t, {"AuthToken": ""}), logs_in(t)


@case("MDM-CHK-038", "fail")
def _(t):
    t.enroll(), asks(t, answer={"DigestChallenge": "Digest x"}), responds(t)


@case("MDM-CHK-038", "fail-refused")
def _(t):
    t.enroll(), asks(t, answer={"DigestChallenge": "Digest x"}), responds(t, status=403)


@case("MDM-CHK-039", "pass")
def _(t):
    t.enroll(), logs_in(t), t.loop(user=USER, gets="U1", extra=GIVEN)


@case("MDM-CHK-039", "fail")
def _(t):
    t.enroll(), logs_in(t), t.loop(user=USER, gets="U1")


@case("MDM-CHK-081", "pass")
def _(t):
    t.enroll(), logs_in(t)
    t.checkin("TokenUpdate", {"Token": USER_TOKEN, "PushMagic": MAGIC2} | GIVEN, user=USER)
    t.loop(user=USER, extra=GIVEN), t.loop(), logs_in(t, OTHER), t.loop(user=USER, extra=OTHER)


@case("MDM-CHK-081", "pass-enrolled-anew")
def _(t):
    t.enroll(), logs_in(t), t.loop(user=USER, extra=GIVEN), t.enroll(), t.loop(user=USER)
    logs_in(t, OTHER), t.loop(user=USER, extra=OTHER)


@case("MDM-CHK-081", "fail-enrolled-anew")
def _(t):  # the log-in after the second enrollment counts, not the one before
    t.enroll(), logs_in(t), t.enroll(), logs_in(t, OTHER), t.loop(user=USER, extra=GIVEN)


@case("MDM-CHK-081", "fail")
def _(t):
    t.enroll(), logs_in(t), t.loop(user=USER)


@case("MDM-CHK-081", "fail-old-token")
def _(t):
    t.enroll(), logs_in(t), logs_in(t, OTHER), t.loop(user=USER, extra=GIVEN)


@case("MDM-CHK-072", "pass")
def _(t):
    t.request(MAC, "checkin", "PUT", "/checkin", {"MessageType": "CheckOut", "EnrollmentID": "E",
                                                  "Topic": TOPIC}, headers=CHECKIN)


@case("MDM-CHK-072", "fail")
def _(t):
    t.checkin("TokenUpdate", {"EnrollmentID": "E", "Token": TOKEN, "PushMagic": MAGIC})


@case("DDM-057", "pass")
def _(t):
    two_users(t)
    for user in ("", USER, BOB):
        switch_on(t, uuid="D" + user[-2:], user=user)
        t.tokens(user=user), t.status(user=user)


@case("DDM-057", "fail")
def _(t):
    two_users(t)
    switch_on(t), t.tokens()
    t.ddm("status", asked={"UserShortName": "alice", "status.items": [], "status.errors": 0})


@case("APNS-064", "pass")
def _(t):
    two_users(t)
    woken_by(t, TOKEN, MAGIC), woken_by(t, USER_TOKEN, MAGIC2, user=USER)
    woken_by(t, BOB_TOKEN, BOB_MAGIC, user=BOB)


@case("APNS-064", "fail")
def _(t):
    t.enroll(), t.token_update(TOKEN, MAGIC2, user=USER)


@case("APNS-064", "fail-magic")
def _(t):
    t.enroll(), t.token_update(USER_TOKEN, MAGIC, user=USER)


@case("APNS-064", "fail-wakes-another")
def _(t):
    two_users(t)
    woken_by(t, USER_TOKEN, MAGIC2, user=BOB)


# Two channels talk at the same time, and what one is told is none of the other's business.
@case("MDM-CHK-012", "pass-other-channel")
def _(t):
    two_users(t)
    t.loop(gets="U1", user=USER), t.loop(gets="U1"), t.loop("NotNow", "U1", user=USER)
    t.loop("Acknowledged", "U1")


@case("MDM-CHK-061", "pass-other-channel")
def _(t):
    two_users(t)
    t.loop(gets="U1", user=USER), t.loop(gets="U2"), t.loop("Acknowledged", "U1", user=USER)
    t.loop("Acknowledged", "U2")


@case("MDM-CHK-063", "pass-other-channel")
def _(t):
    two_users(t)
    t.loop(), t.loop(gets="U1", user=USER), t.loop("Acknowledged", "U1", user=USER)


@case("MDM-CHK-064", "pass-other-channel")
def _(t):  # the other channel goes on while one owes a report
    two_users(t)
    t.loop(gets="U1", user=USER), t.loop("Acknowledged", "U1", user=USER, answer=500)
    t.loop(gets="U2"), t.loop("Acknowledged", "U2")
    t.loop("Acknowledged", "U1", user=USER)


@case("MDM-CHK-068", "pass-other-channel")
def _(t):
    two_users(t)
    t.loop(gets="U1", user=USER), t.loop(gets="U1"), t.loop("NotNow", "U1", user=USER)
    t.loop("Acknowledged", "U1")


@case("MDM-CHK-018", "pass-other-channel")
def _(t):
    two_users(t), t.wait(60)
    t.token_update(TOKEN2, "magic-new"), t.wait(60)
    t.push(USER_TOKEN, MAGIC2), t.push(BOB_TOKEN, BOB_MAGIC), t.push(TOKEN2, "magic-new")


@case("MDM-CHK-024", "pass-users")
def _(t):
    two_users(t), t.wait(60)
    t.push(USER_TOKEN, MAGIC2), t.checkin("CheckOut"), t.wait(60)
    t.push("e5" * 32, "magic-other")


@case("MDM-CHK-024", "fail-user-pushed")
def _(t):
    two_users(t), t.checkin("CheckOut"), t.wait(60)
    t.push(USER_TOKEN, MAGIC2)


@case("MDM-CHK-073", "pass-users")
def _(t):
    two_users(t), t.checkin("CheckOut")


@case("APNS-061", "pass-other-channel")
def _(t):
    two_users(t)
    woken_by(t, USER_TOKEN, MAGIC2, user=USER, gets="U1"), woken_by(t, TOKEN, MAGIC)
    t.loop("Acknowledged", "U1", user=USER)


# Setup Assistant and bootstrap tokens ---------------------------------------------------------------
BOOT, BOOT2 = ("{{bootstrap-token:000000000000000%d:64}}" % n for n in (1, 2))


@case("MDM-CHK-032", "pass")
def _(t):
    t.enroll(), t.get_token(), t.set_token(BOOT), t.get_token(BOOT)


@case("MDM-CHK-032", "pass-unavailable")
def _(t):  # 503 says nothing about the message
    t.enroll(), t.get_token(status=503), t.get_token()


@case("MDM-CHK-032", "fail")
def _(t):
    t.enroll(), t.get_token(status=404)


@case("MDM-CHK-033", "pass")
def _(t):
    t.enroll(), t.set_token(BOOT), t.get_token(BOOT), t.set_token(BOOT2), t.get_token(BOOT2)


@case("MDM-CHK-033", "pass-lost")
def _(t):  # nobody knows whether the second one was stored, or when it will be
    t.enroll(), t.set_token(BOOT), t.get_token(BOOT)
    t.failure(t.ask("SetBootstrapToken", {"BootstrapToken": BOOT2}))
    t.get_token(BOOT2), t.set_token(BOOT), t.get_token(BOOT2)


@case("MDM-CHK-033", "pass-at-once")
def _(t):  # asked before the new one was stored
    t.enroll(), t.set_token(BOOT), t.get_token(BOOT)
    get, new = t.ask("GetBootstrapToken"), t.ask("SetBootstrapToken", {"BootstrapToken": BOOT2})
    t.answer(new, summary={"empty": True})
    t.answer(get, summary={"BootstrapToken": BOOT}, headers=XML)


@case("MDM-CHK-033", "fail")
def _(t):
    t.enroll(), t.set_token(BOOT), t.get_token()


@case("MDM-CHK-033", "fail-older")
def _(t):
    t.enroll(), t.set_token(BOOT), t.set_token(BOOT2), t.get_token(BOOT)


@case("MDM-CHK-034", "pass")
def _(t):
    t.enroll(), t.set_token(BOOT), t.set_token(), t.get_token()


@case("MDM-CHK-034", "fail")
def _(t):
    t.enroll(), t.set_token(BOOT), t.set_token(), t.get_token(BOOT)


@case("MDM-CHK-085", "pass")
def _(t):
    t.authenticate(), t.set_token(BOOT), t.token_update(), t.set_token(BOOT2)


@case("MDM-CHK-085", "pass-not-offered")
def _(t):  # the first enrollment's profile has nothing of bootstrap tokens, so the server need not take one
    t.profile({"ServerCapabilities": ["com.apple.mdm.per-user-connections"]})
    t.authenticate(), t.set_token(BOOT, 400), t.token_update()
    t.profile({"ServerCapabilities": ["com.apple.mdm.bootstraptoken"]}, mac="mac-0002")
    t.authenticate(mac="mac-0002"), t.set_token(BOOT, mac="mac-0002")


@case("MDM-CHK-085", "fail")
def _(t):
    t.authenticate(), t.set_token(BOOT, 400), t.token_update()


@case("MDM-CHK-085", "fail-after")
def _(t):
    t.enroll(), t.set_token(BOOT, 400)


def configures(t, status="Acknowledged", uuid="C1"):
    t.loop(gets=uuid, kind="DeviceConfigured"), t.loop(status, uuid)


@case("MDM-CHK-045", "pass")
def _(t):
    t.authenticate(), t.awaits(), t.loop(), t.wait(7200), configures(t)


@case("MDM-CHK-045", "pass-put-off")
def _(t):  # the Mac itself is not ready for what the server wants first; another one is done
    t.authenticate(), t.awaits(), t.wait(7200)
    t.loop(gets="P1", kind="InstallProfile"), t.loop("NotNow", "P1"), t.loop()
    t.authenticate(mac="mac-0002")
    t.checkin("TokenUpdate", {"Token": TOKEN2, "PushMagic": MAGIC2, "AwaitingConfiguration": True}, mac="mac-0002")
    t.loop(gets="C2", kind="DeviceConfigured", mac="mac-0002")


@case("MDM-CHK-045", "fail")
def _(t):
    t.authenticate(), t.awaits(), t.loop(), t.wait(7200), t.loop()


@case("MDM-CHK-046", "pass")
def _(t):
    t.authenticate(), t.awaits()
    t.loop(gets="A1", kind="AccountConfiguration"), t.loop("Acknowledged", "A1"), configures(t)


@case("MDM-CHK-046", "pass-put-off")
def _(t):
    t.authenticate(), t.awaits(), t.loop(gets="A1", kind="AccountConfiguration"), t.loop("NotNow", "A1")
    configures(t), t.loop(gets="A1", kind="AccountConfiguration")


@case("MDM-CHK-046", "fail")
def _(t):
    t.authenticate(), t.awaits(), configures(t), t.loop(gets="A1", kind="AccountConfiguration")


@case("MDM-CHK-074", "pass")
def _(t):
    t.authenticate(), t.awaits(), configures(t), t.awaits(False), t.token_update(USER_TOKEN, MAGIC2, user=USER)


@case("MDM-CHK-074", "pass-refused")
def _(t):  # the server did not take the TokenUpdate that said so
    t.authenticate(), t.awaits(), configures(t), t.authenticate()
    t.checkin("TokenUpdate", {"Token": TOKEN, "PushMagic": MAGIC, "AwaitingConfiguration": True}, 500)
    t.awaits(False), t.token_update(USER_TOKEN, MAGIC2, user=USER)


@case("MDM-CHK-074", "fail")
def _(t):
    t.authenticate(), t.awaits(), t.token_update(USER_TOKEN, MAGIC2, user=USER)


# Automated Device Enrollment by web view -------------------------------------------------------------
INFO = [["x-apple-aspen-deviceinfo", "MIAGCSqG"]]
HTML = [["Content-Type", "text/html"]]


def page(t, cause=0, peer=SERVER, headers=None, status=302, answered=None, channel=None, types=()):
    r = t.request(MAC, channel or ("enroll" if peer == SERVER else "sign-in"), "GET", "/page", {}, headers=headers,
                  peer=peer, cause=cause)
    said = {"payload_types": list(types), "Topic": TOPIC, "ServerURL": "https://mdm.test/mdm",
            "IdentityCertificateUUID": "ID-1", "AccessRights": 8191} if types else {}
    return t.answer(r, status, said, {}, answered or [])["number"]


def web_view(t, last=SERVER, type_=PROFILE, later=None, info=INFO, middle="idp.test:443"):
    at = page(t, headers=info)
    at = page(t, at, middle, later, 200, HTML)
    return page(t, page(t, at, middle), last, None, 200, type_, types=("com.apple.mdm",))


for check in ("ENR-044", "ENR-112"):
    one(check, "pass", lambda t: (t.profile(), web_view(t), t.pki(), t.enroll()))
one("ENR-044", "pass-same-site", lambda t: web_view(t, "sso.mdm.test:8443"))
one("ENR-044", "fail-other-site", lambda t: web_view(t, "mdm.example:443"))
one("ENR-044", "fail", lambda t: web_view(t, type_=[["Content-Type", "application/octet-stream"]]))
one("ENR-112", "fail", lambda t: web_view(t, later=INFO))
one("ENR-112", "fail-lines", lambda t: web_view(t, info=[["x-apple-aspen-deviceinfo", "MIAG CSqG"]]))


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    for (check, name), make in sorted(MADE.items()):
        trace = Trace()
        make(trace)
        trace.write(FIXTURES / check, name)
    print(f"{len(MADE)} traces of {len({c for c, _ in MADE})} checks")


if __name__ == "__main__":
    sys.exit(main())
