"""ABM-011..022, 045..047, 066, 067: every row of errors.tsv is provoked over the wire and compared, in three forms of body."""

import email.utils
import json
import pathlib
import time

import client
import harness
import requests_oauthlib
import urllib3.util

PROFILE = {"profile_name": "P", "url": "https://mdm.example.org/enroll"}
TYPES = {"bare": "text/plain;charset=UTF8", "quoted": "text/plain;charset=UTF8", "json": "application/json;charset=UTF8"}
ROWS = [(line.split("\t") + [""])[:4] for line in (pathlib.Path(__file__).parent / "errors.tsv").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")]


class Provoke:
    """One method a row; each gives the answer."""

    def __init__(self, setup):
        self.setup = setup
        self.entry, self.dep = setup.server("one")
        _, self.other = setup.server("two")
        setup.devices(self.entry, 3)
        _, self.cursor = self.dep.pages("/server/devices")

    def ctl(self, *arguments):
        client.ctl(self.setup.target, *arguments)

    def post(self, path, body):
        return self.dep.call("POST", path, body)

    def define(self, **keys):
        body = {k: v for k, v in {**PROFILE, **keys}.items() if v is not None}
        return self.post("/profile", body)

    def fault(self, name):
        self.ctl("fault", name)
        return self.dep.call("GET", "/account")

    def signed(self, **options):
        t = self.dep.token
        signer = requests_oauthlib.OAuth1(t["consumer_key"], t["consumer_secret"], t["access_token"], t["access_secret"],
                                          **options)
        return self.dep.http.get(self.setup.url + "/session", auth=signer, timeout=30)

    def body_that_is_no_json(self):
        return self.dep.http.post(self.setup.url + "/devices", data="{", timeout=30,
                                  headers={"X-ADM-Auth-Session": self.dep.session})

    def no_user_agent(self):
        return self.dep.http.get(self.setup.url + "/account", headers={"User-Agent": urllib3.util.SKIP_HEADER}, timeout=30)

    def refused_user_agent(self):
        self.ctl("rules", "refused_agent=nanodep/")
        answer = self.dep.http.get(self.setup.url + "/account", headers={"User-Agent": "nanodep/1"}, timeout=30)
        self.ctl("rules", "refused_agent=")
        return answer

    def discovery_not_supported(self):
        self.ctl("rules", "org_supported=false")
        answer = self.post("/account-driven-enrollment/profile", {"mdm_service_discovery_url": "https://mdm.example.org"})
        self.ctl("rules", "org_supported=true")
        return answer

    def oauth(self, **parameters):
        """A header of these parameters; nothing of it is signed."""
        fields = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        return self.dep.http.get(self.setup.url + "/session", headers={"Authorization": "OAuth " + fields}, timeout=30)

    def oauth_without_nonce(self):
        return self.oauth(oauth_consumer_key="CK", oauth_token="AT", oauth_signature_method="HMAC-SHA1", oauth_signature="x",
                          oauth_timestamp="1")

    def oauth_with_a_stranger(self):
        return self.oauth(oauth_consumer_key="CK", oauth_stranger="1")

    def oauth_parameter_twice(self):
        return self.dep.http.get(self.setup.url + "/session", timeout=30,
                                 headers={"Authorization": 'OAuth oauth_token="a", oauth_token="b"'})

    def oauth_by_plaintext(self):
        return self.oauth(oauth_consumer_key="CK", oauth_token="AT", oauth_signature_method="PLAINTEXT", oauth_signature="x",
                          oauth_timestamp="1", oauth_nonce="n")

    def no_oauth(self):
        return self.dep.http.get(self.setup.url + "/session", timeout=30)

    def expired_server_token(self):
        token = {k: f"{k[:2]}_{time.monotonic_ns()}" for k in ("consumer_key", "consumer_secret", "access_token", "access_secret")}
        self.setup.portal("POST", "/portal/servers",
                          {"name": "late", "token": {**token, "access_token_expiry": "2020-01-01T00:00:00Z"}})
        return self.dep.sign_in(**token)

    def ended_session(self):
        self.dep.sign_in()
        self.setup.portal("POST", "/portal/sessions/end")
        answer = self.dep.call("GET", "/account")
        self.dep.sign_in()
        return answer

    def forgotten_session(self):
        self.ctl("rules", "forbidden_sessions=true")
        self.setup.portal("POST", "/portal/sessions/end")
        answer = self.dep.call("GET", "/account")
        self.ctl("rules", "forbidden_sessions=false")
        self.dep.sign_in()
        return answer

    def fault_token_rejected(self):
        self.ctl("fault", "token-rejected")
        return self.dep.sign_in()

    def fault_unavailable_until(self):
        """RFC 9110: a date in place of seconds."""
        self.setup.portal("POST", "/portal/faults",
                          {"fault": "unavailable", "retry_after_seconds": 90, "retry_as_date": True})
        before = time.time()
        answer = self.dep.call("GET", "/account")
        until = email.utils.parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
        harness.expect(before + 85 < until < before + 200, answer.headers["Retry-After"])
        return answer

    def nonsense_cursor(self):
        return self.post("/devices/sync", {"cursor": "bm9uc2Vuc2U="})

    def cursor_of_another_server(self):
        self.other.sign_in()
        return self.other.call("POST", "/devices/sync", {"cursor": self.cursor})

    def aged_cursor(self):
        self.ctl("age-cursors")
        answer = self.post("/devices/sync", {"cursor": self.cursor})
        _, self.cursor = self.dep.pages("/server/devices")
        return answer

    def finished_fetch_cursor(self):
        return self.post("/server/devices", {"cursor": self.cursor})

    def sync_without_cursor(self):
        return self.post("/devices/sync", {})

    def details_without_devices(self):
        return self.post("/devices", {})

    def disown_without_devices(self):
        return self.post("/devices/disown", {"devices": []})

    def assign_without_devices(self):
        return self.post("/profile/devices", {"profile_uuid": "00"})

    def remove_without_devices(self):
        return self.dep.call("DELETE", "/profile/devices", {})

    def read_without_uuid(self):
        return self.dep.call("GET", "/profile")

    def assign_without_uuid(self):
        return self.post("/profile/devices", {"devices": ["X"]})

    def define_without_name(self):
        return self.define(profile_name=None)

    def define_with_long_name(self):
        return self.define(profile_name="n" * 126)

    def define_without_url(self):
        return self.define(url=None)

    def define_with_bad_url(self):
        return self.define(url="mdm.example.org")

    def define_with_empty_department(self):
        return self.define(department="")

    def define_with_empty_phone(self):
        return self.define(support_phone_number="")

    def define_with_empty_email(self):
        return self.define(support_email_address="")

    def define_with_empty_magic(self):
        return self.define(org_magic="")

    def define_unremovable_unsupervised(self):
        return self.define(is_mdm_removable=False)

    def define_with_bad_region(self):
        return self.define(region="Mars")

    def discovery_without_url(self):
        return self.post("/account-driven-enrollment/profile", {})

    def discovery_with_http(self):
        return self.post("/account-driven-enrollment/profile", {"mdm_service_discovery_url": "http://mdm.example.org"})

    def old_access_token(self):
        return self.dep.sign_in(access_token="AT_old")

    def wrong_secret(self):
        return self.dep.sign_in(consumer_secret="CS_wrong")

    def unknown_consumer_key(self):
        return self.dep.sign_in(consumer_key="CK_unknown")

    def old_timestamp(self):
        return self.signed(timestamp=str(int(time.time()) - 3600))

    def repeated_nonce(self):
        fixed = {"nonce": f"once{time.monotonic_ns()}", "timestamp": str(int(time.time()))}
        harness.expect(self.signed(**fixed).status_code == 200, "the first use of a nonce")
        return self.signed(**fixed)

    def no_session(self):
        return self.dep.http.get(self.setup.url + "/account", timeout=30)

    def fault_unauthorized(self):
        return self.fault("unauthorized")

    def fault_access_denied(self):
        return self.fault("access-denied")

    def fault_forbidden(self):
        return self.fault("forbidden")

    def fault_too_many(self):
        return self.fault("too-many-requests")

    def fault_server_error(self):
        return self.fault("server-error")

    def fault_unavailable(self):
        return self.fault("unavailable")

    def terms_withdrawn(self):
        self.ctl("terms", "withdraw")
        answer = self.dep.call("GET", "/account")
        self.ctl("terms", "accept")
        return answer

    def beta_tokens_without_seed(self):
        self.ctl("rules", "apple_seed=false")
        return self.dep.call("GET", "/os-beta-enrollment/tokens")

    def unknown_path(self):
        return self.dep.call("GET", "/nowhere")

    def unknown_profile(self):
        return self.dep.call("GET", "/profile?profile_uuid=00")

    def assign_unknown_profile(self):
        return self.post("/profile/devices", {"profile_uuid": "00", "devices": ["X"]})

    def wrong_method(self):
        return self.dep.call("DELETE", "/account")


def body_of(answer, form):
    """The code, out of one of the three forms that clients have to read (ABM-022)."""
    if form == "json":
        return json.loads(answer.text)["code"]
    return json.loads(answer.text) if form == "quoted" else answer.text


with client.served() as setup:
    provoke = Provoke(setup)
    for form in ("bare", "quoted", "json"):
        provoke.ctl("rules", f"error_form={form}")
        for status, code, name, header in ROWS:
            answer = getattr(provoke, name)()
            harness.expect(answer.status_code == int(status), f"{form} {name}: {answer.status_code} {answer.text}")
            if status == "405":
                harness.expect(answer.text == "", f"{name}: a body")
            else:
                harness.expect(body_of(answer, form) == code, f"{form} {name}: {answer.text}")
                harness.expect(answer.headers["Content-Type"] == TYPES[form], f"{form} {name}: {answer.headers}")
            key, _, value = header.partition(": ")
            harness.expect(not key or (answer.headers[key] == value if value else key in answer.headers),
                           f"{form} {name}: {answer.headers}, not {header}")
            if status == "403" and code != "FORBIDDEN":  # clients take that word for the end of a session
                harness.expect("FORBIDDEN" not in answer.text, answer.text)
    missing = {n for n in dir(Provoke) if not n.startswith("_")} - {r[2] for r in ROWS} - {"ctl", "post", "define", "fault", "signed", "oauth"}
    harness.expect(not missing, f"requests of no row: {missing}")
