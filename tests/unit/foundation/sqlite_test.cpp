#include "pomona/foundation/sqlite.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace pomona::sqlite {
namespace {

TEST(sqlite, binds_steps_and_reads_every_kind_of_column) {
    auto db = database::open(":memory:");
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->execute("CREATE TABLE t(a INTEGER, b TEXT, c BLOB, d TEXT)"));
    auto insert = db->prepare("INSERT INTO t VALUES(?,?,?,?)");
    ASSERT_TRUE(insert);
    insert->bind(1, std::int64_t{42}).bind(2, "text").bind(3, bytes{1, 0, 2}).bind_null(4);
    ASSERT_TRUE(insert->run());

    auto select = db->prepare("SELECT a,b,c,d FROM t");
    ASSERT_TRUE(select);
    ASSERT_TRUE(select->step().value());
    EXPECT_EQ(select->column_int(0), 42);
    EXPECT_EQ(select->column_text(1), "text");
    EXPECT_EQ(select->column_blob(2), (bytes{1, 0, 2}));
    EXPECT_TRUE(select->column_is_null(3));
    EXPECT_FALSE(select->step().value());
}

TEST(sqlite, an_empty_blob_is_not_null) {
    auto db = database::open(":memory:");
    ASSERT_TRUE(db && db->execute("CREATE TABLE t(c BLOB NOT NULL)"));
    auto insert = db->prepare("INSERT INTO t VALUES(?)");
    insert->bind(1, bytes_view{});
    EXPECT_TRUE(insert->run());
}

TEST(sqlite, a_violated_constraint_is_named_and_leaves_the_statement_usable) {
    auto db = database::open(":memory:");
    ASSERT_TRUE(db &&
                db->execute("CREATE TABLE t(a INTEGER PRIMARY KEY); INSERT INTO t VALUES(1)"));
    auto insert = db->prepare("INSERT INTO t VALUES(?)");
    insert->bind(1, std::int64_t{1});
    const auto twice = insert->run();
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, errc::constraint);
    insert->bind(1, std::int64_t{2});
    EXPECT_TRUE(insert->run());
}

TEST(sqlite, a_file_is_private_and_a_foreign_file_is_refused) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("pomona-sqlite-test-" + std::to_string(::getpid()));
    {
        auto db = database::open(path.string());
        ASSERT_TRUE(db && db->execute("CREATE TABLE t(a)"));
        struct stat info{};
        ASSERT_EQ(::stat(path.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600U);
    }
    std::filesystem::remove(path);
    const auto missing = database::open("/no/such/folder/file");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errc::open);
}

TEST(sqlite, a_statement_prepared_again_remembers_nothing) {
    auto db = database::open(":memory:");
    ASSERT_TRUE(db &&
                db->execute("CREATE TABLE t(a INTEGER, b TEXT); INSERT INTO t VALUES(1,'x')"));
    for (int i = 0; i < 3; ++i) {
        auto select = db->prepare("SELECT a FROM t WHERE b IS NOT ?");
        ASSERT_TRUE(select);
        // No value from the use before: NULL is bound, and the row is there.
        EXPECT_TRUE(select->step().value());
        select->reset();
        select->bind(1, "x");
        EXPECT_FALSE(select->step().value());
    }
}

TEST(sqlite, the_same_text_can_be_in_use_twice) {
    auto db = database::open(":memory:");
    ASSERT_TRUE(db && db->execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1),(2)"));
    auto first = db->prepare("SELECT a FROM t ORDER BY a");
    ASSERT_TRUE(first && first->step().value());
    auto second = db->prepare("SELECT a FROM t ORDER BY a");
    ASSERT_TRUE(second && second->step().value());
    EXPECT_TRUE(first->step().value());
    EXPECT_EQ(first->column_int(0), 2);
    EXPECT_EQ(second->column_int(0), 1);
}

TEST(sqlite, a_statement_left_at_a_row_holds_nothing_up) {
    auto db = database::open(":memory:");
    ASSERT_TRUE(db && db->execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1),(2)"));
    {
        auto select = db->prepare("SELECT a FROM t");
        ASSERT_TRUE(select && select->step().value());
    }
    EXPECT_TRUE(db->execute("DROP TABLE t")) << "a running SELECT would lock it";
    auto again = db->prepare("SELECT a FROM t");
    EXPECT_FALSE(again && again->step()) << "the kept statement knows that its table is gone";
}

} // namespace
} // namespace pomona::sqlite
