// The server's decisions, without a server.
#include "api/basic_auth.hpp"
#include "ca/authority.hpp"
#include "ca/issue_rules.hpp"
#include "ca/scep_request.hpp"
#include "checkin/binding.hpp"
#include "commands/queue_rules.hpp"
#include "ddm/status_merge.hpp"
#include "ddm/tokens.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/scep/message.hpp"
#include "push/outcome.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;
using mdm::command_status;
using nlohmann::json;

const bytes certificate_a{1}, certificate_b{2};

TEST(binding, a_certificate_of_another_mac_is_refused_MDM_CHK_027) {
    binding_facts f{enrollment_state::enrolled, certificate_a, "OTHER", {}};
    EXPECT_EQ(judge(f, "MAC", certificate_b, false), access::refused);
    EXPECT_EQ(judge(f, "MAC", certificate_b, true), access::refused);
}

TEST(binding, an_unknown_or_ended_enrollment_is_unrecognized) {
    binding_facts f;
    EXPECT_EQ(judge(f, "MAC", certificate_a, false), access::unrecognized);
    f = {enrollment_state::disabled, certificate_a, "MAC", {}};
    EXPECT_EQ(judge(f, "MAC", certificate_a, false), access::unrecognized);
}

TEST(binding, another_certificate_needs_authenticate_or_a_renewal_ENR_081) {
    binding_facts f{enrollment_state::enrolled, certificate_a, std::nullopt, {}};
    EXPECT_EQ(judge(f, "MAC", certificate_b, false), access::refused);
    EXPECT_EQ(judge(f, "MAC", certificate_b, true), access::rebind);
    f.renewed = certificate_a;
    EXPECT_EQ(judge(f, "MAC", certificate_b, false), access::rebind);
}

TEST(queue_rules, a_refused_command_waits_for_idle) {
    EXPECT_FALSE(may_offer(true, command_status::not_now));
    EXPECT_FALSE(may_offer(true, command_status::acknowledged));
    EXPECT_TRUE(may_offer(true, command_status::idle));
    EXPECT_TRUE(may_offer(false, command_status::acknowledged));
}

TEST(queue_rules, a_mac_polls_by_itself_only_after_not_now) {
    EXPECT_TRUE(needs_follow_up(command_status::acknowledged, true));
    EXPECT_TRUE(needs_follow_up(command_status::error, true));
    EXPECT_FALSE(needs_follow_up(command_status::not_now, true));
    EXPECT_FALSE(needs_follow_up(command_status::acknowledged, false));
}

TEST(issue_rules, a_challenge_is_good_once_for_one_key_SCEP_019) {
    const time_point now{1000h};
    challenge_facts c{now + 1h, {}};
    EXPECT_EQ(judge_challenge(c, certificate_a, false, now).verdict, issue_verdict::issue);
    EXPECT_EQ(judge_challenge(c, certificate_a, false, now + 1h).verdict, issue_verdict::refuse);
    c.used_for = certificate_a;
    EXPECT_EQ(judge_challenge(c, certificate_a, true, now + 9h).verdict, issue_verdict::same_again);
    EXPECT_EQ(judge_challenge(c, certificate_b, false, now).verdict, issue_verdict::refuse);
    EXPECT_EQ(judge_challenge(std::nullopt, certificate_a, false, now).verdict,
              issue_verdict::refuse);
}

TEST(authority, serials_are_positive_and_of_full_length_SCEP_021) {
    EXPECT_EQ(make_serial(bytes(16, 0xff)).front(), 0x7f);
    EXPECT_EQ(make_serial(bytes(16, 0x00)).front(), 0x40);
    EXPECT_EQ(make_serial(bytes(16, 0x00)).size(), 16U);
}

