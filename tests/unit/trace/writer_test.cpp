#include "pomona/test/temp_folder.hpp"
#include "pomona/trace/run_folder.hpp"
#include "writer.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pomona::trace {
namespace {

/// What was written after a limit of `most` bytes per file struck, in a process of its own: 0 when
/// all is as it should be.
int write_into_a_limit(const std::filesystem::path& folder, rlim_t most) {
    auto w = writer::create(folder);
    if (!w) {
        return 10;
    }
    const rlimit limit{most, most};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 11;
    }
    for (int i = 0; i < 1000; ++i) {
        (*w)->line("line " + std::to_string(i));
    }
    (*w)->body(std::string(64, 'e'), bytes(200, 'x'));
    const auto done = (*w)->finish();
    if (done || !(*w)->failed() || done.error().code != errc::cannot_write) {
        return 12;
    }
    const auto kept = (*w)->find_body(std::string(64, 'e'));
    return kept == bytes(200, 'x') ? 0 : 13;
}

TEST(writer, makes_a_private_folder_and_private_files) {
    const test::temp_folder parent;
    const auto folder = parent.path() / "runs" / "1";
    auto w = writer::create(folder / ""); // as a user may write it
    ASSERT_TRUE(w) << w.error().message();
    (*w)->body(std::string(64, 'a'), to_bytes("content"));
    (*w)->line("one");
    (*w)->line("two");
    ASSERT_TRUE((*w)->finish());
    ASSERT_TRUE(replace_file(folder / "run.json", "{}"));
    EXPECT_EQ(test::content_of(folder / "trace.ndjson"), "one\ntwo\n");
    EXPECT_EQ(test::content_of(folder / "bodies" / std::string(64, 'a')), "content");
    EXPECT_EQ(test::mode_of(folder), 0700U);
    EXPECT_EQ(test::mode_of(folder / "bodies"), 0700U);
    EXPECT_EQ(test::mode_of(folder / "trace.ndjson"), 0600U);
    EXPECT_EQ(test::mode_of(folder / "run.json"), 0600U);
    EXPECT_EQ(test::mode_of(folder / "bodies" / std::string(64, 'a')), 0600U);
}

TEST(writer, refuses_a_folder_that_holds_a_run_and_leaves_it_alone) {
    const test::temp_folder folder;
    test::put_content(folder.path() / "trace.ndjson", "old");
    const auto w = writer::create(folder.path());
    ASSERT_FALSE(w);
    EXPECT_EQ(w.error().code, errc::cannot_write);
    EXPECT_NE(w.error().detail.find("already holds a run"), std::string::npos);
    EXPECT_EQ(test::content_of(folder.path() / "trace.ndjson"), "old");
}

TEST(writer, refuses_a_place_where_no_folder_can_be) {
    const test::temp_folder folder;
    test::put_content(folder.path() / "file", "");
    EXPECT_EQ(writer::create(folder.path() / "file" / "run").error().code, errc::cannot_write);
    EXPECT_EQ(writer::create(folder.path() / "file").error().code, errc::cannot_write);
}

TEST(writer, keeps_the_order_of_more_lines_than_its_queue_holds) {
    const test::temp_folder parent;
    auto w = writer::create(parent.path() / "run");
    ASSERT_TRUE(w);
    std::string expected;
    for (int i = 0; i < 60'000; ++i) {
        (*w)->line(std::to_string(i));
        expected += std::to_string(i) + "\n";
    }
    ASSERT_TRUE((*w)->finish());
    EXPECT_EQ(test::content_of(parent.path() / "run" / "trace.ndjson"), expected);
}

TEST(writer, a_body_can_be_read_before_and_after_it_is_on_disk) {
    const test::temp_folder parent;
    const auto hash = std::string{
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}; // of "hello"
    auto w = writer::create(parent.path() / "run");
    ASSERT_TRUE(w);
    (*w)->body(hash, to_bytes("hello"));
    (*w)->body(hash, to_bytes("hello"));
    EXPECT_EQ((*w)->find_body(hash), to_bytes("hello"));
    ASSERT_TRUE((*w)->finish());
    EXPECT_EQ((*w)->find_body(hash), to_bytes("hello"));
    EXPECT_EQ((*w)->find_body(std::string(64, '0')), std::nullopt);
}

TEST(writer, in_memory_keeps_bodies_and_writes_nothing) {
    writer w;
    w.line("x");
    w.body("h", to_bytes("b"));
    EXPECT_EQ(w.find_body("h"), to_bytes("b"));
    EXPECT_TRUE(w.finish());
}

TEST(writer, a_failed_write_leaves_whole_lines_and_keeps_bodies_in_memory) {
    const test::temp_folder parent;
    const auto folder = parent.path() / "run";
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::_exit(write_into_a_limit(folder, 100));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    const auto text = test::content_of(folder / "trace.ndjson");
    EXPECT_LE(text.size(), 100U);
    EXPECT_TRUE(text.starts_with("line 0\nline 1\n")) << text;
    EXPECT_TRUE(text.ends_with("\n"));
}

TEST(writer, a_full_disk_is_told_apart_from_other_failures) {
    EXPECT_EQ(code_of_write_error(ENOSPC), errc::full);
    EXPECT_EQ(code_of_write_error(EDQUOT), errc::full);
    EXPECT_EQ(code_of_write_error(EIO), errc::cannot_write);
    EXPECT_EQ(code_of_write_error(EFBIG), errc::cannot_write);
}

TEST(writer, replacing_a_file_is_whole_and_tells_when_it_cannot) {
    const test::temp_folder folder;
    const auto file = folder.path() / "run.json";
    ASSERT_TRUE(replace_file(file, "old"));
    ASSERT_TRUE(replace_file(file, "new"));
    EXPECT_EQ(test::content_of(file), "new");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "run.json.new"));
    EXPECT_EQ(replace_file(folder.path() / "missing" / "x", "y").error().code, errc::cannot_write);
}

} // namespace
} // namespace pomona::trace
