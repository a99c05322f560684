// Automated Device Enrollment at the server: MachineInfo in, profile out; DeviceConfigured.
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/protocol/mdm/machine_info.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "pomona/protocol/profile/profile.hpp"
#include "scripted_mac.hpp"

namespace pomona::server {
namespace {

/// A root, an intermediate, and a device of it; `valid`: from the world's begin on.
crypto::identity device_of(lab& l, std::size_t number, crypto::certificate& root,
                           duration valid = 24h * 365) {
    const auto key = fixed_key(l.w().crypto(), number);
    const auto spec = [&](const char* name, bool ca) {
        crypto::certificate_spec s;
        s.subject = {{"CN", name}};
        s.serial = bytes{0x41, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(ca)};
        s.not_before = l.w().now() - 48h;
        s.not_after = s.not_before + valid;
        s.ca = ca;
        s.usage = {.digital_signature = !ca, .key_cert_sign = ca};
        return s;
    };
    root = crypto::self_sign(spec("Device root", true), key).value();
    const crypto::identity issuer{.cert = root, .key = key, .chain = {}};
    auto leaf = crypto::issue(spec("Device", false), key.public_key_info(), issuer).value();
    return {.cert = leaf, .key = key, .chain = {}};
}

mdm::machine_info info_of(std::string os) {
    mdm::machine_info out;
    out.device = udid{"AAAAAAAA-0000-0000-0000-000000000001"};
    out.serial = serial_number{"C02TEST0001"};
    out.product = "Mac15,12";
    out.build = "24B83";
    out.can_request_software_update = !os.empty();
    out.os_version = std::move(os);
    return out;
}

net::request ask_with(bytes body) {
    net::request out{.method = "POST", .target = "/enroll/ade", .headers = {}, .body = {}};
    out.headers = {{"Content-Type", "application/pkcs7-signature"}};
    out.body = std::move(body);
    return out;
}

bytes signed_by(lab& l, const crypto::identity& device, const mdm::machine_info& info) {
    return crypto::sign_attached(mdm::write_machine_info(info), device, l.w().now()).value();
}

// ABM-093: 4xx for what is no good, ABM-095: a profile with an MDM payload for the push topic.
TEST(ade, only_a_device_of_an_accepted_authority_gets_a_profile_ENR_040) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        std::optional<crypto::certificate> root;
        std::optional<crypto::certificate> other;
        root.emplace(l.push_identity("x").cert);
        other.emplace(*root);
        const auto device = device_of(l, 5, *root);
        const auto foreign = device_of(l, 6, *other);
        l.options.device_authorities = {*root};
        co_await l.start();
        const auto good = signed_by(l, device, info_of("15.1"));
        const auto r = co_await l.ask(ask_with(good));
        EXPECT_EQ(r.status, 200U) << text_of(r);
        EXPECT_EQ(net::media_type(r.headers), mdm::profile_content_type);
        const auto profile = profile::parse(l.w().crypto(), r.body).value();
        EXPECT_EQ(profile.of_type(profile::mdm_type).size(), 1U);
        EXPECT_EQ(*profile.of_type(profile::mdm_type)[0]->content.string("Topic"), test_topic);
        auto tampered = good;
        const auto text = as_text(tampered);
        const auto at = text.find("C02TEST0001");
        EXPECT_NE(at, std::string_view::npos);
        tampered[at] = 'X';
        EXPECT_EQ((co_await l.ask(ask_with(tampered))).status, 400U);
        EXPECT_EQ((co_await l.ask(ask_with(to_bytes("junk")))).status, 400U);
        EXPECT_EQ((co_await l.ask(ask_with(signed_by(l, foreign, info_of("15.1"))))).status, 403U);
        EXPECT_EQ((co_await l.ask(get("/enroll/ade"))).status, 405U);
        EXPECT_EQ((co_await l.ask(ask_with(bytes(70'000, 1)))).status, 413U);
    });
}

// ABM-094. Observed (F23): the authority of real devices has expired, and old ones sign with SHA-1.
TEST(ade, validity_dates_do_not_matter_ENR_041) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        std::optional<crypto::certificate> root;
        root.emplace(l.push_identity("x").cert);
        const auto device = device_of(l, 5, *root, 24h);
        l.options.device_authorities = {*root};
        co_await l.start();
        EXPECT_EQ((co_await l.ask(ask_with(signed_by(l, device, info_of("15.1"))))).status, 200U);
        co_await l.w().sleep_for(24h * 30);
        EXPECT_EQ((co_await l.ask(ask_with(signed_by(l, device, info_of("15.1"))))).status, 200U);
        const auto old = crypto::sign_attached(mdm::write_machine_info(info_of("15.1")), device,
                                               l.w().now(), crypto::cms_digest::sha1)
                             .value();
        EXPECT_EQ((co_await l.ask(ask_with(old))).status, 200U);
    });
}

net::task<net::response> set_ade(lab& l, plist::dict settings) {
    return l.api("PUT", "/v1/ade", plist::to_xml(std::move(settings)));
}

// ABM-100, MDM-CHK-052, MDM-CHK-053: only a Mac that can is told to update.
TEST(ade, an_old_macos_is_told_to_update_ENR_042) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        std::optional<crypto::certificate> root;
        root.emplace(l.push_identity("x").cert);
        const auto device = device_of(l, 5, *root);
        l.options.device_authorities = {*root};
        co_await l.start();
        EXPECT_EQ((co_await set_ade(l, {{"MinimumOSVersion", "15.2"}})).status, 204U);
        const auto old = co_await l.ask(ask_with(signed_by(l, device, info_of("15.1"))));
        EXPECT_EQ(old.status, 403U);
        EXPECT_EQ(net::media_type(old.headers), "application/json");
        const auto document = json::parse(text_of(old));
        EXPECT_EQ(document["code"], "com.apple.softwareupdate.required");
        EXPECT_EQ(document["details"]["OSVersion"], "15.2");
        EXPECT_EQ((co_await l.ask(ask_with(signed_by(l, device, info_of("15.10"))))).status, 200U);
        EXPECT_EQ((co_await l.ask(ask_with(signed_by(l, device, info_of(""))))).status, 200U);
    });
}

