// The software updates of a Mac, without a world.
#include "mac/error_codes.hpp"
#include "mac/machine/os_updates.hpp"

#include <gtest/gtest.h>

#include <random>

namespace pomona::sim::mac {
namespace {

using namespace std::chrono_literals;

constexpr time_point noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} + 12h};

class os_updates_of_a_mac : public testing::Test {
  protected:
    /// Lets time go on to `until`; what happened is kept.
    void run_to(time_point until) {
        while (const auto due = subject.next_change()) {
            if (*due > until) {
                break;
            }
            now = std::max(now, *due);
            subject.advance(now, all);
            if (granted) {
                subject.authorise(*granted, now);
            }
        }
        now = until;
    }
    void run_for(duration d) { run_to(now + d); }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& h : all) {
            out.push_back(h.name);
        }
        return out;
    }
    update_answer schedule(install_action action, std::string version = "15.1.1") {
        return subject.schedule({.product_version = std::move(version), .action = action}, now);
    }
    [[nodiscard]] update_progress progress() const {
        const auto list = subject.progress(now);
        EXPECT_EQ(list.size(), 1U);
        return list.empty() ? update_progress{} : list.front();
    }
    void expect_same_after_reload() {
        subject.advance(now, all); // what is told next is told first
        const auto saved = subject.save();
        const auto again = os_updates::load(saved);
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_EQ(again->save(), saved);
        EXPECT_EQ(again->next_change(), subject.next_change());
    }

    os_updates subject{{.version = "15.1", .build = "24B83"}, true, 26};
    time_point now = noon;
    std::optional<bool> granted = true;
    std::vector<happening> all;
};

TEST_F(os_updates_of_a_mac, offers_the_newest_of_its_own_and_of_each_later_major_version) {
    const auto offered = subject.available();
    ASSERT_EQ(offered.size(), 2U);
    EXPECT_EQ(offered[0]->version, "15.6.1");
    EXPECT_EQ(offered[1]->version, "26.2");
    EXPECT_EQ(os_updates::product_key_of(*offered[0], 15), "MSU_UPDATE_24G90_patch_15.6.1_minor");
    EXPECT_EQ(os_updates::product_key_of(*offered[1], 15), "MSU_UPDATE_25C56_patch_26.2_major");
    // A model that cannot have the later one.
    EXPECT_EQ(os_updates({.version = "15.1", .build = "24B83"}, false, 15).available().size(), 1U);
    EXPECT_TRUE(os_updates({.version = "26.2", .build = "25C56"}, true, 26).available().empty());
}

TEST_F(os_updates_of_a_mac, force_restart_ends_with_the_new_version_and_build) {
    const auto a = schedule(install_action::install_force_restart);
    EXPECT_EQ(a.product_key, "MSU_UPDATE_24B91_patch_15.1.1_minor");
    EXPECT_EQ(a.action, "InstallForceRestart");
    EXPECT_EQ(a.status, "Downloading");
    EXPECT_EQ(a.error, 0);
    EXPECT_EQ(progress().complete, 0.0);
    EXPECT_FALSE(progress().downloaded);
    run_for(1min);
    EXPECT_GT(progress().complete, 0.3);
    EXPECT_LT(progress().complete, 0.6);
    EXPECT_EQ(subject.state(), update_state::downloading);
    EXPECT_EQ(subject.reasons(), std::vector<std::string>{"mdm"});
    EXPECT_EQ(subject.pending()->build, "24B91");
    expect_same_after_reload();
    run_for(1h);
    EXPECT_EQ(names(), (std::vector<std::string>{"os-update-downloaded", "os-update-prepared",
                                                 "os-update-installing", "os-update-restarting",
                                                 "os-updated"}));
    EXPECT_EQ(all[3].down_for, std::optional<duration>{8min});
    EXPECT_EQ(subject.installed(), (installed_os{.version = "15.1.1", .build = "24B91"}));
    EXPECT_TRUE(subject.progress(now).empty());
    EXPECT_EQ(subject.state(), update_state::none);
    EXPECT_FALSE(subject.pending());
    EXPECT_TRUE(subject.reasons().empty());
}

