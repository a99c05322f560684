// A server that ends and comes back while Macs work through their queues, over real sockets: no
// result is lost, none changes, and no command is handed out anew once its result was taken.
#include "pomona/server/server.hpp"
#include "pomona/sim/apns/service.hpp"
#include "pomona/sim/fleet/fleet.hpp"
#include "pomona/targets/adapter.hpp"
#include "pomona/test/temp_folder.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

namespace pomona {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t mac_count = 4;
constexpr std::size_t command_count = 40;

net::trust_store trust_in(const crypto::certificate& root) {
    return std::make_shared<const std::vector<crypto::certificate>>(1, root);
}

class server_restart : public testing::TestWithParam<sim::mac::http_offer> {
  protected:
    server_restart() {
        spdlog::set_level(spdlog::level::off); // what is logged here is meant
        world->observe(recorder.get());
    }
    ~server_restart() override {
        world->shutdown();
        world->observe(nullptr);
    }

    net::task<void> start_server() {
        server::server_options how;
        how.bind = {"127.0.0.1", port};
        how.data_folder = folder.path() / "data";
        how.api_key = "key";
        how.apns = apple->local();
        how.apns_trust = trust_in(apple->root());
        auto started = co_await server::server::start(*world, std::move(how));
        subject = std::move(started.value());
        port = subject->local().port;
    }
    /// Finishes what it has begun.
    static net::task<void> stop_and_start(server_restart* t) {
        co_await t->subject->stop();
        t->subject.reset();
        co_await t->start_server();
    }
    /// Connections break wherever they are; what was committed stays, its answers are lost.
    static net::task<void> crash_and_start(server_restart* t) {
        t->subject.reset();
        co_await t->start_server();
    }

    static net::task<void> set_up(server_restart* t) {
        auto started = co_await sim::apns::service::start(*t->world, {});
        t->apple = std::move(started.value());
        co_await t->start_server();
        auto identity =
            co_await t->apple->issue_push_identity(topic{"com.apple.mgmt.External.restart"});
        auto taken = co_await t->subject->set_push_identity(std::move(identity.value()));
        EXPECT_TRUE(taken);
        t->link = std::make_unique<sim::apns::device_link>(
            *t->world, sim::apns::link_options{.server = t->apple->local(),
                                               .trust = trust_in(t->apple->root())});
        const auto key = crypto::private_key::generate_rsa(t->world->crypto()).value();
        t->macs = sim::fleet::fleet::create({.world = *t->world,
                                             .recorder = *t->recorder,
                                             .push = *t->link,
                                             .system_trust = trust_in(t->subject->ca())},
                                            {{.name = "all",
                                              .count = mac_count,
                                              .persona = "macos-15-apple-silicon",
                                              .http = GetParam()}},
                                            std::vector(mac_count, key))
                      .value();
        t->api =
            targets::make_nanomdm_adapter(
                *t->world, {t->subject->base_url(), trust_in(t->subject->ca()), "nanomdm", "key"})
                .value();
    }
    static net::task<void> enroll_and_queue(server_restart* t, std::size_t index) {
        auto& mac = t->macs->at(index);
        auto done = co_await mac.enroll(t->subject->enroll_url());
        EXPECT_TRUE(done) << done.error().at << ": " << done.error().reason;
        const enrollment_id id{mac.machine().device.value()};
        for (std::size_t i = 0; i < command_count; ++i) {
            mdm::command what{command_uuid{t->world->random_uuid()},
                              "ProfileList",
                              {{"RequestType", "ProfileList"}}};
            auto queued = co_await t->api->queue(id, std::move(what), i + 1 == command_count);
            EXPECT_TRUE(queued) << queued.error().message();
        }
    }
    /// Until so many results were accepted; false when that takes too long.
    static net::task<bool> accepted(server_restart* t, std::size_t count) {
        const auto deadline = t->world->now() + 2min;
        while (t->accepted_so_far() < count && t->world->now() < deadline) {
            co_await t->world->sleep_for(20ms);
        }
        co_return t->accepted_so_far() >= count;
    }
    static net::task<void> whole(server_restart* t) {
        co_await set_up(t);
        net::task_group all{*t->world};
        for (std::size_t i = 0; i < mac_count; ++i) {
            all.spawn("enroll", enroll_and_queue(t, i));
        }
        EXPECT_TRUE(co_await accepted(t, 10));
        EXPECT_TRUE(co_await all.all_done(t->world->now() + 2min));
        EXPECT_TRUE(co_await accepted(t, mac_count * command_count / 4));
        co_await stop_and_start(t);
        EXPECT_TRUE(co_await accepted(t, mac_count * command_count / 2));
        co_await crash_and_start(t);
        EXPECT_TRUE(co_await accepted(t, mac_count * command_count));
        co_await t->world->sleep_for(500ms);
        co_await t->subject->stop();
    }

