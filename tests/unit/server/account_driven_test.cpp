// Account-driven enrollment at the reference server, and certificates that a proxy passes on.
#include "checkin/request_identity.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "scripted_mac.hpp"

#include <gtest/gtest.h>

namespace pomona::server {
namespace {

bytes device_message(lab& l) {
    const auto key = fixed_key(l.w().crypto(), 9);
    crypto::certificate_spec spec;
    spec.subject = {{"CN", "device"}};
    spec.serial = {0x01};
    spec.not_before = l.w().now() - 1h;
    spec.not_after = l.w().now() + 24h;
    const crypto::identity by{crypto::self_sign(spec, key).value(), key, {}};
    return crypto::sign_attached(plist::to_xml(plist::dict{{"PRODUCT", "Mac14,2"}}), by,
                                 l.w().now())
        .value();
}

net::task<net::response> post(lab& l, std::string path, bytes body, std::string token = {}) {
    net::request r;
    r.method = "POST";
    r.target = std::move(path);
    r.headers = {{"Content-Type", "application/pkcs7-signature"}};
    if (!token.empty()) {
        r.headers.push_back({"Authorization", "Bearer " + token});
    }
    r.body = std::move(body);
    co_return co_await l.ask(std::move(r));
}

net::task<std::string> token_for(lab& l, std::string account, std::string mode) {
    const auto r = co_await l.api("PUT", "/v1/access-tokens/" + account + "?mode=" + mode);
    EXPECT_EQ(r.status, 200U);
    co_return json::parse(text_of(r)).value("access_token", "");
}

constexpr auto discovery = "/.well-known/com.apple.remotemanagement?user-identifier=";

TEST(account_driven, discovery_says_how_and_where_ENR_050_ENR_052) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        co_await token_for(l, "ada@example.org", "byod");
        co_await token_for(l, "bob@example.org", "adde");
        const auto r =
            co_await l.ask(get(discovery + std::string{"ada%40example.org&model-family=Mac"}));
        EXPECT_EQ(r.status, 200U);
        EXPECT_EQ(net::media_type(r.headers), "application/json");
        const auto found = json::parse(text_of(r))["Servers"];
        EXPECT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0]["Version"], "mdm-byod");
        EXPECT_EQ(found[0]["BaseURL"], l.s().base_url() + "/account-driven/byod");
        const auto other = co_await l.ask(get(discovery + std::string{"bob%40example.org"}));
        EXPECT_EQ(json::parse(text_of(other))["Servers"][0]["Version"], "mdm-adde");
        const auto nobody = co_await l.ask(get(discovery + std::string{"eve%40example.org"}));
        EXPECT_EQ(nobody.status, 403U);
        EXPECT_EQ(json::parse(text_of(nobody))["code"], "com.apple.well-known.failed");
    });
}

TEST(account_driven, the_profile_is_for_who_signed_in_ENR_053_ENR_056_ENR_057) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto token = co_await token_for(l, "ada@example.org", "byod");
        const auto path = std::string{"/account-driven/byod"};
        for (const auto& wrong : {std::string{}, std::string{"other"}}) {
            const auto r = co_await post(l, path, device_message(l), wrong);
            EXPECT_EQ(r.status, 401U);
            const auto challenge = net::find_header(r.headers, "WWW-Authenticate").value_or("");
            EXPECT_TRUE(challenge.starts_with("Bearer method=\"apple-as-web\", url=\"https://"));
        }
        EXPECT_EQ((co_await post(l, "/account-driven/adde", device_message(l), token)).status,
                  401U);
        EXPECT_EQ((co_await post(l, path, to_bytes("junk"), token)).status, 400U);
        EXPECT_EQ((co_await post(l, "/account-driven/x", device_message(l), token)).status, 404U);
        EXPECT_EQ((co_await l.ask(get(path))).status, 405U);
        const auto r = co_await post(l, path, device_message(l), token);
        EXPECT_EQ(r.status, 200U);
        EXPECT_EQ(net::media_type(r.headers), mdm::profile_content_type);
        const auto p = profile::parse(l.w().crypto(), r.body).value();
        const auto m = profile::read_mdm(*p.of_type(profile::mdm_type).at(0)).value();
        EXPECT_EQ(m.enrollment_mode, "BYOD");
        EXPECT_EQ(m.assigned_managed_apple_id, "ada@example.org");
        EXPECT_EQ(m.access_rights, 0);
        EXPECT_FALSE(p.of_type(profile::mdm_type).at(0)->content.contains("AccessRights"));
        const auto device = co_await token_for(l, "bob@example.org", "adde");
        const auto d = co_await post(l, "/account-driven/adde", device_message(l), device);
        const auto q = profile::parse(l.w().crypto(), d.body).value();
        const auto n = profile::read_mdm(*q.of_type(profile::mdm_type).at(0)).value();
        EXPECT_EQ(n.enrollment_mode, "ADDE");
        EXPECT_EQ(n.access_rights, 8191);
    });
}

