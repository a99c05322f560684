#include "pomona/protocol/schema/form.hpp"

#include <gtest/gtest.h>

namespace pomona::schema {
namespace {

context mac(version os, channel where = channel::device) {
    context c;
    c.os = os;
    c.channel = where;
    c.enrollment = enrollment_kind::device;
    return c;
}

std::optional<plist::value> nothing(std::string_view) {
    return std::nullopt;
}

// MDM-CHK-075: whatever is known, the answer is valid.
TEST(FormAnswer, IsValidForEveryCommandReleaseAndChannelEvenWhenNothingIsKnown) {
    for (const auto os : {version{13, 0}, version{15, 1}, version{26, 4}}) {
        for (const auto where : {channel::device, channel::user}) {
            for (const auto& e : entries(area::command)) {
                const auto c = mac(os, where);
                const auto found = validate_answer(e.name(), form_answer(e.name(), nothing, c), c);
                EXPECT_EQ(first_problem(found), nullptr)
                    << e.name() << ": " << first_problem(found)->to_string();
            }
        }
    }
}

TEST(FormAnswer, TakesWhatIsKnownAndCompletesIt) {
    const auto known = [](std::string_view path) -> std::optional<plist::value> {
        if (path == "Users") {
            return plist::value{plist::array{plist::dict{{"UserName", "alice"}, {"UID", 501}}}};
        }
        return std::nullopt;
    };
    const auto answer = form_answer("UserList", known, mac({15, 1}));
    const auto* users = answer.list("Users");
    ASSERT_NE(users, nullptr);
    const auto& alice = *users->front().get<plist::dict>();
    EXPECT_EQ(*alice.string("UserName"), "alice");
    EXPECT_EQ(*alice.integer("UID"), 501);
    EXPECT_EQ(*alice.boolean("IsLoggedIn"), false);
    EXPECT_EQ(first_problem(validate_answer("UserList", answer, mac({15, 1}))), nullptr);
}

TEST(FormAnswer, LeavesOutWhatTheMacHasNot) {
    const auto known = [](std::string_view path) -> std::optional<plist::value> {
        return path.ends_with("IsRecoveryLockEnabled") ? std::optional{plist::value{true}}
                                                       : std::nullopt;
    };
    const auto newer = form_answer("SecurityInfo", known, mac({15, 1}));
    EXPECT_TRUE(newer.dictionary("SecurityInfo")->contains("IsRecoveryLockEnabled"));
    const auto older = form_answer("SecurityInfo", known, mac({11, 4}));
    EXPECT_FALSE(older.dictionary("SecurityInfo")->contains("IsRecoveryLockEnabled"));
    EXPECT_TRUE(form_answer("NoSuchCommand", known, mac({15, 1})).empty());
}

} // namespace
} // namespace pomona::schema
