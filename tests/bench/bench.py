"""`scripts/test --bench`: measures everything, prints the table, and writes it into this folder's README.

Every figure is a ratio to bare work of the same run: the machine may be half as fast in the next minute. Rounds alternate
bare work and Pomona's; the median of their ratios counts. Exit 0 whether or not a goal is met: timing is no test.
"""

import argparse
import datetime
import os
import pathlib
import platform
import subprocess

import measure
import pages
import push

HERE = pathlib.Path(__file__).parent
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"

# The RSA operations of one enrollment with the reference server (see README).
RSA_OF_ENROLLMENT = {"sign": 7, "decrypt": 2, "encrypt": 2, "verify": 8}
ENROLLMENT_LIMIT = 2.5
SIGNED_IDLE_LIMIT = 2.5
ECHO_LIMIT = 2.0  # half the rate is twice the time
UNCONNECTED_LIMIT_KIB = 20
CONNECTED_LIMIT_KIB = 80
FULL_LIMIT_KIB = 64
PUSH_LIMIT = 1 / 0.6  # 60 % of the rate is so many times the time
TOKEN_LIMIT_KIB = 8
PAGE_LIMIT = 1.25  # constant, but for noise


def verdict(value, limit):
    if value <= limit:
        return "met"
    return f"not met, {100 * (value / limit - 1):.0f} % over"


def milliseconds(seconds):
    return f"{seconds * 1e3:.2f} ms"


def microseconds(seconds):
    return f"{seconds * 1e6:.0f} µs"


def bare_enrollment(rsa, shakes, opened):
    return (sum(rsa[kind] * count for kind, count in RSA_OF_ENROLLMENT.items()) +
            sum(shakes[kind] * count for kind, count in opened.items()))


def one_round(size, identities):
    with measure.folder() as where:
        pushes = push.rates(where, pathlib.Path(identities), size.pushes)
    rsa = measure.rsa()
    shakes = measure.handshakes(identities)
    enrolled = measure.enrollment(size.few, size.many)
    silent = measure.without_trace(size.many)
    bare = bare_enrollment(rsa, shakes, enrolled["handshakes"])
    idle = {http: measure.idle_connects(http, size.connections, size.rounds, identities) for http in ("both", "1.1")}
    signed = rsa["sign"] + rsa["verify"]
    return {
        "rsa": rsa, "shakes": shakes, "enrolled": enrolled, "silent": silent, "bare": bare, "idle": idle, "signature": signed,
        "push": pushes,
        "ratio": {
            "enroll": enrolled["both"] / bare,
            "silent": silent["both"] / bare,
            "signed": {http: one["signed"]["both"] / signed for http, one in idle.items()},
            "echo": {http: one["tls"]["both"] / one["echo"]["both"] for http, one in idle.items()},
            "rate": {http: one["tls"]["wall"] / one["echo"]["wall"] for http, one in idle.items()},
        },
    }


