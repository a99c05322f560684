"""The emulated Apple Business Manager: CPU of a page of a long list, at its beginning and at its end."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import ssl
import textwrap
import time
import urllib.parse
import uuid

from processes import cpu_of, served

DEVICES, PAGE = 100_000, 100


def quoted(text):
    return urllib.parse.quote(text, safe="-._~")


def oauth(url, token):
    """RFC 5849: the header of GET /session, HMAC-SHA1."""
    fields = {"oauth_consumer_key": token["consumer_key"], "oauth_token": token["access_token"], "oauth_nonce": str(uuid.uuid4()),
              "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": str(int(time.time())), "oauth_version": "1.0"}
    listed = "&".join(f"{quoted(k)}={quoted(v)}" for k, v in sorted(fields.items()))
    base = f"GET&{quoted(url)}&{quoted(listed)}".encode()
    key = f"{quoted(token['consumer_secret'])}&{quoted(token['access_secret'])}".encode()
    fields["oauth_signature"] = base64.b64encode(hmac.new(key, base, hashlib.sha1).digest()).decode()
    return "OAuth " + ", ".join(f'{k}="{quoted(v)}"' for k, v in fields.items())


def asked(connection, method, path, headers, body=None):
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise SystemExit(f"bench: {method} {path} was answered {answer.status}: {text[:300]}")
    return json.loads(text) if text else {}


class Portal:
    def __init__(self, target):
        text = target.read_text(encoding="utf-8")
        value = dict(re.findall(r'^ +(abm_url|portal_url|user|key): "(.*)"$', text, re.M))
        trust = textwrap.dedent(re.search(r"^    trust: \|\n((?:      .*\n)+)", text[text.index("  apns:"):], re.M)[1])
        self.url = value["abm_url"]
        self.connection = http.client.HTTPConnection(value["portal_url"].removeprefix("http://"))
        basic = base64.b64encode(f"{value['user']}:{value['key']}".encode()).decode()
        self.headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        self.service = http.client.HTTPSConnection(self.url.removeprefix("https://"),
                                                   context=ssl.create_default_context(cadata=trust))

    def ask(self, method, path, body):
        return asked(self.connection, method, path, self.headers, body)


def listed(portal, pid, token):
    """CPU seconds of the service for each page, in order."""
    headers = {"User-Agent": "pomona-bench/1", "Content-Type": "application/json;charset=UTF8", "X-Server-Protocol-Version": "10"}

    def sign_in():
        signed = dict(headers, Authorization=oauth(portal.url + "/session", token))
        headers["X-ADM-Auth-Session"] = asked(portal.service, "GET", "/session", signed)["auth_session_token"]

    sign_in()
    began, cpu, cursor, seen, more = time.monotonic(), [cpu_of(pid)], None, 0, True
    while more:
        if time.monotonic() - began > 120:  # sessions are short
            sign_in()
            began = time.monotonic()
        page = asked(portal.service, "POST", "/server/devices", headers, {"cursor": cursor, "limit": PAGE})
        cursor, more, seen = page["cursor"], page["more_to_follow"], seen + len(page["devices"])
        cpu.append(cpu_of(pid))
    if seen != DEVICES:
        raise SystemExit(f"bench: {seen} of {DEVICES} devices were listed")
    return cpu


def of_long_list(where):
    """CPU seconds a page in the first and in the last quarter of the list."""
    with served(where, "--abm-port", "0") as (pid, target):
        portal = Portal(target)
        token = {key: f"{key}-{uuid.uuid4()}" for key in ("consumer_key", "consumer_secret", "access_token", "access_secret")}
        server = portal.ask("POST", "/portal/servers", {"name": "bench", "token": token})["id"]
        portal.ask("POST", "/portal/devices", {"devices": [{"serial": f"C02{n:08}", "server": server} for n in range(DEVICES)]})
        cpu = listed(portal, pid, token)
    pages = len(cpu) - 1
    quarter = pages // 4
    return {"first": (cpu[quarter] - cpu[0]) / quarter, "last": (cpu[-1] - cpu[-1 - quarter]) / quarter}


if __name__ == "__main__":
    import pathlib

    import measure
    with measure.folder() as scratch:
        print(json.dumps(of_long_list(pathlib.Path(scratch))))
