// The portal's calls, over the service.
#include "client.hpp"
#include "pomona/sim/abm/service.hpp"

namespace pomona::sim::abm {
namespace {

class portal : public testing::Test {
  protected:
    portal() : world_{net::make_virtual_world({.seed = 2, .start = {}})} {
        service_ = *service::start(*world_, {.bind = {"127.0.0.1", 0}, .tls = std::nullopt});
    }
    ~portal() override {
        service_->close();
        world_->shutdown();
    }
    net::response call(const std::string& method, const std::string& path, const json& body = {}) {
        return service_
            ->manage({.method = method,
                      .target = "/portal" + path,
                      .headers = {},
                      .body = body.is_null() ? bytes{} : to_bytes(body.dump())})
            .what;
    }
    json good(const std::string& method, const std::string& path, const json& body = {}) {
        const auto answer = call(method, path, body);
        EXPECT_LT(answer.status, 300U) << path << ": " << text_of(answer);
        return json::parse(answer.body, nullptr, false);
    }
    crypto::identity identity() {
        const auto key = *crypto::private_key::generate_rsa(world_->crypto());
        crypto::certificate_spec spec;
        spec.subject = {{"CN", "mdm"}};
        spec.serial = {1};
        spec.not_before = world_->now();
        spec.not_after = world_->now() + std::chrono::days{365};
        return {*crypto::self_sign(spec, key), key, {}};
    }

    std::unique_ptr<net::world> world_;
    std::unique_ptr<service> service_;
};

TEST_F(portal, a_server_entry_gets_tokens_that_keep_their_consumer_key) {
    const auto mine = identity();
    const std::string id =
        good("POST", "/servers", {{"name", "mdm"}, {"certificate", mine.cert.pem()}})["id"];
    const auto token = [&] {
        const auto file = call("POST", "/servers/" + id + "/token");
        return *pomona::abm::read_token_file(text_of(file), mine);
    };
    const auto first = token();
    const auto second = token();
    EXPECT_EQ(first.consumer_key, second.consumer_key);
    EXPECT_NE(first.access_token, second.access_token);
    EXPECT_TRUE(first.consumer_key.starts_with("CK_"));
    EXPECT_EQ(good("GET", "")["servers"][0]["name"], "mdm");
    EXPECT_EQ(call("POST", "/servers/none/token").status, 404U);
    EXPECT_EQ(call("POST", "/servers", {{"name", "x"}}).status, 400U);
}

TEST_F(portal, devices_come_move_and_go) {
    const std::string id =
        good("POST", "/servers", {{"name", "a"}, {"certificate", identity().cert.pem()}})["id"];
    const json devices{{{"serial", "X1"}, {"server", id}}, {{"serial", "X2"}}};
    EXPECT_EQ(good("POST", "/devices", {{"devices", devices}})["added"], 2);
    EXPECT_EQ(good("POST", "/devices", {{"devices", devices}})["known"], 2);
    EXPECT_EQ(call("POST", "/devices", {{"devices", {{{"serial", ""}}}}}).status, 400U);
    EXPECT_EQ(
        call("POST", "/devices", {{"devices", {{{"serial", "X3"}, {"server", "no"}}}}}).status,
        400U);
    good("POST", "/devices/X2/assign", {{"server", id}});
    EXPECT_EQ(good("GET", "/devices")["devices"][1]["server"], id);
    EXPECT_EQ(call("POST", "/devices/X2/assign", {{"server", id}}).status, 404U);
    good("DELETE", "/devices/X1");
    EXPECT_EQ(call("DELETE", "/devices/X1").status, 404U);
    EXPECT_EQ(good("GET", "/devices")["devices"].size(), 1U);
}

TEST_F(portal, mistakes_are_named) {
    EXPECT_EQ(call("POST", "/faults", {{"fault", "nonsense"}}).status, 400U);
    EXPECT_EQ(good("GET", "/faults")["faults"].size(), all_faults().size());
    good("POST", "/faults", {{"fault", "expired-cursor"}, {"times", 2}});
    good("DELETE", "/faults");
    EXPECT_EQ(call("POST", "/terms", {{"accepted", "yes"}}).status, 400U);
    good("POST", "/terms", {{"accepted", false}});
    EXPECT_FALSE(service_->org().terms_accepted);
    EXPECT_EQ(call("POST", "/rules", {{"error_form", "xml"}}).status, 400U);
    good("POST", "/rules", {{"error_form", "quoted"}, {"max_page", 10}});
    EXPECT_EQ(service_->rules().max_page, 10U);
    EXPECT_EQ(service_->rules().default_page, 10U);
    EXPECT_EQ(call("PUT", "/terms").status, 405U);
    EXPECT_EQ(call("GET", "/nowhere").status, 404U);
    EXPECT_EQ(call("GET", "/a/b/c/d/e").status, 404U);
}

TEST_F(portal, ABM_090_the_activation_record_follows_the_assigned_profile) {
    service_->org().add_server("S", "s", world_->now());
    device_record d;
    d.serial = serial_number{"X1"};
    d.server = "S";
    service_->org().add_device(d, world_->now());
    EXPECT_FALSE(service_->activation_record("X1"));
    EXPECT_FALSE(service_->activation_record("none"));
    service_->org().find_server("S")->profiles["P"] = json{
        {"url", "https://x.example.org"},
        {"await_device_configured", true},
        {"is_mdm_removable", false},
        {"skip_setup_items", {"Siri"}}}.dump();
    service_->org().modify("X1", world_->now(), [](device_record& r) { r.profile = "P"; });
    const auto record = json::parse(*service_->activation_record("x1"));
    EXPECT_EQ(record["ConfigurationURL"], "https://x.example.org");
    EXPECT_EQ(record["AwaitDeviceConfigured"], true);
    EXPECT_EQ(record["IsMDMUnremovable"], true);
    EXPECT_EQ(record["SkipSetup"], (json{"Siri"}));
    const auto after = service_->org().find_device("X1");
    EXPECT_EQ(after->status, profile_status::pushed);
    EXPECT_TRUE(after->profile_pushed);
    EXPECT_EQ(service_->org().find_server("S")->log.back().what, operation::modified);
}

} // namespace
} // namespace pomona::sim::abm
