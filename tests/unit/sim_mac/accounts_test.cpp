// The accounts of a Mac, and the commands about them.
#include "mac/commands/handler.hpp"
#include "mac/machine/machine.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

namespace pomona::sim::mac {
namespace {

using mdm::command_status;

plist::dict hash_plist(std::size_t salt = 32) {
    return {{"SALTED-SHA512-PBKDF2", plist::dict{{"entropy", bytes(128, 1)},
                                                 {"iterations", std::int64_t{30'000}},
                                                 {"salt", bytes(salt, 2)}}}};
}

class account_test : public testing::Test {
  protected:
    account_test() {
        box.users.add({.guid = "G1", .short_name = "alice", .full_name = "Alice", .admin = true});
        box.users.add({.guid = "G2", .short_name = "bob", .full_name = "Bob"});
        box.users.set_logged_in("alice", true);
    }
    outcome run(plist::dict body) {
        const auto type = *body.string("RequestType");
        const mdm::command c{
            .uuid = command_uuid{"U1"}, .request_type = type, .body = std::move(body)};
        device_state state{.machine = hw,
                           .profiles = store,
                           .box = box,
                           .crypto = ctx,
                           .access_rights = 8191,
                           .token = push_token{bytes(32, 7)},
                           .now = {},
                           .by_ade = true,
                           .awaiting_configuration = in_setup};
        return process_command(mdm::write_command(c), state).value();
    }
    static std::int64_t error_of(const outcome& o) {
        return o.answer.errors.empty() ? 0 : o.answer.errors[0].code;
    }

    crypto::context ctx = crypto::context::seeded(as_bytes("accounts"));
    hardware hw = test_hardware();
    profile_store store;
    machine_state box;
    bool in_setup = false;
};

TEST_F(account_test, the_list_is_what_is_on_the_mac) {
    const auto o = run({{"RequestType", "UserList"}});
    const auto* list = o.answer.result.list("Users");
    ASSERT_NE(list, nullptr);
    ASSERT_EQ(list->size(), 2U);
    const auto& alice = *(*list)[0].get<plist::dict>();
    EXPECT_EQ(*alice.string("UserName"), "alice");
    EXPECT_EQ(*alice.integer("UID"), 501);
    EXPECT_TRUE(*alice.boolean("IsLoggedIn"));
    EXPECT_TRUE(*alice.boolean("HasSecureToken")) << "the first account of a Mac";
    const auto& bob = *(*list)[1].get<plist::dict>();
    EXPECT_EQ(*bob.integer("UID"), 502);
    EXPECT_FALSE(*bob.boolean("IsLoggedIn"));
    EXPECT_FALSE(*bob.boolean("HasSecureToken"));
}

TEST_F(account_test, who_is_logged_in_or_needed_stays) {
    EXPECT_EQ(error_of(run({{"RequestType", "DeleteUser"}, {"UserName", "carol"}})), 12071);
    EXPECT_EQ(error_of(run({{"RequestType", "DeleteUser"}, {"UserName", "alice"}})), 12072);
    box.users.set_logged_in("alice", false);
    EXPECT_EQ(error_of(run({{"RequestType", "DeleteUser"}, {"UserName", "alice"}})), 12074);
    const auto gone = run({{"RequestType", "DeleteUser"}, {"UserName", "bob"}});
    EXPECT_EQ(gone.answer.status, command_status::acknowledged);
    EXPECT_EQ(std::get<effect::end_user>(gone.effect).short_name, "bob");
    EXPECT_EQ(run({{"RequestType", "UserList"}}).answer.result.list("Users")->size(), 1U);
    EXPECT_EQ(run({{"RequestType", "DeleteUser"}}).answer.status,
              command_status::command_format_error);
}

TEST_F(account_test, a_locked_account_is_unlocked) {
    box.users.find("bob")->locked = true;
    EXPECT_EQ(run({{"RequestType", "UnlockUserAccount"}, {"UserName", "bob"}}).answer.status,
              command_status::acknowledged);
    EXPECT_FALSE(box.users.find("bob")->locked);
    EXPECT_EQ(error_of(run({{"RequestType", "UnlockUserAccount"}, {"UserName", "carol"}})), 12071);
}

TEST_F(account_test, a_freed_uid_is_used_again) {
    ASSERT_EQ(box.users.remove("bob"), accounts::removal::done);
    box.users.add({.guid = "N", .short_name = "net", .full_name = "Net", .uid = 1'000'001});
    EXPECT_EQ(box.users.add({.guid = "G3", .short_name = "carol", .full_name = "Carol"}).uid, 502);
    EXPECT_EQ(box.users.add({.guid = "G4", .short_name = "dave", .full_name = "Dave"}).uid, 503);
}

plist::dict setup_command() {
    return {{"RequestType", "AccountConfiguration"},
            {"SkipPrimarySetupAccountCreation", true},
            {"ManagedLocalUserShortName", "admin"},
            {"AutoSetupAdminAccounts",
             plist::array{plist::dict{{"shortName", "admin"},
                                      {"hidden", true},
                                      {"passwordHash", plist::to_binary(hash_plist())}},
                          plist::dict{{"shortName", "ignored"}}}}};
}

// Observed (F27): 101 once Setup Assistant is over.
TEST_F(account_test, mdm_sets_accounts_up_in_setup_assistant_only) {
    const auto late = run(setup_command());
    EXPECT_EQ(error_of(late), 101);
    EXPECT_EQ(late.answer.errors[0].domain, "MDMDeviceEnrollment");
    EXPECT_EQ(box.users.find("admin"), nullptr);
    in_setup = true;
    EXPECT_EQ(run(setup_command()).answer.status, command_status::acknowledged);
    const auto* admin = box.users.find("admin");
    ASSERT_NE(admin, nullptr);
    EXPECT_TRUE(admin->admin && admin->hidden && admin->auto_admin && admin->hash);
    EXPECT_FALSE(admin->secure_token);
    EXPECT_EQ(box.users.find("ignored"), nullptr) << "the schema: the first element only";
    EXPECT_TRUE(box.users.setup->skip_primary);
    EXPECT_EQ(box.users.setup->managed_short_name, "admin");

    const auto asked = run({{"RequestType", "DeviceInformation"},
                            {"Queries", plist::array{"AutoSetupAdminAccounts"}}});
    const auto& list =
        *asked.answer.result.dictionary("QueryResponses")->list("AutoSetupAdminAccounts");
    ASSERT_EQ(list.size(), 1U);
    const auto guid = *list[0].get<plist::dict>()->string("GUID");
    EXPECT_EQ(guid.size(), 36U);

    const auto change = [&](const std::string& whose, bytes hash) {
        return run({{"RequestType", "SetAutoAdminPassword"},
                    {"GUID", whose},
                    {"passwordHash", std::move(hash)}});
    };
    const auto before = admin->hash;
    auto other = hash_plist();
    other.find("SALTED-SHA512-PBKDF2")->get<plist::dict>()->set("iterations", 20'000);
    EXPECT_EQ(error_of(change("G1", plist::to_xml(other))), 12071) << "not made by MDM";
    EXPECT_EQ(change(guid, bytes{1}).answer.status, command_status::command_format_error);
    EXPECT_EQ(box.users.find("admin")->hash, before);
    EXPECT_EQ(change(guid, plist::to_xml(other)).answer.status, command_status::acknowledged);
    EXPECT_EQ(box.users.find("admin")->hash->iterations, 20'000);
}

TEST_F(account_test, setup_without_anybody_is_malformed) {
    in_setup = true;
    auto nobody = setup_command();
    nobody.erase("AutoSetupAdminAccounts");
    EXPECT_EQ(run(nobody).answer.status, command_status::command_format_error);
    auto bad_hash = setup_command();
    bad_hash.set("AutoSetupAdminAccounts",
                 plist::array{plist::dict{{"shortName", "x"}, {"passwordHash", bytes{1, 2}}}});
    EXPECT_EQ(run(bad_hash).answer.status, command_status::command_format_error);
    EXPECT_FALSE(box.users.setup);
    const plist::dict prefilled{{"RequestType", "AccountConfiguration"},
                                {"PrimaryAccountFullName", "Carol"},
                                {"LockPrimaryAccountInfo", true}};
    EXPECT_EQ(run(prefilled).answer.status, command_status::acknowledged);
    EXPECT_EQ(box.users.setup->primary_full_name, "Carol");
    EXPECT_TRUE(box.users.setup->lock_primary_info);
}

// Schema mdm/commands/profile.provisioning.*.yaml.
TEST_F(account_test, provisioning_profiles_come_and_go) {
    const auto data = plist::to_xml(plist::dict{{"Name", "One"}, {"UUID", "P1"}});
    const auto listed = [&] {
        return run({{"RequestType", "ProvisioningProfileList"}})
            .answer.result.list("ProvisioningProfileList")
            ->size();
    };
    for (int i = 0; i < 2; ++i) { // again is no error
        EXPECT_EQ(
            run({{"RequestType", "InstallProvisioningProfile"}, {"ProvisioningProfile", data}})
                .answer.status,
            command_status::acknowledged);
    }
    EXPECT_EQ(listed(), 1U);
    EXPECT_EQ(machine_state::load(box.save())->provisioned, box.provisioned);
    EXPECT_EQ(error_of(run({{"RequestType", "InstallProvisioningProfile"},
                            {"ProvisioningProfile", bytes{1}}})),
              25000);
    EXPECT_EQ(error_of(run({{"RequestType", "RemoveProvisioningProfile"}, {"UUID", "P2"}})), 25000);
    EXPECT_EQ(run({{"RequestType", "RemoveProvisioningProfile"}, {"UUID", "P1"}}).answer.status,
              command_status::acknowledged);
    EXPECT_EQ(listed(), 0U);
}

// Schema other/passwordhash.yaml.
TEST(password_hash, has_the_form_of_the_schema) {
    const auto good = read_password_hash(plist::to_binary(hash_plist()));
    ASSERT_TRUE(good);
    EXPECT_EQ(good->iterations, 30'000);
    EXPECT_EQ(read_password_hash(plist::to_xml(write_password_hash(*good))), *good);
    EXPECT_FALSE(read_password_hash(plist::to_xml(hash_plist(31))));
    EXPECT_FALSE(read_password_hash(as_bytes("secret")));
    EXPECT_FALSE(read_password_hash(plist::to_xml(plist::dict{})));
}

TEST_F(account_test, everything_is_saved) {
    box.users.find("bob")->locked = true;
    box.users.find("bob")->hash = read_password_hash(plist::to_binary(hash_plist())).value();
    box.users.setup = account_setup{.skip_primary = true, .managed_short_name = "bob"};
    const auto again = machine_state::load(box.save());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->users, box.users);
    EXPECT_FALSE(accounts::load({{"Accounts", plist::array{"x"}}}));
    EXPECT_FALSE(accounts::load({{"Accounts", plist::array{plist::dict{}}}}));
}

} // namespace
} // namespace pomona::sim::mac
