"""A small MDM server of nothing but surface, whose every part can be set up wrongly; certificates come from openssl."""

import base64
import contextlib
import hashlib
import http.server
import json
import plistlib
import socket
import ssl
import threading
import time
import urllib.parse
import uuid
from email.utils import formatdate

from harness import tool

TOPIC = "com.apple.mgmt.External.6a1c3f4e-0000-4000-8000-5a5a5a5a5a5a"
KEY = "stub-key"

CA_CONFIG = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""
DAY = "%Y%m%d%H%M%SZ"


class Authority:
    """A CA in a folder; `bits`, `start` and `end` (days from now) make unusable ones."""

    def __init__(self, folder, name, bits=2048, start=-30, end=3650):
        self.folder = folder / name.replace(" ", "-")
        self.folder.mkdir()
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "ca.cnf").write_text(CA_CONFIG.format(folder=self.folder))
        self.key, self.certificate = self.folder / "ca.key", self.folder / "ca.pem"
        request = self._request("ca", name, bits)
        self._sign(request, self.certificate, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,"
                   "digitalSignature,keyEncipherment\nsubjectKeyIdentifier=hash\n", start, end, "-selfsign")

    def _request(self, stem, name, bits):
        request = self.folder / f"{stem}.csr"
        tool("openssl", "req", "-new", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", self.folder / f"{stem}.key",
             "-out", request, "-subj", f"/CN={name}")
        return request

    def _sign(self, request, to, extensions, start, end, *options):
        (self.folder / "ext.cnf").write_text(extensions)
        now = time.time()
        dates = [time.strftime(DAY, time.gmtime(now + days * 86400)) for days in (start, end)]
        signer = options or ("-cert", self.certificate)
        tool("openssl", "ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-keyfile", self.key, "-in", request,
             "-out", to, "-extfile", self.folder / "ext.cnf", "-startdate", dates[0], "-enddate", dates[1], *signer)

    def issue(self, stem, names="DNS:localhost,IP:127.0.0.1", start=-1, end=365):
        """(certificate, key) of a server."""
        request = self._request(stem, stem, 2048)
        to = self.folder / f"{stem}.pem"
        self._sign(request, to, f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n", start, end)
        return to, self.folder / f"{stem}.key"

    def der(self):
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())


class Setup:
    """What the server is; each case changes some of it."""

    def __init__(self, ca, identity):
        self.ca = ca                    # of SCEP
        self.identity = identity        # TLS; None: plain HTTP
        self.skew = 0                   # seconds
        self.date = None                # instead of the time
        self.enroll_status = 200
        self.enroll_type = "application/x-apple-aspen-config"
        self.enroll_body = None         # instead of a profile
        self.mdm = {}                   # changed keys of the MDM payload; None removes one
        self.with_mdm = True
        self.scep = {}                  # changed keys of the SCEP payload's content
        self.caps = "AES\nSHA-256\nSHA-512\nPOSTPKIOperation\nRenewal\nSCEPStandard\n"
        self.push = {"topic": TOPIC, "not_after": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 200 * 86400))}


def changed(content, changes):
    return {k: v for k, v in (content | changes).items() if v is not None}


def payload(kind, identifier, content):
    return {"PayloadType": kind, "PayloadVersion": 1, "PayloadIdentifier": identifier,
            "PayloadUUID": str(uuid.uuid4()).upper(), **content}


def profile(setup, base):
    scep = {"URL": f"{base}/scep", "Challenge": "secret", "Keysize": 2048, "Key Usage": 5, "Key Type": "RSA",
            "Subject": [[["CN", "%SerialNumber%"]]], "CAFingerprint": hashlib.sha1(setup.ca.der()).digest()}
    identity = payload("com.apple.security.scep", "org.example.scep", {"PayloadContent": changed(scep, setup.scep)})
    mdm = {"IdentityCertificateUUID": identity["PayloadUUID"], "Topic": TOPIC, "ServerURL": f"{base}/mdm",
           "CheckInURL": f"{base}/checkin", "AccessRights": 8191, "SignMessage": True}
    payloads = [identity]
    if setup.with_mdm:
        payloads.append(payload("com.apple.mdm", "org.example.mdm", changed(mdm, setup.mdm)))
    return plistlib.dumps(payload("Configuration", "org.example.enroll", {"PayloadContent": payloads}))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return self.server.setup.date or formatdate((timestamp or time.time()) + self.server.setup.skew, usegmt=True)

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        setup, url = self.server.setup, urllib.parse.urlsplit(self.path)
        operation = urllib.parse.parse_qs(url.query).get("operation", [""])[0]
        if url.path == "/enroll":
            body = setup.enroll_body or profile(setup, self.server.base)
            self.answer(setup.enroll_status, setup.enroll_type, body if setup.enroll_status == 200 else b"nobody is here")
        elif url.path == "/scep" and operation == "GetCACert":
            self.answer(200, "application/x-x509-ca-cert", setup.ca.der())
        elif url.path == "/scep" and operation == "GetCACaps":
            self.answer(200, "text/plain", setup.caps.encode())
        elif url.path == "/version":
            self.answer(200, "application/json", b'{"version": "stub"}')
        elif url.path == "/v1/pushcert":
            expected = "Basic " + base64.b64encode(f"nanomdm:{KEY}".encode()).decode()
            allowed = self.headers["Authorization"] == expected
            self.answer(200 if allowed else 401, "application/json", json.dumps(setup.push).encode() if allowed else b"{}")
        else:
            self.server.other.append(f"{self.command} {self.path}")
            self.answer(404, "text/plain", b"there is nothing here")

    do_PUT = do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that looks at a certificate and goes away


def secured(identity, *alpn):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, identity))
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


@contextlib.contextmanager
def running(setup):
    """The server; `base` is its URL, `other` what it was asked for beside reading."""
    server = Server(("127.0.0.1", 0), Handler)
    server.setup, server.other = setup, []
    server.base = f"https://localhost:{server.server_port}"
    if setup.identity:
        # The handshake is done by the thread that answers, so that a client without one keeps nobody waiting.
        server.socket = secured(setup.identity, "http/1.1").wrap_socket(server.socket, server_side=True,
                                                                        do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