TEST_F(os_updates_of_a_mac, default_downloads_first_and_installs_when_it_is_downloaded) {
    EXPECT_EQ(schedule(install_action::usual).action, "DownloadOnly");
    run_for(3h);
    EXPECT_EQ(progress().status, "Idle");
    EXPECT_TRUE(progress().downloaded);
    EXPECT_EQ(subject.state(), update_state::prepared);
    EXPECT_EQ(schedule(install_action::usual).action, "InstallASAP");
    run_for(59s);
    EXPECT_EQ(progress().status, "Idle"); // the countdown before the restart
    run_for(1h);
    EXPECT_EQ(subject.installed().version, "15.1.1");
}

TEST_F(os_updates_of_a_mac, notify_only_tells_the_user_and_installs_nothing) {
    schedule(install_action::notify_only);
    run_for(72h);
    EXPECT_EQ(subject.installed().version, "15.1");
    EXPECT_EQ(progress().notified.size(), 1U);
    EXPECT_FALSE(progress().next_install);
}

TEST_F(os_updates_of_a_mac, install_later_is_put_off_as_often_as_the_server_permits) {
    const auto a = subject.schedule(
        {.product_version = "15.1.1", .action = install_action::install_later, .max_deferrals = 2},
        now);
    EXPECT_EQ(a.action, "InstallLater");
    run_for(1h);
    EXPECT_EQ(progress().max_deferrals, 2);
    EXPECT_EQ(progress().deferrals_left, 2);
    EXPECT_EQ(progress().notified.size(), 1U);
    EXPECT_TRUE(progress().next_install);
    run_for(24h);
    EXPECT_EQ(progress().deferrals_left, 1);
    run_for(24h);
    EXPECT_EQ(progress().deferrals_left, 0);
    EXPECT_EQ(progress().notified.size(), 3U);
    expect_same_after_reload();
    run_for(25h);
    EXPECT_EQ(subject.installed().version, "15.1.1");
}

TEST_F(os_updates_of_a_mac, deferrals_count_for_minor_updates_only) {
    subject.schedule(
        {.product_version = "26.2", .action = install_action::install_later, .max_deferrals = 2},
        now);
    run_for(1h);
    EXPECT_FALSE(progress().max_deferrals);
    run_for(25h);
    EXPECT_EQ(subject.installed().build, "25C56");
}

TEST_F(os_updates_of_a_mac, an_update_that_is_not_offered_is_12048) {
    for (const auto& what :
         {update_request{.product_version = "15.1"}, update_request{.product_version = "14.7.2"},
          update_request{.product_key = "MSU_UPDATE_24B91_patch_15.1.1_major"},
          update_request{.product_version = "99.1"}}) {
        const auto a = subject.schedule(what, now);
        EXPECT_EQ(a.action, "Error");
        EXPECT_EQ(a.error, code::no_update_available);
    }
    EXPECT_FALSE(subject.next_change());
}

TEST_F(os_updates_of_a_mac, what_cannot_download_says_so_at_once) {
    struct row {
        update_fault fault;
        std::string_view status;
    };
    for (const auto& [fault, status] : {row{update_fault::network, "DownloadInsufficientNetwork"},
                                        row{update_fault::space, "DownloadInsufficientSpace"},
                                        row{update_fault::power, "DownloadInsufficientPower"}}) {
        subject.set_fault(fault);
        const auto a = schedule(install_action::install_asap);
        EXPECT_EQ(a.status, status);
        EXPECT_EQ(a.error, code::update_download_failed);
        EXPECT_FALSE(subject.pending());
    }
}

TEST_F(os_updates_of_a_mac, a_download_that_fails_is_12057_the_next_time) {
    subject.set_fault(update_fault::download);
    EXPECT_EQ(schedule(install_action::install_asap).error, 0);
    run_for(1h);
    EXPECT_EQ(names(), std::vector<std::string>{"os-update-failed"});
    EXPECT_EQ(subject.state(), update_state::failed);
    EXPECT_EQ(subject.failure().count, 1);
    EXPECT_EQ(schedule(install_action::install_asap).error, code::update_download_failed);
    expect_same_after_reload();
    subject.set_fault(update_fault::none);
    EXPECT_EQ(schedule(install_action::install_asap).error, 0);
    run_for(1h);
    EXPECT_EQ(subject.installed().version, "15.1.1");
}

