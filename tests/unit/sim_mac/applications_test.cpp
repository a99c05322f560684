// The applications of a Mac, and manifests, without a world.
#include "mac/machine/app_manifest.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace pomona::sim::mac {
namespace {

using namespace std::chrono_literals;

constexpr time_point noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} + 12h};

class apps_of_a_mac : public testing::Test {
  protected:
    void run_for(duration d) {
        now += d;
        subject.advance(now, all);
    }
    [[nodiscard]] app_request request(std::int64_t store_id) {
        return {.what = shelf.get(*store_app(store_id))};
    }
    [[nodiscard]] app_request managed_request(std::int64_t store_id) {
        auto out = request(store_id);
        out.as_managed = true;
        out.flags = 1;
        return out;
    }
    [[nodiscard]] std::string status_of(std::string_view identifier) const {
        for (const auto& m : subject.managed()) {
            if (m.identifier == identifier) {
                return std::string{to_text(m.status)};
            }
        }
        return "";
    }
    void expect_same_after_reload() {
        subject.advance(now, all); // what is told next is told first
        const auto saved = subject.save();
        const auto again = applications::load(saved, &shelf);
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_EQ(again->save(), saved);
        EXPECT_EQ(again->next_change(), subject.next_change());
    }

    app_shelf shelf;
    applications subject;
    time_point now = noon;
    std::vector<happening> all;
};

constexpr std::int64_t keynote = 409183694;
constexpr std::string_view keynote_id = "com.apple.iWork.Keynote";

TEST_F(apps_of_a_mac, the_list_lags_behind_and_shows_what_is_on_its_way) {
    EXPECT_EQ(subject.install(managed_request(keynote), now), app_refusal::none);
    EXPECT_EQ(status_of(keynote_id), "Queued");
    EXPECT_TRUE(subject.on_their_way().empty()); // F28
    run_for(5s);
    EXPECT_EQ(status_of(keynote_id), "Installing");
    ASSERT_EQ(subject.on_their_way().size(), 1U);
    EXPECT_TRUE(subject.on_their_way()[0].installing);
    EXPECT_EQ(subject.find(keynote_id), nullptr);
    expect_same_after_reload();
    run_for(5min);
    EXPECT_EQ(status_of(keynote_id), "Managed");
    EXPECT_TRUE(subject.on_their_way().empty());
    ASSERT_NE(subject.find(keynote_id), nullptr);
    EXPECT_EQ(subject.find(keynote_id)->flags, 1);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].name, "application-installed");
}

TEST_F(apps_of_a_mac, a_second_request_meanwhile_is_a_duplicate_and_the_app_arrives) {
    EXPECT_EQ(subject.install(request(keynote), now), app_refusal::none);
    EXPECT_EQ(subject.install(request(keynote), now), app_refusal::duplicate); // F28: 506
    run_for(5min);
    EXPECT_NE(subject.find(keynote_id), nullptr);
}

TEST_F(apps_of_a_mac, without_a_licence_nothing_is_installed) {
    subject.conditions.no_licence = true;
    auto what = request(keynote);
    EXPECT_EQ(subject.install(what, now), app_refusal::none); // of the user's own
    what = managed_request(497799835);
    what.licensed = true;
    EXPECT_EQ(subject.install(what, now), app_refusal::no_licence); // F28: 9610
}

TEST_F(apps_of_a_mac, the_users_app_is_taken_over_only_when_both_keys_ask_for_it) {
    subject.install_by_user(shelf.get(*store_app(keynote)));
    EXPECT_EQ(subject.install(request(keynote), now), app_refusal::present); // F28: 12025
    EXPECT_EQ(subject.install(managed_request(keynote), now), app_refusal::present);
    auto both = managed_request(keynote);
    both.take_over = true;
    EXPECT_EQ(subject.install(both, now), app_refusal::none);
    EXPECT_EQ(status_of(keynote_id), "Managed");
    // Reinstalled without InstallAsManaged, it is not managed any more.
    EXPECT_EQ(subject.install(request(keynote), now), app_refusal::none);
    EXPECT_EQ(status_of(keynote_id), "");
    EXPECT_NE(subject.find(keynote_id), nullptr);
}

TEST_F(apps_of_a_mac, only_managed_apps_can_be_removed_and_configured) {
    subject.install_by_user(shelf.get(*store_app(keynote)));
    EXPECT_EQ(subject.remove(keynote_id), app_refusal::not_managed); // 12029
    EXPECT_EQ(subject.configure(keynote_id, nullptr), app_refusal::not_managed);
    auto take = managed_request(keynote);
    take.take_over = true;
    subject.install(take, now);
    const auto settings = std::make_shared<const plist::dict>(plist::dict{{"server", "a"}});
    EXPECT_EQ(subject.configure(keynote_id, settings), app_refusal::none);
    EXPECT_TRUE(subject.managed()[0].has_configuration);
    EXPECT_EQ(subject.configure(keynote_id, nullptr), app_refusal::none);
    EXPECT_FALSE(subject.managed()[0].has_configuration);
    EXPECT_EQ(subject.remove(keynote_id), app_refusal::none);
    EXPECT_EQ(subject.find(keynote_id), nullptr);
    EXPECT_TRUE(subject.managed().empty());
}

