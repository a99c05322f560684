"""What is asked later agrees with what was done before: scripts of commands on one Mac."""

import dataclasses

import commands
from schema_judge import Context

USER = dataclasses.replace(Context(), channel="user")
USER_ENROLLMENT = Context(supervised=False, ade=False, user_enrollment=True)


class Script:
    def __init__(self, run, known, title, **mac):
        self.run, self.known, self.title = run, known, title
        run.mac.fresh(Context(), **mac)

    def knows(self, *names):
        """The schema at hand has these commands; the small one has few."""
        return all(name in self.known for name in names)

    def do(self, status, request_type, context=Context(), advance=0, **keys):
        body = {"RequestType": request_type, **keys}
        uuid, report = self.run.mac.send(body, context, advance=advance)
        self.run.judged(self.known.get(request_type), context, body,
                        f"{self.title}: {request_type}", {status}, uuid, report)
        return report or {}

    def expect(self, holds, what, report):
        if not holds:
            self.run.problem(self.title, what, "", report)


def profiles(s):
    if not s.knows("InstallProfile", "ProfileList", "RemoveProfile"):
        return
    for context in (Context(), USER):
        def names(**keys):
            return [p["PayloadIdentifier"]
                    for p in s.do("Acknowledged", "ProfileList", context, **keys)["ProfileList"]]
        before = names()
        s.do("Acknowledged", "InstallProfile", context, Payload=commands.profile("org.example.a"))
        s.do("Acknowledged", "InstallProfile", context, Payload=commands.profile("org.example.b"))
        s.do("Acknowledged", "InstallProfile", context, Payload=commands.profile("org.example.a"))
        s.expect(names() == before + ["org.example.a", "org.example.b"], "two more profiles", names())
        s.expect("org.example.b" in names(ManagedOnly=True), "both are managed", names())
        s.do("Acknowledged", "RemoveProfile", context, Identifier="org.example.a")
        s.expect(names() == before + ["org.example.b"], "one is gone", names())
        report = s.do("Error", "RemoveProfile", context, Identifier="org.example.a")
        s.expect(report["ErrorChain"][0]["ErrorCode"] == 12075, "not installed: 12075", report)
        report = s.do("Error", "InstallProfile", context, Payload=b"no profile")
        s.expect(report["ErrorChain"][0]["ErrorCode"] == 1000, "malformed: 1000", report)
        s.expect(names() == before + ["org.example.b"], "still one", names())


def users(s):
    if not s.knows("UserList", "DeleteUser"):
        return

    def names():
        return [u["UserName"] for u in s.do("Acknowledged", "UserList")["Users"]]
    s.expect(names() == ["alice", "bob"], "the two of the beginning", names())
    report = s.do("Error", "DeleteUser", UserName="alice")
    s.expect(report["ErrorChain"][0]["ErrorCode"] == 12072, "logged in: 12072", report)
    report = s.do("Error", "DeleteUser", UserName="carol")
    s.expect(report["ErrorChain"][0]["ErrorCode"] == 12071, "unknown: 12071", report)
    s.do("Acknowledged", "DeleteUser", UserName="bob")
    s.expect(names() == ["alice"], "bob is gone", names())


def provisioning(s):
    if not s.knows("InstallProvisioningProfile", "ProvisioningProfileList",
                   "RemoveProvisioningProfile"):
        return

    def listed():
        return [p["UUID"] for p in s.do("Acknowledged", "ProvisioningProfileList")
                ["ProvisioningProfileList"]]
    s.expect(listed() == [], "none at first", listed())
    for _ in range(2):  # again is no error
        s.do("Acknowledged", "InstallProvisioningProfile",
             ProvisioningProfile=commands.provisioning_profile("One", "UUID-1"))
    s.expect(listed() == ["UUID-1"], "one", listed())
    s.do("Error", "InstallProvisioningProfile", ProvisioningProfile=b"nothing")
    s.do("Error", "RemoveProvisioningProfile", UUID="UUID-2")
    s.do("Acknowledged", "RemoveProvisioningProfile", UUID="UUID-1")
    s.expect(listed() == [], "none again", listed())


def settings(s):
    if not s.knows("Settings", "DeviceInformation"):
        return
    s.do("Acknowledged", "Settings", Settings=[{"Item": "DeviceName", "DeviceName": "Studio"},
                                              {"Item": "HostName", "HostName": "studio.example"}])
    report = s.do("Acknowledged", "DeviceInformation", Queries=["DeviceName", "HostName"])
    s.expect(report["QueryResponses"] == {"DeviceName": "Studio", "HostName": "studio.example"},
             "the names that were set", report)


