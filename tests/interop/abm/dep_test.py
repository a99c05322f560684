"""ABM-001, 010, 014, 043..049, 068..073: a whole life with an OAuth 1.0a library that is not ours."""

import client
import harness

with client.served() as setup:
    entry, dep = setup.server()
    serials = setup.devices(entry, 2500)

    # A token that was renewed makes the one before useless; its consumer key stays.
    old = dict(dep.token)
    dep = setup.client(entry, setup.folder / "mdm.key", setup.folder / "mdm.pem")
    harness.expect(dep.token["consumer_key"] == old["consumer_key"], "the consumer key changed")
    refused = client.Dep(setup.url, setup.root, old).sign_in()
    harness.expect((refused.status_code, refused.text) == (401, "token_rejected"), refused.text)

    account = dep.good("GET", "/account")
    harness.expect(account["server_uuid"] == entry, account)

    # Sync 2,500 devices.
    devices, cursor = dep.pages("/server/devices", limit=1000)
    harness.expect(sorted(d["serial_number"] for d in devices) == serials, f"{len(devices)} devices")
    harness.expect(all("op_type" not in d for d in devices), "a fetched device has op_type")
    again = dep.call("POST", "/server/devices", {"cursor": cursor})
    harness.expect((again.status_code, again.text) == (400, "EXHAUSTED_CURSOR"), again.text)
    harness.expect(dep.good("POST", "/devices/sync", {"cursor": cursor})["devices"] == [], "sync is not empty")

    # Define and assign.
    profile = {"profile_name": "Interop", "url": "https://mdm.example.org/enroll", "await_device_configured": True}
    uuid = dep.good("POST", "/profile", profile)["profile_uuid"]
    harness.expect(dep.good("GET", f"/profile?profile_uuid={uuid}") == dict(profile, profile_uuid=uuid), "read back")
    said = dep.good("PUT", "/profile/devices", {"profile_uuid": uuid, "devices": serials[:1000]})["devices"]
    harness.expect(set(said.values()) == {"SUCCESS"} and len(said) == 1000, said)
    changed, cursor = dep.pages("/devices/sync", cursor=cursor, limit=1000)
    harness.expect(len(changed) == 1000 and {d["op_type"] for d in changed} == {"modified"}, len(changed))
    harness.expect({d["profile_status"] for d in changed} == {"assigned"}, "profile_status")

    # A device that is assigned again and again is throttled.
    client.ctl(setup.target, "rules", "assignments_a_day=1")
    body = {"profile_uuid": uuid, "devices": serials[:1]}
    dep.good("POST", "/profile/devices", body)
    throttled = dep.good("POST", "/profile/devices", body)
    harness.expect(throttled["devices"] == {serials[0]: "THROTTLED"}, throttled)
    harness.expect(throttled["retry_after_seconds"] == 86400, throttled)

    # An expired cursor: the whole list again. A repeated one does not hold the client for ever.
    client.ctl(setup.target, "age-cursors")
    expired = dep.call("POST", "/devices/sync", {"cursor": cursor})
    harness.expect((expired.status_code, expired.text) == (400, "EXPIRED_CURSOR"), expired.text)
    client.ctl(setup.target, "move", serials[7], "")
    devices, cursor = dep.pages("/server/devices", limit=1000)
    harness.expect(len({d["serial_number"] for d in devices}) == 2499, "the moved device is still there")
    client.ctl(setup.target, "fault", "repeated-cursor", "--times", "3")
    devices, same = dep.pages("/devices/sync", cursor=cursor)
    harness.expect(devices == [] and same == cursor, "a repeated cursor")

    # DELETE with a body.
    gone = dep.good("DELETE", "/profile/devices", {"devices": serials[:2] + ["NOBODY"]})["devices"]
    harness.expect(gone == {serials[0]: "SUCCESS", serials[1]: "SUCCESS", "NOBODY": "NOT_ACCESSIBLE"}, gone)

    # Terms that nobody signed.
    client.ctl(setup.target, "terms", "withdraw")
    unsigned = dep.call("GET", "/account")
    harness.expect((unsigned.status_code, unsigned.text) == (403, "T_C_NOT_SIGNED"), unsigned.text)
    client.ctl(setup.target, "terms", "accept")
    dep.good("GET", "/account")
