// Predicates of activations, without a Mac: values come from two JSON objects.
#include "pomona/protocol/predicate/pattern.hpp"
#include "pomona/protocol/predicate/predicate.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pomona::predicate {
namespace {

using nlohmann::json;

class values final : public source {
  public:
    [[nodiscard]] std::optional<json> status(std::string_view item) const override {
        const auto found = items.find(item);
        return found == items.end() ? std::nullopt : std::optional{*found};
    }
    [[nodiscard]] std::optional<json> property(std::string_view name) const override {
        const auto found = properties.find(name);
        return found == properties.end() ? std::nullopt : std::optional{*found};
    }
    json items{{"device.model.family", "Mac"},
               {"device.operating-system.version", "15.1"},
               {"diskmanagement.filevault.enabled", true},
               {"test.integer-value", 42},
               {"test.real-value", 1.5},
               {"test.array-value", {{{"key1", "a"}, {"key2", "b"}}, {{"key1", "c"}}}},
               {"test.dictionary-value", {{"key1", "a"}}},
               {"mdm.app",
                {{{"identifier", "com.example.app"}, {"state", "managed"}},
                 {{"identifier", "com.example.other"}, {"state", "installing"}}}}};
    json properties{{"age", 18},
                    {"name", "Åsa Öberg"},
                    {"roles", {"grade11", "grade12"}},
                    {"scores", {3, 5, 8}},
                    {"none", nullptr}};
};

outcome evaluate(std::string_view text) {
    const auto read = expression::parse(text);
    if (!read) {
        return {verdict::not_evaluable, "not parsed: " + read.error().message()};
    }
    return read->evaluate(values{});
}

void expect_all(verdict wanted, std::initializer_list<std::string_view> texts) {
    for (const auto text : texts) {
        const auto is = evaluate(text);
        EXPECT_EQ(static_cast<int>(is.is), static_cast<int>(wanted)) << text << ": " << is.why;
    }
}

// DDM-046. Apple's own examples: the model, the apps, the properties.
TEST(predicate, apples_examples) {
    expect_all(
        verdict::is_true,
        {"(@status(device.model.family) == 'Mac')",
         "SUBQUERY(@status(mdm.app), $app, ($app.@key(identifier) == \"com.example.app\") AND "
         "($app.@key(state) == \"managed\")).@count == 1",
         "@property(age) >= 18 AND 'grade12' IN @property(roles)"});
}

TEST(predicate, comparisons) {
    expect_all(verdict::is_true, {"1 = 1",
                                  "1 == 1.0",
                                  "2 <> 1",
                                  "2 != 1",
                                  "1 < 2",
                                  "1 <= 1",
                                  "1 =< 1",
                                  "2 > 1",
                                  "2 >= 2",
                                  "2 => 2",
                                  "'a' < 'b'",
                                  "TRUE == 1",
                                  "YES == TRUE",
                                  "NO == false",
                                  "@property(missing) == NULL",
                                  "@property(none) == nil",
                                  "@property(age) BETWEEN {18, 20}",
                                  "@property(age) != 'eighteen'",
                                  "0x10 == 16",
                                  "-1 < 0",
                                  "1e3 == 1000",
                                  ".5 == 0.5",
                                  "@status(test.real-value) > 1",
                                  "'b' BETWEEN {'a', 'c'}"});
    expect_all(verdict::is_false,
               {"1 == 2", "NULL < 1", "1 > NULL", "'1' == 1", "@property(age) BETWEEN {1, 2}",
                "@property(missing) != NULL", "'Mac' == 'mac'"});
}

TEST(predicate, operators_for_texts_and_their_options) {
    expect_all(
        verdict::is_true,
        {"'Mac' BEGINSWITH 'Ma'", "'Mac' ENDSWITH 'ac'", "'Mac' CONTAINS 'a'",
         "'Mac' beginswith[c] 'MA'", "'Mac' ==[c] 'MAC'", "@property(name) BEGINSWITH[cd] 'asa o'",
         "'é' ==[d] 'e'", "'É' ==[c] 'é'", "'abc' LIKE 'a?c'", "'abbbc' LIKE 'a*c'",
         "'a*c' LIKE 'a\\*c'", "'ABC' LIKE[c] 'a*'", "'15.1' MATCHES '15\\.[0-9]+'",
         "'Mac14,2' MATCHES '(?:Mac|iMac)\\d+,\\d+'", "'MAC' MATCHES[c] 'mac'", "'ac' IN 'Mac'",
         "@status(device.operating-system.version) BEGINSWITH '15.'", "NOT (NULL BEGINSWITH 'a')"});
    expect_all(verdict::is_false, {"'Mac' BEGINSWITH 'ma'", "'abc' LIKE 'b*'", "'abc' MATCHES 'b'",
                                   "'abc' LIKE 'ab'"});
}

TEST(predicate, collections) {
    expect_all(verdict::is_true,
               {"ANY @property(scores) > 7", "SOME @property(scores) == 3",
                "ALL @property(scores) > 2", "NONE @property(scores) > 8",
                "@property(roles) CONTAINS 'grade11'", "2 IN {1, 2, 3}", "NOT 4 IN {1, 2, 3}",
                "ANY @status(mdm.app).@key(state) == 'installing'", "@property(scores).@count == 3",
                "@property(scores)[0] == 3", "@property(scores)[LAST] == 8",
                "@property(scores)[SIZE] == 3", "@property(scores)[FIRST] == 3",
                "@status(test.dictionary-value).@key(key1) == 'a'",
                "@status(test.dictionary-value).key1 == 'a'", "ANY {'a', 'B'} ==[c] 'b'",
                "ALL {} == 1", "{1, 2} == {1, 2}"});
    expect_all(verdict::is_false, {"ALL @property(scores) > 3", "5 IN {}", "ANY {} == 1"});
}

TEST(predicate, logic_and_arithmetic) {
    expect_all(verdict::is_true,
               {"TRUEPREDICATE", "NOT FALSEPREDICATE", "!FALSEPREDICATE",
                "TRUEPREDICATE OR FALSEPREDICATE AND FALSEPREDICATE",
                "1 == 1 && (1 == 2 || 2 == 2)", "not 1 == 2 and 1 == 1", "((1) == (1))",
                "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "7 / 2 == 3", "7.0 / 2 == 3.5",
                "10 - 3 - 2 == 5", "trueprediCATE"});
    expect_all(verdict::is_false,
               {"FALSEPREDICATE", "TRUEPREDICATE AND FALSEPREDICATE", "NOT (1 == 1 OR 1 == 2)"});
}

TEST(predicate, what_cannot_be_parsed) {
    for (const auto* text : {"",
                             "(",
                             "1",
                             "1 ==",
                             "== 1",
                             "'a",
                             "1 == 1 AND",
                             "1 == 1 1",
                             "(1 == 1",
                             "1 == 1)",
                             "a b",
                             "ANY 1",
                             "1 == (2 == 3)",
                             "(1 == 1) == 1",
                             "$app == 1",
                             "1 ==[x] 1",
                             "1 == 1 AND 2",
                             "{1, 2",
                             "BETWEEN {1,2}",
                             "count(a) == 1",
                             "NOT",
                             "1 BETWEEN",
                             "SUBQUERY({1}, $x, $x).@count == 1",
                             "'\\uD800' == 'a'",
                             "1 ~ 2",
                             "99999999999999999e999 == 1"}) {
        const auto read = expression::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, make_error_code(errc::syntax)) << text;
    }
}