TEST_F(apps_of_a_mac, a_failed_installation_is_reported_once) {
    subject.conditions.fails = true;
    subject.install(managed_request(keynote), now);
    run_for(5min);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].name, "application-failed");
    ASSERT_EQ(subject.on_their_way().size(), 1U);
    EXPECT_TRUE(subject.on_their_way()[0].failed);
    expect_same_after_reload();
    const std::vector<std::string> others{"org.example.other"};
    EXPECT_TRUE(subject.report_managed(&others).empty());
    ASSERT_EQ(subject.report_managed(nullptr).size(), 1U);
    EXPECT_TRUE(subject.report_managed(nullptr).empty());
}

TEST_F(apps_of_a_mac, what_the_user_removes_stays_managed_but_uninstalled) {
    subject.install(managed_request(keynote), now);
    run_for(5min);
    subject.remove_by_user(keynote_id);
    EXPECT_EQ(status_of(keynote_id), "ManagedButUninstalled");
    EXPECT_EQ(subject.find(keynote_id), nullptr);
    expect_same_after_reload();
    subject.install(managed_request(keynote), now);
    run_for(5min);
    EXPECT_EQ(status_of(keynote_id), "Managed");
}

TEST_F(apps_of_a_mac, the_end_of_the_enrollment_takes_those_with_flag_1) {
    subject.install(managed_request(keynote), now);
    auto stays = managed_request(497799835);
    stays.flags = 4;
    subject.install(stays, now);
    run_for(20min);
    subject.enrollment_ended();
    ASSERT_EQ(subject.all().size(), 1U);
    EXPECT_EQ(subject.all()[0].what->identifier, "com.apple.dt.Xcode");
    EXPECT_FALSE(subject.all()[0].managed);
}

TEST_F(apps_of_a_mac, a_package_is_installed_when_its_download_is_over) {
    auto what = managed_request(keynote);
    what.by_download = true;
    subject.install(what, now);
    EXPECT_FALSE(subject.next_change());
    run_for(1h);
    EXPECT_EQ(status_of(keynote_id), "Installing");
    subject.downloaded(keynote_id, true, now);
    run_for(1min);
    EXPECT_EQ(status_of(keynote_id), "Managed");
    // And one whose download fails.
    auto other = managed_request(497799835);
    other.by_download = true;
    subject.install(other, now);
    subject.downloaded("com.apple.dt.Xcode", false, now);
    EXPECT_EQ(status_of("com.apple.dt.Xcode"), "Failed");
}

TEST_F(apps_of_a_mac, equal_apps_are_held_once) {
    EXPECT_EQ(shelf.get(*store_app(keynote)), shelf.get(*store_app(keynote_id)));
    auto newer = *store_app(keynote);
    newer.version = "8000";
    EXPECT_NE(shelf.get(newer), shelf.get(*store_app(keynote)));
    // A hundred of them are small on one Mac: what is its own of each.
    EXPECT_LE(sizeof(installed_app), 56U);
}

TEST_F(apps_of_a_mac, the_store_knows_identifiers_and_no_nonsense) {
    EXPECT_EQ(store_app(keynote)->identifier, keynote_id);
    EXPECT_EQ(store_app(42)->identifier, "com.example.store.app42");
    EXPECT_FALSE(store_app(std::int64_t{0}));
    EXPECT_FALSE(store_app(std::int64_t{-5}));
    EXPECT_TRUE(store_app("org.example.tool"));
    EXPECT_FALSE(store_app("tool"));
    EXPECT_FALSE(store_app("org.example.a b"));
    EXPECT_FALSE(store_app("com.apple.Safari")); // of the system
    EXPECT_EQ(store_app("org.example.tool")->store_id, store_app("org.example.tool")->store_id);
}

// ---- manifests

plist::dict manifest_of(plist::dict asset) {
    asset.set("kind", "software-package");
    asset.set("url", "https://files.example/tool.pkg");
    return {{"items", plist::array{plist::dict{
                          {"assets", plist::array{std::move(asset)}},
                          {"metadata", plist::dict{{"bundle-identifier", "org.example.tool"},
                                                   {"bundle-version", "1.2"},
                                                   {"kind", "software"},
                                                   {"title", "Tool"}}}}}}};
}

