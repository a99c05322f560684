"""Each scenario file of scenarios/lifecycle on its own, in both worlds; what the traces say beyond the files' steps.

MDM-CHK-067, MDM-CHK-068 (NotNow), MDM-CHK-074 (Setup Assistant), MDM-CHK-018 (tokens), ENR-042, F10, F12, F13, F33."""

import concurrent.futures

from harness import SOURCE, expect, expect_exit, folder, outcome, run, trace

FILES = SOURCE / "scenarios" / "lifecycle"


def requests(events, mac=None):
    return [e for e in events if e["kind"] == "request" and e.get("at") == "client" and e.get("channel") in ("checkin", "mdm")
            and (mac is None or e["actor"] == mac)]


def summary(events, key):
    return [e["summary"][key] for e in events if key in e.get("summary", {})]


def macs_of(events):
    return sorted({e["actor"] for e in requests(events)})


def of_type(events, name):
    return [e for e in requests(events) if e["summary"].get("MessageType") == name]


def polled_by_itself(events):
    """After NotNow as the last word an Idle without a push: its cause is a state of the Mac."""
    by_number = {e["number"]: e for e in events}
    for mac in macs_of(events):
        refused = [e for e in requests(events, mac) if e["summary"].get("Status") == "NotNow"]
        expect(refused, f"{mac} never said NotNow")
        idles = [e for e in requests(events, mac) if e["summary"].get("Status") == "Idle"
                 and e["number"] > refused[-1]["number"]]
        expect(idles, f"{mac} never came back after NotNow")
        causes = {by_number[e["cause"]]["kind"] for e in idles}
        expect("state" in causes, f"{mac} came back because of a {causes}")
        carried_out_once(mac, [e for e in requests(events, mac) if e["summary"].get("CommandUUID") in {
            r["summary"]["CommandUUID"] for r in refused}])


def carried_out_once(mac, answers):
    """MDM-CHK-068: the answers to one command, NotNow as often as it came too early, then one that is final."""
    uuids = {e["summary"]["CommandUUID"] for e in answers}
    expect(len(uuids) == 1, f"{mac} put off several commands: {uuids}")
    said = [e["summary"]["Status"] for e in answers]
    expect(len(said) > 1 and set(said[:-1]) == {"NotNow"} and said[-1] in ("Acknowledged", "Error"), f"{mac} answered {said}")


def follows_later(events):
    """NotNow was not the last word of the session, so the server had to push; then the command came once more, and was
    put off only as long as Setup Assistant lasted."""
    for mac in macs_of(events):
        answers = [e for e in requests(events, mac) if e["summary"].get("RequestType") == "DeclarativeManagement"
                   and "Status" in e["summary"]]
        carried_out_once(mac, answers)
        configured = next(e["number"] for e in requests(events, mac) if e["summary"].get("RequestType") == "DeviceConfigured")
        early = [e["summary"]["Status"] == "NotNow" for e in answers if e["number"] < configured]
        expect(early and all(early), f"{mac} synchronised in Setup Assistant")
        expect(answers[-2]["number"] < configured < answers[-1]["number"], f"{mac} put it off after Setup Assistant")


def waits_alone(refused, others):
    """MDM-CHK-067: only `refused` is put off; `others` are answered meanwhile; then that very command is carried out."""
    def check(events):
        for mac in macs_of(events):
            answers = [e for e in requests(events, mac) if "CommandUUID" in e["summary"]]
            put_off = [e for e in answers if e["summary"]["Status"] == "NotNow"]
            expect({e["summary"]["RequestType"] for e in put_off} == {refused}, f"{mac} put off {put_off}")
            uuids = {e["summary"]["CommandUUID"] for e in put_off}
            carried_out_once(mac, [e for e in answers if e["summary"]["CommandUUID"] in uuids])
            done = [e for e in answers if e["summary"]["CommandUUID"] in uuids and e["summary"]["Status"] != "NotNow"]
            meanwhile = {e["summary"]["RequestType"] for e in answers if e["summary"]["Status"] == "Acknowledged"
                         and put_off[0]["number"] < e["number"] < done[0]["number"]}
            expect(others <= meanwhile, f"{mac} answered only {meanwhile} meanwhile")
    return check


def setup(events):
    for mac in macs_of(events):
        updates = [e for e in of_type(events, "TokenUpdate") if e["actor"] == mac]
        expect(updates[0]["summary"].get("AwaitingConfiguration") is True, f"{mac} awaits nothing")
        configured = next(e for e in requests(events, mac) if e["summary"].get("RequestType") == "DeviceConfigured")
        later = [e for e in updates if e.get("user")]
        expect(later and later[0]["number"] > configured["number"], f"{mac}: a user before DeviceConfigured")
        infos = [e for e in events if e["actor"] == mac and e.get("channel") == "enroll" and e["kind"] == "request"]
        expect([e["method"] for e in infos] == ["POST"], f"{mac} asked for its profile by {infos}")
        names = {h[0].lower(): h[1] for h in infos[0]["headers"]}
        expect(names.get("content-type") == "application/pkcs7-signature", f"{mac}: {names}")
        tokens = [e for e in of_type(events, "SetBootstrapToken") if e["actor"] == mac]
        expect(len(tokens) == 1, f"{mac} set its bootstrap token {len(tokens)} times")


