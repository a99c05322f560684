"""OpenID Connect with clients that are not ours: Authlib walks the code flow with PKCE, PyJWT verifies the ID token by the
published keys."""

import urllib.parse

import browser
import harness
import jwt
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

DONE = "https://rp.example/done"

with browser.provider() as idp:
    discovery = idp.http.get(idp.issuer + "/.well-known/openid-configuration", timeout=30).json()
    harness.expect(discovery["issuer"] == idp.issuer, discovery)
    client = idp.ctl("client", DONE)

    def session(method="client_secret_basic", **more):
        out = OAuth2Session(client["client_id"], client["client_secret"], scope="openid email profile", redirect_uri=DONE,
                            token_endpoint_auth_method=method, code_challenge_method="S256", **more)
        out.trust_env = False
        out.verify = str(idp.root)
        return out

    def come_back(rp, verifier, **fields):
        url, state = rp.create_authorization_url(discovery["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6_WzA2Mj")
        led = idp.sign_in(idp.http.get(url, timeout=30), **fields)
        harness.expect(led.status_code == 303 and led.headers["Location"].startswith(DONE + "?"), led.headers)
        return led.headers["Location"], state

    verifier = "v" * 64
    for method in ("client_secret_basic", "client_secret_post"):
        rp = session(method)
        where, state = come_back(rp, verifier)
        token = rp.fetch_token(discovery["token_endpoint"], authorization_response=where, code_verifier=verifier, state=state)
        keys = jwt.PyJWKSet.from_dict(idp.http.get(discovery["jwks_uri"], timeout=30).json())
        key = next(k for k in keys.keys if k.key_id == jwt.get_unverified_header(token["id_token"])["kid"])
        claims = jwt.decode(token["id_token"], key.key, algorithms=["RS256"], audience=client["client_id"], issuer=idp.issuer)
        harness.expect(claims["nonce"] == "n-0S6_WzA2Mj" and claims["email"] == "ada@example.org", claims)
        about = rp.get(discovery["userinfo_endpoint"], timeout=30)
        harness.expect(about.json()["sub"] == claims["sub"], about.text)
        harness.expect(rp.refresh_token(discovery["token_endpoint"])["access_token"] != token["access_token"], "refreshed")

    def refused(error, rp=None, **change):
        rp = rp or session()
        where, state = come_back(rp, verifier)
        try:
            rp.fetch_token(discovery["token_endpoint"], **{"authorization_response": where, "code_verifier": verifier,
                                                           "state": state, **change})
        except OAuthError as said:
            harness.expect(said.error == error, said)
        else:
            harness.expect(False, f"{change} was not refused")

    refused("invalid_grant", code_verifier="w" * 64)
    idp.ctl("expire", "code")
    refused("invalid_grant")

    idp.ctl("deny", "ada@example.org")
    where, _ = come_back(session(), verifier)
    harness.expect(urllib.parse.parse_qs(urllib.parse.urlsplit(where).query)["error"] == ["access_denied"], where)

    idp.ctl("expire", "token")
    rp = session()
    where, state = come_back(rp, verifier)
    token = rp.fetch_token(discovery["token_endpoint"], authorization_response=where, code_verifier=verifier, state=state)
    try:
        jwt.decode(token["id_token"], key.key, algorithms=["RS256"], audience=client["client_id"], issuer=idp.issuer)
    except jwt.ExpiredSignatureError:
        pass
    else:
        harness.expect(False, "the expired ID token was taken")
    harness.expect(rp.get(discovery["userinfo_endpoint"], timeout=30).status_code == 401, "an expired access token")

    wrong = idp.http.get(discovery["authorization_endpoint"], timeout=30, allow_redirects=False,
                         params={"client_id": client["client_id"], "redirect_uri": DONE + "/", "response_type": "code"})
    harness.expect(wrong.status_code == 400 and "Location" not in wrong.headers, wrong.headers)