TEST(predicate, what_is_wrong_about_a_custom_operator) {
    for (const auto* text :
         {"(@status(", "@status == 1", "@status() == 1", "@status(a b) == 1", "@other(x) == 1",
          "@key(a) == 1", "@property('a') == 1", "@status(a).@status(b) == 1", "@ == 1"}) {
        const auto read = expression::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, make_error_code(errc::custom_operator)) << text;
    }
}

TEST(predicate, what_cannot_be_evaluated) {
    expect_all(verdict::failed,
               {"1 < 'a'", "1 BEGINSWITH 'a'", "ANY 1 == 1", "1 BETWEEN 2", "1 BETWEEN {1}",
                "'a' MATCHES '('", "'a' MATCHES '(a)\\1'", "1 / 0 == 1", "'a' + 1 == 2",
                "@property(age).@count == 1", "@property(scores)[9] == 1",
                "@property(age).@key(x) == 1", "1 IN 2",
                "SUBQUERY(@property(age), $x, TRUEPREDICATE).@count == 1"});
    expect_all(verdict::not_evaluable,
               {"@status(no.such.item) == 1", "SELF == 1", "somekey == 1", "a.b.c == 1"});
}

TEST(predicate, names_what_it_depends_on) {
    const auto read = expression::parse(
        "@status(a.b) == 1 AND (@property(x) == 2 OR @status(a.b) == @status(c-d))");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->status_items(), (std::vector<std::string>{"a.b", "c-d"}));
    EXPECT_EQ(read->properties(), std::vector<std::string>{"x"});
}