def settings_of_others(s):
    """Items that are not for a user enrollment, or not for this channel, change nothing."""
    if not s.knows("Settings", "DeviceInformation"):
        return
    def names():
        return s.do("Acknowledged", "DeviceInformation",
                    Queries=["DeviceName", "HostName", "MDMOptions"])["QueryResponses"]
    before = names()
    items = [{"Item": "DeviceName", "DeviceName": "Studio"},
             {"Item": "HostName", "HostName": "studio.example"},
             {"Item": "Bluetooth", "Enabled": False},
             {"Item": "MDMOptions", "MDMOptions": {"BootstrapTokenAllowed": False}}]
    report = s.do("Acknowledged", "Settings", USER_ENROLLMENT, Settings=items)
    s.expect([one["Status"] for one in report["Settings"]] == ["Error"] * 4, "each is refused", report)
    s.expect(names() == before, "nothing has changed", names())
    report = s.do("Acknowledged", "Settings", USER, Settings=[{"Item": "ApplicationConfiguration",
                                                              "Identifier": "org.example.app"}])
    s.expect(report["Settings"][0]["Status"] == "Error", "of the device channel", report)
    report = s.do("Acknowledged", "Settings", USER_ENROLLMENT, Settings=[
        {"Item": "OrganizationInfo", "OrganizationInfo": {"OrganizationName": "Example"}}])
    s.expect(report["Settings"][0]["Status"] == "Acknowledged", "for everybody", report)


def remote_desktop(s):
    if not s.knows("EnableRemoteDesktop", "SecurityInfo"):
        return
    for request_type, on in (("EnableRemoteDesktop", True), ("DisableRemoteDesktop", False)):
        s.do("Acknowledged", request_type)
        report = s.do("Acknowledged", "SecurityInfo")
        s.expect(report["SecurityInfo"]["RemoteDesktopEnabled"] is on, f"{on}", report)


def recovery_lock(s):
    if not s.knows("SetRecoveryLock", "VerifyRecoveryLock", "SecurityInfo"):
        return

    def locked():
        return s.do("Acknowledged", "SecurityInfo")["SecurityInfo"]["IsRecoveryLockEnabled"]
    s.expect(locked() is False, "no lock at first", None)
    s.do("Acknowledged", "SetRecoveryLock", NewPassword="first")
    s.expect(locked() is True, "locked", None)
    for password, right in (("first", True), ("wrong", False)):
        report = s.do("Acknowledged", "VerifyRecoveryLock", Password=password)
        s.expect(report["PasswordVerified"] is right, password, report)
    s.do("Error", "SetRecoveryLock", NewPassword="second", CurrentPassword="wrong")
    s.do("Acknowledged", "SetRecoveryLock", NewPassword="", CurrentPassword="first")
    s.expect(locked() is False, "cleared", None)


def firmware_password(s):
    if not s.knows("SetFirmwarePassword", "VerifyFirmwarePassword"):
        return
    report = s.do("Acknowledged", "SetFirmwarePassword", NewPassword="first")
    s.expect(report["SetFirmwarePassword"]["PasswordChanged"] is True, "changed", report)


def applications(s):
    if not s.knows("InstallApplication", "InstalledApplicationList", "ManagedApplicationList"):
        return
    s.do("Acknowledged", "InstallApplication", Identifier="org.example.app", InstallAsManaged=True)
    managed = s.do("Acknowledged", "ManagedApplicationList", advance=86400)
    s.expect("org.example.app" in managed["ManagedApplicationList"], "managed", managed)
    listed = s.do("Acknowledged", "InstalledApplicationList")
    s.expect("org.example.app" in [a.get("Identifier")
                                   for a in listed["InstalledApplicationList"]],
             "installed a day later", listed)
    s.do("Acknowledged", "RemoveApplication", Identifier="org.example.app")
    listed = s.do("Acknowledged", "InstalledApplicationList")
    s.expect("org.example.app" not in [a.get("Identifier")
                                       for a in listed["InstalledApplicationList"]],
             "removed", listed)


def queries(s):
    """MDM-CHK-076: nothing that was not asked."""
    if not s.knows("DeviceInformation"):
        return
    report = s.do("Acknowledged", "DeviceInformation", Queries=["SerialNumber", "NoSuchQuery"])
    s.expect(set(report["QueryResponses"]) == {"SerialNumber"}, "only what was asked", report)
    few = dataclasses.replace(Context(), rights=1)
    report = s.do("Acknowledged", "DeviceInformation", few, Queries=["SerialNumber", "UDID"])
    s.expect(set(report["QueryResponses"]) == {"UDID"}, "only what is permitted", report)
    report = s.do("Acknowledged", "DeviceInformation", USER_ENROLLMENT,
                  Queries=["SerialNumber", "UDID", "OSVersion"])
    s.expect(set(report["QueryResponses"]) == {"OSVersion"}, "nothing that tells Macs apart", report)


def setup_accounts(s):
    if not s.knows("AccountConfiguration", "UserList", "SetAutoAdminPassword"):
        return
    report = s.do("Error", "AccountConfiguration", SkipPrimarySetupAccountCreation=False)
    s.expect(report["ErrorChain"][0]["ErrorCode"] == 101, "after Setup Assistant: 101", report)


SCRIPTS = (profiles, users, provisioning, settings, settings_of_others, remote_desktop, recovery_lock, applications,
           queries, setup_accounts)


def run_all(run, known):
    for script in SCRIPTS:
        script(Script(run, known, script.__name__.replace("_", " ")))
    firmware_password(Script(run, known, "firmware password", apple_silicon=False))
