#include "pomona/protocol/schema/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pomona::schema {
namespace {

using kind = finding::kind;
using nlohmann::json;

context mac(version os = {15, 1}, channel where = channel::device) {
    context c;
    c.os = os;
    c.channel = where;
    c.enrollment = enrollment_kind::device;
    c.supervised = true;
    c.ade = false;
    c.user_approved = true;
    c.rights = 8191;
    return c;
}

context user_enrolled(channel where = channel::device) {
    auto c = mac({15, 1}, where);
    c.enrollment = enrollment_kind::user;
    return c;
}

/// "missing Settings[0].Enabled", …: problems only.
std::vector<std::string> problems(const findings& all) {
    std::vector<std::string> out;
    for (const auto& f : all) {
        if (f.is_problem()) {
            out.push_back(std::string{to_text(f.what)} + (f.path.empty() ? "" : " " + f.path));
        }
    }
    return out;
}
using testing::ElementsAre;
using testing::IsEmpty;

plist::dict settings(plist::dict item) {
    return {{"RequestType", "Settings"}, {"Settings", plist::array{std::move(item)}}};
}

TEST(ValidateCommand, UnknownRequestTypeIsOneFinding) {
    EXPECT_THAT(problems(validate_command({{"RequestType", "EnableLostMode"}}, mac())),
                ElementsAre("unknown name"));
    EXPECT_THAT(problems(validate_command({}, mac())), ElementsAre("unknown name"));
}

TEST(ValidateCommand, ItemsOfSettingsAreJudgedByTheirOwnKeys) {
    EXPECT_THAT(
        problems(validate_command(settings({{"Item", "Bluetooth"}, {"Enabled", true}}), mac())),
        IsEmpty());
    EXPECT_THAT(problems(validate_command(settings({{"Item", "Bluetooth"}}), mac())),
                ElementsAre("missing Settings[0].Enabled"));
    EXPECT_THAT(problems(validate_command(settings({{"Item", "VoiceRoaming"}}), mac())),
                ElementsAre("value Settings[0].Item"));
    EXPECT_THAT(problems(validate_command(settings({{"Enabled", true}}), mac())),
                ElementsAre("missing Settings[0].Item"));
    EXPECT_THAT(problems(validate_command(settings({{"Item", 7}}), mac())),
                ElementsAre("type Settings[0].Item"));
    // Of the device channel only.
    EXPECT_THAT(problems(validate_command(settings({{"Item", "ApplicationConfiguration"},
                                                    {"Identifier", "com.example.app"}}),
                                          mac({15, 1}, channel::user))),
                ElementsAre("unavailable Settings[0]"));
}

TEST(ValidateCommand, QueriesThatAMacDoesNotKnowAreLeftOutAndNoProblem) {
    const plist::dict asked{{"RequestType", "DeviceInformation"},
                            {"Queries", plist::array{"UDID", "IMEI", "TimeZone"}}};
    const auto found = validate_command(asked, mac());
    EXPECT_THAT(problems(found), IsEmpty());
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].what, kind::unknown_value);
    EXPECT_EQ(found[1].what, kind::unavailable);
    EXPECT_TRUE(found[1].is_left_out);
    EXPECT_EQ(found[1].release, version(26, 0));
    EXPECT_EQ(validate_command(asked, mac({26, 0})).size(), 1U);
}

TEST(ValidateCommand, AvailabilityNamesItsReason) {
    const auto why = [](std::string_view type, const context& c) {
        const auto found = validate_command({{"RequestType", type}}, c);
        const auto* first = first_problem(found);
        return first == nullptr ? obstacle::none : first->why;
    };
    EXPECT_EQ(why("UserList", mac()), obstacle::none);
    EXPECT_EQ(why("UserList", mac({15, 1}, channel::user)), obstacle::channel);
    EXPECT_EQ(why("UserList", mac({10, 12})), obstacle::too_old);
    EXPECT_EQ(why("UserList", user_enrolled()), obstacle::enrollment);
    auto c = mac();
    c.supervised = false;
    EXPECT_EQ(why("UserList", c), obstacle::supervision);
    c.supervised = std::nullopt; // not known, not judged
    EXPECT_EQ(why("UserList", c), obstacle::none);
    EXPECT_EQ(why("DeviceConfigured", mac()), obstacle::ade);
    c = mac();
    c.rights = 4095;
    EXPECT_EQ(why("RemoveApplication", c), obstacle::right);
}

