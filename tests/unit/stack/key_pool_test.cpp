// The pool on disk: unique keys, private files, work kept when it is interrupted.
#include "pomona/stack/key_pool.hpp"
#include "pomona/test/temp_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

namespace pomona::stack {

namespace {

std::vector<bytes> ders(const std::vector<crypto::private_key>& keys) {
    std::vector<bytes> out;
    for (const auto& key : keys) {
        out.push_back(key.to_der());
    }
    return out;
}

TEST(key_pool, makes_unique_keys_once_and_reads_them_back_in_order) {
    const test::temp_folder temp;
    const auto folder = temp.path() / "cache" / "keys";
    key_pool pool{folder};
    std::vector<key_progress> told;
    const auto first = pool.take(3, [&](const key_progress& p) { told.push_back(p); });
    ASSERT_TRUE(first) << first.error().message();
    const auto keys = ders(*first);
    EXPECT_EQ(std::set(keys.begin(), keys.end()).size(), 3U);
    for (const auto& key : *first) {
        EXPECT_TRUE(key.is_rsa());
        EXPECT_EQ(key.bits(), 2048);
    }
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.front().done, 0U);
    EXPECT_EQ(told.front().total, 3U);
    EXPECT_FALSE(told.front().left);
    EXPECT_EQ(told.back().done, 3U);

    told.clear();
    const auto again = key_pool{folder}.take(3, [&](const key_progress& p) { told.push_back(p); });
    EXPECT_EQ(ders(again.value()), keys);
    EXPECT_TRUE(told.empty());
    const auto more = ders(pool.take(5).value());
    EXPECT_EQ(std::vector(more.begin(), more.begin() + 3), keys);
    EXPECT_EQ(ders(pool.take(2).value()), std::vector(keys.begin(), keys.begin() + 2));
    EXPECT_GE(pool.size().value(), 5U);
}

TEST(key_pool, lets_nobody_else_read) {
    const test::temp_folder temp;
    const auto folder = temp.path() / "keys";
    std::filesystem::create_directory(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    ASSERT_TRUE(key_pool{folder}.take(1));
    EXPECT_EQ(test::mode_of(folder), 0700U);
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        EXPECT_EQ(test::mode_of(entry.path()), 0600U) << entry.path();
    }
}

TEST(key_pool, keeps_what_was_made_when_interrupted) {
    const test::temp_folder temp;
    std::stop_source stop;
    key_pool pool{temp.path() / "keys"};
    const auto cut = pool.take(
        10'000,
        [&](const key_progress& p) {
            if (p.done > 0) {
                stop.request_stop();
            }
        },
        stop.get_token());
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, errc::interrupted);
    const auto kept = pool.size().value();
    EXPECT_GT(kept, 0U);
    EXPECT_LT(kept, 10'000U);
    EXPECT_EQ(pool.take(kept)->size(), kept);
}

TEST(key_pool, shares_the_work_of_two_processes_without_losing_a_key) {
    // Two pools of one folder, as two processes would have.
    const test::temp_folder temp;
    const auto folder = temp.path() / "keys";
    std::optional<result<std::vector<crypto::private_key>>> other;
    std::jthread second{[&] { other = key_pool{folder, 1}.take(4); }};
    const auto mine = key_pool{folder, 1}.take(4);
    second.join();
    ASSERT_TRUE(mine) << mine.error().message();
    ASSERT_TRUE(other && *other) << (*other).error().message();
    const auto size = key_pool{folder}.size().value();
    EXPECT_GE(size, 4U);
    const auto all = ders(key_pool{folder}.take(size).value());
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), size);
}

TEST(key_pool, names_a_damaged_file) {
    const test::temp_folder temp;
    const auto folder = temp.path() / "keys";
    ASSERT_TRUE(key_pool{folder}.take(1));
    const auto file = folder / "batch-000000.keys";
    auto content = test::content_of(file);
    ASSERT_GT(content.size(), 200U);
    content[200] = static_cast<char>(content[200] ^ 1);
    test::put_content(file, content);
    const auto damaged = key_pool{folder}.take(1);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, errc::damaged);
    EXPECT_NE(damaged.error().detail.find("batch-000000.keys"), std::string::npos);
    test::put_content(file, content.substr(0, 20));
    EXPECT_EQ(key_pool{folder}.take(1).error().code, errc::damaged);
    std::filesystem::remove(file);
    EXPECT_TRUE(key_pool{folder}.take(1));
}

TEST(key_pool, says_when_there_is_no_place_for_it) {
    const test::temp_folder temp;
    test::put_content(temp.path() / "file", "x");
    EXPECT_EQ(key_pool{temp.path() / "file" / "keys"}.take(1).error().code, errc::cannot_write);
    EXPECT_EQ(key_pool{temp.path() / "file"}.take(1).error().code, errc::cannot_write);
    EXPECT_EQ(key_pool{{}}.take(1).error().code, errc::cannot_write);
}

} // namespace

} // namespace pomona::stack
