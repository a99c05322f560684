"""Ten Macs enroll in a running server, are stopped, killed, and go on: the same identities, profiles and declarations."""

import plistlib
import random
import signal
import stat
import time

from bench import SCREENSAVER, bench, lines, online
from harness import POMONA, expect, start, stop, wait_for

COUNT = 10
# What a Mac may not forget between two processes.
LASTING = ("udid", "serial", "identity", "push_token", "profiles", "declarations", "state")


def profile(number):
    return plistlib.dumps({
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": f"org.example.n{number}",
        "PayloadUUID": f"00000000-0000-4000-8000-{number:012}", "PayloadDisplayName": f"Number {number}",
        "PayloadContent": [{"PayloadType": "com.apple.notificationsettings", "PayloadVersion": 1,
                            "PayloadIdentifier": f"org.example.n{number}.s",
                            "PayloadUUID": f"00000000-0000-4000-8001-{number:012}", "idleTime": 600 + number}]})


def lasting(macs):
    return {name: {key: m[key] for key in LASTING} for name, m in macs.items()}


def held(macs, kind):
    return [{one["identifier"] for one in m[kind]} for m in macs.values()]


def enroll_and_fill(b):
    b.mac("enroll", "-t", b.target, "--count", COUNT, "--user", "alice")
    macs = b.macs()
    expect(len(macs) == COUNT and all(m["state"] == "enrolled" for m in macs.values()), f"not enrolled: {macs}")
    expect(len({m["identity"]["sha256"] for m in macs.values()}) == COUNT, "every Mac has an identity of its own")
    expect(all(m["users"][0]["channel_open"] for m in macs.values()), "alice's channels are open")
    expect(stat.S_IMODE(b.store.stat().st_mode) == 0o600, "the store is for its owner alone")
    udids = [m["udid"] for m in macs.values()]
    with online(b) as (process, log):
        b.enqueue(udids, {"RequestType": "InstallProfile", "Payload": SCREENSAVER.read_bytes()})
        b.declare(udids, "org.example.first", "org.example.second")
        wait_for(lambda: all(len(m["declarations"]) == 4 and len(m["profiles"]) == 2 for m in b.macs().values()), 60,
                 "declarations and profiles on every Mac")
        wait_for(lambda: sum(one["what"] == "ddm-synchronized" for one in lines(log)) >= COUNT, 60, "the reports")
        expect(process.poll() is None, "online goes on")
        stop(process, signal.SIGKILL)
    return udids


def goes_on_after_kill_and_restart(b, udids):
    before = lasting(b.macs())
    expect(all(len(one) == 4 for one in held(b.macs(), "declarations")), "declarations outlive a kill")
    b.stop_server()
    b.serve()
    with online(b) as (process, log):
        b.enqueue(udids, {"RequestType": "DeclarativeManagement"})
        b.enqueue(udids, {"RequestType": "DeviceInformation", "Queries": ["UDID"]})
        wait_for(lambda: sum(one["what"] == "DeviceInformation Acknowledged" for one in lines(log)) == COUNT, 60,
                 "pushes that reach every Mac")
        wait_for(lambda: sum(one["what"] == "DeclarativeManagement tokens" for one in lines(log)) >= COUNT, 60,
                 "the look at the tokens")
        said = [one["what"] for one in lines(log)]
        stop(process)
        expect(process.returncode == 143, f"SIGTERM ends it in good order, not {process.returncode}")
    # No new identity, the token kept, nothing fetched that is there already.
    for word in ("Authenticate", "TokenUpdate", "declaration/", "declaration-items", "push-token-changed"):
        expect(not any(word in one for one in said), f"{word} after a restart: {said}")
    expect(lasting(b.macs()) == before, "identities, tokens, profiles and declarations are the same")


def pushes_outlive_a_restart_of_the_server(b, udids):
    """The Macs stay online while the server ends and starts; what is pushed before they are back reaches them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with online(b) as (process, log):
            b.stop_server(number)
            b.serve()
            b.enqueue(udids, {"RequestType": "DeviceInformation", "Queries": ["UDID"]})
            wait_for(lambda: sum(one["what"] == "DeviceInformation Acknowledged" for one in lines(log)) == COUNT, 90,
                     "pushes that reach every Mac after the server's restart")
            said = [one["what"] for one in lines(log)]
            expect(process.poll() is None, "online goes on")
        expect(not any("TokenUpdate" in one for one in said), f"the same tokens: {said}")


def killed_in_the_middle(b, udids):
    """What a server was told is so, wherever a Mac's process ended."""
    dice = random.Random(4)
    for number in range(4):
        b.enqueue(udids, {"RequestType": "InstallProfile", "Payload": profile(number)}, push=False)
        process = start("mac", "poke", "--all", "--store", b.store)
        time.sleep(dice.uniform(0.05, 0.6))
        stop(process, signal.SIGKILL)
    b.mac("poke", "--all")
    wanted = {f"org.example.n{number}" for number in range(4)}
    for name, one in zip(b.macs(), held(b.macs(), "profiles")):
        expect(wanted <= one, f"{name} lost a profile that it had reported: {one}")


def main():
    with bench() as b:
        udids = enroll_and_fill(b)
        goes_on_after_kill_and_restart(b, udids)
        pushes_outlive_a_restart_of_the_server(b, udids)
        killed_in_the_middle(b, udids)


if __name__ == "__main__":
    main()
