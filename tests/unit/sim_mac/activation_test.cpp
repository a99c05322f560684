// A Mac in Setup Assistant asks which enrollment profile it has, and does what the profile says.
#include "mac/activation.hpp"
#include "mac/ade.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/sim/abm/service.hpp"
#include "pomona/sim/device_ca/device_ca.hpp"
#include "scripted_server.hpp"

#include <nlohmann/json.hpp>

#include <functional>

namespace pomona::sim::mac {
namespace {

using json = nlohmann::ordered_json;

/// The Mac is in an organisation with one MDM server, "S".
class asking : public mac_bench {
  public:
    asking() { users = {{.id = "USER-A", .short_name = "alice", .long_name = "Alice"}}; }
    ~asking() override {
        if (abm) {
            abm->close();
        }
    }

    void start_abm() {
        const auto bind = net::endpoint{"localhost", 0};
        abm = *abm::service::start(
            *world, {.bind = bind, .tls = {}, .device_authorities = {env->devices->root()}});
        env->activation = activation_host{
            "http://" + net::to_text(abm->local()) + std::string{activation_path}, {}};
        abm->org().add_server("S", "s", world->now());
        abm::device_record d;
        d.serial = subject->machine().serial;
        d.server = "S";
        abm->org().add_device(d, world->now());
    }
    void assign(json profile) {
        profile["profile_name"] = "P";
        if (!profile.contains("url")) {
            profile["url"] = server->url("/enroll");
        }
        abm->org().find_server("S")->profiles["P"] = profile.dump();
        abm->org().modify(subject->machine().serial.value(), world->now(),
                          [](abm::device_record& d) {
                              d.profile = "P";
                              d.status = abm::profile_status::assigned;
                          });
    }
    static net::task<void> live(asking* b, std::function<void()> first,
                                std::vector<std::function<void()>> steps) {
        b->start_abm();
        first();
        b->subject->ask_for_assignment();
        b->outcome = co_await b->subject->enroll_by_ade();
        for (const auto& one : steps) {
            one();
            co_await b->sleep(10min);
        }
    }
    void enrolled(std::function<void()> first, std::vector<std::function<void()>> steps = {}) {
        run(live(this, std::move(first), std::move(steps)));
    }
    [[nodiscard]] abm::device_ptr device() const {
        return abm->org().find_device(subject->machine().serial.value());
    }
    /// What the activation service says to a question signed by `how`.
    net::response ask(bytes body) {
        net::response out;
        static constexpr auto once = [](asking* b, bytes what,
                                        net::response* into) -> net::task<void> {
            auto opened = co_await b->world->open({.server = b->abm->local(),
                                                   .tls = std::nullopt,
                                                   .deadline = b->world->now() + 10s,
                                                   .note = {}});
            const auto connection = opened.value();
            *into = (co_await connection->exchange({.method = "POST",
                                                    .target = std::string{activation_path},
                                                    .headers = {},
                                                    .body = std::move(what)},
                                                   b->world->now() + 10s, {}))
                        .value();
        };
        EXPECT_TRUE(world->run(once(this, std::move(body), &out)));
        return out;
    }
    [[nodiscard]] bytes question(const hardware& hw, const device_ca& ca, std::string_view text,
                                 const crypto::private_key& key) const {
        return crypto::sign_attached(as_bytes(text), ca.issue(*world, hw, key).value(),
                                     world->now())
            .value();
    }

