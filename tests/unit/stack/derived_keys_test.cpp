// The same keys everywhere, and none but the right ones from the disk.
#include "pomona/foundation/encoding.hpp"
#include "pomona/stack/derived_keys.hpp"
#include "pomona/test/temp_folder.hpp"

#include <gtest/gtest.h>

namespace pomona::stack {

namespace {

/// Of the SubjectPublicKeyInfo.
std::string fingerprint(const crypto::private_key& key) {
    return to_hex(crypto::sha256(key.public_key_info()));
}

TEST(derived_keys, are_a_function_of_their_index) {
    const test::temp_folder temp;
    derived_keys cached{temp.path() / "derived-1"};
    const auto ctx = crypto::context::seeded(as_bytes("a world"));
    const auto first = cached.take(ctx, 64, 2);
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_NE(fingerprint(first->at(0)), fingerprint(first->at(1)));
    EXPECT_EQ(first->at(0).owner().native(), ctx.native());
    // Derived anew, without a folder, and from one key later on.
    const auto anew = derived_keys{{}}.take(ctx, 65, 1);
    EXPECT_EQ(fingerprint(anew->front()), fingerprint(first->at(1)));
    const auto loaded = cached.take(ctx, 64, 2);
    EXPECT_EQ(fingerprint(loaded->at(0)), fingerprint(first->at(0)));
}

TEST(derived_keys, are_never_taken_from_a_file_that_is_not_theirs) {
    const test::temp_folder temp;
    const auto folder = temp.path() / "derived-1";
    derived_keys cached{folder};
    const auto ctx = crypto::context::system();
    const auto right = cached.take(ctx, 70, 2).value();
    EXPECT_EQ(test::mode_of(folder), 0700U);
    EXPECT_EQ(test::mode_of(folder / "key-000070"), 0600U);
    // Another's content, a changed byte, a cut file: all are derived again.
    std::filesystem::copy_file(folder / "key-000071", folder / "key-000070",
                               std::filesystem::copy_options::overwrite_existing);
    auto content = test::content_of(folder / "key-000071");
    content.back() = static_cast<char>(content.back() ^ 1);
    test::put_content(folder / "key-000071", content);
    const auto mended = cached.take(ctx, 70, 2).value();
    EXPECT_EQ(fingerprint(mended[0]), fingerprint(right[0]));
    EXPECT_EQ(fingerprint(mended[1]), fingerprint(right[1]));
    test::put_content(folder / "key-000070", test::content_of(folder / "key-000070").substr(0, 40));
    EXPECT_EQ(fingerprint(cached.take(ctx, 70, 1)->front()), fingerprint(right[0]));
}

TEST(derived_keys, have_reserved_places_for_roles) {
    EXPECT_EQ(derived_keys::index_of_role("ca"), 0U);
    EXPECT_EQ(derived_keys::index_of_role("push-certificate"), 4U);
    EXPECT_FALSE(derived_keys::index_of_role("mac"));
}

TEST(derived_keys, stop_when_told_to) {
    const test::temp_folder temp;
    std::stop_source stop;
    stop.request_stop();
    const auto cut =
        derived_keys{temp.path()}.take(crypto::context::system(), 64, 3, {}, stop.get_token());
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, errc::interrupted);
}

} // namespace

} // namespace pomona::stack
