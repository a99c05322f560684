#include "pomona/reports/html.hpp"
#include "sample_run.hpp"

#include <gmock/gmock.h>

#include <regex>

namespace pomona::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string page_of(const scenario::run_outcome& run) {
    html_input input;
    input.run = &run;
    return html(input);
}

std::size_t count(std::string_view text, std::string_view word) {
    std::size_t n = 0;
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        ++n;
    }
    return n;
}

TEST(html, a_name_cannot_leave_its_place) {
    auto run = sample::run();
    const auto scripts = count(page_of(run), "</script>");
    run.name = "</title></script><script>alert(1)</script>";
    const auto page = page_of(run);
    EXPECT_EQ(count(page, "</script>"), scripts);
    EXPECT_EQ(count(page, "</title>"), 1U);
    EXPECT_THAT(page, HasSubstr("<title>fail: &lt;/title&gt;"));
}

TEST(html, the_policy_allows_the_pages_own_code_by_hash_and_nothing_else) {
    const auto page = page_of(sample::run());
    const std::regex policy{
        "default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; "
        "img-src data:; base-uri 'none'; form-action 'none'"};
    EXPECT_TRUE(std::regex_search(page.substr(0, 2000), policy));
    EXPECT_THAT(page, Not(HasSubstr("src=\"http")));
    EXPECT_THAT(page, Not(HasSubstr("@@")));
}

} // namespace
} // namespace pomona::reports
