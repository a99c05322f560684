"""ABM-110..114: the business API with a JSON Web Token library that is not ours."""

import time
import uuid

import client
import harness
import jwt
import requests

AUDIENCE = "https://account.apple.com/auth/oauth2/v2/token"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

with client.served() as setup:
    account = client.ctl(setup.target, "account")
    entry, dep = setup.server()
    _, cursor = dep.pages("/server/devices")
    serials = setup.devices("", 25, prefix="U00B")

    http = requests.Session()
    http.trust_env = False
    http.verify = str(setup.root)

    def token(**changes):
        now = int(time.time())
        claims = {"iss": account["client_id"], "sub": account["client_id"], "aud": AUDIENCE, "iat": now, "exp": now + 600,
                  "jti": str(uuid.uuid4()), **changes}
        assertion = jwt.encode(claims, account["private_key"], algorithm="ES256", headers={"kid": account["key_id"]})
        return http.post(setup.url + "/auth/oauth2/v2/token", timeout=30,
                         data={"grant_type": "client_credentials", "client_id": account["client_id"],
                               "client_assertion_type": ASSERTION, "client_assertion": assertion, "scope": "business.api"})

    wrong = token(aud="https://example.org")
    harness.expect((wrong.status_code, wrong.json()) == (400, {"error": "invalid_client"}), wrong.text)
    answer = token()
    harness.expect(answer.status_code == 200 and answer.json()["token_type"] == "Bearer", answer.text)
    http.headers.update({"Authorization": "Bearer " + answer.json()["access_token"], "Accept": "application/json"})

    def get(path, status=200):
        got = http.get(setup.url + path, timeout=30)
        harness.expect(got.status_code == status, f"{path}: {got.status_code} {got.text}")
        return got.json()

    seen, path = [], "/v1/orgDevices?limit=10"
    while path:
        page = get(path)
        seen += [d["id"] for d in page["data"]]
        path = page["links"].get("next")
    harness.expect(seen == serials, seen)
    harness.expect([s["id"] for s in get("/v1/mdmServers")["data"]] == [entry], "servers")
    get(f"/v1/orgDevices/{serials[0]}/assignedServer", 404)

    activity = http.post(setup.url + "/v1/orgDeviceActivities", timeout=30, json={"data": {
        "type": "orgDeviceActivities", "attributes": {"activityType": "ASSIGN_DEVICES"},
        "relationships": {"mdmServer": {"data": {"type": "mdmServers", "id": entry}},
                          "devices": {"data": [{"type": "orgDevices", "id": s} for s in serials[:2]]}}}})
    harness.expect(activity.status_code == 201, activity.text)
    path = "/v1/orgDeviceActivities/" + activity.json()["data"]["id"]
    harness.expect(get(path)["data"]["attributes"]["status"] == "IN_PROGRESS", "it begins in progress")
    harness.wait_for(lambda: get(path)["data"]["attributes"]["status"] == "COMPLETED", 60, "the activity")
    added = dep.good("POST", "/devices/sync", {"cursor": cursor})["devices"]
    harness.expect({d["serial_number"] for d in added} == set(serials[:2]) and {d["op_type"] for d in added} == {"added"}, added)
    harness.expect(get(f"/v1/orgDevices/{serials[0]}/assignedServer")["data"]["id"] == entry, "assigned")

    http.headers["Accept"] = "text/html"
    get("/v1/orgDevices", 406)
    http.headers.update({"Authorization": "Bearer nonsense", "Accept": "application/json"})
    harness.expect(get("/v1/orgDevices", 401)["errors"][0]["status"] == "401", "JSON:API error")
