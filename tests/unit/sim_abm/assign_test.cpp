// What is done with single devices.
#include "client.hpp"

namespace pomona::sim::abm {
namespace {

using namespace std::chrono_literals;

class assigning : public dep {
  protected:
    assigning() {
        add_devices(2);
        add_devices(1, "S2", "D");
        add_devices(1, "", "U");
    }
    const json mixture_{"C00000", "D00000", "U00000", "NONE"};
};

TEST_F(assigning, ABM_065_details_say_of_each_device_whether_it_is_there) {
    const auto d = good("POST", "/devices", {{"devices", {"c00000", "D00000", "NONE"}}})["devices"];
    EXPECT_EQ(d["c00000"]["response_status"], "SUCCESS");
    EXPECT_EQ(d["c00000"]["serial_number"], "C00000");
    EXPECT_EQ(d["D00000"], (json{{"response_status", "NOT_ACCESSIBLE"}}));
    EXPECT_EQ(d["NONE"], (json{{"response_status", "NOT_ACCESSIBLE"}}));
}

TEST_F(assigning, ABM_066_a_list_of_devices_is_needed) {
    const auto uuid = define();
    for (const auto& body :
         {json::object(), json{{"devices", json::array()}}, json{{"devices", {1}}}}) {
        auto with_profile = body;
        with_profile["profile_uuid"] = uuid;
        EXPECT_EQ(refused("POST", "/devices", body), "400 DEVICE_ID_REQUIRED");
        EXPECT_EQ(refused("POST", "/devices/disown", body), "400 DEVICE_ID_REQUIRED");
        EXPECT_EQ(refused("POST", "/profile/devices", with_profile), "400 DEVICE_ID_REQUIRED");
        EXPECT_EQ(refused("DELETE", "/profile/devices", body), "400 DEVICE_ID_REQUIRED");
    }
    EXPECT_EQ(refused("POST", "/profile/devices", {{"devices", {"C00000"}}}),
              "400 PROFILE_UUID_REQUIRED");
}

TEST_F(assigning, ABM_068_a_definition_may_assign_at_once) {
    const auto said = good("POST", "/profile",
                           {{"profile_name", "P"},
                            {"url", "https://x.example.org"},
                            {"devices", mixture_}})["devices"];
    EXPECT_EQ(said["C00000"], "SUCCESS");
    EXPECT_EQ(said["NONE"], "NOT_ACCESSIBLE");
    EXPECT_EQ(org_.find_device("C00000")->status, profile_status::assigned);
}

TEST_F(assigning, ABM_070_ABM_071_by_post_and_put_with_an_answer_for_each_device) {
    const auto uuid = define();
    for (const auto* method : {"POST", "PUT"}) {
        const auto said =
            good(method, "/profile/devices", {{"profile_uuid", uuid}, {"devices", mixture_}});
        EXPECT_EQ(said["profile_uuid"], uuid);
        EXPECT_EQ(said["devices"]["C00000"], "SUCCESS");
        EXPECT_EQ(said["devices"]["D00000"], "NOT_ACCESSIBLE");
        EXPECT_FALSE(said.contains("retry_after_seconds"));
        EXPECT_EQ(
            refused(method, "/profile/devices", {{"profile_uuid", "00"}, {"devices", mixture_}}),
            "404 PROFILE_NOT_FOUND");
    }
}

TEST_F(assigning, ABM_072_a_throttled_device_by_protocol_version) {
    state_->rules.assignments_a_day = 1;
    const json body{{"profile_uuid", define()}, {"devices", {"C00000"}}};
    good("POST", "/profile/devices", body);
    const auto again = [&](int version) {
        version_ = version;
        return good("POST", "/profile/devices", body);
    };
    EXPECT_EQ(again(8)["devices"]["C00000"], "FAILED");
    EXPECT_EQ(again(9)["devices"]["C00000"], "THROTTLED");
    EXPECT_FALSE(again(9).contains("retry_after_seconds"));
    EXPECT_EQ(again(10)["retry_after_seconds"], 86400);
    EXPECT_EQ(good("POST", "/devices/disown", {{"devices", {"C00001"}}})["devices"]["C00001"],
              "SUCCESS");
    advance(25h);
    EXPECT_EQ(again(10)["devices"]["C00000"], "SUCCESS");
}

TEST_F(assigning, ABM_073_a_profile_that_was_taken_leaves_a_trace) {
    const json body{{"profile_uuid", define()}, {"devices", {"C00000", "C00001"}}};
    good("POST", "/profile/devices", body);
    org_.modify("C00001", now(), [](device_record& d) { d.status = profile_status::pushed; });
    good("DELETE", "/profile/devices", {{"devices", {"C00000", "C00001"}}});
    const auto d = good("POST", "/devices", {{"devices", {"C00000", "C00001"}}})["devices"];
    EXPECT_EQ(d["C00000"]["profile_status"], "empty");
    EXPECT_EQ(d["C00001"]["profile_status"], "removed");
    EXPECT_FALSE(d["C00001"].contains("profile_uuid"));
}

TEST_F(assigning, ABM_074_disowned_is_gone_for_good) {
    const auto cursor = good("POST", "/server/devices")["cursor"];
    const auto said = good("POST", "/devices/disown", {{"devices", {"C00000", "D00000"}}});
    EXPECT_EQ(said["devices"]["C00000"], "SUCCESS");
    EXPECT_EQ(said["devices"]["D00000"], "NOT_ACCESSIBLE");
    EXPECT_EQ(org_.find_device("C00000"), nullptr);
    const auto changes = good("POST", "/devices/sync", {{"cursor", cursor}})["devices"];
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0]["op_type"], "deleted");
    EXPECT_EQ(changes[0]["serial_number"], "C00000");
    org_.find_server("S1")->may_disown = false;
    EXPECT_EQ(refused("POST", "/devices/disown", {{"devices", {"C00001"}}}), "403 ACCESS_DENIED");
}