TEST(ValidateCommand, RightsDoNotCountInUserEnrollment) {
    auto c = user_enrolled();
    c.rights = 0;
    EXPECT_THAT(problems(validate_command({{"RequestType", "ProfileList"}}, c)), IsEmpty());
}

TEST(ValidateCommand, ASeedIsSeenOnlyWhereItIsAskedFor) {
    const plist::dict update{{"RequestType", "AvailableOSUpdates"}};
    EXPECT_THAT(problems(validate_command(update, mac({26, 4}))), IsEmpty());
    EXPECT_THAT(problems(validate_command(update, mac({27, 0}))), IsEmpty());
    auto c = mac({27, 0});
    c.seed = true;
    EXPECT_THAT(problems(validate_command(update, c)), ElementsAre("unavailable"));
    EXPECT_EQ(first_problem(validate_command(update, c))->why, obstacle::gone);
}

TEST(ValidateCommand, NamesBoundsAndPlaces) {
    const auto found =
        validate_command({{"RequestType", "DeviceLock"}, {"PIN", "12345"}, {"Message", 1}}, mac());
    EXPECT_THAT(problems(found), ElementsAre("format PIN", "type Message"));
    EXPECT_EQ(found[0].to_string(), "PIN has the length 5, not 6 to 6");
    EXPECT_EQ(found[1].to_string(), "Message is an integer, not a string");
}

plist::dict token_update(std::initializer_list<plist::entry> more) {
    plist::dict d{{"MessageType", "TokenUpdate"},
                  {"Topic", "com.apple.mgmt.x"},
                  {"Token", bytes(32)},
                  {"PushMagic", "m"}};
    for (const auto& e : more) {
        d.set(e.key, e.item);
    }
    return d;
}

TEST(ValidateCheckin, RequiredKeysGoByChannelAndEnrollment) {
    EXPECT_THAT(problems(validate_checkin(token_update({{"UDID", "u"}}), mac())), IsEmpty());
    EXPECT_THAT(problems(validate_checkin(token_update({{"EnrollmentID", "e"}}), user_enrolled())),
                IsEmpty());
    EXPECT_THAT(problems(validate_checkin(token_update({{"UDID", "u"}}), user_enrolled())),
                ElementsAre("unavailable UDID", "missing EnrollmentID"));
    EXPECT_THAT(
        problems(validate_checkin(token_update({{"UDID", "u"}}), mac({15, 1}, channel::user))),
        testing::UnorderedElementsAre("missing NotOnConsole", "missing UserLongName"));
    EXPECT_THAT(
        problems(validate_checkin(token_update({{"UDID", "u"}, {"NotOnConsole", false}}), mac())),
        ElementsAre("unavailable NotOnConsole"));
    EXPECT_THAT(problems(validate_checkin({{"MessageType", "Hello"}}, mac())),
                ElementsAre("unknown name"));
}

TEST(ValidateCheckin, TheFirstStepOfUserAuthenticateHasNoDigest) {
    const plist::dict first{{"MessageType", "UserAuthenticate"}, {"UDID", "u"}, {"UserID", "g"}};
    EXPECT_THAT(problems(validate_checkin(first, mac({15, 1}, channel::user))), IsEmpty());
    EXPECT_THAT(problems(validate_checkin_answer("UserAuthenticate", {{"DigestChallenge", 1}},
                                                 mac({15, 1}, channel::user))),
                ElementsAre("type DigestChallenge"));
    EXPECT_THAT(problems(validate_checkin_answer("GetToken", {}, mac())),
                ElementsAre("missing TokenData"));
}

