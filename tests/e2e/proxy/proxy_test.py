"""`serve --proxy-port`: curl with Apple's host names and the one root reaches the emulated services; without the proxy
nothing resolves, as this test lives in a network of its own; every other host is refused, and hostile bytes cost nothing."""

import json
import re
import socket
import subprocess

from harness import expect, expect_exit, folder, run, served, stop
from private_network import own_network

PUSH = ("api.push.apple.com", "api.sandbox.push.apple.com", "api.development.push.apple.com")
ABM = ("mdmenrollment.apple.com", "api-business.apple.com", "api-school.apple.com", "account.apple.com",
       "iprofiles.apple.com", "deviceenrollment.apple.com")


def value_in(target, key):
    found = re.search(rf'^\s*{key}: "(.*)"$', target.read_text(encoding="utf-8"), re.M)
    expect(found, f"no {key} in the target file")
    return found[1]


class Client:
    def __init__(self, data, proxy):
        self.data, self.proxy = data, proxy

    def ask(self, url, *options, proxy=True):
        """(exit code, status, body) of curl; the environment's proxies do not matter."""
        route = ["--proxy", self.proxy] if proxy else ["--noproxy", "*"]
        done = subprocess.run(["curl", "-sS", "--max-time", "30", *route, "--cacert", self.data / "apns" / "ca.pem",
                               "-w", "\n%{http_code} %{http_connect}", *options, url],
                              capture_output=True, text=True, timeout=60, check=False)
        body, _, codes = done.stdout.rpartition("\n")
        status, connect = codes.split()
        return done.returncode, int(status), int(connect), body + done.stderr


def test_apples_names(client):
    identity = ["--cert", client.data / "apns/push.pem", "--key", client.data / "apns/push.key", "--http2"]
    for host in PUSH:
        for port in ("", ":2197"):
            code, status, connect, body = client.ask(f"https://{host}{port}/3/device/{'ab' * 32}", *identity, "--data", "{}")
            expect((code, connect) == (0, 200), f"{host}{port}: curl {code}, proxy {connect}: {body}")
            expect(status == 400 and "reason" in body, f"{host}{port}: {status} {body}")
    for host in ABM:
        code, status, connect, body = client.ask(f"https://{host}/session", "-A", "")
        expect((code, status, connect) == (0, 400, 200), f"{host}: curl {code}, {status}, proxy {connect}: {body}")
        expect("USER_AGENT_MISSING" in body, f"{host}: {body}")


def test_a_token_for_apples_name(client, target):
    """The OAuth 2 client of the business API: its two hosts, nothing configured but proxy and root."""
    made = json.loads(run("ctl", "abm", "account", "-t", target, "--json").stdout)
    expect("client_id" in made, str(made))
    code, status, _, body = client.ask("https://account.apple.com/auth/oauth2/token", "--data", "grant_type=client_credentials")
    expect((code, status) == (0, 400) and "invalid" in body, f"{code} {status} {body}")
    code, status, _, body = client.ask("https://api-business.apple.com/v1/orgDevices", "-H", "Accept: application/json")
    expect((code, status) == (0, 401), f"{code} {status} {body}")


def test_nothing_without_the_proxy(client):
    for host in (PUSH[0], ABM[0], ABM[3]):
        code, *_ = client.ask(f"https://{host}/", proxy=False)
        expect(code == 6, f"{host} without the proxy: curl {code}, not 6 (name unknown)")


def test_every_other_host_is_refused(client):
    for url in ("https://www.apple.com/", "https://gateway.push.apple.com/", "https://mdmenrollment.apple.com:8443/",
                "https://127.0.0.1:22/", "https://localhost/", "https://[::1]/", "https://example.org/"):
        code, _, connect, body = client.ask(url)
        expect((code, connect) == (56, 403), f"{url}: curl {code}, proxy {connect}: {body}")
    # Plain http goes nowhere either.
    _, status, _, body = client.ask("http://mdmenrollment.apple.com/session")
    expect(status == 405 and "https, not http" in body, f"{status} {body}")


def test_the_root_is_needed(client):
    code, *_ = client.ask(f"https://{ABM[0]}/session", "--cacert", "/etc/ssl/certs/ca-certificates.crt")
    expect(code in (60, 77), f"curl {code}: a server certificate nobody can verify")


def said(address, data, wait=True):
    """What the proxy answers to raw bytes."""
    with socket.create_connection(address, timeout=60) as s:
        s.sendall(data)
        if not wait:
            return b""
        s.shutdown(socket.SHUT_WR)
        out = b""
        try:
            while piece := s.recv(4096):
                out += piece
        except ConnectionResetError:
            pass
        return out


def test_hostile_bytes(address, client):
    expect(said(address, b"\x16\x03\x01\x02\x00" * 100) == b"", "TLS bytes without an end of a head: no answer is due")
    expect(said(address, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 "), "nonsense")
    expect(said(address, b"CONNECT a:1 HTTP/1.1\r\n" + b"A: b\r\n" * 5000).startswith(b"HTTP/1.1 431 "), "a head without end")
    expect(said(address, b"CONNECT " + b"a" * 20000).startswith(b"HTTP/1.1 431 "), "a name without end")
    refused = said(address, b"CONNECT \xff\x80:443 HTTP/1.1\r\n\r\n")
    expect(refused.startswith(b"HTTP/1.1 403 ") and b"\xff" not in refused, str(refused))
    for _ in range(200):
        said(address, b"CONNECT mdmenrollment.apple.com:443 HTTP/1.1\r\n\r\n\x16", wait=False)
    # What comes with the head belongs to the tunnel.
    with socket.create_connection(address, timeout=60) as s:
        s.sendall(b"CONNECT api.push.apple.com:443 HTTP/1.1\r\n\r\n" + b"no TLS at all, for a server of TLS")
        first = s.recv(4096)
        expect(first.startswith(b"HTTP/1.1 200 "), str(first))
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass
    test_apples_names(client)


def main():
    own_network()
    with served("--abm-port", 0, "--proxy-port", 0) as (server, target):
        proxy = value_in(target, "proxy_url")
        client = Client(target.parent, proxy)
        test_apples_names(client)
        test_a_token_for_apples_name(client, target)
        test_nothing_without_the_proxy(client)
        test_every_other_host_is_refused(client)
        test_the_root_is_needed(client)
        host, port = proxy.removeprefix("http://").split(":")
        test_hostile_bytes((host, int(port)), client)
        out, _ = stop(server)
        for words in (f"HTTPS_PROXY={proxy}", f"SSL_CERT_FILE={target.parent}/apns/ca.pem", "base URL " + value_in(target, "abm_url")):
            expect(words in out, f"serve did not print `{words}`:\n{out}")
        expect(server.returncode == 143, f"serve ended with {server.returncode}")
    with folder() as data:
        process = run("serve", "--data", data, "--proxy-port", "x")
        expect_exit(process, 64)


if __name__ == "__main__":
    main()
