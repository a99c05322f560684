#include "pomona/reports/junit.hpp"
#include "sample_run.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace pomona::reports {
namespace {

using testing::HasSubstr;

/// Elements open and close in order, and no raw '&' or control character stands anywhere.
bool is_well_formed(std::string_view xml) {
    std::vector<std::string> open;
    for (std::size_t at = 0; at < xml.size(); ++at) {
        const auto c = static_cast<unsigned char>(xml[at]);
        if (c < 0x20 && c != '\n' && c != '\t') {
            return false;
        }
        if (c == '&' && xml.substr(at, 8).find(';') == xml.npos) {
            return false;
        }
        if (c != '<') {
            continue;
        }
        const auto close = xml.find('>', at);
        if (close == xml.npos) {
            return false;
        }
        const auto tag = xml.substr(at + 1, close - at - 1);
        at = close;
        if (tag.starts_with('?') || tag.ends_with('/')) {
            continue;
        }
        if (!tag.starts_with('/')) {
            open.emplace_back(tag.substr(0, tag.find(' ')));
        } else if (open.empty() || open.back() != tag.substr(1)) {
            return false;
        } else {
            open.pop_back();
        }
    }
    return open.empty();
}

TEST(junit, steps_and_checks_are_testcases_and_failures_are_counted) {
    const auto xml = junit(sample::run());
    EXPECT_TRUE(is_well_formed(xml)) << xml;
    EXPECT_THAT(xml, HasSubstr(R"(tests="2" failures="2" errors="0" skipped="0" time="5.000")"));
    EXPECT_THAT(xml, HasSubstr("sample.yaml:3 expect: TokenUpdate"));
    EXPECT_THAT(xml, HasSubstr(R"(classname="checks.server" name="MDM-012")"));
}

TEST(junit, markup_in_a_peers_words_is_escaped) {
    auto run = sample::run();
    run.name = "a \"b\" <c> & d";
    run.checks[0].findings[0].actual = "</failure><x y='1'>";
    const auto xml = junit(run);
    EXPECT_TRUE(is_well_formed(xml)) << xml;
    EXPECT_THAT(xml, HasSubstr("a &quot;b&quot; &lt;c&gt; &amp; d"));
}

TEST(junit, control_characters_and_broken_utf8_become_question_marks) {
    auto run = sample::run();
    run.steps[0].reason = std::string{"bell \x07, byte \xff, cut \xe2\x82, fine \xe2\x82\xac"};
    const auto xml = junit(run);
    EXPECT_TRUE(is_well_formed(xml)) << xml;
    EXPECT_THAT(xml, HasSubstr("bell ?, byte ?, cut ??, fine \xe2\x82\xac"));
}

// RFC 3629 section 3: surrogates and overlong forms are not UTF-8, and XML readers refuse them.
TEST(junit, surrogates_overlong_forms_and_what_is_beyond_unicode_are_not_let_through) {
    auto run = sample::run();
    run.steps[0].reason = std::string{"s \xed\xa0\x80 o \xe0\x80\xaf b \xf4\x90\x80\x80"};
    EXPECT_THAT(junit(run), HasSubstr("s ??? o ??? b ????"));
}

TEST(junit, blocked_and_not_applicable_are_skipped_with_their_reason) {
    auto run = sample::run();
    run.steps[0].verdict = checks::verdict::blocked;
    run.checks[0].verdict = checks::verdict::not_applicable;
    run.checks[0].reason = "no command was sent";
    const auto xml = junit(run);
    EXPECT_THAT(xml, HasSubstr(R"(failures="0" errors="0" skipped="2")"));
    EXPECT_THAT(xml, HasSubstr("n/a: no command was sent"));
}

} // namespace
} // namespace pomona::reports
