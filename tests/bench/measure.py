"""The measurements: each gives plain numbers, bare work measured beside it."""

import json
import pathlib
import plistlib
import statistics
import subprocess
import tempfile
import uuid

from processes import BENCH, HERE, Api, Driven, cpu_of, lines_of, run_pomona, served

MEMORY = pathlib.Path("/dev/shm")


def folder():
    # In memory where there is such a place: what a disk's file system spends on a run's files changes with what was deleted before.
    return tempfile.TemporaryDirectory(prefix="pomona-bench-", dir=MEMORY if MEMORY.is_dir() else None)


def openssl(where, *arguments):
    subprocess.run(["openssl", *arguments], cwd=where, check=True, capture_output=True)


def make_identities(where):
    """ca.pem, server.{pem,key} (P-256, as the reference server has), client.{pem,key} (RSA-2048)."""
    openssl(where, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=bench CA")
    for name, kind in (("server", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                       ("client", ["-newkey", "rsa:2048"])):
        openssl(where, "req", *kind, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(where, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "30", "-out", f"{name}.pem")


def rsa():
    """CPU seconds of one bare RSA-2048 operation of each kind."""
    return {line["what"].split()[1]: line["cpu"] / line["count"] for line in lines_of("bench_bare", "rsa")}


def bare_pair(where, answer_bytes, *client):
    """CPU seconds, both ends together, and wall seconds of one operation of a bare client."""
    with Driven("bench_bare", "serve", where, answer_bytes) as server:
        port = server.read()
        arguments = [client[0], where, port, *client[1:]]
        with Driven("bench_bare", *arguments) as one:
            one.read()
            before = cpu_of(server.process.pid)
            done = one.ask("go")
            both = done["cpu"] + cpu_of(server.process.pid) - before
    return both / done["count"], done["wall"] / done["count"]


def handshakes(where, count=400):
    """CPU seconds, both ends, of a bare TCP connect and full TLS 1.3 handshake, without and with a client certificate."""
    return {kind: bare_pair(where, 0, "handshakes", count, kind)[0] for kind in ("anonymous", "mutual")}


def connections_of(run_folder):
    """TLS connections that Macs opened in a run, without and with a client certificate."""
    seen = {"anonymous": set(), "mutual": set()}
    with open(run_folder / "trace.ndjson", encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["kind"] == "request" and event.get("at") == "client" and event["actor"].startswith("mac-"):
                connection = event["exchange"].rpartition("/")[0]
                seen["mutual" if "client_certificate" in event else "anonymous"].add(connection)
    return {kind: len(each) for kind, each in seen.items()}


def enrollment(few, many):
    """CPU seconds of one enrollment, `pomona run` and `pomona serve` together, and what the run keeps of a Mac (KiB)."""
    with folder() as text:
        where = pathlib.Path(text)
        with served(where / "data") as (server, target):
            used = {}
            for macs in (few, many):
                before = cpu_of(server)
                own, peak = run_pomona(HERE / "enroll.yaml", "--macs", macs, "-t", target, "--out", where / f"run-{macs}")
                used[macs] = (own, cpu_of(server) - before, peak)
        opened = connections_of(where / f"run-{many}")
    each = [(b - a) / (many - few) for a, b in zip(used[few], used[many])]
    return {"mac": each[0], "server": each[1], "both": each[0] + each[1], "peak_kib": each[2],
            "handshakes": {kind: count / many for kind, count in opened.items()}}


def without_trace(macs):
    """The same by the generator, which records nothing."""
    with folder() as text:
        with served(pathlib.Path(text) / "data") as (server, target), Driven("bench_generator", target, macs) as fleet:
            fleet.ask("enroll 0 2")
            before = cpu_of(server)
            own = fleet.ask(f"enroll 2 {macs - 2}")["cpu"]
            other = cpu_of(server) - before
    return {"mac": own / (macs - 2), "server": other / (macs - 2), "both": (own + other) / (macs - 2)}


def idle_connects(http, macs, rounds, identities):
    """CPU seconds of one Idle connect over a kept connection, signed and by TLS identity alone, and of the bare echo."""
    out = {}
    with folder() as text:
        with served(pathlib.Path(text) / "data", "--http", http) as (server, target), \
                Driven("bench_generator", target, macs) as fleet:
            fleet.ask(f"enroll 0 {macs}")
            body = fleet.ask("sizes")["idle_body"]
            for name, sign in (("signed", "yes"), ("tls", "no")):
                fleet.ask(f"sign {sign}")
                fleet.ask(f"idle 0 {macs} 2")  # connections are there from now on
                before = cpu_of(server)
                done = fleet.ask(f"idle 0 {macs} {rounds}")
                other = cpu_of(server) - before
                out[name] = {"mac": done["cpu"] / done["count"], "server": other / done["count"],
                             "both": (done["cpu"] + other) / done["count"], "wall": done["wall"] / done["count"]}
    # The header a Mac sends beside what the echo's client sends too: User-Agent, Accept.
    cpu, wall = bare_pair(identities, 0, "echo", macs, rounds, body, 80)
    out["echo"] = {"both": cpu, "wall": wall}
    return out


BATCH = 200


def enroll_apart(fleet, first, end):
    """A batch enrolls, its connections end, the next follows: nothing is left of more than BATCH connections."""
    for start in range(first, end, BATCH):
        fleet.ask(f"enroll {start} {min(BATCH, end - start)}")
        fleet.ask("close")


def generator_memory(few, many):
    """KiB of private memory of a Mac of the generator: enrolled only, with an idle TLS connection as well, and after that."""
    seen = {}
    with folder() as text:
        with served(pathlib.Path(text) / "data") as (_, target), Driven("bench_generator", target, many) as fleet:
            for first, macs in ((0, few), (few, many)):
                enroll_apart(fleet, first, macs)
                seen[macs] = fleet.ask("memory")
            fleet.ask("sign no")
            for start in range(0, many, BATCH):  # a Mac gives its connection up after ten seconds
                fleet.ask(f"idle {start} {min(BATCH, many - start)} 1")
            connected = fleet.ask("memory")
            fleet.ask("close")
            left = fleet.ask("memory")
    apart = seen[many]
    slope = (apart["private_kib"] - seen[few]["private_kib"]) / (many - few)
    opened = connected["sockets"] - apart["sockets"]
    return {"unconnected": slope, "connections": opened,
            "connected": slope + (connected["private_kib"] - apart["private_kib"]) / opened,
            "left": slope + (left["private_kib"] - apart["private_kib"]) / opened}


PROFILES, APPS, DECLARATIONS = 30, 100, 50
FILLED_TOGETHER = 20


def profile(number):
    """A profile as administrators write them, with two payloads; all Macs get the same."""
    def payload(part, kind, content):
        return {"PayloadType": kind, "PayloadVersion": 1, "PayloadIdentifier": f"org.example.bench.{number}.{part}",
                "PayloadUUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number}.{part}")),
                "PayloadDisplayName": f"Settings {number}", **content}
    def preferences(domain, settings):  # of the payload types that a Mac may have several of
        return {"PayloadContent": {domain: {"Forced": [{"mcx_preference_settings": settings}]}}}
    return plistlib.dumps({
        **payload("all", "Configuration", {}),
        "PayloadContent": [
            payload(part, "com.apple.ManagedClient.preferences", preferences(f"org.example.{part}-{number}", settings))
            for part, settings in (("editor", {"Orientation": "left", "Size": 40 + number, "Hide": True}),
                                   ("viewer", {"AskForPassword": True, "IdleTime": 60 * (number + 1)}))]})


def commands():
    for number in range(PROFILES):
        yield {"RequestType": "InstallProfile", "Payload": profile(number)}
    for number in range(APPS):
        yield {"RequestType": "InstallApplication", "iTunesStoreID": 400_000_000 + number, "ManagementFlags": 1}


def declarations():
    names = [f"org.example.bench.test-{number}" for number in range(DECLARATIONS - 1)]
    for name in names:
        yield {"Type": "com.apple.configuration.management.test", "Identifier": name,
               "Payload": {"Echo": f"what {name} says"}}
    yield {"Type": "com.apple.activation.simple", "Identifier": "org.example.bench.activation",
           "Payload": {"StandardConfigurations": names}}


def fill(api, fleet, first, count):
    """Everything above for the Macs `first` and following, by commands and declarations."""
    ids = fleet.ask("ids")["ids"][first:first + count]
    for number, command in enumerate(commands()):
        body = plistlib.dumps({"CommandUUID": f"bench-{first}-{number}", "Command": command})
        api.ask("PUT", f"enqueue/{','.join(ids)}?nopush=1", body)
    for one in ids:
        api.ask("PUT", f"enrollment-sets/{one}?set=bench")  # pushes: DeclarativeManagement waits
    fleet.ask(f"idle {first} {count} 1")


def await_installations(fleet, rounds=600):
    for _ in range(rounds):
        holds = fleet.ask("holds")
        if (holds["profiles"], holds["apps"], holds["declarations"]) == (PROFILES + 1, APPS, DECLARATIONS):
            return
    raise SystemExit(f"bench: a Mac holds {holds}")


def full_mac_memory(few, many):
    """KiB of private memory of a Mac with 30 profiles, 100 applications and 50 declarations, all the same; not connected."""
    seen = {}
    with folder() as text:
        with served(pathlib.Path(text) / "data") as (_, target), Driven("bench_generator", target, many) as fleet:
            api = Api(target)
            for one in declarations():
                api.ask("PUT", "declarations?nonotify=1", json.dumps(one))
                api.ask("PUT", f"set-declarations/bench?declaration={one['Identifier']}&nonotify=1")
            for first, macs in ((0, few), (few, many)):
                for start in range(first, macs, FILLED_TOGETHER):
                    count = min(FILLED_TOGETHER, macs - start)
                    fleet.ask(f"enroll {start} {count}")
                    fill(api, fleet, start, count)
                    await_installations(fleet)
                    fleet.ask("close")
                seen[macs] = fleet.ask("memory")
    return (seen[many]["private_kib"] - seen[few]["private_kib"]) / (many - few)


def virtual_memory(few, many):
    """KiB of peak memory of a Mac of the virtual world: server, push service and trace included."""
    peaks = {}
    with folder() as text:
        for macs in (few, many):
            _, peaks[macs] = run_pomona(HERE / "enroll.yaml", "--world", "virtual", "--macs", macs,
                                        "--out", pathlib.Path(text) / f"run-{macs}")
    return (peaks[many] - peaks[few]) / (many - few)


# A step of bench_micro, and how often which bare step is inside it.
STEPS = {
    "token_update_parse_and_write": {"bare_libplist_parse_and_write": 1},
    # All queries, command and answer judged by the schema; goal 30 µs.
    "device_information_validated_and_answered": {"bare_libplist_device_information": 1},
    "device_information_from_wire_to_wire": {"bare_libplist_device_information": 1},
    "mdm_signature_sign": {"bare_rsa_sign": 1},
    "mdm_signature_verify_known_signer": {"bare_rsa_verify": 1},
    "mdm_signature_verify_new_signer": {"bare_rsa_verify": 1},
    "chain_of_a_device": {"bare_rsa_verify": 1},
    # Signatures: request, its signer, pkiMessage, certificate, CertRep; both ends decrypt (which costs what signing does).
    "scep_round": {"bare_rsa_sign": 7},
}


def steps():
    """CPU seconds of single steps and of the bare work inside each."""
    done = subprocess.run([BENCH / "bench_micro", "--benchmark_format=json", "--benchmark_min_time=0.3"],
                          capture_output=True, text=True, check=True)
    times = {one["name"]: one["cpu_time"] * 1e-9 for one in json.loads(done.stdout)["benchmarks"]}
    return {name: (times[name], sum(times[bare] * count for bare, count in inside.items()))
            for name, inside in STEPS.items()}


def median_of(runs):
    """Element by element, over dictionaries of the same shape."""
    first = runs[0]
    if isinstance(first, dict):
        return {key: median_of([one[key] for one in runs]) for key in first}
    return statistics.median(runs)
