#include "html_label.hpp"
#include "sample_run.hpp"

#include <gtest/gtest.h>

namespace pomona::reports {
namespace {

using trace::kind;

std::string of(kind k, std::string channel, trace::fields summary, unsigned status = 0,
               std::string_view command = {}) {
    auto e = sample::event(1, "mac-0001", k, std::move(channel), std::move(summary));
    e.status = status;
    e.method = "GET";
    e.target = "/path?query";
    return label(e, command);
}

TEST(html_label, a_checkin_is_its_message_type) {
    EXPECT_EQ(of(kind::request, "checkin", {{"MessageType", "Authenticate"}}), "Authenticate");
    EXPECT_EQ(of(kind::request, "checkin",
                 {{"MessageType", "DeclarativeManagement"}, {"Endpoint", "tokens"}}),
              "DeclarativeManagement tokens");
}

TEST(html_label, a_report_names_the_command_it_answers) {
    EXPECT_EQ(of(kind::request, "mdm", {{"Status", "Idle"}}), "Idle");
    EXPECT_EQ(of(kind::request, "mdm", {{"Status", "Acknowledged"}}, 0, "ProfileList"),
              "ProfileList Acknowledged");
}

TEST(html_label, a_response_is_its_command_or_its_status) {
    trace::fields command{{"RequestType", "InstallProfile"}, {"PayloadIdentifier", "x"}};
    EXPECT_EQ(of(kind::response, "mdm", command, 200), "command InstallProfile");
    EXPECT_EQ(of(kind::response, "mdm", {{"empty", true}}, 200), "200 empty");
    EXPECT_EQ(of(kind::response, "apns", {{"reason", "Unregistered"}}, 410), "410 Unregistered");
}

TEST(html_label, scep_push_api_and_what_is_unknown) {
    EXPECT_EQ(
        of(kind::request, "scep", {{"operation", "PKIOperation"}, {"messageType", "PKCSReq"}}),
        "PKIOperation PKCSReq");
    EXPECT_EQ(of(kind::request, "apns", {{"push_type", "mdm"}}), "push");
    EXPECT_EQ(of(kind::message, "apns-device", {}), "push");
    EXPECT_EQ(of(kind::request, "api", {{"operation", "/enqueue"}, {"RequestType", "ProfileList"}}),
              "enqueue ProfileList");
    EXPECT_EQ(of(kind::request, "enroll", {}), "GET /path");
}

TEST(html_label, states_and_failures_have_their_names) {
    auto e = sample::event(1, "mac-0001", kind::state, "", {{"PayloadIdentifier", "wifi"}});
    e.name = "profile-installed";
    EXPECT_EQ(label(e), "profile-installed wifi");
    auto f = sample::event(1, "mac-0001", kind::failure, "mdm");
    f.failure = "reset";
    f.after_send = true;
    EXPECT_EQ(label(f), "reset after sending");
}

TEST(html_label, a_long_one_is_cut_between_characters) {
    std::string name;
    for (int i = 0; i < 100; ++i) {
        name += "é";
    }
    const auto text = of(kind::request, "checkin", {{"MessageType", name}});
    EXPECT_LE(text.size(), 120U);
    EXPECT_TRUE(text.ends_with("é…")) << text;
}

} // namespace
} // namespace pomona::reports
