// The Digest text of UserAuthenticate (mdm.md 2.6).
#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/protocol/mdm/user_authenticate.hpp"

#include <gmock/gmock.h>

namespace pomona::mdm {
namespace {

TEST(UserAuthenticate, AChallengeIsReadWithBlanksQuotesAndFurtherParameters) {
    for (const auto* text : {R"(Digest nonce="n+1/2==",realm="example.org")",
                             R"(digest  realm = "example.org" , nonce="n+1/2==", algorithm=MD5)",
                             R"(Digest realm=example.org,opaque="\"x\\",nonce=n+1/2==)"}) {
        const auto read = parse_digest_challenge(text);
        ASSERT_TRUE(read) << text << ": " << read.error().message();
        EXPECT_EQ(read->nonce, "n+1/2==");
        EXPECT_EQ(read->realm, "example.org");
    }
}

TEST(UserAuthenticate, AChallengeOfAnotherSchemeOrAlgorithmIsRefused) {
    for (const auto* text :
         {"", "Digest", "Basic realm=\"x\"", "Digestnonce=\"n\",realm=\"r\"", "Digest nonce=\"n\"",
          "Digest nonce=\"n", "Digest nonce", R"(Digest nonce="n",realm="r",nonce="m")",
          R"(Digest nonce="n",realm="r",algorithm=SHA-256)"}) {
        EXPECT_FALSE(parse_digest_challenge(text)) << text;
    }
    EXPECT_FALSE(parse_digest_challenge("Digest nonce=" + std::string(5000, 'n') + ",realm=r"));
}

// The hash, worked out by hand with another program:
//   printf 'net1:example.org:secret' | md5sum; printf 'PUT:/' | md5sum; printf 'HA1:n:HA2' | md5sum
TEST(UserAuthenticate, TheHashIsThatOfHttpDigestWithoutQualityOfProtection) {
    EXPECT_EQ(digest_secret("net1", "example.org", "secret"), "b0675071aace928b9f769841f1b67dde");
    EXPECT_EQ(digest_hash(digest_secret("net1", "example.org", "secret"), "n", "/"),
              "a47df8a5ffb236d7c587a0da9cea8530");
}

TEST(UserAuthenticate, AnAnswerIsRightForItsPasswordAndItsChallengeOnly) {
    const digest_challenge asked{"n\"1\\", "example.org"};
    const auto heard = parse_digest_challenge(write_digest_challenge(asked));
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->nonce, asked.nonce);
    const auto text = write_digest_response(answer_digest(*heard, "net1", "secret"));
    EXPECT_THAT(text, testing::StartsWith("Digest username=\"net1\",realm=\"example.org\",nonce="));
    const auto answer = parse_digest_response(text);
    ASSERT_TRUE(answer) << answer.error().message();
    const auto secret = digest_secret("net1", "example.org", "secret");
    EXPECT_TRUE(is_right_digest(*answer, asked, secret));
    EXPECT_FALSE(is_right_digest(*answer, asked, digest_secret("net1", "example.org", "Secret")));
    EXPECT_FALSE(is_right_digest(*answer, {"n2", "example.org"}, secret));
    EXPECT_FALSE(is_right_digest(answer_digest(*heard, "net1", "wrong"), asked, secret));
}

// MDM-CHK-037, MDM-CHK-081.
TEST(UserAuthenticate, TheMessageHasItsTwoStepsAndLaterOnesTheToken) {
    checkin_message m;
    m.from = {.device = udid{"U"},
              .enrollment = {},
              .user_id = "G",
              .user_short_name = "net1",
              .user_long_name = "Net One"};
    m.body = user_authenticate{};
    auto d = plist::parse_dict(write_checkin(m)).value();
    EXPECT_EQ(*d.string("MessageType"), "UserAuthenticate");
    EXPECT_EQ(*d.string("UserID"), "G");
    EXPECT_FALSE(d.contains("DigestResponse"));
    EXPECT_FALSE(d.contains("AuthToken"));
    m.body = user_authenticate{.digest_response = "Digest x"};
    m.from.auth_token = "T";
    d = plist::parse_dict(write_checkin(m)).value();
    EXPECT_EQ(*d.string("DigestResponse"), "Digest x");
    EXPECT_EQ(*d.string("AuthToken"), "T");
    const auto back = parse_checkin(write_checkin(m)).value();
    EXPECT_EQ(back.from.auth_token, "T");
    EXPECT_EQ(std::get<user_authenticate>(back.body).digest_response, "Digest x");
}

} // namespace
} // namespace pomona::mdm
