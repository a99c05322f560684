"""Two users on one Mac, in both worlds, over HTTP/1.1 and over HTTP/2: what the traces say of their channels."""

from harness import SOURCE, expect, expect_exit, folder, outcome, run, trace

VERSIONS = {"mac-0001": "h2", "mac-0002": "http/1.1"}
CHECKS = ("MDM-CHK-041", "MDM-CHK-071", "APNS-064")


def mac_requests(events, mac):
    return [e for e in events if e["actor"] == mac and e["kind"] == "request" and e.get("channel") in ("checkin", "mdm")]


def expect_channels(events, mac, version):
    mine = mac_requests(events, mac)
    expect({e["alpn"] for e in mine} == {version}, f"{mac} spoke {({e['alpn'] for e in mine})}")
    channels = {e.get("user", "") for e in mine}
    expect(len(channels) == 3 and "" in channels, f"{mac} has the channels {channels}")
    tokens = {}
    for e in mine:
        if e["summary"].get("MessageType") == "TokenUpdate":
            tokens.setdefault(e.get("user", ""), set()).add((e["summary"]["Token"], e["summary"]["PushMagic"]))
    expect(set(tokens) == channels and all(len(t) == 1 for t in tokens.values()), f"{mac}'s tokens: {tokens}")
    for part in (0, 1):
        expect(len({pair[part] for said in tokens.values() for pair in said}) == 3, f"{mac} shares tokens: {tokens}")
    # An answer belongs to the channel of its request.
    asked = {e["exchange"]: e.get("user", "") for e in mine}
    for e in events:
        if e["actor"] == mac and e["kind"] == "response" and e["exchange"] in asked:
            expect(e.get("user", "") == asked[e["exchange"]], f"#{e['number']} is of another channel than its request")


def expect_queues(events, mac):
    """A command is offered and answered on the channel of the enrollment it was queued for, and nowhere else."""
    udid = next(e["summary"]["UDID"] for e in mac_requests(events, mac))
    queued = {}
    for e in events:
        if e.get("channel") == "api" and e["kind"] == "request" and e["target"].startswith(f"/v1/enqueue/{udid}"):
            id_ = e["target"].split("?")[0].rsplit("/", 1)[1]
            queued[e["summary"]["CommandUUID"]] = id_.partition(":")[2]
    expect(len(queued) == 10, f"{len(queued)} commands were queued for {mac}")
    ended = set()
    for e in events:
        uuid = e.get("summary", {}).get("CommandUUID")
        if e["actor"] != mac or uuid not in queued:
            continue
        expect(e.get("user", "") == queued[uuid], f"#{e['number']}: command {uuid} on another channel")
        if e["kind"] == "request" and e["summary"]["Status"] in ("Acknowledged", "Error"):
            ended.add(uuid)
    expect(ended == set(queued), f"{mac}: not answered: {set(queued) - ended}")


def main():
    with folder() as temporary:
        for world in ("virtual", "real"):
            out = temporary / world
            process = run("run", SOURCE / "scenarios/two-users.yaml", "--world", world, "--out", out)
            expect_exit(process, 0)
            said = outcome(out)
            expect(said["verdict"] == "pass", f"verdict {said['verdict']} in the {world} world", process)
            verdicts = {c["id"]: c["verdict"] for c in said["checks"]}
            expect({verdicts[c] for c in CHECKS} == {"pass"}, f"checks: {({c: verdicts[c] for c in CHECKS})}")
            events = trace(out)
            for mac, version in VERSIONS.items():
                expect_channels(events, mac, version)
                expect_queues(events, mac)
                check_outs = [e for e in mac_requests(events, mac) if e["summary"].get("MessageType") == "CheckOut"]
                expect(len(check_outs) == 1 and not check_outs[0].get("user"), f"{mac}: {len(check_outs)} CheckOuts")
        again = temporary / "again"
        expect_exit(run("run", SOURCE / "scenarios/two-users.yaml", "--world", "virtual", "--out", again), 0)
        expect((again / "trace.ndjson").read_bytes() == (temporary / "virtual/trace.ndjson").read_bytes(),
               "the virtual world's trace is another one the second time")


if __name__ == "__main__":
    main()
