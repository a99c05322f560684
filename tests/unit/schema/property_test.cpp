// For everything in the tables: what is made by them is valid, and each thing that is then spoilt
// is found.
#include "schema_generate.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pomona::schema {
namespace {

/// A Mac of `os` in the enrollment and on the channel where the command is at home.
context home_of(const entry& e, version os) {
    context c;
    c.os = os;
    c.channel = e.root.channel == channels::user ? channel::user : channel::device;
    c.enrollment = enrollment_kind::device;
    c.supervised = c.ade = c.user_approved = true;
    c.rights = 8191;
    return c;
}

std::string all_of(const findings& all) {
    std::string out;
    for (const auto& f : all) {
        out += f.to_string() + '\n';
    }
    return out;
}

bool has(const findings& all, finding::kind kind, std::string_view path) {
    return std::ranges::any_of(all,
                               [&](const finding& f) { return f.what == kind && f.path == path; });
}

std::vector<version> releases() {
    return {{13, 0}, {14, 4}, {15, 1}, {26, 0}, {26, 4}};
}

TEST(SchemaProperty, GeneratedCommandsAreValid) {
    for (const auto os : releases()) {
        for (const auto& e : entries(area::command)) {
            const auto c = home_of(e, os);
            if (obstacle_of(e, c) != obstacle::none) {
                EXPECT_GE(e.root.since(), first_seed) << e.name();
                continue;
            }
            for (const auto extent : {extent::minimal, extent::maximal}) {
                const auto found = validate_command(make_command(e, c, extent), c);
                EXPECT_EQ(first_problem(found), nullptr) << e.name() << '\n' << all_of(found);
            }
        }
    }
}

TEST(SchemaProperty, GeneratedAnswersAreValid) {
    for (const auto os : releases()) {
        for (const auto& e : entries(area::command)) {
            const auto c = home_of(e, os);
            for (const auto extent : {extent::minimal, extent::maximal}) {
                const auto found =
                    validate_answer(e.name(), make_dictionary(e.answer(), c, extent), c);
                EXPECT_EQ(first_problem(found), nullptr) << e.name() << '\n' << all_of(found);
            }
        }
    }
}

TEST(SchemaProperty, EachMissingKeyOfACommandIsFound) {
    std::size_t tried = 0;
    for (const auto& e : entries(area::command)) {
        const auto c = home_of(e, {26, 4});
        for (const auto& n : e.root.children()) {
            if (!n.is_required() || obstacle_of(n, c) != obstacle::none) {
                continue;
            }
            auto d = make_command(e, c, extent::minimal);
            d.erase(n.name());
            EXPECT_TRUE(has(validate_command(d, c), finding::kind::missing, n.name()))
                << e.name() << ' ' << n.name();
            ++tried;
        }
    }
    EXPECT_GT(tried, 20U);
}

TEST(SchemaProperty, EachKeyOfAWrongTypeIsFound) {
    std::size_t tried = 0;
    for (const auto& e : entries(area::command)) {
        const auto c = home_of(e, {26, 4});
        for (const auto& n : e.root.children()) {
            if (n.is_free_key() || obstacle_of(n, c) != obstacle::none) {
                continue;
            }
            auto d = make_command(e, c, extent::minimal);
            d.set(n.name(), make_wrong_type(n));
            EXPECT_TRUE(has(validate_command(d, c), finding::kind::type, n.name()))
                << e.name() << ' ' << n.name();
            ++tried;
        }
    }
    EXPECT_GT(tried, 60U);
}

TEST(SchemaProperty, EachValueThatIsNotAllowedIsFound) {
    std::size_t tried = 0;
    for (const auto& e : entries(area::command)) {
        const auto c = home_of(e, {26, 4});
        for (const auto& n : e.root.children()) {
            auto d = make_command(e, c, extent::minimal);
            if (obstacle_of(n, c) != obstacle::none) {
                continue;
            }
            if (!n.values().empty()) {
                d.set(n.name(), n.type == value_type::string ? plist::value{"no such value"}
                                                             : plist::value{-77});
                EXPECT_TRUE(has(validate_command(d, c), finding::kind::value, n.name()));
                ++tried;
            }
            if (n.extra().most_length != unlimited) {
                const auto length = n.extra().most_length + 1;
                d.set(n.name(), n.type == value_type::data
                                    ? plist::value{bytes(length)}
                                    : plist::value{std::string(length, 'x')});
                EXPECT_TRUE(has(validate_command(d, c), finding::kind::format, n.name()));
                ++tried;
            }
        }
    }
    EXPECT_GT(tried, 8U);
}

TEST(SchemaProperty, AnUnknownKeyIsANoteAndNeverAProblem) {
    for (const auto& e : entries(area::command)) {
        const auto c = home_of(e, {26, 4});
        if (obstacle_of(e, c) != obstacle::none || e.root.free_key() != nullptr) {
            continue;
        }
        auto d = make_command(e, c, extent::minimal);
        d.set("NoSuchKey", 1);
        const auto found = validate_command(d, c);
        EXPECT_TRUE(has(found, finding::kind::unknown_key, "NoSuchKey")) << e.name();
        EXPECT_EQ(first_problem(found), nullptr) << e.name() << '\n' << all_of(found);
    }
}

TEST(SchemaProperty, EveryCommandIsRefusedWhereItIsNotAtHome) {
    for (const auto& e : entries(area::command)) {
        const auto good = home_of(e, {26, 4});
        if (obstacle_of(e, good) != obstacle::none) {
            continue;
        }
        auto c = good;
        if (e.root.channel == channels::device || e.root.channel == channels::user) {
            c.channel = e.root.channel == channels::device ? channel::user : channel::device;
            EXPECT_EQ(obstacle_of(e, c), obstacle::channel) << e.name();
        }
        c = good;
        c.os = version{10, 6};
        EXPECT_EQ(obstacle_of(e, c), obstacle::too_old) << e.name();
        c = good;
        c.rights = 0;
        EXPECT_EQ(obstacle_of(e, c) == obstacle::right,
                  e.root.right != 0 && e.root.right < node::right_by_query)
            << e.name();
        c = good;
        c.ade = false;
        EXPECT_EQ(obstacle_of(e, c) == obstacle::ade, (e.root.needs & needs::ade) != 0);
        c = good;
        c.supervised = false;
        EXPECT_EQ(obstacle_of(e, c) == obstacle::supervision,
                  (e.root.needs & needs::supervised) != 0);
        c = good;
        c.enrollment = enrollment_kind::user;
        EXPECT_EQ(obstacle_of(e, c) == obstacle::enrollment,
                  e.root.in_user_enrollment() == user_enrollment::forbidden)
            << e.name();
    }
}

TEST(SchemaProperty, GeneratedPayloadsDeclarationsAndMessagesAreValid) {
    for (const auto a : {area::profile, area::checkin, area::other, area::error}) {
        for (const auto& e : entries(a)) {
            const auto c = home_of(e, {26, 4});
            if (obstacle_of(e, c) != obstacle::none) {
                continue;
            }
            for (const auto extent : {extent::minimal, extent::maximal}) {
                const auto d = make_dictionary(e.root.children(), c, extent);
                const auto found = validate_keys(e, d, c);
                EXPECT_EQ(first_problem(found), nullptr) << e.name() << '\n' << all_of(found);
            }
        }
    }
}

} // namespace
} // namespace pomona::schema
