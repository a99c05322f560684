"""SAML 2.0 with a service provider that is not ours: OneLogin's toolkit reads the metadata, asks by both bindings and judges
the signed answers (xmlsec behind it)."""

import base64

import browser
import harness
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

ENTITY, ACS = "https://sp.example/metadata", "https://sp.example/acs"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

with browser.provider() as idp:
    idp.ctl("party", ENTITY, ACS)
    metadata = idp.http.get(idp.issuer + "/saml/metadata", timeout=30)
    harness.expect(metadata.headers["Content-Type"] == "application/samlmetadata+xml", metadata.headers)
    settings = OneLogin_Saml2_IdPMetadataParser.merge_settings(
        {"strict": True, "sp": {"entityId": ENTITY, "assertionConsumerService": {"url": ACS, "binding": POST}},
         "security": {"wantAssertionsSigned": True}},
        OneLogin_Saml2_IdPMetadataParser.parse(metadata.text))

    def sp(post=None):
        return OneLogin_Saml2_Auth({"https": "on", "http_host": "sp.example", "script_name": "/acs", "get_data": {},
                                    "post_data": post or {}}, settings)

    def ask(by_post=False, **fields):
        """The answer as the browser would carry it, and the request's id."""
        asking = sp()
        url = asking.login(return_to="https://sp.example/page?a=1&b=2")
        if by_post:
            request = OneLogin_Saml2_Authn_Request(asking.get_settings())
            page = idp.http.post(idp.issuer + "/saml/sso", timeout=30, data={
                "SAMLRequest": base64.b64encode(request.get_xml().encode()).decode(), "RelayState": "R"})
            return answered(page, fields), request.get_id()
        return answered(idp.http.get(url, timeout=30), fields), asking.get_last_request_id()

    def answered(page, fields):
        form = browser.Form(idp.sign_in(page, **fields).text, page.url)
        harness.expect(form.action == ACS, form.action)
        return form.fields

    def judged(post, request_id):
        auth = sp(post)
        auth.process_response(request_id=request_id)
        return auth

    for by_post in (False, True):
        post, request_id = ask(by_post)
        auth = judged(post, request_id)
        harness.expect(auth.is_authenticated() and not auth.get_errors(), auth.get_last_error_reason())
        harness.expect(auth.get_nameid() == "ada@example.org", auth.get_nameid())
        harness.expect(auth.get_attributes()["name"] == ["Ada Lovelace"], auth.get_attributes())
        harness.expect(post["RelayState"] == ("R" if by_post else "https://sp.example/page?a=1&b=2"), post["RelayState"])
        harness.expect(not judged(post, "_another").is_authenticated(), "the answer to another request")
        raw = base64.b64decode(post["SAMLResponse"]).replace(b"ada@", b"eve@")
        altered = judged({"SAMLResponse": base64.b64encode(raw).decode()}, request_id)
        harness.expect(not altered.is_authenticated(), "an altered assertion was taken")

    idp.ctl("expire", "assertion")
    stale = judged(*ask())
    harness.expect(not stale.is_authenticated() and "imestamp" in stale.get_last_error_reason() or
                   "xpired" in stale.get_last_error_reason(), stale.get_last_error_reason())
    idp.ctl("deny", "ada@example.org")
    denied = judged(*ask())
    harness.expect(not denied.is_authenticated() and "AuthnFailed" in denied.get_last_error_reason(), denied.get_last_error_reason())
    harness.expect(judged(*ask()).is_authenticated(), "after the orders")

    request = base64.b64encode(b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>').decode()
    for bad in (request, base64.b64encode(b"<a/>").decode(), "%%%", ""):
        page = idp.http.post(idp.issuer + "/saml/sso", data={"SAMLRequest": bad}, timeout=30)
        harness.expect(page.status_code == 400 and "root:" not in page.text, page.text)
