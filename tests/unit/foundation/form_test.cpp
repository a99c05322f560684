#include "pomona/foundation/form.hpp"

#include <gtest/gtest.h>

namespace pomona {
namespace {

TEST(form, what_is_written_is_read) {
    const form fields{{"a b", "c&d=e"}, {"f", ""}, {"\xc3\xa9", "+%"}};
    EXPECT_EQ(write_form(fields), "a%20b=c%26d%3De&f=&%C3%A9=%2B%25");
    EXPECT_EQ(read_form(write_form(fields)), fields);
    EXPECT_EQ(*find_field(fields, "f"), "");
    EXPECT_EQ(find_field(fields, "g"), nullptr);
}

TEST(form, forms_of_browsers_are_read) {
    EXPECT_EQ(read_form("a=b+c&&d&=e&a=2"), (form{{"a", "b c"}, {"d", ""}, {"", "e"}, {"a", "2"}}));
    EXPECT_EQ(read_form(""), form{});
}

TEST(form, broken_escapes_and_floods_are_refused) {
    EXPECT_FALSE(read_form("a=%4"));
    EXPECT_FALSE(read_form("%zz=1"));
    EXPECT_FALSE(read_form("a&b&c", 2));
}

} // namespace
} // namespace pomona
