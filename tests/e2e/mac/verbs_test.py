"""Each verb of `pomona mac`: what it does, and what is said when it cannot."""

import subprocess

from bench import SCREENSAVER, bench, lines, online
from harness import POMONA, expect, expect_exit, run, wait_for


def says(done, *words):
    for word in words:
        expect(word in done.stdout + done.stderr, f"`{word}` is not said", done)


def enrolls(b):
    b.mac("create", "one", "--persona", "macos-26-intel", "--user", "alice", "--user", "bob")
    says(b.mac("list"), "one", "unenrolled", "macos-26-intel")
    says(b.mac("enroll", "one", "-t", b.target), "one: enrolled, alice at the screen")
    says(b.mac("enroll", "one", "-t", b.target, code=64), "enrolled already", "pomona mac leave one")
    profile = b.root / "enroll.mobileconfig"
    roots = b.root / "root.pem"
    text = b.target.read_text()
    roots.write_text("\n".join(line.strip() for line in text.split("trust: |", 1)[1].split("api:")[0].splitlines()))
    url = f"https://localhost:{b.ports[0]}/enroll"
    profile.write_bytes(subprocess.run(["curl", "-sk", url], check=True, capture_output=True).stdout)
    says(b.mac("enroll", "two", "--profile", profile, "--ca", roots), "two: enrolled")
    says(b.mac("enroll", "three", "--url", url, "--ca", roots), "three: enrolled")
    says(b.mac("enroll", "four", "--url", "https://localhost:1/enroll", code=3), "four: not enrolled, profile")
    says(b.mac("show", "two"), "identity", "profile", "SHA-256", "macos-15-apple-silicon")


def speaks_with_the_server(b):
    udid = b.macs()["two"]["udid"]
    says(b.mac("poke", "two"), "two: no command")
    b.enqueue([udid], {"RequestType": "DeviceInformation", "Queries": ["UDID"]}, push=False)
    says(b.mac("poke", "two"), "two: DeviceInformation Acknowledged")
    b.mac("answer", "two", "ProfileList", "--status", "Error", "--code", "12021")
    b.enqueue([udid], {"RequestType": "ProfileList"}, push=False)
    says(b.mac("poke", "two"), "two: ProfileList Error")
    b.enqueue([udid], {"RequestType": "ProfileList"}, push=False)
    says(b.mac("poke", "two"), "two: ProfileList Acknowledged")
    b.mac("answer", "two", "--status", "NotNow", "--times", "2")
    says(b.mac("show", "two"), "1 scripted")
    b.enqueue([udid], {"RequestType": "ProfileList"}, push=False)
    # Nothing stands in the Mac's way, so it polls at once.
    says(b.mac("poke", "two", "--json"), "ProfileList NotNow, ProfileList NotNow, ProfileList Acknowledged")
    b.mac("network", "two", "off")
    says(b.mac("poke", "two", code=1), "two has no network")
    b.mac("network", "two", "on")
    b.mac("poke", "two")


def has_users(b):
    says(b.mac("login", "one", "bob"), "bob at the screen", "alice in the background")
    says(b.mac("logout", "one", "bob"), "alice in the background")
    says(b.mac("login", "one", "bbo", code=64), "no user `bbo`", "did you mean `bob`?")
    says(b.mac("lock", "one", "alice"), "keychain of alice is locked")
    says(b.mac("show", "one"), "keychain locked")
    says(b.mac("unlock", "one", "alice"), "unlocked")
    says(b.mac("lock", "one"), "screen is locked")
    says(b.mac("unlock", "one", "--pin", "123456", code=1), "PIN")


def takes_profiles_and_leaves(b):
    says(b.mac("install", "two", SCREENSAVER), "two: installed")
    expect(any(p["from"] == "user" and "screensaver" in p["identifier"].lower() for p in b.macs()["two"]["profiles"]),
           f"{b.macs()['two']['profiles']}")
    says(b.mac("install", "two", b.target, code=1), "two: profile")
    says(b.mac("leave", "two"), "removed")
    expect(b.macs()["two"]["state"] == "unenrolled", "two has left")
    says(b.mac("poke", "two", code=1), "two is not enrolled")
    says(b.mac("erase", "three"), "erased")
    expect(b.macs()["three"]["state"] == "unenrolled" and b.macs()["three"]["identity"] is None, "three is erased")
    says(b.mac("delete", "three"), "deleted")
    says(b.mac("show", "three", code=64), "no Mac `three`")


def has_a_shell(b):
    udid = b.macs()["one"]["udid"]
    b.enqueue([udid], {"RequestType": "DeviceInformation", "Queries": ["UDID"]}, push=False)
    done = subprocess.run([POMONA, "mac", "shell", "one", "--store", str(b.store)],
                          input="poke\nshow\npok\nlogin nobody\nquit\n", capture_output=True, text=True, timeout=60,
                          check=False)
    expect_exit(done, 0)
    says(done, "DeviceInformation Acknowledged", "identity", "did you mean `poke`?", "no user `nobody`")


def one_process_at_a_time(b):
    with online(b, "one") as (_, log):
        says(b.mac("poke", "one", code=5), "another `pomona mac` works with these Macs")
        says(b.mac("list"), "one")
        udid = b.macs()["one"]["udid"]
        b.enqueue([udid], {"RequestType": "DeviceInformation", "Queries": ["UDID"]})
        wait_for(lambda: any(x["what"] == "DeviceInformation Acknowledged" for x in lines(log)), 30, "an answered push")


def tells_mistakes(b):
    says(run("mac", "pokee"), "did you mean `pomona mac poke`?")
    says(b.mac("poke", "oen", code=64), "did you mean `one`?")
    says(b.mac("poke", code=64), "which Mac?")
    says(b.mac("enroll", "--count", "2", code=64), "enroll where?")
    says(b.mac("enroll", "--profile", SCREENSAVER, code=4), "com.apple.mdm")
    says(b.mac("create", "one", code=64), "one already")
    says(b.mac("create", "--persona", "macos-15-intle", code=64), "did you mean `macos-15-intel`?")
    own = b.root / "my-mac.yaml"
    own.write_text("pomona: 1\npersona:\n  name: mine\n")
    says(b.mac("create", "--persona", own, code=4), "my-mac.yaml:", "lacks `board`")
    broken = b.root / "broken.db"
    broken.write_bytes(b"no database" * 100)
    expect_exit(run("mac", "list", "--store", broken), 5)


def main():
    with bench() as b:
        for part in (enrolls, speaks_with_the_server, has_users, takes_profiles_and_leaves, has_a_shell,
                     one_process_at_a_time, tells_mistakes):
            part(b)


if __name__ == "__main__":
    main()
