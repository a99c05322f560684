// Every command of the tables, as it should be and as it should not: what a Mac answers before it
// looks at what a command means, and that what it answers is as the schema has it.
#include "mac/command_processor.hpp"
#include "mac/command_screening.hpp"
#include "mac/error_codes.hpp"
#include "profiles.hpp"
#include "schema_generate.hpp"

#include <gtest/gtest.h>

namespace pomona::sim::mac {
namespace {

using mdm::command_status;
using schema::extent;

const account alice{
    .id = "00000000-0000-4000-8000-0000000000AA", .short_name = "alice", .long_name = "Alice"};

/// A Mac whose every answer is held against the schema.
class screening : public ::testing::Test {
  protected:
    screening() { store.put(enrollment_profile(), origin::user); }

    static profile::profile enrollment_profile() {
        return profile_of("org.example.enroll", {mdm_payload_of(mdm_settings())});
    }

    device_state state() {
        return {.machine = hw,
                .profiles = store,
                .box = box,
                .crypto = ctx,
                .access_rights = rights,
                .token = push_token{bytes(32, 7)},
                .now = {},
                .supervised = supervised,
                .by_ade = by_ade,
                .seed_schema = seed,
                .user = on_user_channel ? &alice : nullptr};
    }
    schema::context context() { return schema_context(state()); }

    mdm::report run(plist::dict body) {
        const std::string type = *body.string("RequestType");
        const auto out = process_command(
            mdm::write_command(
                {.uuid = command_uuid{"U1"}, .request_type = type, .body = std::move(body)}),
            state());
        EXPECT_TRUE(out) << type;
        const auto report = plist::parse_dict(mdm::write_report(out->answer)).value();
        // MDM-CHK-075.
        const auto found = schema::validate_report(type, report, context());
        const auto* problem = schema::first_problem(found);
        EXPECT_EQ(problem, nullptr) << type << ": " << problem->to_string();
        return out->answer;
    }
    static std::int64_t code_of(const mdm::report& r) {
        return r.errors.empty() ? 0 : r.errors.front().code;
    }

    crypto::context ctx = crypto::context::seeded(as_bytes("screening"));
    hardware hw = test_hardware();
    profile_store store;
    machine_state box{hw.kind};
    std::int64_t rights = 8191;
    bool supervised = true, by_ade = true, seed = false, on_user_channel = false;
};

void at_home(const schema::entry& e, bool& on_user_channel) {
    on_user_channel = e.root.channel == schema::channels::user;
}

// Every command, minimal and maximal, in the forms that are allowed: never called malformed, and
// answered as the schema has it.
TEST_F(screening, valid_commands_are_carried_out_or_refused_but_never_malformed) {
    for (const auto& e : schema::entries(schema::area::command)) {
        at_home(e, on_user_channel);
        if (schema::obstacle_of(e, context()) != schema::obstacle::none) {
            continue;
        }
        for (const auto extent : {extent::minimal, extent::maximal}) {
            box = machine_state{hw.kind};
            const auto answer = run(schema::make_command(e, context(), extent));
            // InstallProfile and the like may still find what is inside of the data malformed.
            EXPECT_NE(answer.status, command_status::not_now) << e.name();
            if (extent == extent::minimal) {
                EXPECT_NE(code_of(answer), code::not_authorised) << e.name();
            }
        }
    }
}

// MDM-CHK-063: each required key missing, each key of a wrong type.
TEST_F(screening, a_command_that_lacks_a_key_or_has_one_of_a_wrong_type_is_malformed) {
    std::size_t tried = 0;
    for (const auto& e : schema::entries(schema::area::command)) {
        at_home(e, on_user_channel);
        if (schema::obstacle_of(e, context()) != schema::obstacle::none) {
            continue;
        }
        for (const auto& n : e.root.children()) {
            if (n.is_free_key() || schema::obstacle_of(n, context()) != schema::obstacle::none) {
                continue;
            }
            auto wrong = schema::make_command(e, context(), extent::minimal);
            wrong.set(n.name(), schema::make_wrong_type(n));
            EXPECT_EQ(run(wrong).status, command_status::command_format_error)
                << e.name() << ' ' << n.name();
            ++tried;
            if (n.is_required()) {
                wrong.erase(n.name());
                EXPECT_EQ(run(wrong).status, command_status::command_format_error)
                    << e.name() << " without " << n.name();
            }
        }
    }
    EXPECT_GT(tried, 60U);
}

// MDM-CHK-078.
TEST_F(screening, the_other_channel_is_an_error) {
    for (const auto& e : schema::entries(schema::area::command)) {
        if (e.root.channel != schema::channels::device &&
            e.root.channel != schema::channels::user) {
            continue;
        }
        on_user_channel = e.root.channel == schema::channels::device;
        if (e.root.since() >= schema::first_seed) {
            continue;
        }
        const auto answer = run(schema::make_command(e, {}, extent::minimal));
        EXPECT_EQ(answer.status, command_status::error) << e.name();
        EXPECT_EQ(code_of(answer), code::unknown_request_type) << e.name();
    }
}

// MDM-CHK-077.
TEST_F(screening, a_right_that_lacks_is_an_error) {
    rights = 0;
    for (const auto& e : schema::entries(schema::area::command)) {
        at_home(e, on_user_channel);
        if (schema::obstacle_of(e, context()) != schema::obstacle::right) {
            continue;
        }
        const auto answer = run(schema::make_command(e, context(), extent::minimal));
        EXPECT_EQ(answer.status, command_status::error) << e.name();
        EXPECT_EQ(code_of(answer), code::not_authorised) << e.name();
    }
}

TEST_F(screening, supervision_and_automated_enrollment_are_asked_for) {
    supervised = false;
    by_ade = false;
    const auto unsupervised = run({{"RequestType", "UserList"}});
    EXPECT_EQ(unsupervised.errors.at(0).domain, "MCChaperoneErrorDomain");
    EXPECT_EQ(code_of(unsupervised), code::not_supervised);
    EXPECT_EQ(run({{"RequestType", "DeviceConfigured"}}).status, command_status::error);
}

TEST_F(screening, what_a_later_release_brought_is_not_known) {
    hw = test_hardware("macos-15-apple-silicon");
    box = machine_state{hw.kind};
    const auto answer = run({{"RequestType", "TriggerEnhancedLogCollection"}});
    EXPECT_EQ(code_of(answer), code::unknown_request_type);
    EXPECT_EQ(code_of(run({{"RequestType", "NoSuchCommand"}})), code::unknown_request_type);
}

// Apple, "SettingsCommand": each item has its own result; the command is not malformed for one.
TEST_F(screening, settings_that_are_not_of_macos_do_not_spoil_the_command) {
    const plist::dict item{{"Item", "VoiceRoaming"}, {"Enabled", true}};
    EXPECT_NE(run({{"RequestType", "Settings"}, {"Settings", plist::array{item}}}).status,
              command_status::command_format_error);
    const plist::dict half{{"Item", "Bluetooth"}};
    EXPECT_EQ(run({{"RequestType", "Settings"}, {"Settings", plist::array{half}}}).status,
              command_status::command_format_error);
}

TEST_F(screening, unknown_keys_are_passed_over) {
    EXPECT_EQ(run({{"RequestType", "ProfileList"}, {"Future", 1}}).status,
              command_status::acknowledged);
}

} // namespace
} // namespace pomona::sim::mac
