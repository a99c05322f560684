"""`pomona explain` of what Apple's schema has, and `pomona list messages`."""

import json

from harness import expect, expect_exit, run


def shown(*arguments):
    process = run(*arguments)
    expect_exit(process, 0)
    return process.stdout


def test_a_command():
    text = shown("explain", "DeviceLock")
    for words in ("DeviceLock: command of a server", "macOS 10.7 and later", "channels         device\n",
                  "access right     4", "user enrollment  not available", "PIN", "6 characters", "from 10.8",
                  "Keys of the answer", "one of Success | DeviceInLostMode"):
        expect(words in text, f"`{words}` is missing in:\n{text}")


def test_what_is_below_and_beside():
    text = shown("explain", "Settings")
    for words in ("Item Bluetooth", "Enabled*", "Item MDMOptions", "access right     2048"):
        expect(words in text, f"`{words}` is missing in:\n{text}")
    text = shown("explain", "DeviceInformation")
    serial = next(line for line in text.splitlines() if line.strip().startswith("SerialNumber "))
    expect("right 16" in serial and "user enrollment: not available" in serial, serial)
    text = shown("explain", "DeclarativeManagement")
    expect("command of a server" in text and "check-in message" in text, "one name, two messages: " + text)
    expect(shown("explain", "com.apple.MCX").count("payload of a profile") == 6, "all forms of a type")
    expect("scopes           system, user" in shown("explain", "com.apple.configuration.passcode.settings"), "scopes")
    expect("Error.AppStoreDisabled" in shown("explain", "app.managed.list"), "reason codes")


def test_a_seed_is_asked_for():
    process = run("explain", "TriggerEnhancedLogCollection")
    expect_exit(process, 64)
    expect("macOS 27.0 and later" in shown("explain", "TriggerEnhancedLogCollection", "--seed-schema"), "the seed")
    expect("gone since" not in shown("explain", "AvailableOSUpdates"), "what a seed takes away is seen without it")
    expect("gone since 27.0" in shown("explain", "AvailableOSUpdates", "--seed-schema"), "not seen with it")


def test_as_json():
    one = json.loads(shown("explain", "InstallProfile", "--json"))[0]
    expect(one["area"] == "command" and one["keys"][0] == {"name": "Payload", "type": "data", "required": True}, str(one))
    everything = json.loads(shown("list", "messages", "--json"))
    expect(sum(m["area"] == "command" for m in everything) == 50, "50 commands of macOS")
    seed = json.loads(shown("list", "messages", "--json", "--seed-schema"))
    expect(len(seed) > len(everything), "no more with the seed")
    expect("InstallProfile" in shown("list", "messages"), "as text")


def test_a_slip_of_the_pen():
    process = run("explain", "InstallProfil")
    expect_exit(process, 64)
    expect("did you mean `InstallProfile`?" in process.stderr, "no suggestion", process)


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"ok {name}")
