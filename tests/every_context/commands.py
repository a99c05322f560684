"""Makes commands from schema files: the least, the most, and such as no Mac may carry out."""

import base64
import copy
import datetime
import plistlib

from schema_judge import bounds_of, inherited, is_free, permitted

# A certificate of its own, CN=Example Root, made once with openssl req -x509.
ROOT = base64.b64decode("""
MIIBhTCCASugAwIBAgIUeXkLG+VcGHKW0IhgNjRdjq3SinYwCgYIKoZIzj0EAwIwFzEVMBMGA1UEAwwMRXhhbXBsZSBSb290MCAX
DTI2MTEyNDE4MDkyMloYDzIxMjYxMDMxMTgwOTIyWjAXMRUwEwYDVQQDDAxFeGFtcGxlIFJvb3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASVcHOMSxDqQkxxWazHLdPoHW3yzzLvgz8NJ9PJpZ0t7MgqGQ+B4QLVkpZpVWI8c+RGzX4vEw1Y+ECGQ0FagA4Ro1Mw
UTAdBgNVHQ4EFgQUaSm+C3y3c3a94opmKhWiLYuEUy4wHwYDVR0jBBgwFoAUaSm+C3y3c3a94opmKhWiLYuEUy4wDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAuCqdmiPazOLmA/9/5MJwJI9/nHpEDKE7N6o+lHLQStYCIAR/gihvFZjjyWOvTIG1
PEBWCs+q+R9Jc6TS/5vU+Vsc
""")
UUID = "AAAAAAAA-1111-4222-8333-444444444444"


def profile(identifier="org.example.wifi"):
    """A profile that any Mac takes on either channel."""
    return plistlib.dumps({
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": identifier,
        "PayloadUUID": "UUID-OF-" + identifier, "PayloadDisplayName": "Test",
        "PayloadContent": [{
            "PayloadType": "com.apple.wifi.managed", "PayloadVersion": 1,
            "PayloadIdentifier": identifier + ".wifi", "PayloadUUID": "WIFI-OF-" + identifier,
            "SSID_STR": "x"}]})


def certificate_profile():
    return plistlib.dumps({
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": "org.example.root",
        "PayloadUUID": "UUID-OF-ROOT", "PayloadDisplayName": "Root",
        "PayloadContent": [{
            "PayloadType": "com.apple.security.root", "PayloadVersion": 1,
            "PayloadIdentifier": "org.example.root.certificate", "PayloadUUID": "ROOT-CERTIFICATE",
            "PayloadContent": ROOT}]})


def provisioning_profile(name="Test", uuid=UUID):
    return plistlib.dumps({"Name": name, "UUID": uuid,
                           "ExpirationDate": datetime.datetime(2030, 1, 1)})


def password_hash():
    return plistlib.dumps({"SALTED-SHA512-PBKDF2": {
        "entropy": b"e" * 128, "iterations": 30000, "salt": b"s" * 32}}, fmt=plistlib.FMT_BINARY)


# What a value has to be beyond its type, so that the command means something.
GOOD = {
    "InstallProfile.Payload": profile(),
    "InstallProvisioningProfile.ProvisioningProfile": provisioning_profile(),
    "RemoveProvisioningProfile.UUID": UUID,
    "DeleteUser.UserName": "bob",
    "UnlockUserAccount.UserName": "bob",
    "SetAutoAdminPassword.passwordHash": password_hash(),
    "AccountConfiguration.AutoSetupAdminAccounts.passwordHash": password_hash(),
    "DeviceLock.PIN": "123456",
    "EraseDevice.PIN": "123456",
    "SetFirmwarePassword.CurrentPassword": "",
    "SetRecoveryLock.CurrentPassword": "",
    "InviteToProgram.InvitationURL": "https://vpp.example/invite",
    "InstallApplication.ManifestURL": "https://apps.example/manifest.plist",
    "InstallEnterpriseApplication.ManifestURL": "https://apps.example/manifest.plist",
    "InstallEnterpriseApplication.Manifest": {"items": [{
        "assets": [{"kind": "software-package", "url": "https://apps.example/a.pkg"}],
        "metadata": {"bundle-identifier": "org.example.app", "bundle-version": "1.0",
                     "kind": "software", "title": "App"}}]},
    "DeviceInformation.DeviceAttestationNonce": b"n" * 32,
}