TEST(ade, settings_are_checked_and_survive_a_restart) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        EXPECT_EQ((co_await set_ade(l, {{"Deviceconfigured", "held"}})).status, 400U);
        EXPECT_EQ((co_await set_ade(l, {{"DeviceConfigured", "sometimes"}})).status, 400U);
        EXPECT_EQ((co_await set_ade(l, {{"SetupCommands", plist::array{"x"}}})).status, 400U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/ade", to_bytes("junk"))).status, 400U);
        EXPECT_EQ((co_await set_ade(l, {{"DeviceConfigured", "held"}})).status, 204U);
        const auto r = co_await l.api("GET", "/v1/ade");
        EXPECT_EQ(*plist::parse_dict(r.body).value().string("DeviceConfigured"), "held");
        EXPECT_EQ((co_await l.ask(ask_with({}))).status, 404U) << "no authority, no ADE";
    });
}

net::task<void> await_configuration(scripted_mac& mac) {
    co_await mac.get_identity();
    (void)co_await mac.authenticate();
    const auto done = co_await mac.checkin(
        {mac.from,
         mdm::token_update{topic{std::string{test_topic}}, mac.token, mac.magic, true, {}}});
    EXPECT_EQ(done.status, 200U);
}

// ENR-046, too.
TEST(ade, DeviceConfigured_follows_the_setup_commands_MDM_CHK_045_046) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        plist::dict security{{"RequestType", "SecurityInfo"}};
        (void)co_await set_ade(l, {{"SetupCommands", plist::array{security}}});
        scripted_mac mac{l, 1};
        co_await await_configuration(mac);
        const auto first = co_await mac.idle();
        EXPECT_NE(text_of(first).find("SecurityInfo"), std::string::npos);
        // BUG-97: a refusal does not hold it up.
        const auto next = co_await mac.report(mdm::command_status::not_now, uuid_in(first));
        EXPECT_NE(text_of(next).find("DeviceConfigured"), std::string::npos);
    });
}

TEST(ade, held_it_waits_for_the_operator) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        (void)co_await set_ade(l, {{"DeviceConfigured", "held"}});
        scripted_mac mac{l, 1};
        co_await await_configuration(mac);
        EXPECT_TRUE((co_await mac.idle()).body.empty());
        (void)co_await l.enqueue(mac.id(), "U1", "DeviceConfigured");
        EXPECT_EQ(uuid_in(co_await mac.idle()), "U1");
    });
}

// MDM-CHK-032, 033, 034, 085; a renewal keeps the token, which the Mac does not send again.
TEST(bootstrap_token, is_kept_from_authenticate_on_and_through_a_renewal) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        (void)co_await mac.authenticate();
        const auto send = [&mac](std::string type, std::optional<bytes> token) {
            plist::dict d{{"MessageType", std::move(type)}, {"UDID", mac.id()}};
            if (token) {
                d.set("BootstrapToken", *std::move(token));
            }
            return mac.send("/checkin", std::string{mdm::checkin_content_type},
                            plist::to_xml(std::move(d)));
        };
        const auto token_in = [](const net::response& r) {
            EXPECT_EQ(r.status, 200U);
            const auto d = plist::parse_dict(r.body).value();
            const auto* token = d.data("BootstrapToken");
            return token == nullptr ? bytes{} : *token;
        };
        EXPECT_EQ(token_in(co_await send("GetBootstrapToken", {})), bytes{});
        EXPECT_EQ((co_await send("SetBootstrapToken", bytes{1, 2, 3})).status, 200U);
        (void)co_await mac.token_update();
        EXPECT_EQ(token_in(co_await send("GetBootstrapToken", {})), (bytes{1, 2, 3}));
        (void)co_await mac.authenticate();
        (void)co_await mac.token_update();
        EXPECT_EQ(token_in(co_await send("GetBootstrapToken", {})), (bytes{1, 2, 3}));
        EXPECT_EQ((co_await send("SetBootstrapToken", {})).status, 200U);
        EXPECT_EQ(token_in(co_await send("GetBootstrapToken", {})), bytes{});
    });
}

} // namespace
} // namespace pomona::server