TEST(app_manifests, the_pieces_of_a_package_have_to_have_their_hashes) {
    const bytes package(25, 7);
    const auto hash = [&](std::size_t from, std::size_t count, bool md5) {
        const auto piece = bytes_view{package}.subspan(from, count);
        return plist::value{to_hex(md5 ? crypto::md5(piece) : crypto::sha256(piece))};
    };
    for (const bool md5 : {false, true}) {
        const auto read = read_app_manifest(
            manifest_of({{md5 ? "md5-size" : "sha256-size", 10},
                         {md5 ? "md5s" : "sha256s",
                          plist::array{hash(0, 10, md5), hash(10, 10, md5), hash(20, 5, md5)}}}));
        ASSERT_TRUE(read) << read.error();
        EXPECT_EQ(read->content.identifier, "org.example.tool");
        EXPECT_EQ(read->package_url, "https://files.example/tool.pkg");
        EXPECT_TRUE(read->matches(package));
        auto other = package;
        other[24] = 8;
        EXPECT_FALSE(read->matches(other));
        other = package;
        other.push_back(7); // longer than the pieces
        EXPECT_FALSE(read->matches(other));
        EXPECT_FALSE(read->matches(bytes_view{package}.first(20)));
    }
    // One hash over everything; none at all.
    EXPECT_TRUE(read_app_manifest(manifest_of({{"sha256s", plist::array{hash(0, 25, false)}}}))
                    ->matches(package));
    EXPECT_TRUE(read_app_manifest(manifest_of({}))->matches(package));
}

TEST(app_manifests, say_what_is_wrong_with_them) {
    EXPECT_FALSE(read_app_manifest({}));
    EXPECT_FALSE(read_app_manifest({{"items", plist::array{}}}));
    EXPECT_FALSE(read_app_manifest({{"items", plist::array{plist::dict{}}}}));
    EXPECT_FALSE(read_app_manifest(manifest_of({{"sha256s", plist::array{"00"}}})));
    EXPECT_FALSE(read_app_manifest(manifest_of({{"sha256s", plist::array{}}})));
    EXPECT_FALSE(
        read_app_manifest(manifest_of({{"sha256-size", 0}, {"sha256s", plist::array{"00"}}})));
    auto no_title = manifest_of({});
    auto& item = *(*no_title.find("items")->get<plist::array>())[0].get<plist::dict>();
    item.find("metadata")->get<plist::dict>()->erase("title");
    EXPECT_FALSE(read_app_manifest(no_title));
}

/// Whatever the server, the user and the network do, what is managed and what is installed agree
/// with a small model, and everything can be saved at any moment.
TEST_F(apps_of_a_mac, any_sequence_agrees_with_a_model) {
    std::mt19937 draw{11};
    std::map<std::string, bool> model; // installed, and whether managed
    for (int round = 0; round < 3000; ++round) {
        auto what = request(1000 + static_cast<std::int64_t>(draw() % 5));
        const auto id = what.what->identifier;
        const auto known = model.find(id);
        switch (draw() % 6) {
        case 0:
        case 1: {
            what.as_managed = draw() % 2 == 0;
            what.take_over = draw() % 2 == 0;
            const bool there = known != model.end();
            const auto answer = subject.install(what, now);
            run_for(1h); // nothing stays on its way
            if (!there) {
                EXPECT_EQ(answer, app_refusal::none);
                model[id] = what.as_managed;
            } else if (!known->second) {
                const bool takes = what.as_managed && what.take_over;
                EXPECT_EQ(answer, takes ? app_refusal::none : app_refusal::present);
                known->second = takes;
            } else {
                EXPECT_EQ(answer, app_refusal::none);
                known->second = what.as_managed;
            }
            break;
        }
        case 2: {
            const bool was_away = status_of(id) == "ManagedButUninstalled";
            const bool managed = (known != model.end() && known->second) || was_away;
            EXPECT_EQ(subject.remove(id), managed ? app_refusal::none : app_refusal::not_managed);
            if (managed && known != model.end()) {
                model.erase(known);
            }
            break;
        }
        case 3: {
            const bool comes_back = status_of(id) == "ManagedButUninstalled";
            subject.install_by_user(what.what);
            model.try_emplace(id, comes_back);
            break;
        }
        case 4:
            subject.remove_by_user(id);
            if (known != model.end()) {
                model.erase(known);
            }
            break;
        default:
            if (draw() % 10 == 0) {
                subject.enrollment_ended();
                for (auto& [name, managed] : model) {
                    managed = false; // flags are 0 here
                }
            }
            break;
        }
        ASSERT_EQ(subject.all().size(), model.size());
        for (const auto& [name, managed] : model) {
            ASSERT_NE(subject.find(name), nullptr);
            EXPECT_EQ(subject.find(name)->managed, managed) << name;
            EXPECT_EQ(status_of(name) == "Managed", managed) << name;
        }
        expect_same_after_reload();
    }
}

} // namespace
} // namespace pomona::sim::mac