def rows(m, memory, virtual_kib):
    ratio = m["ratio"]
    enrolled, silent = m["enrolled"], m["silent"]
    yield ("**1** an enrollment, warm key pool", f"{milliseconds(enrolled['both'])} (Mac {milliseconds(enrolled['mac'])}, "
           f"server and CA {milliseconds(enrolled['server'])})", f"its RSA and handshakes, {milliseconds(m['bare'])}",
           f"{ratio['enroll']:.2f} (goal 2.5)", verdict(ratio["enroll"], ENROLLMENT_LIMIT))
    yield ("the same without a trace", f"{milliseconds(silent['both'])} (Mac {milliseconds(silent['mac'])})", "the same",
           f"{ratio['silent']:.2f}", "no goal")
    for http, name in (("both", "HTTP/2"), ("1.1", "HTTP/1.1")):
        one = m["idle"][http]["signed"]
        yield (f"**2** an Idle connect, signed, {name}", f"{microseconds(one['both'])} (Mac {microseconds(one['mac'])}, "
               f"server {microseconds(one['server'])})", f"one signature and one verification, {microseconds(m['signature'])}",
               f"{ratio['signed'][http]:.2f} (goal 2.5)", verdict(ratio["signed"][http], SIGNED_IDLE_LIMIT))
    for http, name in (("both", "HTTP/2"), ("1.1", "HTTP/1.1")):
        one = m["idle"][http]
        yield (f"**2** an Idle connect, TLS identity, {name}", f"{microseconds(one['tls']['both'])} "
               f"(Mac {microseconds(one['tls']['mac'])}, server {microseconds(one['tls']['server'])})",
               f"the same exchange of a bare Beast client and server, {microseconds(one['echo']['both'])}",
               f"{ratio['echo'][http]:.2f} (goal 2.0); by the clock {ratio['rate'][http]:.2f}",
               verdict(ratio["echo"][http], ECHO_LIMIT))
    yield ("**3** a Mac of the generator, not connected", f"{memory['unconnected']:.1f} KiB", "", "goal 20 KiB",
           verdict(memory["unconnected"], UNCONNECTED_LIMIT_KIB))
    yield ("**3** a Mac with an idle TLS connection", f"{memory['connected']:.1f} KiB", "", "goal 80 KiB",
           verdict(memory["connected"], CONNECTED_LIMIT_KIB))
    yield ("the same when the connection has ended, of all at once", f"{memory['left']:.1f} KiB", "", "", "no goal")
    yield (f"a Mac with {measure.PROFILES} profiles, {measure.APPS} applications, {measure.DECLARATIONS} declarations",
           f"{memory['full']:.1f} KiB", "", "goal 64 KiB", verdict(memory["full"], FULL_LIMIT_KIB))
    one = m["push"]
    yield ("**4** a push to the emulated push service, by h2load", f"{one['own']['rate']:.0f} a second, {microseconds(one['own']['cpu'])} "
           "of the service", f"nghttpd with an empty file, {one['bare']['rate']:.0f} a second, {microseconds(one['bare']['cpu'])}",
           f"{100 * one['ratio']:.0f} % of its rate (goal 60 %); by the clock {100 * one['clock']:.0f} %", verdict(1 / one["ratio"], PUSH_LIMIT))
    yield ("**4** a token that a device listens for, of 100,000", f"{memory['token']:.2f} KiB", "", "goal 8 KiB",
           verdict(memory["token"], TOKEN_LIMIT_KIB))
    page = memory["page"]
    yield (f"**5** a page of {pages.PAGE} of {pages.DEVICES} devices, Apple Business Manager, last quarter of the list",
           f"{microseconds(page['last'])} of the service", f"first quarter, {microseconds(page['first'])}",
           f"{page['last'] / page['first']:.2f} (goal: constant)", verdict(page["last"] / page["first"], PAGE_LIMIT))
    yield ("a Mac of `pomona run`, trace included (peak)", f"{enrolled['peak_kib']:.0f} KiB", "", "", "no goal")
    yield ("a Mac of the virtual world, server and trace included (peak)", f"{virtual_kib:.0f} KiB", "", "", "no goal")


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def table_of_steps(steps):
    yield "| one step | CPU | bare work inside it | ratio |"
    yield "|---|---|---|---|"
    for name, (own, bare) in steps.items():
        inside = " and ".join(f"{count} × {what}" if count > 1 else what for what, count in measure.STEPS[name].items())
        yield f"| {name} | {microseconds(own)} | {inside}, {microseconds(bare)} | {own / bare:.2f} |".replace("_", " ")


def text_of(m, memory, virtual_kib, size):
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    lines = [
        f"{datetime.date.today()}, {os.cpu_count()} × {processor()}, OpenSSL {openssl}; the medians of {size.repeat} rounds; "
        f"load average at the end {os.getloadavg()[0]:.1f}.", "",
        "| what | measured (CPU of both ends) | bare work of the same run | ratio | goal |", "|---|---|---|---|---|",
        *("| " + " | ".join(row) + " |" for row in rows(m, memory, virtual_kib)), "",
        "Bare: " + ", ".join(f"RSA-2048 {kind} {microseconds(each)}" for kind, each in m["rsa"].items()) + "; full TLS 1.3 "
        f"handshake {milliseconds(m['shakes']['anonymous'])} without and {milliseconds(m['shakes']['mutual'])} with a client "
        "certificate. Handshakes an enrollment: " +
        ", ".join(f"{count:.2f} {kind}" for kind, count in m["enrolled"]["handshakes"].items()) +
        f". Generator: {size.memory_few} and {size.memory_many} Macs, {memory['connections']:.0f} of them connected.", "",
        *table_of_steps(measure.steps())]
    return "\n".join(lines)


def write(text):
    readme = HERE / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=3, help="rounds of the measurements in time")
    options.add_argument("--few", type=int, default=20, help="Macs of the smaller enrollment run")
    options.add_argument("--many", type=int, default=120, help="Macs of the larger one")
    options.add_argument("--connections", type=int, default=200, help="kept connections of the Idle connects")
    options.add_argument("--rounds", type=int, default=20, help="Idle connects on each")
    options.add_argument("--memory-few", type=int, default=200, help="Macs of the smaller generator")
    options.add_argument("--memory-many", type=int, default=2000, help="Macs of the larger one")
    options.add_argument("--full", type=int, default=300, help="Macs that get profiles, applications and declarations")
    options.add_argument("--pushes", type=int, default=100_000, help="pushes of h2load")
    options.add_argument("--no-write", action="store_true", help="leave the README as it is")
    size = options.parse_args()
    with measure.folder() as identities:
        measure.make_identities(identities)
        measured = measure.median_of([one_round(size, identities) for _ in range(size.repeat)])
    memory = measure.generator_memory(size.memory_few, size.memory_many)
    memory["full"] = measure.full_mac_memory(size.full // 5, size.full)
    with measure.folder() as where:
        memory["token"] = push.token_memory(where)
    with measure.folder() as where:
        memory["page"] = pages.of_long_list(pathlib.Path(where))
    text = text_of(measured, memory,
                   measure.virtual_memory(size.few, size.many), size)
    print(text)
    if not size.no_write:
        write(text)


if __name__ == "__main__":
    main()