TEST(ValidateReport, EnvelopeAndAnswerTogether) {
    plist::dict report{{"UDID", "u"},
                       {"Status", "Acknowledged"},
                       {"CommandUUID", "c"},
                       {"RequestType", "VerifyRecoveryLock"}};
    EXPECT_THAT(problems(validate_report("VerifyRecoveryLock", report, mac())),
                ElementsAre("missing PasswordVerified"));
    report.set("PasswordVerified", true);
    EXPECT_THAT(validate_report("VerifyRecoveryLock", report, mac()), IsEmpty());
    report.set("Status", "Done");
    report.erase("PasswordVerified");
    EXPECT_THAT(problems(validate_report("VerifyRecoveryLock", report, mac())),
                ElementsAre("value Status"));
    report.set("Status", "Error");
    EXPECT_THAT(problems(validate_report("VerifyRecoveryLock", report, mac())),
                ElementsAre("missing ErrorChain"));
    report.set("ErrorChain", plist::array{plist::dict{{"ErrorCode", 1}}});
    EXPECT_THAT(problems(validate_report("VerifyRecoveryLock", report, mac())),
                ElementsAre("missing ErrorChain[0].ErrorDomain"));
    EXPECT_THAT(problems(validate_report({}, {{"UDID", "u"}, {"Status", "Idle"}}, mac())),
                IsEmpty());
}

TEST(ValidateReport, TheSettingsAnswerMayBeAnArrayOrADictionary) {
    const plist::dict one{{"Status", "Acknowledged"}};
    EXPECT_THAT(validate_answer("Settings", {{"Settings", plist::array{one}}}, mac()), IsEmpty());
    EXPECT_THAT(validate_answer("Settings", {{"Settings", one}}, mac()), IsEmpty());
    EXPECT_THAT(problems(validate_answer("Settings", {{"Settings", "all"}}, mac())),
                ElementsAre("type Settings"));
}

TEST(ValidateReport, KeysThatUserEnrollmentHasNotAreFound) {
    const plist::dict answer{{"QueryResponses", plist::dict{{"SerialNumber", "X"}}}};
    EXPECT_THAT(problems(validate_answer("DeviceInformation", answer, mac())), IsEmpty());
    EXPECT_THAT(problems(validate_answer("DeviceInformation", answer, user_enrolled())),
                ElementsAre("unavailable QueryResponses.SerialNumber"));
}

TEST(ValidatePayload, AListBesideARangeAllowsMore) {
    const auto timer = [](int minutes) {
        const plist::dict power{{"Display Sleep Timer", minutes}};
        const plist::dict d{{"com.apple.EnergySaver.desktop.ACPower", power}};
        return problems(
            validate_keys(*find(area::profile, "com.apple.MCX(EnergySaver)"), d, mac()));
    };
    EXPECT_THAT(timer(0), IsEmpty()); // never
    EXPECT_THAT(timer(180), IsEmpty());
    EXPECT_THAT(timer(181),
                ElementsAre("value com.apple.EnergySaver.desktop.ACPower.Display Sleep Timer"));
}

TEST(ValidatePayload, OfSeveralFormsOfATypeTheFittingOneCounts) {
    const plist::dict common{{"PayloadType", "com.apple.MCX"},
                             {"PayloadIdentifier", "i"},
                             {"PayloadUUID", "0B9CE51B-5D3A-4A6C-8B0E-0123456789AB"},
                             {"PayloadVersion", 1}};
    auto guest = common;
    guest.set("DisableGuestAccount", true);
    EXPECT_THAT(validate_payload("com.apple.MCX", guest, mac()), IsEmpty());
    guest.set("DisableGuestAccount", "yes");
    EXPECT_THAT(problems(validate_payload("com.apple.MCX", guest, mac())),
                ElementsAre("type DisableGuestAccount"));
    EXPECT_THAT(validate_payload("com.example.preferences", {{"a", 1}}, mac()), IsEmpty());
}

