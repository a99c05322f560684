#include "pomona/scenario/yaml.hpp"

#include <gtest/gtest.h>

namespace pomona::scenario {
namespace {

problem refused(std::string_view text) {
    const auto read = yaml::read("f.yaml", text);
    EXPECT_FALSE(read) << text;
    return read ? problem{} : read.error();
}

TEST(yaml, every_node_knows_its_place_and_whether_it_was_quoted) {
    const auto root = yaml::read("f.yaml", "a: 1\nb:\n  - true\n  - \"true\"\n");
    ASSERT_TRUE(root);
    const auto* b = root->find("b");
    ASSERT_NE(b, nullptr);
    ASSERT_EQ(b->items.size(), 2U);
    EXPECT_EQ(b->items[0].boolean(), true);
    EXPECT_FALSE(b->items[1].boolean());
    EXPECT_EQ(b->items[1].where.line, 4);
    EXPECT_EQ(b->items[1].where.column, 5);
    EXPECT_EQ(root->find("a")->integer(), 1);
}

TEST(yaml, a_duplicate_key_is_refused_where_it_stands) {
    const auto p = refused("a: 1\nb: 2\na: 3\n");
    EXPECT_EQ(p.where.line, 3);
    EXPECT_EQ(p.where.column, 1);
    EXPECT_NE(p.suggestion.find("line 1"), std::string::npos);
}

TEST(yaml, what_hides_structure_is_refused) {
    EXPECT_NE(refused("a: &x 1\nb: *x\n").message.find("anchor"), std::string::npos);
    EXPECT_NE(refused("a: !!binary Zm9v\n").message.find("tag"), std::string::npos);
    EXPECT_NE(refused("a: 1\n---\nb: 2\n").message.find("second document"), std::string::npos);
    EXPECT_NE(refused("[1]: 2\n").message.find("key"), std::string::npos);
}

TEST(yaml, broken_and_empty_input_is_a_problem_with_a_place) {
    EXPECT_EQ(refused("a: [1, 2\n").where.file, "f.yaml");
    EXPECT_NE(refused("").message.find("empty"), std::string::npos);
    EXPECT_NE(refused("a: b: c\n").message.find("not YAML"), std::string::npos);
}

TEST(yaml, depth_and_size_are_bounded) {
    EXPECT_NE(refused(std::string(100, '[')).message, "");
    EXPECT_NE(refused("a: " + std::string(2U << 20U, 'x')).message.find("1 MiB"),
              std::string::npos);
    // Far deeper than any stack: refused, not a crash.
    EXPECT_NE(refused(std::string(500'000, '[')).message, "");
}

} // namespace
} // namespace pomona::scenario