TEST(tokens, follow_the_content_and_nothing_else_DDM_012) {
    const stored_declaration a{"one", "com.apple.configuration.x", "", R"({"a":1})"};
    auto b = a;
    EXPECT_EQ(server_token(a), server_token(b));
    EXPECT_LE(server_token(a).size(), 64U);
    b.payload = R"({"a":2})";
    EXPECT_NE(server_token(a), server_token(b));
    const stored_declaration x{"x", "", "1", ""};
    const stored_declaration y{"y", "", "2", ""};
    EXPECT_EQ(declarations_token({x, y}), declarations_token({y, x}));
    EXPECT_NE(declarations_token({x, y}), declarations_token({x}));
    EXPECT_NE(declarations_token({}), declarations_token({x}));
    EXPECT_LE(declarations_token({x}).size(), 256U);
}

json merged(const char* before, const char* report) {
    const auto out = merge_status_report({before, "[]"}, as_bytes(std::string_view{report}));
    EXPECT_TRUE(out) << report;
    return out ? json::parse(out->items) : json();
}

TEST(status_merge, incremental_reports_keep_what_they_do_not_name_DDM_018) {
    const auto out = merged(R"({"device":{"model":{"family":"Mac"}}})",
                            R"({"StatusItems":{"device":{"operating-system":{"version":"15.1"}}},)"
                            R"("Errors":[]})");
    EXPECT_EQ(out["device"]["model"]["family"], "Mac");
    EXPECT_EQ(out["device"]["operating-system"]["version"], "15.1");
}

TEST(status_merge, array_items_merge_by_identifier_DDM_019) {
    const auto out = merged(
        R"({"account":{"list":{"caldav":[{"identifier":"1","port":1},{"identifier":"2"}]}}})",
        R"({"StatusItems":{"account":{"list":{"caldav":[{"identifier":"1","_removed":true},)"
        R"({"identifier":"3"}]}}},"Errors":[]})");
    EXPECT_EQ(out["account"]["list"]["caldav"],
              json::parse(R"([{"identifier":"2"},{"identifier":"3"}])"));
}

TEST(status_merge, a_full_report_replaces_everything_DDM_020) {
    const auto out =
        merged(R"({"a":1})", R"({"StatusItems":{"b":2},"Errors":[],"FullReport":true})");
    EXPECT_EQ(out, json::parse(R"({"b":2})"));
}

TEST(status_merge, dictionary_items_come_whole) {
    const auto out = merged(R"({"softwareupdate":{"failure-reason":{"count":1,"reason":"x"}}})",
                            R"({"StatusItems":{"softwareupdate":{"failure-reason":{"count":0}}},)"
                            R"("Errors":[]})");
    EXPECT_EQ(out["softwareupdate"]["failure-reason"], json::parse(R"({"count":0})"));
}

TEST(status_merge, what_is_no_report_changes_nothing_DDM_023) {
    for (const std::string_view bad : {"", "{", "[]", R"({"StatusItems":1})", R"({"Errors":[]})",
                                       R"({"StatusItems":{},"Errors":{}})"}) {
        EXPECT_FALSE(merge_status_report({R"({"a":1})", "[]"}, as_bytes(bad))) << bad;
    }
}

TEST(status_merge, errors_are_kept_DDM_022) {
    const auto out =
        merge_status_report({}, as_bytes(R"({"StatusItems":{},"Errors":[{"StatusItem":"x"}]})"));
    ASSERT_TRUE(out);
    EXPECT_EQ(json::parse(out->errors)[0]["StatusItem"], "x");
}

TEST(push_outcome, follows_apples_table) {
    const auto judged = [](unsigned status, std::string_view body) {
        return judge_push(status, as_bytes(body), time_point{1000s}).verdict;
    };
    EXPECT_EQ(judged(200, ""), push_verdict::accepted);
    EXPECT_EQ(judged(400, R"({"reason":"BadDeviceToken"})"), push_verdict::token_dead);
    EXPECT_EQ(judged(410, R"({"reason":"Unregistered"})"), push_verdict::token_dead);
    EXPECT_EQ(judged(410, R"({"reason":"Unregistered","timestamp":1000001})"),
              push_verdict::token_dead);
    // APNS-048
    EXPECT_EQ(judged(410, R"({"reason":"Unregistered","timestamp":999999})"), push_verdict::later);
    EXPECT_EQ(judged(403, R"({"reason":"BadCertificate"})"), push_verdict::certificate);
    EXPECT_EQ(judged(429, ""), push_verdict::later);
    EXPECT_EQ(judged(503, "not json"), push_verdict::later);
    EXPECT_EQ(judged(400, R"({"reason":"BadTopic"})"), push_verdict::refused);
}

