// Enrollment profile and check-in over the wire, in the virtual world.
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "scripted_mac.hpp"

namespace pomona::server {
namespace {

std::string state_of(const json& enrollments, const std::string& id) {
    for (const auto& e : enrollments) {
        if (e["id"] == id) {
            return e["state"];
        }
    }
    return "none";
}

void expect_unrecognized(const net::response& r) { // MDM-CHK-025, MDM-CHK-052
    EXPECT_EQ(r.status, 403U);
    EXPECT_EQ(net::media_type(r.headers), "application/json");
    EXPECT_EQ(json::parse(text_of(r))["code"], "com.apple.unrecognized.device");
}

void expect_plain_refusal(const net::response& r, unsigned status) {
    EXPECT_EQ(r.status, status) << text_of(r);
    EXPECT_EQ(text_of(r).find("unrecognized.device"), std::string::npos);
}

TEST(enroll, profile_is_complete_and_signed_ENR_001_to_008) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto r = co_await l.ask(get("/enroll"));
        EXPECT_EQ(net::find_header(r.headers, "Content-Type"), "application/x-apple-aspen-config");
        const auto p = profile::parse(l.w().crypto(), r.body).value();
        EXPECT_TRUE(p.is_signed); // ENR-007
        EXPECT_TRUE(crypto::verify_chain(*p.signer, p.signer_chain, {l.s().ca()}, l.w().now()));
        const auto mdm_payloads = p.of_type(profile::mdm_type);
        EXPECT_EQ(mdm_payloads.size(), 1U); // ENR-002
        const auto m = profile::read_mdm(*mdm_payloads.at(0)).value();
        EXPECT_EQ(p.by_uuid(m.identity_certificate_uuid)->type, profile::scep_type);
        EXPECT_EQ(m.topic.value(), test_topic); // ENR-003, MDM-CHK-055
        EXPECT_EQ(m.server_url, l.s().base_url() + "/mdm");
        EXPECT_EQ(m.checkin_url, l.s().base_url() + "/checkin");
        EXPECT_EQ(m.access_rights, 8191); // ENR-004
        EXPECT_TRUE(m.sign_message && m.check_out_when_removed);
        EXPECT_EQ(m.server_capabilities.size(), 2U); // ENR-005
        const auto s = profile::read_scep(*p.of_type(profile::scep_type).at(0)).value();
        EXPECT_EQ(s.key_size, 2048);
        EXPECT_EQ(s.key_usage, 5);
        EXPECT_EQ(s.client.ca_fingerprint, l.s().ca().sha1());
        const auto roots =
            profile::read_certificates(l.w().crypto(), *p.of_type(profile::root_type).at(0))
                .value();
        EXPECT_EQ(roots.at(0).sha256(), l.s().ca().sha256()); // ENR-008
        const auto again = co_await scripted_mac::fetch_profile(l);
        EXPECT_NE(scripted_mac::scep_config(again).challenge, s.client.challenge); // ENR-006
        EXPECT_EQ(again.identifier, p.identifier);                                 // ENR-080
        EXPECT_NE(again.uuid, p.uuid);
        // MDM-CHK-056: a profile fetched later renews the first.
        const auto renewed = profile::read_mdm(*again.of_type(profile::mdm_type).at(0)).value();
        EXPECT_EQ(renewed.topic, m.topic);
        EXPECT_EQ(renewed.server_url, m.server_url);
        EXPECT_EQ(renewed.checkin_url, m.checkin_url);
        EXPECT_EQ(renewed.access_rights, m.access_rights);
        EXPECT_EQ(renewed.server_capabilities, m.server_capabilities);
    });
}

TEST(enroll, without_a_push_certificate_says_how_to_mend) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start(false);
        const auto r = co_await l.ask(get("/enroll"));
        EXPECT_EQ(r.status, 503U);
        EXPECT_NE(text_of(r).find("/v1/pushcert"), std::string::npos);
    });
}