TEST(ValidateDeclaration, JudgesFrameAndPayload) {
    json d{{"Type", "com.apple.configuration.passcode.settings"},
           {"Identifier", "p"},
           {"ServerToken", "t"},
           {"Payload", {{"MinimumLength", 8}}}};
    EXPECT_THAT(validate_declaration(d, mac()), IsEmpty());
    d["Payload"]["MinimumLength"] = 17;
    EXPECT_THAT(problems(validate_declaration(d, mac())),
                ElementsAre("range Payload.MinimumLength"));
    d["Payload"]["MinimumLength"] = nullptr;
    EXPECT_THAT(problems(validate_declaration(d, mac())),
                ElementsAre("type Payload.MinimumLength"));
    d["Payload"] = json{{"Nothing", 1}};
    EXPECT_EQ(validate_declaration(d, mac()).front().what, kind::unknown_key);
    d["Type"] = "com.apple.configuration.nothing";
    EXPECT_THAT(problems(validate_declaration(d, mac())), ElementsAre("unknown name"));
    EXPECT_THAT(problems(validate_declaration(json::array(), mac())), ElementsAre("type"));
}

TEST(ValidateDeclaration, ScopesAndEnrollmentsDecideWhereItIsAvailable) {
    const json nothing = json::object();
    EXPECT_THAT(problems(validate_declaration_payload("com.apple.configuration.passcode.settings",
                                                      nothing, user_enrolled())),
                ElementsAre("unavailable"));
    EXPECT_THAT(
        problems(validate_declaration_payload("com.apple.configuration.softwareupdate.settings",
                                              nothing, mac({15, 1}, channel::user))),
        ElementsAre("unavailable"));
}

TEST(ValidateStatus, ReportsAreSplitIntoTheItemsThatTheTablesKnow) {
    const json items{
        {"device", {{"operating-system", {{"version", "15.1"}, {"build-version", 24}}}}},
        {"management", {{"declarations", {{"configurations", json::array()}}}}},
        {"no", {{"such", {{"item", 1}}}}}};
    const auto found = validate_status_items(items, mac());
    EXPECT_THAT(problems(found), testing::Contains("type device.operating-system.build-version"));
    EXPECT_TRUE(std::ranges::any_of(found, [](const finding& f) {
        return f.what == kind::unknown_key && f.path == "no.such.item";
    }));
}

TEST(ValidateStatus, OfARemovedElementOnlyTheIdentifierIsNeeded) {
    const json gone = json::array({{{"identifier", "i"}, {"_removed", true}}});
    EXPECT_THAT(problems(validate_status_item("services.background-task", gone, mac())), IsEmpty());
    EXPECT_THAT(problems(validate_status_item("services.background-task",
                                              json::array({{{"identifier", "i"}}}), mac())),
                testing::Contains("missing services.background-task[0].uid"));
    EXPECT_THAT(problems(validate_status_item("no.such.item", gone, mac())),
                ElementsAre("unknown name"));
}

TEST(Validate, AHostileMessageYieldsABoundedNumberOfFindings) {
    plist::array items;
    for (int i = 0; i < 100000; ++i) {
        items.emplace_back(i);
    }
    EXPECT_LE(
        validate_command({{"RequestType", "DeviceInformation"}, {"Queries", items}}, mac()).size(),
        200U);
}

TEST(Validate, NotesDoNotCrowdOutWhatIsWrong) {
    plist::array items(300, plist::value{"IMEI"}); // left out
    items.emplace_back("TimeZone");                // left out as well, for another reason
    items.emplace_back(5);
    EXPECT_THAT(problems(validate_command(
                    {{"RequestType", "DeviceInformation"}, {"Queries", items}}, mac())),
                ElementsAre("type Queries[301]"));
}

TEST(Validate, DataIsTextInJsonAndDataInPropertyLists) {
    const auto* identity = find(area::declaration, "com.apple.credential.identity");
    ASSERT_NE(identity, nullptr);
    const json asset{{"Data", "AAEC"}};
    for (const auto& n : identity->root.children()) {
        if (n.type == value_type::data && n.is_required()) {
            json d;
            d[std::string{n.name()}] = "AAEC";
            EXPECT_THAT(problems(validate_keys(*identity, d, mac())),
                        testing::Not(testing::Contains("type " + std::string{n.name()})));
            const plist::dict p{{std::string{n.name()}, "AAEC"}};
            EXPECT_THAT(problems(validate_keys(*identity, p, mac())),
                        testing::Contains("type " + std::string{n.name()}));
            return;
        }
    }
    FAIL() << "no key of data";
}

} // namespace
} // namespace pomona::schema
