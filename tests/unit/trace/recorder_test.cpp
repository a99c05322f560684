#include "fake_world.hpp"
#include "messages.hpp"
#include "pomona/test/temp_folder.hpp"
#include "pomona/trace/recorder.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pomona::trace {
namespace {

constexpr std::string_view challenge = "ch4llenge-of-one-mac";
constexpr std::string_view bootstrap = "b00tstrap-token-bytes";
constexpr std::string_view bearer = "b3arer-token";

net::request bootstrap_message() {
    auto r = put({{"MessageType", "SetBootstrapToken"},
                  {"UDID", "U-1"},
                  {"BootstrapToken", to_bytes(bootstrap)}});
    r.headers.push_back({"Authorization", "Bearer " + std::string{bearer}});
    return r;
}

/// A short life of one Mac: a profile, a bootstrap token, a command loop that breaks, a push, and
/// what the run says.
void record_a_run(fake_world& world, recorder& log) {
    const net::request get{"GET", "/enroll?code=" + std::string{bearer}, {}, {}};
    log.set_step("first.yaml:3");
    log.step("enroll", {{"macs", "all"}});
    log.on_request(on("enroll"), get);
    log.on_request(on("enroll", net::side::server, "server"), get);
    const auto profile = answer(plist::to_xml(enrollment_profile(std::string{challenge})),
                                "application/x-apple-aspen-config");
    log.on_response(on("enroll", net::side::server, "server"), get, profile);
    world.clock += std::chrono::milliseconds{5};
    const auto got = log.on_response(on("enroll"), get, profile);
    log.state(actor{"mac-0001"}, "profile-installed", {{"PayloadIdentifier", "example.enroll"}},
              got);
    log.fact(actor{"server"}, "scep-request", {{"challenge", true}}, got);
    log.set_step("");
    auto again = on("checkin");
    again.id = "c1/2";
    log.on_request(again, bootstrap_message());
    log.on_failure(again, bootstrap_message(),
                   {net::transport_failure::reset, true, "peer closed", 0});
    net::exchange_context lost;
    lost.note.cause = 1;
    log.fault(lost, "drop-answer", {{"rule", "first"}}, net::request{}, nullptr);
    log.on_stream_message(on("apns-device", net::side::client, "apns-link"),
                          as_bytes(R"({"token":"AB","payload":{"mdm":"m4gic"}})"));
}

std::unique_ptr<recorder> open_recorder(fake_world& world, recorder_options options) {
    auto made = recorder::create(world, std::move(options));
    EXPECT_TRUE(made) << (made ? "" : made.error().message());
    return std::move(*made);
}

TEST(recorder, what_is_written_is_what_was_seen) {
    const test::temp_folder parent;
    const auto folder = parent.path() / "run";
    fake_world world;
    const auto log = open_recorder(world, {.folder = folder});
    record_a_run(world, *log);
    ASSERT_TRUE(log->finish());
    ASSERT_TRUE(log->write_description("{\"seed\":1}"));
    const auto back = run::open(folder);
    ASSERT_TRUE(back) << back.error().message();
    ASSERT_EQ(back->events().size(), log->events().size());
    for (std::size_t i = 0; i < back->events().size(); ++i) {
        EXPECT_EQ(back->events()[i], log->events()[i]) << to_line(log->events()[i]);
        EXPECT_EQ(back->events()[i].number, i + 1);
        if (const auto& ref = back->events()[i].body) {
            ASSERT_TRUE(back->body(*ref));
            EXPECT_EQ(back->body(*ref), log->body(*ref));
        }
    }
    EXPECT_EQ(back->description(), "{\"seed\":1}");
}

TEST(recorder, no_secret_is_in_any_byte_of_the_folder) {
    const test::temp_folder parent;
    fake_world world;
    const auto log =
        open_recorder(world, {.folder = parent.path() / "run", .redact_push_magic = true});
    record_a_run(world, *log);
    ASSERT_TRUE(log->finish());
    const auto all = test::all_bytes(parent.path());
    for (const auto secret : {challenge, bootstrap, bearer, std::string_view{"m4gic"}}) {
        EXPECT_EQ(all.find(secret), std::string::npos) << secret;
        EXPECT_EQ(all.find(to_base64(as_bytes(secret))), std::string::npos) << secret;
        EXPECT_EQ(all.find(to_hex(as_bytes(secret))), std::string::npos) << secret;
    }
    // It was there: its placeholder is.
    for (const auto* type : {"{{challenge:", "{{bearer:", "{{code:", "{{push-magic:"}) {
        EXPECT_NE(all.find(type), std::string::npos) << type;
    }
}

TEST(recorder, an_event_says_who_where_when_and_why) {
    fake_world world;
    const auto log = open_recorder(world, {});
    record_a_run(world, *log);
    const auto& e = log->events();
    ASSERT_EQ(e.size(), 11U);
    EXPECT_EQ(e[0].kind, kind::step);
    EXPECT_EQ(e[0].step, "first.yaml:3");
    EXPECT_EQ(e[1].actor, "mac-0001");
    EXPECT_EQ(e[1].peer, "mdm.example:8443");
    EXPECT_EQ(e[1].exchange, e[2].exchange);
    EXPECT_EQ(e[1].at, end::client);
    EXPECT_EQ(e[2].at, end::server);
    EXPECT_EQ(e[2].cause, 2U); // it arrived because it was sent
    EXPECT_EQ(e[3].cause, 3U); // an answer is caused by its request at the same end
    EXPECT_EQ(e[4].cause, 2U);
    EXPECT_EQ(e[4].time - e[3].time, std::chrono::milliseconds{5});
    EXPECT_EQ(e[4].status, 200U);
    EXPECT_EQ(e[4].method, "GET");
    EXPECT_TRUE(e[4].body->redacted);
    EXPECT_EQ(e[3].body, e[4].body);
    EXPECT_EQ(e[5].cause, 5U);
    EXPECT_EQ(e[7].step, "");
    EXPECT_EQ(e[8].kind, kind::failure);
    EXPECT_EQ(e[8].failure, "reset");
    EXPECT_TRUE(e[8].after_send);
    EXPECT_EQ(e[8].cause, 8U);
    EXPECT_EQ(e[9].kind, kind::fault);
    EXPECT_EQ(e[10].kind, kind::message);
    EXPECT_EQ(e[10].summary.text("PushMagic"), "m4gic"); // no lab run: in clear
}

TEST(recorder, facts_are_of_macs_and_emulators_and_not_of_the_reference_server) {
    fake_world world;
    const auto log = open_recorder(world, {});
    record_a_run(world, *log);
    EXPECT_EQ(log->events()[4].facts.text("profile_signature"), "absent");
    EXPECT_TRUE(log->events()[3].facts.empty());
    EXPECT_FALSE(log->events()[3].summary.empty());
    log->on_request(on("apns", net::side::server, "apns"),
                    {"POST", "/3/device/ab", {}, to_bytes("{}")});
    EXPECT_EQ(log->events().back().facts.number("body_bytes"), 2);
}

TEST(recorder, the_same_secret_has_the_same_placeholder_and_the_same_body_one_file) {
    const test::temp_folder parent;
    fake_world world;
    const auto log = open_recorder(world, {.folder = parent.path() / "run"});
    log->on_request(on("checkin"), bootstrap_message());
    log->on_request(on("checkin"), bootstrap_message());
    const auto other = put({{"MessageType", "SetBootstrapToken"},
                            {"UDID", "U-1"},
                            {"BootstrapToken", to_bytes("another")}});
    log->on_request(on("checkin"), other);
    ASSERT_TRUE(log->finish());
    const auto& e = log->events();
    EXPECT_EQ(e[0].body, e[1].body);
    EXPECT_EQ(e[0].summary.text("BootstrapToken"), e[1].summary.text("BootstrapToken"));
    EXPECT_NE(e[0].summary.text("BootstrapToken"), e[2].summary.text("BootstrapToken"));
    EXPECT_TRUE(e[0].summary.text("BootstrapToken").ends_with(":21}}"));
    using files = std::filesystem::directory_iterator;
    EXPECT_EQ(std::distance(files{parent.path() / "run" / "bodies"}, files{}), 2);
}

TEST(recorder, equal_worlds_write_equal_folders) {
    const test::temp_folder parent;
    for (const auto* name : {"a", "b"}) {
        fake_world world;
        const auto log = open_recorder(world, {.folder = parent.path() / name});
        record_a_run(world, *log);
        ASSERT_TRUE(log->finish());
    }
    EXPECT_EQ(test::content_of(parent.path() / "a" / "trace.ndjson"),
              test::content_of(parent.path() / "b" / "trace.ndjson"));
    EXPECT_FALSE(test::content_of(parent.path() / "a" / "trace.ndjson").empty());
}

TEST(recorder, a_folder_in_use_is_an_error_at_once) {
    const test::temp_folder parent;
    fake_world world;
    const auto first = open_recorder(world, {.folder = parent.path() / "run"});
    const auto second = recorder::create(world, {.folder = parent.path() / "run"});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::cannot_write);
}

