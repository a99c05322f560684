// A Mac that enrolls: what it sends, in which order, and what it is afterwards.
#include "pomona/foundation/uuid.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "scripted_server.hpp"

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

class enrolling : public mac_bench {
  public:
    void enroll_only() { run(enroll(this)); }
    [[nodiscard]] bool signature_holds(const seen_request& r) const {
        const auto header = net::find_header(r.request.headers, mdm::signature_header);
        const auto cms = header ? from_base64(*header) : std::nullopt;
        return cms && crypto::verify_detached(world->crypto(), *cms, r.request.body);
    }
};

// ENR-100, MDM-CHK-059.
TEST_F(enrolling, order_on_the_wire) {
    enroll_only();
    EXPECT_EQ(server->names(), (strings{"profile", "GetCACert", "GetCACaps", "PKIOperation",
                                        "Authenticate", "TokenUpdate"}));
    EXPECT_EQ(subject->now_in(), phase::enrolled);
    for (const auto* state : {"profile-received", "identity-issued", "authenticated", "enrolled"}) {
        EXPECT_EQ(states(state).size(), 1U) << state;
    }
}

TEST_F(enrolling, checkins_are_made_as_a_mac_makes_them) {
    enroll_only();
    const auto& a = server->last("Authenticate").request;
    EXPECT_EQ(a.method, "PUT");
    EXPECT_EQ(a.target, "/checkin"); // MDM-CHK-058
    EXPECT_EQ(net::find_header(a.headers, "Content-Type"), mdm::checkin_content_type);
    EXPECT_EQ(net::find_header(a.headers, "User-Agent"), mdm::mac_user_agent);
    EXPECT_EQ(server->last("Authenticate").client_certificate,
              to_hex(server->issued.front().sha256()));
    EXPECT_EQ(server->last("GetCACert").client_certificate, "");
}

// MDM-CHK-060.
TEST_F(enrolling, authenticate_has_the_keys_of_macos) {
    enroll_only();
    const auto d = plist::parse_dict(server->last("Authenticate").request.body).value();
    for (const auto* key : {"MessageType", "Topic", "UDID", "DeviceName", "Model", "ModelName",
                            "OSVersion", "BuildVersion", "ProductName", "SerialNumber"}) {
        ASSERT_NE(d.string(key), nullptr) << key;
        EXPECT_FALSE(d.string(key)->empty()) << key;
    }
    EXPECT_EQ(*d.string("UDID"), subject->machine().device.value());
}

TEST_F(enrolling, token_update_has_a_token_and_a_magic) {
    enroll_only();
    const auto message = mdm::parse_checkin(server->last("TokenUpdate").request.body).value();
    const auto& update = std::get<mdm::token_update>(message.body);
    EXPECT_EQ(update.token.value().size(), 32U);
    EXPECT_TRUE(is_uuid(update.magic.value()));
    EXPECT_EQ(states("enrolled")[0]->summary.text("Token"), to_hex(update.token.value()));
    EXPECT_EQ(states("enrolled")[0]->summary.text("PushMagic"), update.magic.value());
}

// ENR-114.
TEST_F(enrolling, a_new_magic_for_each_enrollment) {
    static constexpr auto twice = [](enrolling* b) -> net::task<void> {
        co_await enroll(b);
        co_await b->subject->remove_enrollment_profile();
        co_await enroll(b);
    };
    run(twice(this));
    ASSERT_EQ(states("enrolled").size(), 2U);
    EXPECT_NE(states("enrolled")[0]->summary.text("PushMagic"),
              states("enrolled")[1]->summary.text("PushMagic"));
}

// MDM-CHK-069, ENR-104.
TEST_F(enrolling, signs_exactly_the_body_when_told_to) {
    enroll_only();
    for (const auto* what : {"Authenticate", "TokenUpdate"}) {
        EXPECT_TRUE(signature_holds(server->last(what))) << what;
    }
}

TEST_F(enrolling, does_not_sign_when_not_told_to) {
    server->settings.sign_message = false;
    enroll_only();
    for (const auto& r : server->log) {
        EXPECT_EQ(net::find_header(r.request.headers, mdm::signature_header), std::nullopt);
    }
}

// Observed (F25).
TEST_F(enrolling, subject_variables_are_replaced) {
    server->scep.client.subject = {{"O", "%HardwareUUID%/%ComputerName%"},
                                   {"CN", "%SerialNumber%"}};
    enroll_only();
    ASSERT_EQ(server->issued.size(), 1U);
    EXPECT_EQ(server->issued[0].subject_part("CN"), subject->machine().serial.value());
    EXPECT_EQ(server->issued[0].subject_part("O"), subject->machine().device.value() + "/mac-0001");
}

TEST_F(enrolling, a_missing_cn_becomes_the_payloads_identifier) {
    server->scep.client.subject = {{"O", "Test"}};
    enroll_only();
    ASSERT_EQ(server->issued.size(), 1U);
    EXPECT_EQ(server->issued[0].subject_part("CN"), "org.example." + identity_uuid);
}

TEST_F(enrolling, each_event_names_what_led_to_it) {
    enroll_only();
    const auto& enrolled = *states("enrolled")[0];
    const auto& answer = event(enrolled.cause);
    EXPECT_EQ(answer.kind, trace::kind::response);
    EXPECT_EQ(answer.channel, "checkin");
    std::size_t steps = 0;
    auto at = enrolled.cause;
    for (; at != 0 && steps < 100; ++steps) {
        ASSERT_LT(event(at).cause, at);
        at = event(at).cause;
    }
    EXPECT_GT(steps, 10U) << "the chain goes back to the profile";
}

TEST_F(enrolling, the_trace_names_the_issued_certificate) {
    enroll_only();
    const auto& issued = *states("identity-issued")[0];
    EXPECT_EQ(issued.summary.text("certificate"), to_hex(server->issued[0].sha256()));
    EXPECT_EQ(issued.summary.text("serial"), server->issued[0].serial_hex());
}

} // namespace
} // namespace pomona::sim::mac
