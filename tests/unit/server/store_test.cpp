// What is kept: group commit, restarts, and a store that fails.
#include "pomona/foundation/sqlite.hpp"
#include "pomona/test/temp_folder.hpp"
#include "scripted_mac.hpp"
#include "store/sqlite_store.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sys/stat.h>

namespace pomona::server {
namespace {

net::task<void> put_one(store* s, int number) {
    stored_declaration d{std::to_string(number), "com.apple.configuration.x", "t", "{}"};
    EXPECT_TRUE(co_await s->put_declaration(std::move(d)));
}

TEST(group_commit, many_operations_share_few_transactions) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        auto s = open_sqlite_store(l.w(), ":memory:").value();
        net::task_group all{l.w()};
        for (int i = 0; i < 200; ++i) {
            all.spawn("put", put_one(s.get(), i));
        }
        EXPECT_TRUE(co_await all.all_done(net::never));
        const auto counted = s->counted();
        EXPECT_EQ(counted.operations, 200U);
        EXPECT_LE(counted.transactions, 20U);
        EXPECT_EQ((co_await s->declaration_ids()).value().size(), 200U);
        co_await s->close();
        EXPECT_FALSE(co_await s->declaration_ids());
    });
}

TEST(group_commit, an_operation_that_fails_undoes_only_itself) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        auto s = open_sqlite_store(l.w(), ":memory:").value();
        net::task_group all{l.w()};
        all.spawn("put", put_one(s.get(), 1));
        const auto refused = co_await s->set_member("set", "missing", true);
        EXPECT_TRUE(co_await all.all_done(net::never));
        EXPECT_FALSE(refused);
        EXPECT_EQ((co_await s->declaration_ids()).value().size(), 1U);
        co_await s->close();
    });
}

TEST(store, profiles_asked_for_without_end_leave_no_more_challenges_than_can_be_borne) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        auto s = open_sqlite_store(l.w(), ":memory:").value();
        const auto now = l.w().now();
        const auto hash_of = [](int i) {
            return bytes{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8),
                         static_cast<std::uint8_t>(i >> 16)};
        };
        constexpr int asked = 50'700;
        for (int i = 1; i <= asked; ++i) {
            EXPECT_TRUE(co_await s->add_challenge(hash_of(i), now + 1h + i * 1ms, now));
        }
        for (const auto& [i, good] :
             {std::pair{1, false}, {400, false}, {2000, true}, {asked, true}}) {
            const issue_query query{hash_of(i), false, {1}, {static_cast<std::uint8_t>(i)}, now};
            const auto verdict = co_await s->may_issue(query);
            EXPECT_TRUE(verdict);
            EXPECT_EQ(verdict->decision == issue_outcome::what::may_issue, good) << i;
        }
        co_await s->close();
    });
}

TEST(store, serials_are_unique_SCEP_021) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        auto s = open_sqlite_store(l.w(), ":memory:").value();
        const auto now = l.w().now();
        const bytes serial{1, 2, 3};
        for (const std::uint8_t i : {std::uint8_t{1}, std::uint8_t{2}}) {
            EXPECT_TRUE(co_await s->add_challenge({i}, now + 1h, now));
            const issue_query query{{i}, false, {i}, {i}, now};
            const auto done = co_await s->record_issue(query, {{i}, serial, {i}, now});
            EXPECT_EQ(done.has_value(), i == 1);
        }
        co_await s->close();
    });
}

TEST(store, a_database_without_the_column_of_rounds_gets_it) {
    const test::temp_folder temp;
    const auto file = (temp.path() / "server.sqlite").string();
    lab l;
    ASSERT_TRUE(open_sqlite_store(l.w(), file));
    {
        auto old = sqlite::database::open(file).value();
        ASSERT_TRUE(old.execute("ALTER TABLE commands DROP COLUMN refused"));
    }
    ASSERT_TRUE(open_sqlite_store(l.w(), file));
    auto mended = sqlite::database::open(file).value();
    EXPECT_TRUE(mended.execute("SELECT refused FROM commands"));
}