std::string repeat(std::string_view what, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += what;
    }
    return out;
}

TEST(predicate, hostile_texts_are_bounded) {
    for (const auto& text : {repeat("(", 15'000), repeat("NOT ", 4000) + "TRUEPREDICATE",
                             repeat("-", 16'000) + "1 == 1", repeat("1+", 8000) + "1 == 1",
                             "@status(a)" + repeat(".b", 8000) + " == 1", repeat("{", 16'000),
                             std::string(20'000, ' '), repeat("1==1 AND ", 1800) + "1==1"}) {
        EXPECT_FALSE(expression::parse(text)) << text.substr(0, 40);
    }
    // Nested subqueries multiply; the work is bounded all the same.
    std::string nested = "1 == 1";
    for (int i = 0; i < 10; ++i) {
        nested = "SUBQUERY({1,2,3,4,5,6,7,8,9,10}, $v" + std::to_string(i) + ", " + nested +
                 ").@count == 10";
    }
    const auto is = evaluate(nested);
    EXPECT_EQ(static_cast<int>(is.is), static_cast<int>(verdict::not_evaluable)) << is.why;
}

bool matches(std::string_view text, std::string_view expression) {
    const auto p = pattern::compile(expression);
    return p && p->matches_whole(text);
}

TEST(predicate_pattern, regular_expressions) {
    EXPECT_TRUE(matches("aab", "a*b"));
    EXPECT_TRUE(matches("", "(a|)"));
    EXPECT_TRUE(matches("abab", "(ab){2}"));
    EXPECT_TRUE(matches("aaa", "a{2,}"));
    EXPECT_FALSE(matches("aaaa", "a{2,3}"));
    EXPECT_TRUE(matches("x-9_", "[a-z][^0-8][\\d][\\w]"));
    EXPECT_TRUE(matches("a b", "\\w\\s\\w"));
    EXPECT_TRUE(matches("ab", "^a.?b$"));
    EXPECT_TRUE(matches("foo bar", "foo\\b bar"));
    EXPECT_TRUE(matches("]-", "[]-]+"));
    EXPECT_TRUE(matches("HALLO", "(?i)hallo"));
    EXPECT_TRUE(matches("äöü", "[ä-ü]{3}"));
    EXPECT_TRUE(matches("a+?", "a\\+\\?"));
    EXPECT_TRUE(matches("1", "[^\\D]"));
    EXPECT_FALSE(matches("a", "[^\\w]"));
    for (const auto* bad : {"(", ")", "[", "a{", "a{3,2}", "*", "(?=a)", "(?<n>a)", "\\1",
                            "[[:alpha:]]", "a{9999}", "(a{1000}){1000}", "a++", "[z-a]", "\\"}) {
        EXPECT_FALSE(pattern::compile(bad)) << bad;
    }
}

TEST(predicate_pattern, no_text_makes_it_slow) {
    // With backtracking: years.
    EXPECT_FALSE(matches(std::string(2000, 'a'), "(a*)*b"));
    EXPECT_FALSE(matches(std::string(2000, 'a'), "(a|a)*(a|aa)+b"));
    EXPECT_TRUE(matches(std::string(30, 'a'), repeat("a?", 30) + repeat("a", 30)));
}

} // namespace
} // namespace pomona::predicate