TEST_F(assigning, ABM_075_activation_lock) {
    const auto lock = [&](const json& body) {
        return good("POST", "/device/activationlock", body)["response_status"];
    };
    EXPECT_EQ(lock({{"device", "C00000"}, {"escrow_key", std::string(64, 'a')}}), "SUCCESS");
    EXPECT_EQ(lock({{"device", "C00000"}}), "DEVICE_ALREADY_LOCKED");
    EXPECT_EQ(lock({{"device", "D00000"}}), "NOT_ACCESSIBLE");
    org_.modify("C00001", now(), [](device_record& d) { d.family = "AppleTV"; });
    EXPECT_EQ(lock({{"device", "C00001"}}), "DEVICE_NOT_SUPPORTED");
    add_devices(1, "S1", "E");
    org_.is_supported = false;
    EXPECT_EQ(lock({{"device", "E00000"}}), "ORG_NOT_SUPPORTED");
    org_.is_supported = true;
    state_->faults.add({.what = fault::failed, .path = "/device/activationlock"});
    EXPECT_EQ(lock({{"device", "E00000"}}), "FAILED");
    EXPECT_FALSE(org_.find_device("E00000")->activation_locked);
    for (const auto& key : {json("short"), json(std::string(64, 'g')), json(1)}) {
        EXPECT_EQ(
            refused("POST", "/device/activationlock", {{"device", "C00001"}, {"escrow_key", key}}),
            "400 MALFORMED_REQUEST_BODY");
    }
    EXPECT_EQ(refused("POST", "/device/activationlock"), "400 MALFORMED_REQUEST_BODY");
}

TEST_F(assigning, what_failed_was_not_done) {
    const auto uuid = define();
    const json body{{"profile_uuid", uuid}, {"devices", {"C00000", "D00000"}}};
    for (const auto& [method, path] :
         std::vector<std::pair<std::string, std::string>>{{"POST", "/profile/devices"},
                                                          {"DELETE", "/profile/devices"},
                                                          {"POST", "/devices/disown"}}) {
        state_->faults.add({.what = fault::failed});
        const auto said = good(method, path, body)["devices"];
        EXPECT_EQ(said["C00000"], "FAILED") << method << path;
        EXPECT_EQ(said["D00000"], "NOT_ACCESSIBLE") << method << path;
    }
    EXPECT_EQ(org_.find_device("C00000")->status, profile_status::empty);
    state_->faults.add({.what = fault::failed});
    EXPECT_EQ(good("POST", "/devices", body)["devices"]["C00000"]["response_status"], "FAILED");
    EXPECT_EQ(good("POST", "/profile/devices", body)["devices"]["C00000"], "SUCCESS");
}

} // namespace
} // namespace pomona::sim::abm
