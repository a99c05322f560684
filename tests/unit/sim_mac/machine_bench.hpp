// A Mac's machine that is asked by commands, one after the other.
#pragma once

#include "mac/command_processor.hpp"
#include "mac/command_screening.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pomona::sim::mac {

constexpr time_point noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} +
                          std::chrono::hours{12}};

/// One Mac that is asked command after command, without a world.
class machine_bench : public testing::Test {
  protected:
    machine_bench() {
        store.put(profile_of("org.example.enroll", {mdm_payload_of(mdm_settings())}), origin::user);
    }
    void use_intel() {
        hw.kind = *find_persona("macos-15-intel");
        box = machine_state{hw.kind};
    }
    outcome run(std::string_view type, plist::dict body = {}) {
        body.set("RequestType", type);
        const mdm::command c{
            .uuid = command_uuid{"U1"}, .request_type = std::string{type}, .body = body};
        const device_state state{.machine = hw,
                                 .profiles = store,
                                 .box = box,
                                 .crypto = ctx,
                                 .access_rights = rights,
                                 .token = push_token{bytes(32, 7)},
                                 .now = now,
                                 .user = on_user_channel ? &alice : nullptr,
                                 .shelf = &shelf};
        auto out = process_command(mdm::write_command(c), state);
        EXPECT_TRUE(out);
        if (out && out->answer.status == mdm::command_status::acknowledged) { // MDM-CHK-075
            for (const auto& f :
                 schema::validate_answer(type, out->answer.result, schema_context(state))) {
                EXPECT_FALSE(f.is_problem()) << type << ": " << f.to_string();
            }
        }
        return out ? *std::move(out) : outcome{};
    }
    plist::dict ok(std::string_view type, plist::dict body = {}) {
        auto out = run(type, std::move(body));
        EXPECT_EQ(out.answer.status, mdm::command_status::acknowledged)
            << type << ' '
            << (out.answer.errors.empty() ? "" : out.answer.errors[0].localized_description);
        return std::move(out.answer.result);
    }
    outcome error(std::int64_t code, std::string_view type, plist::dict body = {}) {
        auto out = run(type, std::move(body));
        EXPECT_EQ(out.answer.status, mdm::command_status::error) << type;
        EXPECT_FALSE(out.answer.errors.empty());
        if (!out.answer.errors.empty()) {
            EXPECT_EQ(out.answer.errors[0].code, code) << type;
        }
        return out;
    }
    void format_error(std::string_view type, plist::dict body = {}) {
        EXPECT_EQ(run(type, std::move(body)).answer.status,
                  mdm::command_status::command_format_error)
            << type;
    }
    void run_for(duration d) {
        const auto end = now + d;
        while (const auto due = box.next_change()) {
            if (*due > end) {
                break;
            }
            now = std::max(now, *due);
            box.advance(now);
            box.updates.authorise(true, now);
        }
        now = end;
    }
    plist::value query(std::string_view name) {
        const auto r = ok("DeviceInformation", {{"Queries", plist::array{name}}});
        const auto* v = r.dictionary("QueryResponses")->find(name);
        return v == nullptr ? plist::value{} : *v;
    }
    plist::dict security() { return *ok("SecurityInfo").dictionary("SecurityInfo"); }
    static bool listed(const plist::dict& result, std::string_view key, std::string_view id) {
        return std::ranges::any_of(*result.list(key), [&](const plist::value& v) {
            const auto* found = v.get<plist::dict>()->string("Identifier");
            return found != nullptr && *found == id;
        });
    }

    crypto::context ctx = crypto::context::seeded(as_bytes("machine"));
    hardware hw = test_hardware();
    profile_store store;
    machine_state box{hw.kind};
    app_shelf shelf;
    account alice{.id = "A", .short_name = "alice", .long_name = "Alice"};
    bool on_user_channel = false;
    std::int64_t rights = 8191;
    time_point now = noon;
};

} // namespace pomona::sim::mac
