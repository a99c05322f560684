// A Mac as a property list and back; and what is no snapshot.
#include "mac/snapshot.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

namespace pomona::sim::mac {
namespace {

using namespace std::chrono_literals;

/// A world without any server: what is saved needs none.
struct place {
    std::unique_ptr<net::world> world = net::make_virtual_world({.seed = 5, .start = {}});
    std::unique_ptr<trace::recorder> recorder = *trace::recorder::create(*world, {});
    apns::device_link push{*world, {}};
    environment env{.world = *world, .recorder = *recorder, .push = push, .system_trust = {}};

    place() { world->observe(recorder.get()); }
    ~place() {
        world->shutdown();
        world->observe(nullptr);
    }

    std::unique_ptr<mac> make(std::string_view kind = "macos-15-intel") {
        const auto& persona = *find_persona(kind);
        return std::make_unique<mac>(env, actor{"mac-0001"},
                                     draw_hardware(*world, persona, "mac-0001"),
                                     *crypto::private_key::generate_p256(world->crypto()),
                                     std::vector{draw_account(*world, {.short_name = "alice"}),
                                                 draw_account(*world, {.short_name = "bob"})});
    }
};

net::task<void> install(mac* m, bytes profile) {
    const auto done = co_await m->install_by_hand(std::move(profile));
    EXPECT_TRUE(done) << done.error().reason;
}

/// Everything that can be set without a server.
std::unique_ptr<mac> lived_in(place& p) {
    auto m = p.make();
    m->log_in("bob");
    m->lock_keychain("alice", true);
    auto c = m->current();
    c.online = false;
    c.clock_offset = -2s;
    m->set(c);
    m->answer_with({.request_type = "ProfileList",
                    .status = mdm::command_status::error,
                    .times = 3,
                    .why = mdm::error_chain_item{12021, "MCMDMErrorDomain", "no", "no"}});
    auto content = profile_of("org.example.one", {payload_of("com.apple.dock", "D-1", {})});
    EXPECT_TRUE(p.world->run(install(m.get(), profile::write(content))));
    return m;
}

TEST(snapshot, what_was_saved_is_what_comes_back) {
    place p;
    const auto before = lived_in(p);
    const auto saved = before->save();
    const auto through = plist::parse_dict(plist::to_binary(saved));
    ASSERT_TRUE(through);
    const auto after = mac::load(p.env, *through);
    ASSERT_TRUE(after) << after.error().message();
    auto& m = **after;
    EXPECT_EQ(m.save(), saved);
    EXPECT_EQ(m.who(), before->who());
    EXPECT_EQ(m.machine().device, before->machine().device);
    EXPECT_EQ(m.machine().serial, before->machine().serial);
    EXPECT_FALSE(m.current().online);
    EXPECT_EQ(m.current().clock_offset, -2s);
    EXPECT_TRUE(m.user("bob")->on_console);
    EXPECT_TRUE(m.user("alice")->logged_in);
    ASSERT_EQ(m.scripted_answers().size(), 1U);
    EXPECT_EQ(m.scripted_answers().front().times, 3);
    EXPECT_FALSE(m.is_busy());
}

TEST(snapshot, a_mac_that_was_put_back_is_idle_until_it_resumes) {
    place p;
    const auto saved = lived_in(p)->save();
    const auto after = mac::load(p.env, saved);
    ASSERT_TRUE(after);
    (*after)->resume();
    EXPECT_FALSE((*after)->poke()) << "it is not enrolled";
}

TEST(snapshot, of_another_version_is_refused_with_words) {
    place p;
    auto saved = lived_in(p)->save();
    saved.set("Version", mac::snapshot_version + 1);
    const auto later = mac::load(p.env, saved);
    ASSERT_FALSE(later);
    EXPECT_NE(later.error().message().find("version"), std::string::npos);
}

/// Each key gone or of another type, at every depth: an error or a Mac, never a crash.
void damage(place& p, const plist::dict& whole, plist::dict part,
            const std::function<plist::dict(plist::dict)>& put_back, int depth) {
    std::vector<std::string> keys;
    for (const auto& e : part) {
        keys.push_back(e.key);
    }
    for (const auto& key : keys) {
        auto without = part;
        without.erase(key);
        static_cast<void>(mac::load(p.env, put_back(without)));
        for (const auto& other :
             {plist::value{"text"}, plist::value{std::int64_t{-7}}, plist::value{bytes{1, 2, 3}},
              plist::value{plist::array{plist::value{1}}}, plist::value{plist::dict{}}}) {
            auto changed = part;
            changed.set(key, other);
            static_cast<void>(mac::load(p.env, put_back(changed)));
        }
        if (const auto* inner = part.dictionary(key); inner != nullptr && depth < 3) {
            damage(
                p, whole, *inner,
                [&](plist::dict d) {
                    auto out = part;
                    out.set(key, std::move(d));
                    return put_back(std::move(out));
                },
                depth + 1);
        }
    }
}

TEST(snapshot, damage_is_an_error_or_a_mac_and_never_a_crash) {
    place p;
    const auto saved = lived_in(p)->save();
    damage(p, saved, saved, [](plist::dict d) { return d; }, 0);
    for (const auto* needed : {"Version", "Hardware", "Key"}) {
        auto without = saved;
        without.erase(needed);
        EXPECT_FALSE(mac::load(p.env, without)) << needed;
    }
}

} // namespace
} // namespace pomona::sim::mac
