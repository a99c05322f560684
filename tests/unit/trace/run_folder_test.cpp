#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"
#include "pomona/test/temp_folder.hpp"
#include "pomona/trace/run_folder.hpp"

#include <gtest/gtest.h>

namespace pomona::trace {
namespace {

std::string line(std::uint64_t number) {
    event e;
    e.number = number;
    e.kind = kind::state;
    e.name = "n" + std::to_string(number);
    return to_line(e) + "\n";
}

TEST(run_folder, a_folder_without_a_trace_is_not_a_run) {
    const test::temp_folder folder;
    const auto r = run::open(folder.path());
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, errc::not_a_run);
    EXPECT_EQ(run::open(folder.path() / "missing").error().code, errc::not_a_run);
}

TEST(run_folder, events_and_description_are_read) {
    const test::temp_folder folder;
    test::put_content(folder.path() / "trace.ndjson", line(1) + line(2));
    test::put_content(folder.path() / "run.json", "{\"seed\":1}\n");
    const auto r = run::open(folder.path());
    ASSERT_TRUE(r) << r.error().message();
    ASSERT_EQ(r->events().size(), 2U);
    EXPECT_EQ(r->events()[1].name, "n2");
    EXPECT_EQ(r->description(), "{\"seed\":1}\n");
    EXPECT_EQ(r->folder(), folder.path());
}

TEST(run_folder, a_last_line_cut_off_by_a_crash_is_dropped) {
    const test::temp_folder folder;
    test::put_content(folder.path() / "trace.ndjson", line(1) + line(2).substr(0, 20));
    const auto r = run::open(folder.path());
    ASSERT_TRUE(r);
    EXPECT_EQ(r->events().size(), 1U);
    EXPECT_EQ(r->description(), "");
}

TEST(run_folder, a_malformed_line_is_named_by_its_number) {
    const test::temp_folder folder;
    test::put_content(folder.path() / "trace.ndjson", line(1) + "{\"broken\n" + line(2));
    const auto r = run::open(folder.path());
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, errc::malformed);
    EXPECT_NE(r.error().detail.find("line 2"), std::string::npos) << r.error().detail;
}

TEST(run_folder, a_gap_in_the_numbers_is_an_error) {
    const test::temp_folder folder;
    test::put_content(folder.path() / "trace.ndjson", line(1) + line(3));
    EXPECT_EQ(run::open(folder.path()).error().code, errc::malformed);
}

TEST(run_folder, a_line_without_end_is_refused_and_not_read_whole) {
    const test::temp_folder folder;
    test::put_content(folder.path() / "trace.ndjson", std::string((16U << 20U) + 1, 'x') + "\n");
    EXPECT_EQ(run::open(folder.path()).error().code, errc::malformed);
}

TEST(run_folder, a_body_is_given_only_whole_and_only_by_its_hash) {
    const test::temp_folder folder;
    std::filesystem::create_directory(folder.path() / "bodies");
    const auto hash = to_hex(crypto::sha256(as_bytes("hello")));
    test::put_content(folder.path() / "bodies" / hash, "hello");
    test::put_content(folder.path() / "trace.ndjson", line(1));
    const auto r = run::open(folder.path());
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body({hash, 5, false}), to_bytes("hello"));
    test::put_content(folder.path() / "bodies" / hash, "hell");
    EXPECT_EQ(r->body({hash, 5, false}), std::nullopt);
    EXPECT_EQ(r->body({"../trace.ndjson", 5, false}), std::nullopt);
    EXPECT_EQ(r->body({std::string(64, '0'), 5, false}), std::nullopt);
}

} // namespace
} // namespace pomona::trace