TEST_F(os_updates_of_a_mac, an_installation_that_fails_is_12062_the_next_time) {
    subject.set_fault(update_fault::install);
    schedule(install_action::install_asap);
    run_for(1h);
    EXPECT_EQ(subject.installed().version, "15.1");
    const auto a = schedule(install_action::install_asap);
    EXPECT_EQ(a.error, code::update_install_failed);
    EXPECT_EQ(a.status, "InstallFailed");
}

TEST_F(os_updates_of_a_mac, apple_silicon_waits_for_somebody_to_authorise_it) {
    granted.reset();
    schedule(install_action::install_force_restart);
    run_for(5h);
    EXPECT_TRUE(subject.wants_authorisation());
    expect_same_after_reload();
    subject.authorise(false, now);
    run_for(1s);
    EXPECT_EQ(subject.state(), update_state::failed);
    EXPECT_EQ(subject.installed().version, "15.1");
    // Intel does not ask.
    subject = os_updates{{.version = "15.1", .build = "24B83"}, false, 26};
    schedule(install_action::install_force_restart);
    run_for(5h);
    EXPECT_EQ(subject.installed().version, "15.1.1");
}

TEST_F(os_updates_of_a_mac, a_scan_takes_a_while_and_leaves_its_date) {
    EXPECT_FALSE(subject.last_scan());
    EXPECT_TRUE(subject.scan(true, now));
    run_for(31s);
    EXPECT_EQ(subject.last_scan(), std::optional{noon + 30s});
    subject.set_fault(update_fault::scan);
    EXPECT_FALSE(subject.scan(true, now));
}

// ---- declarations

TEST_F(os_updates_of_a_mac, an_enforced_update_installs_at_its_time_and_not_before) {
    const auto at = noon + 48h;
    subject.enforce({{.declaration = "D1", .version = "15.1.1", .build = {}, .at = at}}, now);
    EXPECT_EQ(subject.reasons(), std::vector<std::string>{"declaration"});
    EXPECT_EQ(subject.declaration(), "D1");
    EXPECT_EQ(subject.pending()->version, "15.1.1");
    EXPECT_EQ(subject.pending()->enforced_at, std::optional{at});
    EXPECT_EQ(subject.state(), update_state::downloading);
    run_to(at - 1s);
    EXPECT_EQ(subject.state(), update_state::prepared);
    EXPECT_TRUE(subject.progress(now).empty()); // schema: a declaration manages it
    expect_same_after_reload();
    run_to(at + 30s);
    EXPECT_EQ(subject.state(), update_state::installing);
    run_to(at + 1h);
    EXPECT_EQ(subject.installed().build, "24B91");
    EXPECT_FALSE(subject.pending());
    EXPECT_EQ(subject.declaration(), "");
}

TEST_F(os_updates_of_a_mac, a_version_without_patch_is_its_newest_patch) {
    subject.enforce({{.declaration = "D", .version = "15.3", .build = {}, .at = now}}, now);
    EXPECT_EQ(subject.pending()->version, "15.3.2");
    subject.enforce({{.declaration = "D", .version = "15.3.1", .build = {}, .at = now}}, now);
    EXPECT_EQ(subject.pending()->version, "15.3.1");
}

TEST_F(os_updates_of_a_mac, the_earliest_of_several_declarations_holds_then_the_next) {
    subject.enforce({{.declaration = "late", .version = "15.3.2", .build = {}, .at = now + 20h},
                     {.declaration = "early", .version = "15.1.1", .build = {}, .at = now + 5h},
                     {.declaration = "old", .version = "14.7.1", .build = {}, .at = now}},
                    now);
    EXPECT_EQ(subject.declaration(), "early");
    run_for(6h);
    EXPECT_EQ(subject.installed().version, "15.1.1");
    EXPECT_EQ(subject.declaration(), "late");
    run_for(20h);
    EXPECT_EQ(subject.installed().version, "15.3.2");
    EXPECT_FALSE(subject.next_change());
}