    struct report {
        std::string uuid, body, connection;
        bool taken = false;
    };
    /// The Acknowledged reports of each Mac as it saw them.
    [[nodiscard]] std::map<std::string, std::vector<report>> reports() const {
        std::map<std::string, std::vector<report>> out;
        std::map<std::string, std::pair<std::string, std::size_t>> open; // by exchange
        for (const auto& e : recorder->events()) {
            if (e.channel != "mdm" || e.at != trace::end::client) {
                continue;
            }
            if (e.kind == trace::kind::request && e.summary.text("Status") == "Acknowledged") {
                auto& list = out[e.actor];
                open[e.exchange] = {e.actor, list.size()};
                list.push_back({std::string{e.summary.text("CommandUUID")},
                                e.body ? e.body->sha256 : "",
                                e.exchange.substr(0, e.exchange.rfind('/'))});
            } else if (e.kind == trace::kind::response && e.status == 200) {
                if (const auto found = open.find(e.exchange); found != open.end()) {
                    out[found->second.first][found->second.second].taken = true;
                }
            }
        }
        return out;
    }
    [[nodiscard]] std::size_t accepted_so_far() const {
        std::size_t out = 0;
        for (const auto& [mac, list] : reports()) {
            out += static_cast<std::size_t>(std::ranges::count(list, true, &report::taken));
        }
        return out;
    }

    test::temp_folder folder;
    std::uint16_t port = 0;
    std::unique_ptr<net::world> world = net::make_real_world();
    std::unique_ptr<trace::recorder> recorder = trace::recorder::create(*world, {}).value();
    std::unique_ptr<sim::apns::service> apple;
    std::unique_ptr<server::server> subject;
    std::unique_ptr<sim::apns::device_link> link;
    std::unique_ptr<sim::fleet::fleet> macs;
    std::unique_ptr<targets::adapter> api;
};

TEST_P(server_restart, loses_doubles_and_changes_no_result_MDM_CHK_008_MDM_CHK_009_MDM_CHK_015) {
    ASSERT_TRUE(world->run(whole(this)));
    const auto all = reports();
    EXPECT_EQ(all.size(), mac_count);
    std::size_t connections = 0;
    for (const auto& [mac, list] : all) {
        std::map<std::string, std::set<std::string>> bodies;
        std::map<std::string, std::size_t> taken;
        std::set<std::string> over;
        for (const auto& r : list) {
            bodies[r.uuid].insert(r.body);
            taken[r.uuid] += r.taken ? 1 : 0;
            over.insert(r.connection);
        }
        EXPECT_EQ(bodies.size(), command_count) << mac;
        EXPECT_TRUE(
            std::ranges::all_of(bodies, [](const auto& b) { return b.second.size() == 1; }));
        EXPECT_TRUE(std::ranges::all_of(taken, [](const auto& n) { return n.second == 1; })) << mac;
        connections += over.size();
    }
    EXPECT_GT(connections, mac_count); // the ends met sessions in their middle
}

INSTANTIATE_TEST_SUITE_P(both, server_restart,
                         testing::Values(sim::mac::http_offer::h2, sim::mac::http_offer::http_1_1),
                         [](const auto& info) {
                             return info.param == sim::mac::http_offer::h2 ? "h2" : "h1";
                         });

} // namespace
} // namespace pomona