TEST(account_driven, tokens_are_for_accounts) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        for (const auto* target :
             {"/v1/access-tokens/ada@example.org", "/v1/access-tokens/ada@example.org?mode=x",
              "/v1/access-tokens/ada?mode=byod", "/v1/access-tokens/@x?mode=byod"}) {
            EXPECT_EQ((co_await l.api("PUT", target)).status, 400U) << target;
        }
        EXPECT_EQ((co_await l.api("GET", "/v1/access-tokens/a@b?mode=byod")).status, 405U);
    });
}

TEST(account_driven, commands_that_user_enrollment_forbids_are_refused_MDM_CHK_043) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        mac.from.device = udid{};
        mac.from.enrollment = "ENROLLMENT-1";
        co_await mac.enroll();
        EXPECT_EQ((co_await l.enqueue("ENROLLMENT-1", "one", "EraseDevice")).status, 500U);
        EXPECT_EQ((co_await l.enqueue("ENROLLMENT-1", "two", "DeviceLock")).status, 500U);
        EXPECT_EQ(uuid_in(co_await mac.idle()), "");
        EXPECT_EQ((co_await l.enqueue("ENROLLMENT-1", "three", "ProfileList")).status, 200U);
        EXPECT_EQ(uuid_in(co_await mac.idle()), "three");
        // The same id with a UDID is a device's enrollment.
        scripted_mac device{l, 2};
        co_await device.enroll();
        EXPECT_EQ((co_await l.enqueue(device.id(), "four", "DeviceLock")).status, 200U);
    });
}

net::task<net::response> idle_through_proxy(lab& l, scripted_mac& mac, net::headers extra) {
    mdm::report r;
    r.from = mac.from;
    auto what = put("/mdm", std::string{mdm::command_content_type}, mdm::write_report(r));
    what.headers.insert(what.headers.end(), extra.begin(), extra.end());
    co_return co_await l.ask(std::move(what)); // no certificate in TLS
}

// RFC 9440 section 2.1, and what nginx writes.
TEST(certificate_header, a_proxy_shows_the_certificate_when_it_is_told) {
    lab l;
    l.options.certificate_header = "X-Client-Cert";
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        scripted_mac other{l, 2};
        co_await other.enroll();
        const auto& cert = mac.identity->cert;
        const auto rfc = ':' + to_base64(cert.der()) + ':';
        const auto pem = percent_encode(cert.pem());
        EXPECT_EQ((co_await idle_through_proxy(l, mac, {})).status, 403U);
        EXPECT_EQ((co_await idle_through_proxy(l, mac, {{"X-Client-Cert", rfc}})).status, 200U);
        EXPECT_EQ((co_await idle_through_proxy(l, mac, {{"x-client-cert", pem}})).status, 200U);
        EXPECT_EQ((co_await idle_through_proxy(l, mac, {{"Client-Cert", rfc}})).status, 403U);
        EXPECT_EQ((co_await idle_through_proxy(l, other, {{"X-Client-Cert", rfc}})).status, 403U);
        for (const auto& junk : {std::string{}, std::string{"::"}, std::string{":AAAA:"},
                                 std::string{"%zz"}, std::string{"junk"}}) {
            const auto r = co_await idle_through_proxy(l, mac, {{"X-Client-Cert", junk}});
            EXPECT_EQ(r.status, 400U) << junk;
        }
        const auto twice =
            co_await idle_through_proxy(l, mac, {{"X-Client-Cert", rfc}, {"X-Client-Cert", pem}});
        EXPECT_EQ(twice.status, 400U);
    });
}

TEST(certificate_header, without_being_told_no_header_counts) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const auto rfc = ':' + to_base64(mac.identity->cert.der()) + ':';
        EXPECT_EQ((co_await idle_through_proxy(l, mac, {{"Client-Cert", rfc}})).status, 403U);
    });
}

TEST(certificate_header, only_a_trusted_proxy_is_believed) {
    const std::vector<std::string> local{"127.0.0.1", "::1"};
    for (const auto* id : {"127.0.0.1:4711-127.0.0.1:9000", "[::1]:4711-[::1]:9000", "c12"}) {
        EXPECT_TRUE(is_trusted_proxy(id, local)) << id;
    }
    for (const auto* id : {"10.0.0.1:4711-10.0.0.2:9000", "127.0.0.11:1-127.0.0.1:9000",
                           "[fe80::1]:1-[::1]:9000", "", "c", "c1x"}) {
        EXPECT_FALSE(is_trusted_proxy(id, local)) << id;
    }
    EXPECT_TRUE(is_trusted_proxy("10.0.0.1:4711-10.0.0.2:9000", {"10.0.0.1"}));
}

} // namespace
} // namespace pomona::server
