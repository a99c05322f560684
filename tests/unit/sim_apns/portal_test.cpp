// What the push certificate portal issues.
#include "bench.hpp"

namespace pomona::sim::apns {

namespace {

net::task<void> issues(bench& b) {
    const auto& cert = b.identity->cert;
    EXPECT_EQ(cert.subject_part("UID"), our_topic.value());
    EXPECT_EQ(cert.subject_part("CN"), "APSP:0D5E3A2C-8B1F-4C7D-9E6A-1F2B3C4D5E6F");
    EXPECT_EQ(cert.subject_part("C"), "US");
    EXPECT_TRUE(cert.has_extension("1.2.840.113635.100.6.3.1"));
    EXPECT_TRUE(cert.has_extension("1.2.840.113635.100.6.3.2"));
    EXPECT_EQ(cert.extended_key_usage(), std::vector<std::string>{"1.3.6.1.5.5.7.3.2"});
    EXPECT_TRUE(cert.key_is_rsa());
    EXPECT_EQ(cert.key_bits(), 2048);
    EXPECT_FALSE(cert.is_ca());
    EXPECT_EQ(cert.not_after() - cert.not_before(), std::chrono::days{365});
    EXPECT_TRUE(crypto::verify_chain(cert, {}, {b.push->root()}, b.world->now()));
    // APNS-071: renewal keeps UID and CN.
    const auto again = co_await b.push->issue_push_identity(our_topic);
    EXPECT_EQ(again->cert.subject(), cert.subject());
    EXPECT_NE(again->cert.serial_hex(), cert.serial_hex());
    EXPECT_FALSE(co_await b.push->issue_push_identity(topic{"not a topic"}));
}
TEST(push_portal, issues_for_both_environments_and_renews_under_the_same_name) {
    bench b;
    b.run(issues(b));
}

} // namespace

} // namespace pomona::sim::apns
