// Push tokens on disk: replayed, compacted, whole after a kill.
#include "pomona/foundation/time.hpp"
#include "pomona/test/temp_folder.hpp"
#include "token_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace pomona::stack {

namespace {

using sim::apns::token_record;

token_record record(const std::string& device, std::uint8_t fill) {
    return {.device = udid{device},
            .for_topic = topic{"com.apple.mgmt.External.1"},
            .token = push_token{bytes(32, fill)}};
}

token_record dead(token_record one) {
    one.dead_since = *from_rfc3339("2026-03-01T12:00:00.123456789Z");
    one.death = apns::reason::expired_token;
    return one;
}

class token_files : public testing::Test {
  protected:
    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        out << std::ifstream{file_}.rdbuf();
        return out.str();
    }
    void append(std::string_view text) const { std::ofstream{file_, std::ios::app} << text; }
    [[nodiscard]] std::size_t lines() const {
        const auto all = text();
        return static_cast<std::size_t>(std::ranges::count(all, '\n'));
    }
    [[nodiscard]] std::vector<token_record> read() const {
        auto opened = token_file::open(file_);
        EXPECT_TRUE(opened) << opened.error().message();
        return std::move(opened->tokens);
    }

    test::temp_folder temp_;
    std::filesystem::path file_ = temp_.path() / "tokens.ndjson";
};

TEST_F(token_files, give_back_what_was_added_the_last_record_of_a_token) {
    {
        auto opened = token_file::open(file_);
        ASSERT_TRUE(opened) << opened.error().message();
        EXPECT_TRUE(opened->tokens.empty());
        EXPECT_TRUE(opened->file.add(record("mac-1", 1)));
        EXPECT_TRUE(opened->file.add(record("mac-2", 2)));
        EXPECT_TRUE(opened->file.add(dead(record("mac-1", 1))));
        EXPECT_TRUE(opened->file.add(record("mac-1", 3)));
        EXPECT_EQ(lines(), 4U);
    }
    EXPECT_EQ(test::mode_of(file_), 0600U);
    const auto tokens = read();
    ASSERT_EQ(tokens.size(), 3U);
    EXPECT_EQ(tokens[0].device, udid{"mac-1"});
    EXPECT_EQ(tokens[0].for_topic, topic{"com.apple.mgmt.External.1"});
    EXPECT_EQ(tokens[0].token, push_token{bytes(32, 1)});
    EXPECT_EQ(tokens[0].dead_since, dead(record("mac-1", 1)).dead_since);
    EXPECT_EQ(tokens[0].death, apns::reason::expired_token);
    EXPECT_EQ(tokens[1].device, udid{"mac-2"});
    EXPECT_EQ(tokens[1].dead_since, std::nullopt);
    EXPECT_EQ(tokens[2].token, push_token{bytes(32, 3)});
    EXPECT_EQ(lines(), 3U) << "compacted by the start";
    EXPECT_EQ(test::mode_of(file_), 0600U);
}

TEST_F(token_files, go_on_where_they_were) {
    for (std::uint8_t n = 1; n <= 3; ++n) {
        auto opened = token_file::open(file_);
        ASSERT_TRUE(opened) << opened.error().message();
        EXPECT_EQ(opened->tokens.size(), n - 1U);
        EXPECT_TRUE(opened->file.add(record("mac", n)));
    }
    EXPECT_EQ(read().size(), 3U);
}

TEST_F(token_files, drop_a_last_line_that_has_no_end) {
    ASSERT_TRUE(token_file::open(file_)->file.add(record("mac-1", 1)));
    const auto whole = text();
    // A killed process may leave any part of a line.
    for (std::size_t size = 1; size < whole.size(); ++size) {
        append(whole.substr(0, size));
        ASSERT_EQ(read().size(), 1U) << size;
        ASSERT_EQ(text(), whole) << size;
    }
}

TEST_F(token_files, name_any_other_line_that_is_no_record) {
    ASSERT_TRUE(token_file::open(file_)->file.add(record("mac-1", 1)));
    const auto whole = text();
    const std::string start = R"({"device":"a","topic":"b","token":"00")";
    for (const auto& bad : {std::string{"not JSON"}, std::string{"[]"}, std::string{},
                            std::string{R"({"device":"a"})"},
                            std::string{R"({"device":"a","topic":"b","token":"xy"})"},
                            std::string{R"({"device":1,"topic":"b","token":"00"})"},
                            start + R"(,"dead_since":"yesterday","reason":"Unregistered"})",
                            start + R"(,"dead_since":"2026-03-01T12:00:00Z","reason":"BadTopic"})",
                            start + R"(,"dead_since":"2026-03-01T12:00:00Z"})"}) {
        append(bad + '\n' + whole);
        const auto opened = token_file::open(file_);
        ASSERT_FALSE(opened) << bad;
        EXPECT_EQ(opened.error().code, make_error_code(errc::damaged));
        EXPECT_NE(opened.error().detail.find("tokens.ndjson, line 2: not a push token's record"),
                  std::string::npos)
            << opened.error().detail;
        std::filesystem::resize_file(file_, whole.size());
    }
    EXPECT_EQ(read().size(), 1U);
}

TEST_F(token_files, are_followed_by_nobody_elses_link) {
    std::filesystem::create_symlink(temp_.path() / "elsewhere", file_);
    EXPECT_FALSE(token_file::open(file_));
}

} // namespace

} // namespace pomona::stack
