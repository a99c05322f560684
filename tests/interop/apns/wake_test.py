"""Four providers of others each wake one Mac of a running scenario: token and magic come from its TokenUpdate."""

import json
import subprocess

from push_bench import DEBIAN_PYTHON, HERE, NODE_PACKAGES, bench

from harness import expect, expect_exit, outcome, start, tool, trace, wait_for


def token_updates(run):
    """Summaries of TokenUpdate by Mac, and how many Macs have their command in the server's queue."""
    if not (run / "trace.ndjson").exists():
        return {}, 0
    lines = (run / "trace.ndjson").read_text().splitlines(keepends=True)
    events = [json.loads(line) for line in lines if line.endswith("\n")]
    updates = {e["actor"]: e["summary"] for e in events
               if e["kind"] == "request" and e.get("summary", {}).get("MessageType") == "TokenUpdate"}
    queued = {e["target"] for e in events if e["kind"] == "response" and e["status"] == 200
              and e.get("target", "").startswith("/v1/enqueue/")}
    return updates, len(queued)


def by_curl(b, token, magic):
    tool("curl", "-sS", "--fail", "--http2", "--cacert", b.ca, "--cert", b.certificate, "--key", b.key, "--json",
         json.dumps({"mdm": magic}), f"{b.url}/3/device/{token}")


def by_nghttp(b, token, magic):
    (b.scratch / "magic").write_text(json.dumps({"mdm": magic}))
    said = tool("nghttp", "-v", "--cert", b.certificate, "--key", b.key, "-H", ":method: POST", "-d", b.scratch / "magic",
                f"{b.url}/3/device/{token}")
    expect(":status: 200" in said, said)


def by_node_apn(b, token, magic):
    given = {"port": b.port, "ca": str(b.ca), "cert": str(b.certificate), "key": str(b.key),
             "pushes": [{"token": token, "magic": magic, "fields": {"topic": b.topic}}]}
    said = json.loads(tool("node", HERE / "node_apn_client.cjs", NODE_PACKAGES, input=json.dumps(given)))
    expect(said["answers"][0]["sent"] == [token], said)


def by_aioapns(b, token, magic):
    said = json.loads(tool(DEBIAN_PYTHON, HERE / "aioapns_client.py", b.port, b.ca, b.both(), "-",
                           input=json.dumps([[token, {"mdm": magic}, {}]])))
    expect(said["answers"][0][0] == "200", said)


def main():
    with bench() as b:
        run = b.scratch / "run"
        process = start("run", HERE / "wake.yaml", "-t", b.target, "--out", run)
        try:
            wait_for(lambda: token_updates(run)[1] >= 4 or process.poll() is not None, 120, "four Macs with a command each")
            updates, _ = token_updates(run)
            expect(len(updates) == 4, f"{len(updates)} Macs enrolled")
            macs = sorted(updates)
            for mac, wake in zip(macs, (by_curl, by_nghttp, by_node_apn, by_aioapns), strict=True):
                expect(updates[mac]["Topic"] == b.topic, updates[mac])
                wake(b, updates[mac]["Token"], updates[mac]["PushMagic"])
            out, err = process.communicate(timeout=180)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        expect_exit(subprocess.CompletedProcess([], process.returncode, out, err), 0)
        expect(outcome(run)["verdict"] in ("pass", "warn"), out)
        for mac in macs:
            mine = [e.get("summary", {}) for e in trace(run) if e["actor"] == mac and e["kind"] == "request"]
            done = [s for s in mine if (s.get("RequestType"), s.get("Status")) == ("ProfileList", "Acknowledged")]
            expect(len(done) == 1, f"{mac} answered {len(done)} times:\n{mine}")


if __name__ == "__main__":
    main()