def example(node, marks, context, most, path):
    """A value of the right type for a key."""
    if path in GOOD:
        return copy.deepcopy(GOOD[path])
    if node.get("rangelist"):
        return permitted(node)[0]
    bounds = bounds_of(node)
    kind = node["type"].strip("<>")
    if kind == "string":
        form = node.get("format") or ""
        return UUID if "{8}" in form or "8}-" in form else "https://x.example/" if "http" in form \
            else "com.example.text"
    if kind == "array":
        return elements(node, marks, context, most, path)
    if kind == "dictionary":
        return dictionary(node.get("subkeys") or [], marks, context, most, path)
    return {"integer": int(bounds.get("min", 1)), "real": float(bounds.get("min", 1.0)),
            "boolean": True, "data": b"data", "any": "anything",
            "date": datetime.datetime(2026, 5, 1)}[kind]


def elements(node, marks, context, most, path):
    subkeys = node.get("subkeys") or []
    if not subkeys:
        return []
    first = subkeys[0]
    own = inherited(marks, first)
    if len(subkeys) == 1 and first["type"] == "<string>" and first.get("subkeys"):
        texts = [sub["key"] for sub in first["subkeys"]]  # the texts that it may be
        return texts if most else texts[:1]
    there = [sub for sub in subkeys if context.has(inherited(marks, sub))]
    if len(subkeys) > 1:  # kinds of elements
        return [example(sub, inherited(marks, sub), context, most, path)
                for sub in (there if most else there[:1])]
    return [example(first, own, context, most, path)]


def dictionary(nodes, marks, context, most, path):
    out = {}
    for node in nodes:
        own = inherited(marks, node)
        if is_free(node["key"]):
            if most:
                out["org.example.free"] = "anything"
        elif context.has(own) and (most or node.get("presence") == "required"):
            out[node["key"]] = example(node, own, context, most, f"{path}.{node['key']}")
    return out


class Everything:
    """A context in which every key of macOS is there: for keys that a Mac has to pass over."""

    def has(self, marks):
        return marks.get("introduced") != "n/a"


def make(command, context, most):
    return {"RequestType": command.name,
            **dictionary(command.request, command.marks, context, most, command.name)}


# Values that a Mac passes over or answers for one by one instead of refusing the command: a query
# that it does not know, an attestation nonce of another type (observed, F29), items of Settings,
# and what the answer has a place of its own for.
LENIENT = ("DeviceInformation.Queries[", "DeviceInformation.DeviceAttestationNonce",
           ".Item", "InviteToProgram.ProgramID", "InstallMedia.MediaType")


def wrong_value(node):
    return 7 if node["type"] in ("<string>", "<data>", "<boolean>", "<date>") else "text"


def broken(command, context):
    """(what was done, command) for each way to break the fullest command at one key."""
    full = make(command, context, True)

    def changed(steps, change):
        copied = copy.deepcopy(full)
        place = copied
        for step in steps[:-1]:
            place = place[step]
        change(place, steps[-1])
        return copied

    def remove(place, key):
        del place[key]

    def walk(nodes, marks, value, steps, path):
        for node in nodes:
            key = node["key"]
            own = inherited(marks, node)
            if is_free(key) or key not in value or not context.has(own):
                continue
            at, here = steps + [key], f"{path}.{key}"
            if node.get("presence") == "required":
                yield f"{here} is missing", changed(at, remove)
            yield from spoil(node, own, value[key], at, here)

    def spoil(node, own, value, at, here):
        if node["type"] == "<any>":
            return
        if not any(mark in here for mark in LENIENT) or "Settings" in here:
            wrong = wrong_value(node)
            yield (f"{here} is {wrong!r}", changed(at, lambda p, k: p.__setitem__(k, wrong)))
        if node.get("rangelist") and not any(mark in here for mark in LENIENT):
            out = 4711 if isinstance(permitted(node)[0], int) else "Nonsense"
            yield (f"{here} is {out!r}", changed(at, lambda p, k: p.__setitem__(k, out)))
        for end, step in (("min", -1), ("max", 1)):
            if end in bounds_of(node):
                out = bounds_of(node)[end] + step
                yield (f"{here} is {out!r}", changed(at, lambda p, k: p.__setitem__(k, out)))
        subkeys = node.get("subkeys") or []
        if here in GOOD and not isinstance(GOOD[here], dict):
            return
        if isinstance(value, dict):
            yield from walk(subkeys, own, value, at, here)
        elif isinstance(value, list) and len(subkeys) == 1 and value:
            first = subkeys[0]
            yield from spoil(first, inherited(own, first), value[0], at + [0], here + "[0]")
        elif isinstance(value, list) and value:
            there = [sub for sub in subkeys if context.has(inherited(own, sub))]
            for number, sub in enumerate(there):
                yield from spoil(sub, inherited(own, sub), value[number], at + [number],
                                 f"{here}[{number}]")

    yield from walk(command.request, command.marks, full, [], command.name)
