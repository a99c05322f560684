"""MDM over HTTP/2 and HTTP/1.1: what ALPN picked stands in the trace, and a Mac keeps its one connection."""

import collections
import datetime

from harness import RUNS, SOURCE, expect, expect_exit, folder, outcome, run, served, trace


def of_macs(run_folder, *channels):
    return [e for e in trace(run_folder)
            if e["actor"].startswith("mac-") and e["kind"] == "request" and e["channel"] in channels]


def alpn(run_folder):
    return {(e["actor"], e["alpn"]) for e in of_macs(run_folder, "enroll", "scep", "checkin", "mdm")}


def expect_one_connection_each(run_folder, macs):
    """All messages under the Mac's identity, from Authenticate to CheckOut; one more after a pause of seconds only."""
    used = collections.defaultdict(list)
    for e in of_macs(run_folder, "checkin", "mdm"):
        used[e["actor"]].append((datetime.datetime.fromisoformat(e["time"]), e["exchange"].rsplit("/", 1)[0]))
    expect(len(used) == macs, f"{len(used)} Macs spoke")
    for mac, messages in used.items():
        pauses = sum((b[0] - a[0]).total_seconds() > 5 for a, b in zip(messages, messages[1:]))
        connections = {connection for _, connection in messages}
        expect(len(connections) <= 1 + pauses, f"{mac}: {len(connections)} connections with {pauses} pauses")


def first_fleet(temporary):
    for world in ("virtual", "real"):
        out = temporary / world
        process = run("run", SOURCE / "scenarios/first-fleet.yaml", "--macs", 20, "--world", world, "--out", out)
        expect_exit(process, 0)
        expect(outcome(out)["verdict"] == "pass", f"verdict {outcome(out)['verdict']} in the {world} world", process)
        expect({a for _, a in alpn(out)} == {"h2"}, f"ALPN in the {world} world: {alpn(out)}")
        expect_one_connection_each(out, 20)


def two_versions(temporary):
    for world in ("virtual", "real"):
        out = temporary / f"two-{world}"
        process = run("run", RUNS / "two-versions.yaml", "--world", world, "--out", out)
        expect_exit(process, 0)
        wanted = {(f"mac-{i:04}", "h2" if i <= 4 else "http/1.1") for i in range(1, 8)}
        expect(alpn(out) == wanted, f"ALPN in the {world} world: {alpn(out)}")
        expect_one_connection_each(out, 7)


def restricted_server(temporary):
    for version, wanted in (("1.1", "http/1.1"), ("2", "h2")):
        with served("--http", version) as (_, target):
            out = temporary / f"served-{version}"
            process = run("run", SOURCE / "scenarios/first-fleet.yaml", "--macs", 3, "-t", target, "--out", out)
            expect_exit(process, 0)
            expect({a for _, a in alpn(out)} == {wanted}, f"ALPN of serve --http {version}: {alpn(out)}")
            expect_one_connection_each(out, 3)
            if version == "1.1":
                out = temporary / "no-http-2"
                process = run("run", RUNS / "no-http-2.yaml", "-t", target, "--out", out)
                expect_exit(process, 0)
                expect({a for _, a in alpn(out)} == {"http/1.1"}, f"ALPN without h2: {alpn(out)}")
    process = run("serve", "--http", "3")
    expect(process.returncode == 64 and "1.1, 2 or both" in process.stderr, "serve --http 3", process)


def main():
    with folder() as temporary:
        first_fleet(temporary)
        two_versions(temporary)
        restricted_server(temporary)


if __name__ == "__main__":
    main()