TEST(push_outcome, delays_grow_and_end_APNS_049) {
    EXPECT_EQ(retry_delay(1), 5s);
    EXPECT_EQ(retry_delay(2), 10s);
    EXPECT_EQ(retry_delay(10), 15min);
    EXPECT_FALSE(retry_delay(11));
    EXPECT_EQ(reminder_delay(0), 5min);
    EXPECT_EQ(reminder_delay(1), 20min);
    EXPECT_FALSE(reminder_delay(6));
}

bool lets_in(std::string_view value) {
    return authorized({{"Authorization", std::string{value}}}, "nanomdm", "key:with colon");
}

TEST(basic_auth, only_the_right_user_and_key) {
    const auto of = [](std::string_view text) { return to_base64(as_bytes(text)); };
    EXPECT_TRUE(lets_in("Basic " + of("nanomdm:key:with colon")));
    EXPECT_TRUE(lets_in("basic " + of("nanomdm:key:with colon")));
    EXPECT_FALSE(lets_in("Basic " + of("nanomdm:other")));
    EXPECT_FALSE(lets_in("Basic " + of("nanomdm:")));
    EXPECT_FALSE(lets_in("Basic !"));
    EXPECT_FALSE(lets_in("Bearer x"));
    EXPECT_FALSE(lets_in(""));
    EXPECT_FALSE(authorized({{"Authorization", "Basic " + of("nanomdm:")}}, "nanomdm", ""));
}

scep_request read(std::string method, std::string target, bytes body = {}) {
    net::request r;
    r.method = std::move(method);
    r.target = std::move(target);
    r.body = std::move(body);
    return read_scep_request(r);
}

TEST(scep_request, get_is_decoded_liberally_SCEP_009) {
    const bytes message{0xfb, 0xff, 0xfe, 0x01, 0x02};
    for (const auto* text :
         {"%2B%2F%2F%2BAQI%3D", "+//+AQI=", "-__-AQI", "%20//+AQI", "+//%0A+AQI="}) {
        const auto r =
            read("GET", std::string{"/scep?message="} + text + "&operation=PKIOperation");
        EXPECT_EQ(r.message, message) << text;
    }
    EXPECT_EQ(read("GET", "/scep?operation=PKIOperation&message=!!").status, 400U);
}

TEST(scep_request, unknown_operations_and_sizes_are_refused) {
    EXPECT_EQ(read("GET", "/scep").status, 400U);
    EXPECT_EQ(read("GET", "/scep?operation=getcacert").status, 400U);
    EXPECT_EQ(read("GET", "/scep?operation=GetNextCACert").status, 400U); // SCEP-038
    EXPECT_EQ(read("POST", "/scep?operation=PKIOperation").status, 400U);
    EXPECT_EQ(read("PUT", "/scep?operation=PKIOperation", {1}).status, 405U);
    EXPECT_EQ(read("POST", "/scep?operation=PKIOperation", bytes(1U << 20U)).status, 413U);
    // SCEP-007
    EXPECT_EQ(read("GET", "/scep?operation=GetCACert&message=other").operation,
              scep_request::what::get_ca_cert);
}

TEST(scep_request, capabilities_are_lines_of_known_words_SCEP_002) {
    EXPECT_EQ(scep_capabilities().find('\r'), std::string::npos);
    const auto caps = scep::parse_capabilities(scep_capabilities());
    EXPECT_TRUE(caps.unknown.empty());
    // SCEP-003
    EXPECT_TRUE(caps.aes && caps.des3 && caps.sha1 && caps.sha256 && caps.sha384 && caps.sha512 &&
                caps.post && caps.renewal && caps.scep_standard);
    EXPECT_FALSE(caps.next_ca_cert);
}

} // namespace
} // namespace pomona::server