TEST(checkin, authenticate_then_token_update_MDM_CHK_001_ENR_010) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        const auto a = co_await mac.authenticate();
        EXPECT_EQ(a.status, 200U);
        EXPECT_TRUE(a.body.empty());
        EXPECT_EQ(state_of(co_await l.api_json("/v1/enrollments"), mac.id()), "authenticated");
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        const auto all = co_await l.api_json("/v1/enrollments?id=" + mac.id());
        EXPECT_EQ(state_of(all, mac.id()), "enrolled");
        EXPECT_EQ(all[0]["os_version"], "15.1");
    });
}

TEST(checkin, authenticate_whose_answer_was_lost_may_come_again_ENR_060) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ((co_await mac.authenticate()).status, 200U);
            mac.hang_up();
        }
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        EXPECT_EQ(state_of(co_await l.api_json("/v1/enrollments"), mac.id()), "enrolled");
    });
}

TEST(checkin, one_url_is_told_apart_by_content_type_MDM_CHK_002_ENR_011) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const auto message = mdm::write_checkin(
            {mac.from,
             mdm::token_update{topic{std::string{test_topic}}, mac.token, mac.magic, false, {}}});
        for (const auto* suffix : {"", "; charset=UTF-8"}) {
            const auto r =
                co_await mac.send("/mdm", std::string{mdm::checkin_content_type} + suffix, message);
            EXPECT_EQ(r.status, 200U) << text_of(r);
        }
        mdm::report idle;
        idle.from = mac.from;
        // MDM-CHK-003: mdmb sends no type on the command loop.
        EXPECT_EQ((co_await mac.send("/mdm", "", mdm::write_report(idle))).status, 200U);
    });
}

TEST(checkin, without_any_certificate_there_is_no_record_ENR_012) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        expect_plain_refusal(co_await mac.authenticate(), 403);
        EXPECT_EQ(state_of(co_await l.api_json("/v1/enrollments"), mac.id()), "none");
    });
}

net::task<net::response> send_signed(lab& l, bytes body, std::string header,
                                     std::shared_ptr<const crypto::identity> tls = {}) {
    auto r = put("/mdm", std::string{mdm::command_content_type}, std::move(body));
    r.headers.push_back({"Mdm-Signature", std::move(header)});
    co_return co_await l.exchange(co_await l.connect(std::move(tls)), std::move(r));
}

std::string signature(lab& l, bytes_view body, const crypto::identity& by) {
    return to_base64(crypto::sign_detached(body, by, l.w().now()).value());
}

crypto::identity foreign_identity(lab& l) {
    auto key = fixed_key(l.w().crypto(), 5);
    crypto::certificate_spec spec{.subject = {{"CN", "stranger"}},
                                  .serial = {0x09},
                                  .not_before = l.w().now() - 1h,
                                  .not_after = l.w().now() + 24h,
                                  .ca = false,
                                  .path_length = {},
                                  .usage = {.digital_signature = true},
                                  .extended_usage = {},
                                  .dns_names = {},
                                  .extensions = {}};
    return {crypto::self_sign(spec, key).value(), key, {}};
}

TEST(checkin, signature_alone_is_enough_and_must_fit_MDM_CHK_028_to_031_ENR_013) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        mdm::report idle;
        idle.from = mac.from;
        const auto body = mdm::write_report(idle);
        const auto good = signature(l, body, *mac.identity);
        EXPECT_EQ((co_await send_signed(l, body, good)).status, 200U);
        EXPECT_EQ((co_await send_signed(l, body, good, mac.identity)).status, 200U);
        auto changed = body;
        changed.back() = changed.back() == ' ' ? '\n' : ' ';
        expect_plain_refusal(co_await send_signed(l, changed, good), 400);
        const auto stranger = foreign_identity(l);
        expect_plain_refusal(co_await send_signed(l, body, signature(l, body, stranger)), 403);
        expect_plain_refusal(co_await send_signed(l, body, "not base64!"), 400);
        expect_plain_refusal(co_await send_signed(l, body, to_base64(as_bytes("no CMS"))), 400);
        expect_plain_refusal(co_await send_signed(l, body, std::string(11U << 10U, 'A')), 400);
        // TLS shows one certificate, the signature another.
        scripted_mac other{l, 2};
        co_await other.get_identity();
        expect_plain_refusal(co_await send_signed(l, body, good, other.identity), 400);
    });
}