/// DDM-061.
TEST_F(os_updates_of_a_mac, commands_give_way_to_a_declaration) {
    schedule(install_action::download_only, "26.2");
    subject.enforce({{.declaration = "D", .version = "15.1.1", .build = {}, .at = now + 5h}}, now);
    EXPECT_EQ(subject.pending()->version, "15.1.1");
    const auto a = schedule(install_action::install_asap, "26.2");
    EXPECT_EQ(a.action, "Error");
    EXPECT_NE(a.problem.find("declaration"), std::string::npos);
    // With its declaration goes what it set going.
    subject.enforce({}, now);
    EXPECT_FALSE(subject.pending());
    EXPECT_FALSE(subject.next_change());
}

TEST_F(os_updates_of_a_mac, a_version_that_does_not_exist_fails_and_is_looked_for_again) {
    subject.enforce({{.declaration = "D", .version = "15.99", .build = {}, .at = now + 5h}}, now);
    EXPECT_EQ(subject.state(), update_state::failed);
    EXPECT_EQ(subject.failure().count, 1);
    run_for(150min);
    EXPECT_EQ(subject.failure().count, 3);
    EXPECT_EQ(subject.declaration(), "D");
    subject.enforce({}, now);
    EXPECT_EQ(subject.state(), update_state::none);
    EXPECT_EQ(subject.failure().count, 0);
}

TEST_F(os_updates_of_a_mac, switched_off_at_the_time_it_has_an_hour_from_the_start_on) {
    subject.enforce({{.declaration = "D", .version = "15.1.1", .build = {}, .at = now + 5h}}, now);
    run_for(4h);
    now += 4h; // off
    subject.started(now);
    run_for(59min);
    EXPECT_EQ(subject.state(), update_state::prepared);
    run_for(30min);
    EXPECT_EQ(subject.installed().version, "15.1.1");
}

/// Whatever commands, declarations, faults and waits come: the facet stays sane, can be saved at
/// any moment, and the version never goes back.
TEST_F(os_updates_of_a_mac, any_sequence_keeps_the_rules) {
    std::mt19937 draw{7};
    const auto pick = [&](auto... all_of) {
        const std::array choices{all_of...};
        return choices[draw() % choices.size()];
    };
    for (int round = 0; round < 3000; ++round) {
        const auto before = subject.installed().version;
        switch (draw() % 6) {
        case 0:
        case 1: {
            const auto a = subject.schedule(
                {.product_version = pick("15.1.1", "15.3.2", "15.6.1", "26.0", "26.2", "1.0"),
                 .action = static_cast<install_action>(draw() % 6),
                 .max_deferrals = draw() % 2 == 0 ? std::nullopt : std::optional{draw() % 3},
                 .high_priority = draw() % 2 == 0},
                now);
            EXPECT_EQ(a.action == "Error", a.error != 0);
            if (a.error == 0) {
                ASSERT_EQ(subject.progress(now).size(), 1U);
                EXPECT_EQ(progress().product_key, a.product_key);
                EXPECT_EQ(progress().status, a.status);
            }
            break;
        }
        case 2: {
            std::vector<update_enforcement> wanted;
            for (auto n = draw() % 3; n > 0; --n) {
                wanted.push_back({.declaration = "D" + std::to_string(n),
                                  .version = pick("15.1", "15.2", "15.6", "26.1", "31.0"),
                                  .build = {},
                                  .at = now + std::chrono::minutes{draw() % 300}});
            }
            subject.enforce(std::move(wanted), now);
            break;
        }
        case 3:
            subject.set_fault(static_cast<update_fault>(draw() % 7));
            break;
        case 4:
            granted = draw() % 4 != 0;
            break;
        default:
            run_for(std::chrono::minutes{draw() % 200});
            break;
        }
        EXPECT_FALSE(older_version(subject.installed().version, before));
        EXPECT_NE(subject.release(), nullptr);
        EXPECT_EQ(subject.pending().has_value(), !subject.reasons().empty());
        EXPECT_EQ(subject.failure().count > 0, subject.state() == update_state::failed);
        expect_same_after_reload();
        if (subject.installed().version == "26.2") {
            subject = os_updates{{.version = "15.1", .build = "24B83"}, draw() % 2 == 0, 26};
        }
    }
}

} // namespace
} // namespace pomona::sim::mac