/// 0 when a folder that takes no more is told once and the run goes on in memory.
int record_into_a_limit(const std::filesystem::path& folder) {
    fake_world world;
    auto log = recorder::create(world, {.folder = folder});
    const rlimit limit{2000, 2000};
    if (!log || ::setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 10;
    }
    int told = 0;
    (*log)->on_write_failure = [&](const error& e) {
        told += e.code == errc::cannot_write ? 1 : 100;
    };
    for (int i = 0; i < 5000; ++i) {
        (*log)->state(actor{"mac-0001"}, "poked", {{"i", std::int64_t{i}}});
    }
    const auto number = (*log)->on_request(on("mdm"), put({{"Status", "Idle"}}));
    const auto& last = (*log)->events().back();
    if (number != 5001 || last.summary.text("Status") != "Idle" || !(*log)->body(*last.body)) {
        return 11;
    }
    const auto done = (*log)->finish();
    if (done || done.error().code != errc::cannot_write || (*log)->finish()) {
        return 12;
    }
    return told == 1 ? 0 : 13;
}

TEST(recorder, a_write_failure_is_told_once_and_recording_goes_on_in_memory) {
    const test::temp_folder parent;
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::_exit(record_into_a_limit(parent.path() / "run"));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    const auto back = run::open(parent.path() / "run");
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_GT(back->events().size(), 5U);
}

} // namespace
} // namespace pomona::trace
