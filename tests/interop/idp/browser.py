"""A served identity provider, and a person with a browser: forms are filled in and sent, redirects followed by hand."""

import contextlib
import html.parser
import json
import pathlib
import sys
import urllib.parse

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's libraries, whichever interpreter runs this

import harness  # noqa: E402
import requests  # noqa: E402


class Form(html.parser.HTMLParser):
    """The first form of a page."""

    def __init__(self, page, url):
        super().__init__()
        self.action, self.fields, self.has_password, self.url = None, {}, False, url
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = urllib.parse.urljoin(self.url, a.get("action", ""))
        elif tag in ("input", "button") and a.get("name"):
            self.has_password = self.has_password or a.get("type") == "password"
            self.fields.setdefault(a["name"], a.get("value", ""))


class Provider:
    def __init__(self, target):
        self.target = target
        self.http = requests.Session()
        self.http.trust_env = False
        self.root = pathlib.Path(target).parent / "apns/ca.pem"
        self.http.verify = str(self.root)
        self.about = self.ctl("show")
        self.issuer = self.about["issuer"]

    def ctl(self, *words):
        done = harness.run("ctl", "idp", *words, "-t", self.target)
        harness.expect_exit(done, 0)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def sign_in(self, page, user="ada@example.org", password="secret", **fields):
        """What the login form on `page` leads to, redirects not followed."""
        form = Form(page.text, page.url)
        harness.expect(form.has_password, f"no login form: {page.status_code} {page.text}")
        return self.http.post(form.action, data={**form.fields, "username": user, "password": password, **fields},
                              allow_redirects=False, timeout=30)


@contextlib.contextmanager
def provider():
    with harness.served("--idp-port", "0") as (_, target):
        yield Provider(target)