TEST(checkin, foreign_and_expired_certificates_are_refused_plainly_ENR_083) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        auto stranger = std::make_shared<const crypto::identity>(foreign_identity(l));
        const auto own = std::exchange(mac.identity, stranger);
        mac.hang_up();
        expect_plain_refusal(co_await mac.idle(), 403);
        mac.identity = own;
        mac.hang_up();
        co_await l.w().sleep_for(24h * 366);
        expect_plain_refusal(co_await mac.idle(), 403);
    });
}

TEST(checkin, certificate_and_enrollment_belong_together_MDM_CHK_027_ENR_014_DDM_032) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac a{l, 1};
        scripted_mac b{l, 2};
        co_await a.enroll();
        co_await b.enroll();
        std::swap(a.from, b.from);
        expect_plain_refusal(co_await a.idle(), 403);
        expect_plain_refusal(co_await a.token_update(), 403);
        expect_plain_refusal(co_await a.authenticate(), 403);
        expect_plain_refusal(co_await a.declarative("tokens"), 403);
        std::swap(a.from, b.from);
        // A certificate of this CA that belongs to nobody yet: refused, until it authenticates.
        scripted_mac fresh{l, 3};
        co_await fresh.get_identity();
        fresh.from = a.from;
        expect_plain_refusal(co_await fresh.idle(), 403);
        EXPECT_EQ((co_await fresh.authenticate()).status, 200U);
        EXPECT_EQ((co_await fresh.token_update()).status, 200U);
        expect_plain_refusal(co_await a.idle(), 403);
    });
}

TEST(checkin, renewed_certificate_replaces_the_old_one_ENR_081) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const auto key = fixed_key(l.w().crypto(), 6);
        crypto::request_spec csr{
            .subject = mac.identity->cert.subject(), .challenge = {}, .usage = {}, .dns_names = {}};
        scep::request_options how{.type = scep::message_type::renewal_req,
                                  .transaction_id = "renewal",
                                  .sender_nonce = l.w().random(16),
                                  .signing_time = l.w().now()};
        net::request r;
        r.method = "POST";
        r.target = "/scep?operation=PKIOperation";
        r.body = scep::build_request(l.w().crypto(), crypto::make_request(csr, key).value(),
                                     l.s().ca(), *mac.identity, how)
                     .value();
        const auto answer = co_await l.ask(std::move(r));
        const auto reply = scep::open_message(l.w().crypto(), answer.body).value();
        const auto inside =
            scep::open_envelope(l.w().crypto(), reply.envelope, *mac.identity).value();
        const auto cert = scep::read_certs_only(l.w().crypto(), inside.content).value().at(0);
        const auto old = std::exchange(mac.identity, std::make_shared<const crypto::identity>(
                                                         crypto::identity{cert, key, {}}));
        mac.hang_up();
        EXPECT_EQ((co_await mac.idle()).status, 200U);
        mac.identity = old;
        mac.hang_up();
        expect_plain_refusal(co_await mac.idle(), 403);
    });
}

TEST(checkin, unknown_enrollments_are_told_so_MDM_CHK_025_ENR_016_ENR_091_ENR_092) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        expect_unrecognized(co_await mac.idle());
        expect_unrecognized(co_await mac.token_update());
        expect_unrecognized(co_await mac.check_out());
        expect_unrecognized(co_await mac.declarative("tokens"));
        EXPECT_EQ(state_of(co_await l.api_json("/v1/enrollments"), mac.id()), "none");
    });
}

