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

    def do(self, status, request_type, context=Context(), advance=0, awaiting=False, restart=False, **keys):
        body = {"RequestType": request_type, **keys}
        uuid, report = self.run.mac.send(body, context, advance=advance, awaiting=awaiting,
                                         restart=restart)
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


def firmware_state(s):
    if not s.knows("SetFirmwarePassword", "VerifyFirmwarePassword", "SecurityInfo"):
        return

    def status():
        return s.do("Acknowledged", "SecurityInfo")["SecurityInfo"]["FirmwarePasswordStatus"]
    s.do("Acknowledged", "SetFirmwarePassword", NewPassword="first")
    s.expect(status()["ChangePending"] and not status()["PasswordExists"], "as of the restart", status())
    s.do("Acknowledged", "DeviceInformation", restart=True, advance=60, Queries=["UDID"])
    s.expect(status()["PasswordExists"] and not status()["ChangePending"], "there", status())
    for password, right in (("wrong", False), ("first", True)):
        report = s.do("Acknowledged", "VerifyFirmwarePassword", advance=60, Password=password)
        s.expect(report["VerifyFirmwarePassword"]["PasswordVerified"] is right, password, report)
    report = s.do("Error", "SetFirmwarePassword", advance=60, NewPassword="", CurrentPassword="wrong")
    s.expect(report["SetFirmwarePassword"]["PasswordChanged"] is False, "not with a wrong one", report)


def certificates(s):
    """What a profile brings is listed, until it goes."""
    if not s.knows("InstallProfile", "RemoveProfile", "CertificateList"):
        return

    def names(**keys):
        return [c["CommonName"] for c in s.do("Acknowledged", "CertificateList", **keys)["CertificateList"]]
    before = names()
    s.do("Acknowledged", "InstallProfile", Payload=commands.certificate_profile())
    s.expect(names() == before + ["Example Root"], "one more", names())
    s.expect("Example Root" in names(ManagedOnly=True), "of a profile of the server", names())
    s.do("Acknowledged", "RemoveProfile", Identifier="org.example.root")
    s.expect(names() == before, "gone with its profile", names())


def os_updates(s):
    """Offered, scheduled, downloaded, installed; and then it is the version of the Mac."""
    if not s.knows("AvailableOSUpdates", "ScheduleOSUpdate", "OSUpdateStatus", "ScheduleOSUpdateScan"):
        return

    def version_of_the_mac():
        return s.do("Acknowledged", "DeviceInformation", Queries=["OSVersion"])["QueryResponses"]["OSVersion"]
    report = s.do("Acknowledged", "ScheduleOSUpdateScan", Force=True)
    s.expect(report["ScanInitiated"] is True, "the scan has begun", report)
    report = s.do("Acknowledged", "AvailableOSUpdates", advance=600)
    offered = [u for u in report["AvailableOSUpdates"] if not u.get("IsMajorOSUpdate")]
    s.expect(offered, "an update within the release", report)
    key = offered[-1]["ProductKey"]
    s.do("Acknowledged", "ScheduleOSUpdate",
         Updates=[{"ProductKey": key, "InstallAction": "InstallForceRestart"}])
    report = s.do("Acknowledged", "OSUpdateStatus", advance=1)
    s.expect(key in [u["ProductKey"] for u in report["OSUpdateStatus"]], "under way", report)
    s.expect(version_of_the_mac() == "15.1", "not yet", None)
    report = s.do("Acknowledged", "OSUpdateStatus", advance=86400)
    s.expect(key not in [u["ProductKey"] for u in report["OSUpdateStatus"]], "done", report)
    s.expect(version_of_the_mac() == offered[-1]["Version"], "what was offered", version_of_the_mac())
    report = s.do("Acknowledged", "AvailableOSUpdates")
    s.expect(key not in [u["ProductKey"] for u in report["AvailableOSUpdates"]], "offered no more", report)


def activation_lock(s):
    if not s.knows("ActivationLockBypassCode", "ClearActivationLockBypassCode"):
        return

    def code():
        return s.do("Acknowledged", "ActivationLockBypassCode")["ActivationLockBypassCode"]
    s.expect(code() == code(), "one code", None)
    s.do("Acknowledged", "ClearActivationLockBypassCode")
    s.do("Error", "ActivationLockBypassCode")


def configurations(s):
    if not s.knows("InstallApplication", "ManagedApplicationConfiguration", "Settings"):
        return

    def configuration():
        report = s.do("Acknowledged", "ManagedApplicationConfiguration", Identifiers=["org.example.app"])
        return [one.get("Configuration") for one in report["ApplicationConfigurations"]]
    s.do("Acknowledged", "InstallApplication", Identifier="org.example.app", InstallAsManaged=True,
         Configuration={"Colour": "red"})
    s.do("Acknowledged", "ManagedApplicationList", advance=86400)
    s.expect(configuration() == [{"Colour": "red"}], "of the installation", configuration())
    report = s.do("Acknowledged", "Settings", Settings=[
        {"Item": "ApplicationConfiguration", "Identifier": "org.example.app", "Configuration": {"Colour": "blue"}}])
    s.expect(configuration() == [{"Colour": "blue"}], "of the setting", report)


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


def setup_assistant(s):
    """Accounts that AccountConfiguration asks for are there, and SetAutoAdminPassword finds them."""
    if not s.knows("AccountConfiguration", "UserList", "SetAutoAdminPassword", "DeviceInformation"):
        return
    admin = {"shortName": "itadmin", "fullName": "IT", "passwordHash": commands.password_hash(), "hidden": True}
    s.do("Acknowledged", "AccountConfiguration", awaiting=True, AutoSetupAdminAccounts=[admin])
    report = s.do("Acknowledged", "DeviceInformation", awaiting=True, Queries=["AwaitingConfiguration"])
    s.expect(report["QueryResponses"] == {"AwaitingConfiguration": True}, "held", report)
    s.do("NotNow", "DeclarativeManagement", awaiting=True)
    s.do("Acknowledged", "DeviceConfigured", awaiting=True)
    users_now = [u["UserName"] for u in s.do("Acknowledged", "UserList")["Users"]]
    s.expect("itadmin" in users_now, "the account of the command", users_now)
    report = s.do("Acknowledged", "DeviceInformation", Queries=["AutoSetupAdminAccounts"])
    made = report["QueryResponses"]["AutoSetupAdminAccounts"]
    s.expect([one["shortName"] for one in made] == ["itadmin"], "told by its GUID", report)
    s.do("Acknowledged", "SetAutoAdminPassword", GUID=made[0]["GUID"], passwordHash=commands.password_hash())
    s.do("Error", "SetAutoAdminPassword", GUID=commands.UUID, passwordHash=commands.password_hash())


SCRIPTS = (profiles, users, provisioning, settings, settings_of_others, remote_desktop, recovery_lock, applications,
           queries, setup_accounts, setup_assistant, certificates, os_updates, activation_lock,
           configurations)


def run_all(run, known):
    for script in SCRIPTS:
        script(Script(run, known, script.__name__.replace("_", " ")))
    for script in (firmware_password, firmware_state):
        script(Script(run, known, script.__name__.replace("_", " "), apple_silicon=False))