def renewal(events):
    for mac in macs_of(events):
        mine = requests(events, mac)
        certificates = []
        for e in mine:
            if e.get("client_certificate") and e["client_certificate"] not in certificates:
                certificates.append(e["client_certificate"])
        expect(len(certificates) == 4, f"{mac} showed {len(certificates)} certificates, not one more at each renewal")
        kinds = [e["summary"].get("MessageType") for e in mine if e["summary"].get("MessageType") in ("Authenticate", "TokenUpdate")]
        # Enrolled; renewed by the server (F10); identity only (F13): nothing; in place (F12).
        expect(kinds == ["Authenticate", "TokenUpdate", "Authenticate", "TokenUpdate", "TokenUpdate"], f"{mac}: {kinds}")
        expect(len({e["summary"]["UDID"] for e in mine}) == 1, f"{mac} changed its UDID")


def erase(events):
    for mac in macs_of(events):
        mine = requests(events, mac)
        seen = [e["summary"]["UDID"] for e in mine]
        expect(len(set(seen)) == 1, f"{mac} changed its UDID")
        authenticates = [e for e in mine if e["summary"].get("MessageType") == "Authenticate"]
        expect(len(authenticates) == 2, f"{mac} sent Authenticate {len(authenticates)} times")
        expect(not [e for e in mine if e["summary"].get("MessageType") == "CheckOut"], f"{mac} said goodbye")
        tokens = summary([e for e in mine if not e.get("user") and e["summary"].get("MessageType") == "TokenUpdate"], "Token")
        expect(len(set(tokens)) == 2, f"{mac} kept its push token: {tokens}")
        again = authenticates[1]["number"]
        before, after = ({e["user"] for e in mine if e.get("user") and (e["number"] < again) is earlier} for earlier in (True, False))
        expect(len(before) == len(after) == 1 and before != after,
               f"{mac}: the account is another one after an erase, but {before} and {after}")
        bootstrap = [(e["number"] < again, e["summary"]["BootstrapToken"]) for e in mine
                     if e["summary"].get("MessageType") == "SetBootstrapToken"]
        expect([early for early, _ in bootstrap] == [True, False], f"{mac} set its bootstrap token {bootstrap}")
        expect(len({token for _, token in bootstrap}) == 2, f"{mac} kept its bootstrap token")


def clones(events):
    seen = macs_of(events)
    expect(len(seen) == 4, f"Macs: {seen}")
    for mac in seen[::2]:
        copy = mac + "-copies"
        udids = {e["summary"]["UDID"] for e in requests(events, mac) + requests(events, copy)}
        expect(len(udids) == 1, f"{mac} and its copy have {udids}")
        shown = {e["client_certificate"] for e in requests(events, mac) + requests(events, copy) if e.get("client_certificate")}
        expect(len(shown) == 1, f"{mac} and its copy show {shown}")
        tokens = [set(summary([e for e in requests(events, m)], "Token")) for m in (mac, copy)]
        expect(not tokens[0] & tokens[1], f"{mac} and its copy share a push token")


def rotation(events):
    for mac in macs_of(events):
        updates = [e for e in of_type(events, "TokenUpdate") if e["actor"] == mac]
        by_channel = {}
        for e in updates:
            by_channel.setdefault(e.get("user", ""), []).append(e["summary"]["Token"])
        expect(len(by_channel) == 2 and all(len(t) == len(set(t)) == 2 for t in by_channel.values()), f"{mac}: {by_channel}")
        dead = {t[0] for t in by_channel.values()}
        last = max(e["number"] for e in updates)
        for e in events:
            if e.get("channel") == "apns" and e["kind"] == "request" and e["number"] > last:
                expect(e["summary"].get("Token") not in dead, f"#{e['number']}: a push to a dead token")


CASES = {
    "not-now-power-nap": polled_by_itself,
    "not-now-keychain": waits_alone("RemoveProfile", {"ProfileList", "SecurityInfo"}),
    "not-now-blocked-login": waits_alone("InstalledApplicationList", {"DeviceInformation"}),
    "not-now-setup-assistant": follows_later,
    "setup-assistant": setup,
    "identity-renewal": renewal,
    "erase-and-return": erase,
    "clone-conflict": clones,
    "token-rotation": rotation,
}


def one(temporary, name, world):
    out = temporary / f"{name}-{world}"
    process = run("run", FILES / f"{name}.yaml", "--world", world, "--out", out)
    expect_exit(process, 0)
    said = outcome(out)
    expect(said["verdict"] == "pass", f"{name}: {said['verdict']} in the {world} world", process)
    bad = [c["id"] for c in said["checks"] if c["verdict"] not in ("pass", "n/a", "lenient")]
    expect(not bad, f"{name}: {bad} in the {world} world", process)
    CASES[name](trace(out))


def main():
    expect({f.stem for f in FILES.glob("*.yaml")} == set(CASES), "each scenario file has a case here")
    with folder() as temporary, concurrent.futures.ThreadPoolExecutor(2) as pool:
        work = [pool.submit(one, temporary, name, world) for world in ("virtual", "real") for name in CASES]
        for w in work:
            w.result()


if __name__ == "__main__":
    main()