TEST(checkin, malformed_messages_are_400_never_401_MDM_CHK_048_MDM_CHK_049_ENR_018) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const std::string checkin{mdm::checkin_content_type};
        for (const auto* path : {"/checkin", "/mdm"}) {
            EXPECT_EQ((co_await mac.send(path, checkin, to_bytes("junk"))).status, 400U);
            EXPECT_EQ((co_await mac.send(path, checkin, {})).status, 400U);
        }
        EXPECT_EQ((co_await mac.send("/mdm", "", to_bytes("<plist/>"))).status, 400U);
        const auto unknown =
            plist::to_xml(plist::dict{{"MessageType", "Surprise"}, {"UDID", mac.id()}});
        EXPECT_EQ((co_await mac.send("/checkin", checkin, unknown)).status, 400U);
        EXPECT_EQ((co_await mac.idle()).status, 200U);
        auto r = get("/mdm");
        EXPECT_EQ((co_await l.ask(r)).status, 405U);
        EXPECT_EQ((co_await l.ask(get("/elsewhere"))).status, 404U);
        EXPECT_EQ((co_await l.ask(get("/healthz"))).status, 200U);
    });
}

TEST(checkin, extra_keys_are_ignored_MDM_CHK_047) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        const auto body = plist::to_xml(plist::dict{{"MessageType", "Authenticate"},
                                                    {"Topic", std::string{test_topic}},
                                                    {"UDID", mac.id()},
                                                    {"Challenge", bytes{1, 2, 3}},
                                                    {"Model", "Mac15,3"},
                                                    {"ModelName", "MacBook Pro"},
                                                    {"DeviceName", "Mac"}});
        const auto r = co_await mac.send("/checkin", std::string{mdm::checkin_content_type}, body);
        EXPECT_EQ(r.status, 200U) << text_of(r);
    });
}

TEST(checkin, bootstrap_token_is_kept_and_deleted_MDM_CHK_032_to_034_MDM_CHK_085) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        co_await mac.authenticate();
        const auto say = [&](plist::dict d) {
            d.set("UDID", mac.id());
            return mac.send("/checkin", std::string{mdm::checkin_content_type},
                            plist::to_xml(std::move(d)));
        };
        const bytes token{1, 2, 3};
        auto r = co_await say({{"MessageType", "GetBootstrapToken"}});
        EXPECT_EQ(r.status, 200U);
        EXPECT_FALSE(plist::parse_dict(r.body).value().contains("BootstrapToken"));
        r = co_await say({{"MessageType", "SetBootstrapToken"}, {"BootstrapToken", token}});
        EXPECT_EQ(r.status, 200U);
        co_await mac.token_update();
        r = co_await say({{"MessageType", "GetBootstrapToken"}});
        EXPECT_EQ(*plist::parse_dict(r.body).value().data("BootstrapToken"), token);
        co_await say({{"MessageType", "SetBootstrapToken"}});
        r = co_await say({{"MessageType", "GetBootstrapToken"}});
        EXPECT_FALSE(plist::parse_dict(r.body).value().contains("BootstrapToken"));
        // MDM-CHK-037, ENR-020: 410 is one of the answers that are allowed.
        r = co_await say({{"MessageType", "UserAuthenticate"}, {"UserID", "U"}});
        EXPECT_EQ(r.status, 410U);
    });
}

TEST(checkin, check_out_ends_it_MDM_CHK_024_ENR_090) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        co_await l.enqueue(mac.id(), "one", "ProfileList", "?nopush=1");
        EXPECT_EQ((co_await mac.check_out()).status, 200U);
        expect_unrecognized(co_await mac.idle());
        const auto r = co_await l.enqueue(mac.id(), "two", "ProfileList");
        EXPECT_EQ(r.status, 500U);
        EXPECT_TRUE(l.pushes.empty());
        // Enrolled again, the old queue is gone.
        co_await mac.authenticate();
        co_await mac.token_update();
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
    });
}

TEST(checkin, user_enrollment_works_without_udid_MDM_CHK_042_ENR_059) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        mac.from.device = udid{};
        mac.from.enrollment = "ENROLLMENT-1";
        co_await mac.enroll();
        co_await l.enqueue("ENROLLMENT-1", "one", "ProfileList");
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
    });
}

} // namespace
} // namespace pomona::server