    std::unique_ptr<abm::service> abm;
    std::expected<void, enroll_failure> outcome;
};

// ABM-090, ABM-104: the record follows the assigned profile, and the device is "pushed" from then
// on.
TEST_F(asking, a_mac_learns_its_profile_and_enrolls) {
    enrolled([this] {
        assign({{"await_device_configured", false}, {"skip_setup_items", {"Siri", "Nonsense"}}});
    });
    ASSERT_TRUE(outcome) << outcome.error().reason;
    EXPECT_EQ(subject->now_in(), phase::enrolled);
    EXPECT_EQ(device()->status, abm::profile_status::pushed);
    EXPECT_TRUE(device()->profile_pushed);
    const auto learned = states("activation-record");
    ASSERT_EQ(learned.size(), 1U);
    EXPECT_EQ(learned[0]->summary.text("ConfigurationURL"), server->url("/enroll"));
    EXPECT_EQ(learned[0]->summary.text("SkipSetup"), "Siri, Nonsense");
    const auto panes = std::string{states("setup-assistant").back()->summary.text("panes")};
    EXPECT_NE(panes.find("Location"), std::string::npos);
    EXPECT_EQ(panes.find("Siri"), std::string::npos) << panes;
}

TEST_F(asking, a_mac_without_a_profile_is_set_up_unmanaged) {
    enrolled([] {});
    EXPECT_FALSE(outcome);
    EXPECT_FALSE(subject->in_setup_assistant());
    EXPECT_EQ(server->count("profile"), 0U);
    EXPECT_EQ(device()->status, abm::profile_status::empty);
    EXPECT_EQ(states("activation-record").at(0)->summary.flag("assigned"), false);
}

// ABM-092: the anchors are all that it trusts, and they are enough.
TEST_F(asking, anchor_certs_pin_the_enrollment) {
    enrolled([this] {
        env->system_trust = std::make_shared<const std::vector<crypto::certificate>>();
        assign({{"anchor_certs", {to_base64(server->root().der())}},
                {"await_device_configured", false}});
    });
    EXPECT_TRUE(outcome) << outcome.error().reason;
}

// ABM-092: another chain is refused although the system would trust it.
TEST_F(asking, a_server_that_does_not_chain_to_the_anchors_is_refused) {
    enrolled([this] {
        assign({{"anchor_certs", {to_base64(env->devices->root().der())}}, {"is_mandatory", true}});
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().at, "profile");
    EXPECT_EQ(server->count("profile"), 0U) << "nothing is sent to it";
    EXPECT_TRUE(subject->in_setup_assistant()) << "is_mandatory";
}

TEST_F(asking, anchors_that_are_no_certificates_trust_nobody) {
    enrolled([this] { assign({{"anchor_certs", {"anVuaw=="}}}); });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(server->count("profile"), 0U);
    EXPECT_FALSE(subject->in_setup_assistant()) << "not mandatory";
}

// ABM-103: TokenUpdate says AwaitingConfiguration, and nothing goes on before DeviceConfigured.
TEST_F(asking, await_device_configured_holds_setup_assistant) {
    enrolled([this] { assign({{"await_device_configured", true}}); }, {[this] {
                 EXPECT_TRUE(subject->in_setup_assistant());
                 server->queue("U1", {{"RequestType", "DeviceConfigured"}});
                 world->spawn("push", push());
             }});
    ASSERT_TRUE(outcome) << outcome.error().reason;
    const auto said = plist::parse_dict(server->last("TokenUpdate").request.body).value();
    EXPECT_EQ(*said.boolean("AwaitingConfiguration"), true);
    EXPECT_EQ(server->count("Acknowledged U1"), 1U);
    EXPECT_FALSE(subject->in_setup_assistant());
}

// ABM-104: is_mdm_removable.
TEST_F(asking, a_profile_may_be_there_to_stay) {
    static constexpr auto removed = [](asking* b, bool removable) -> net::task<void> {
        co_await live(b,
                      [b, removable] {
                          b->assign({{"is_supervised", true},
                                     {"is_mdm_removable", removable},
                                     {"await_device_configured", false}});
                      },
                      {});
        EXPECT_EQ(b->subject->is_profile_removable(), removable);
        co_await b->subject->remove_enrollment_profile();
    };
    run(removed(this, false));
    EXPECT_EQ(subject->now_in(), phase::enrolled);
    EXPECT_EQ(states("profile-removal-refused").size(), 1U);
    const auto again = mac::load(*env, subject->save());
    ASSERT_TRUE(again);
    EXPECT_FALSE((*again)->is_profile_removable());
}

// ABM-097: a web view would have to come first; the other URL is not asked instead.
TEST_F(asking, a_profile_with_a_web_view_is_not_taken_from_its_url) {
    enrolled([this] { assign({{"configuration_web_url", server->url("/web/start")}}); });
    EXPECT_FALSE(outcome);
    EXPECT_EQ(server->count("profile"), 0U);
}

TEST_F(asking, an_erased_mac_asks_again) {
    enrolled([this] { assign({{"await_device_configured", false}}); }, {[this] {
                 abm->org().find_server("S")->profiles["P"] =
                     json{{"url", server->url("/enroll")}, {"is_mandatory", true}}.dump();
                 subject->erase();
             }});
    EXPECT_EQ(server->count("Authenticate"), 2U);
    EXPECT_EQ(states("activation-record").size(), 2U);
    EXPECT_EQ(states("activation-record").back()->summary.flag("IsMandatory"), true);
}

// A profile that was assigned later reaches the Mac at `profiles renew`.
TEST_F(asking, renewing_asks_again) {
    static constexpr auto renewed = [](asking* b) -> net::task<void> {
        co_await live(b, [b] { b->assign({{"await_device_configured", false}}); }, {});
        b->abm->org().find_server("S")->profiles["P"] =
            json{{"url", b->server->url("/enroll")}, {"is_mandatory", true}}.dump();
        b->server->answer("profile", http(404));
        b->outcome = co_await b->subject->renew(renewal::reinstall);
    };
    run(renewed(this));
    EXPECT_FALSE(outcome) << "the server has none any more";
    EXPECT_EQ(states("activation-record").back()->summary.flag("IsMandatory"), true);
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

// ABM-091: the forms of the signature, each good for the activation service and for a server.
TEST_F(asking, MachineInfo_has_the_chain_and_the_digest_that_the_manner_says) {
    static constexpr auto signed_ones = [](asking* b) -> net::task<void> {
        for (const auto chain :
             {device_chain::usual, device_chain::intermediate, device_chain::whole}) {
            auto hw = b->subject->machine();
            hw.wire.device_chain = chain;
            const auto key = crypto::private_key::generate_rsa(b->world->crypto()).value();
            const auto device = b->env->devices->issue(*b->world, hw, key).value();
            EXPECT_EQ(device.chain.size(), chain == device_chain::whole ? 2U : 1U);
            for (const auto digest : {crypto::cms_digest::sha1, crypto::cms_digest::sha256}) {
                const auto cms =
                    crypto::sign_attached(as_bytes("x"), device, b->world->now(), digest).value();
                const auto opened = crypto::verify_attached(b->world->crypto(), cms);
                EXPECT_TRUE(opened);
                EXPECT_EQ(opened->certificates.size(), device.chain.size() + 1);
                EXPECT_TRUE(crypto::verify_chain_whenever(opened->signer, opened->certificates,
                                                          {b->env->devices->root()}));
                // id-sha1 (1.3.14.3.2.26) and id-sha256 (2.16.840.1.101.3.4.2.1), DER.
                const bytes sha1{0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a};
                const bool has = !std::ranges::search(cms, sha1).empty();
                EXPECT_EQ(has, digest == crypto::cms_digest::sha1);
            }
        }
        co_return;
    };
    run(signed_ones(this));
}

TEST_F(asking, an_iphone_sends_its_whole_chain) {
    persona_name = "ios-18-iphone";
    static constexpr auto issued = [](asking* b) -> net::task<void> {
        const auto key = crypto::private_key::generate_rsa(b->world->crypto()).value();
        EXPECT_EQ(b->env->devices->issue(*b->world, b->subject->machine(), key)->chain.size(), 2U);
        co_return;
    };
    run(issued(this));
}

TEST_F(asking, the_activation_service_takes_questions_of_devices_only) {
    enrolled([this] { assign({{"await_device_configured", false}}); });
    const auto& hw = subject->machine();
    const auto key = crypto::private_key::generate_rsa(world->crypto()).value();
    const auto& ca = *env->devices;
    const auto good = json{{"sn", hw.serial.value()}, {"action", activation_action}}.dump();
    EXPECT_EQ(ask(question(hw, ca, good, key)).status, 200U);
    EXPECT_EQ(ask(question(hw, ca, json{{"sn", "none"}, {"action", activation_action}}.dump(), key))
                  .status,
              204U);
    for (const auto* text : {"", "junk", "[]", R"({"sn":"x"})", R"({"sn":1,"action":"y"})"}) {
        EXPECT_EQ(ask(question(hw, ca, text, key)).status, 400U) << text;
    }
    EXPECT_EQ(ask(to_bytes("junk")).status, 400U);
    EXPECT_EQ(ask({}).status, 400U);
    EXPECT_EQ(ask(bytes(100'000, 1)).status, 400U);
    auto damaged = question(hw, ca, good, key);
    damaged.back() ^= 1U; // the signature
    EXPECT_EQ(ask(damaged).status, 400U);
    // Signed by a device, but not of the authority that is accepted.
    crypto::certificate_spec spec;
    spec.subject = {{"CN", "device"}};
    spec.serial = {1};
    spec.not_before = world->now();
    spec.not_after = world->now() + 24h;
    const crypto::identity foreign{crypto::self_sign(spec, key).value(), key, {}};
    EXPECT_EQ(ask(crypto::sign_attached(as_bytes(good), foreign, world->now()).value()).status,
              401U);
}

TEST(activation_records, that_are_none) {
    const auto read = [](std::string_view text) {
        return read_activation_record(as_bytes(text)).has_value();
    };
    EXPECT_TRUE(read(R"({"ConfigurationURL":"https://x"})"));
    EXPECT_TRUE(read(R"({"ConfigurationWebURL":"https://x","SkipSetup":[1,"Siri"]})"));
    for (const auto* text : {"", "[]", "{}", R"({"ConfigurationURL":1})",
                             R"({"ConfigurationURL":"https://x","AnchorCerts":["*"]})"}) {
        EXPECT_FALSE(read(text)) << text;
    }
    EXPECT_FALSE(read(std::string(2'000'000, ' ')));
}

} // namespace
} // namespace pomona::sim::mac