std::optional<test::temp_folder> folder;

TEST(server, restart_keeps_ca_enrollments_queue_and_tokens_DDM_006) {
    folder.emplace();
    lab l;
    l.options.data_folder = folder->path() / "data";
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        co_await l.enqueue(mac.id(), "one", "ProfileList", "?nopush=1");
        const auto tokens = text_of(co_await mac.declarative("tokens"));
        const auto ca = l.s().ca().sha256();
        co_await l.w().sleep_for(24h);
        mac.hang_up();
        co_await l.restart();
        EXPECT_EQ(l.s().ca().sha256(), ca);
        EXPECT_EQ(text_of(co_await mac.declarative("tokens")), tokens);
        co_await l.w().sleep_for(1s);
        EXPECT_EQ(l.pushes.size(), 1U); // what waits is pushed again
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        // The push certificate and its topic are there too.
        EXPECT_EQ((co_await l.ask(get("/enroll"))).status, 200U);
        for (const auto& entry : std::filesystem::directory_iterator{l.options.data_folder}) {
            struct stat facts{};
            EXPECT_EQ(::stat(entry.path().c_str(), &facts), 0);
            EXPECT_EQ(facts.st_mode & 0777U, 0600U) << entry.path();
        }
        co_await l.stop();
    });
    folder.reset();
}

TEST(server, a_store_that_fails_gives_500_never_401_MDM_CHK_017_MDM_CHK_026_ENR_021) {
    folder.emplace();
    lab l;
    l.options.data_folder = folder->path();
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        co_await l.enqueue(mac.id(), "one", "ProfileList", "?nopush=1");
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        auto other = sqlite::database::open((folder->path() / "server.sqlite").string()).value();
        EXPECT_TRUE(other.execute("BEGIN IMMEDIATE"));
        const auto r = co_await mac.report(mdm::command_status::acknowledged, "one");
        EXPECT_EQ(r.status, 500U);
        EXPECT_TRUE(other.execute("ROLLBACK"));
        // The Mac sends its result again, and nothing was lost.
        EXPECT_EQ(uuid_in(co_await mac.report(mdm::command_status::acknowledged, "one")), "");
        const auto all = co_await l.api_json("/v1/commands/" + mac.id());
        EXPECT_EQ(all[0]["status"], "Acknowledged");
    });
    folder.reset();
}

TEST(server, the_certificate_that_people_trust_lies_apart_from_its_key) {
    folder.emplace();
    lab l;
    l.run([](lab& l) -> net::task<void> {
        l.options.data_folder = folder->path();
        co_await l.start();
    });
    const auto text = [](const char* name) {
        std::ifstream in{folder->path() / name};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    };
    EXPECT_THAT(text("ca.pem"), testing::StartsWith("-----BEGIN CERTIFICATE-----"));
    EXPECT_THAT(text("ca.pem"), testing::Not(testing::HasSubstr("PRIVATE KEY")));
    EXPECT_THAT(text("ca-identity.pem"), testing::HasSubstr("PRIVATE KEY"));
    folder.reset();
}

TEST(server, wrong_options_and_a_broken_ca_file_are_errors_to_mend) {
    folder.emplace();
    lab l;
    l.run([](lab& l) -> net::task<void> {
        auto options = l.options;
        options.api_key.clear();
        EXPECT_FALSE(co_await server::start(l.w(), options));
        options = l.options;
        options.data_folder = folder->path();
        std::FILE* broken = std::fopen((folder->path() / "ca-identity.pem").c_str(), "w");
        std::fputs("not a key", broken);
        std::fclose(broken);
        auto started = co_await server::start(l.w(), options);
        EXPECT_FALSE(started); // and no new CA in its place
        co_await l.start();
        auto second = co_await server::start(l.w(), l.options);
        EXPECT_FALSE(second); // the address is in use
    });
    folder.reset();
}

} // namespace
} // namespace pomona::server
