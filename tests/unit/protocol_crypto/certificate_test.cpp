#include "builders.hpp"
#include "pomona/foundation/encoding.hpp"

#include <gtest/gtest.h>

namespace pomona::test {
namespace {

using namespace crypto;
using std::chrono::hours;

TEST(certificate, says_what_the_spec_said) {
    certificate_spec spec;
    spec.subject = {{"C", "DE"},
                    {"O", "Bäckerei"},
                    {"CN", "mac-1"},
                    {"UID", "com.apple.mgmt.External.x"},
                    {"1.2.840.113635.100.99", "own"}};
    spec.serial = {0xff, 0x01};
    spec.not_before = now;
    spec.not_after = now + 10 * day + std::chrono::milliseconds{999};
    spec.usage = {.digital_signature = true, .key_encipherment = true};
    spec.extended_usage = {"clientAuth", "1.3.6.1.5.5.7.3.1"};
    spec.dns_names = {"mdm.example", "127.0.0.1", "::1"};
    spec.extensions = {{"1.2.840.113635.100.8.9.1", {0x0c, 0x01, 'x'}}};
    const auto cert = value_of(issue(spec, ec_key().public_key_info(), rsa_ca()));

    EXPECT_EQ(cert.subject(), spec.subject);
    EXPECT_EQ(cert.issuer(), rsa_ca().cert.subject());
    EXPECT_EQ(cert.subject_part("UID"), "com.apple.mgmt.External.x");
    EXPECT_EQ(cert.subject_part("OU"), std::nullopt);
    EXPECT_EQ(cert.serial_hex(), "FF01");
    EXPECT_EQ(cert.not_before(), now);
    EXPECT_EQ(cert.not_after(), now + 10 * day) << "whole seconds";
    ASSERT_TRUE(cert.usage().has_value());
    EXPECT_TRUE(cert.usage()->digital_signature && cert.usage()->key_encipherment);
    EXPECT_FALSE(cert.usage()->key_cert_sign || cert.usage()->crl_sign);
    EXPECT_EQ(cert.extended_key_usage(),
              (std::vector<std::string>{"1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"}));
    EXPECT_EQ(cert.dns_names(), spec.dns_names);
    EXPECT_TRUE(cert.has_extension("1.2.840.113635.100.8.9.1"));
    EXPECT_FALSE(cert.has_extension("1.2.840.113635.100.8.9.2"));
    EXPECT_FALSE(cert.is_ca());
    EXPECT_FALSE(cert.is_self_signed());
    EXPECT_EQ(cert.public_key_info(), ec_key().public_key_info());
    EXPECT_FALSE(cert.key_is_rsa());
    EXPECT_EQ(cert.key_bits(), 256);
}

TEST(certificate, that_rests_is_the_same_when_it_is_asked_again) {
    const auto cert =
        value_of(certificate::from_der(context::system(), leaf("rested", rsa_key(1)).cert.der()));
    const auto copy = cert;
    const auto in_use = cert.native();
    const auto hash = cert.sha256();
    cert.rest();
    EXPECT_NE(copy.native(), in_use);
    EXPECT_EQ(crypto::sha256(copy.der()), hash);
    cert.rest();
    EXPECT_EQ(cert.sha256(), hash);
    EXPECT_EQ(cert.subject_part("CN"), "rested");
    cert.rest();
    EXPECT_TRUE(verify_chain(cert, {}, {rsa_ca().cert}, now));
}

TEST(certificate, survives_der_and_pem) {
    const auto& cert = rsa_ca().cert;
    const auto again = value_of(certificate::from_der(context::system(), cert.der()));
    EXPECT_EQ(again.der(), cert.der());
    EXPECT_EQ(again.sha256(), crypto::sha256(cert.der()));
    EXPECT_EQ(again.sha1(), crypto::sha1(cert.der()));
    const auto two = value_of(
        certificate::from_pem(context::system(), as_bytes("text\n" + cert.pem() + cert.pem())));
    ASSERT_EQ(two.size(), 2U);
    EXPECT_EQ(two[1].der(), cert.der());
}

TEST(certificate, names_use_the_right_string_types) {
    auto spec = spec_for("x");
    spec.subject = {{"C", "DE"}, {"CN", "x"}};
    const auto hex = to_hex(value_of(self_sign(spec, ec_key())).der());
    EXPECT_NE(hex.find("0603550406"
                       "13024445"),
              std::string::npos)
        << "countryName is a PrintableString";
    EXPECT_NE(hex.find("0603550403"
                       "0c0178"),
              std::string::npos)
        << "commonName is a UTF8String";
}

TEST(certificate, uid_is_the_ldap_attribute) {
    auto spec = spec_for("x");
    spec.subject = {{"0.9.2342.19200300.100.1.1", "topic"}};
    EXPECT_EQ(value_of(self_sign(spec, ec_key())).subject(), (name{{"UID", "topic"}}));
}

TEST(certificate, empty_subject_is_allowed) {
    auto spec = spec_for("x");
    spec.subject.clear();
    const auto cert = value_of(issue(spec, ec_key().public_key_info(), rsa_ca()));
    EXPECT_TRUE(cert.subject().empty());
    EXPECT_EQ(to_text(cert.subject()), "");
}

TEST(certificate, unknown_name_types_and_illegal_values_are_errors) {
    auto spec = spec_for("x");
    for (const name& bad : {name{{"NoSuchType", "x"}}, name{{"C", "Germany"}}, name{{"CN", ""}},
                            name{{"CN", std::string(65, 'x')}}, name{{"O", "\xff\xfe"}}}) {
        spec.subject = bad;
        const auto cert = self_sign(spec, ec_key());
        ASSERT_FALSE(cert.has_value()) << to_text(bad);
        EXPECT_EQ(cert.error().code, errc::unsupported);
    }
}

TEST(certificate, serial_is_one_to_twenty_octets_and_positive) {
    auto spec = spec_for("x");
    for (const bytes& bad : {bytes{}, bytes{0}, bytes(20, 0xff), bytes(21, 1)}) {
        spec.serial = bad;
        EXPECT_FALSE(self_sign(spec, ec_key()).has_value()) << to_hex(bad);
    }
    spec.serial = bytes(20, 0x7f);
    EXPECT_EQ(value_of(self_sign(spec, ec_key())).serial_hex(), to_hex_upper(spec.serial));
}

TEST(certificate, times_of_all_eras) {
    for (const auto* text : {"1949-12-31T23:59:59Z", "1950-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
                             "2000-02-29T12:34:56Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z",
                             "2200-06-30T01:02:03Z"}) {
        auto spec = spec_for("x");
        spec.not_before = *from_rfc3339(text);
        EXPECT_EQ(to_rfc3339(value_of(self_sign(spec, ec_key())).not_before()), text);
    }
}

TEST(certificate, root_says_ca_and_its_own_key) {
    const auto& root = rsa_ca().cert;
    EXPECT_TRUE(root.is_ca());
    EXPECT_TRUE(root.is_self_signed());
    EXPECT_TRUE(root.key_is_rsa());
    EXPECT_EQ(root.key_bits(), 2048);
    EXPECT_TRUE(root.has_extension("2.5.29.14"));
    EXPECT_TRUE(root.has_extension("2.5.29.35"));
}

TEST(certificate, malformed_is_an_error) {
    const auto der = rsa_ca().cert.der();
    for (std::size_t cut = 0; cut < der.size(); cut += 7) {
        EXPECT_FALSE(
            certificate::from_der(context::system(), bytes_view{der}.first(cut)).has_value());
    }
    auto longer = der;
    longer.push_back(0);
    EXPECT_FALSE(certificate::from_der(context::system(), longer).has_value());
    EXPECT_FALSE(certificate::from_pem(context::system(), as_bytes("nothing here")).has_value());
    EXPECT_FALSE(certificate::from_pem(context::system(), {}).has_value());
    const auto pem = rsa_ca().cert.pem();
    EXPECT_FALSE(
        certificate::from_pem(context::system(), as_bytes(pem + pem.substr(0, 200))).has_value());
}

TEST(issue, refuses_a_key_that_is_not_the_issuers) {
    const identity wrong{rsa_ca().cert, rsa_key(1), {}};
    const auto cert = issue(spec_for("x"), ec_key().public_key_info(), wrong);
    ASSERT_FALSE(cert.has_value());
    EXPECT_EQ(cert.error().code, errc::wrong_key);
}

TEST(issue, refuses_a_malformed_public_key) {
    auto spki = ec_key().public_key_info();
    spki.push_back(0);
    EXPECT_FALSE(issue(spec_for("x"), spki, rsa_ca()).has_value());
    EXPECT_FALSE(issue(spec_for("x"), {}, rsa_ca()).has_value());
}

TEST(chain, leaf_intermediate_root) {
    auto spec = spec_for("Issuing CA");
    spec.ca = true;
    spec.path_length = 0;
    spec.usage = {.key_cert_sign = true};
    const identity issuing{
        value_of(issue(spec, ec_key().public_key_info(), rsa_ca())), ec_key(), {}};
    const auto server = value_of(issue(spec_for("server"), rsa_key(1).public_key_info(), issuing));

    EXPECT_TRUE(verify_chain(server, {issuing.cert}, {rsa_ca().cert}, now));
    EXPECT_TRUE(verify_chain(server, {}, {issuing.cert}, now))
        << "an anchor may be an intermediate";
    EXPECT_EQ(verify_chain(server, {}, {rsa_ca().cert}, now).error().code, errc::untrusted);
    EXPECT_EQ(verify_chain(server, {issuing.cert}, {}, now).error().code, errc::untrusted);
}

TEST(chain, is_judged_at_the_time_given) {
    const auto cert = leaf("mac", rsa_key(1)).cert;
    EXPECT_TRUE(verify_chain(cert, {}, {rsa_ca().cert}, now));
    EXPECT_EQ(verify_chain(cert, {}, {rsa_ca().cert}, now + 365 * day).error().code, errc::expired);
    EXPECT_EQ(verify_chain(cert, {}, {rsa_ca().cert}, now - 2 * day).error().code,
              errc::not_yet_valid);
}

TEST(chain, a_leaf_does_not_issue) {
    const auto fake_ca = leaf("mac", rsa_key(1));
    const auto victim = value_of(issue(spec_for("victim"), ec_key().public_key_info(), fake_ca));
    EXPECT_EQ(verify_chain(victim, {fake_ca.cert}, {rsa_ca().cert}, now).error().code,
              errc::untrusted);
}

TEST(chain, same_name_other_key_is_untrusted) {
    auto spec = spec_for("Test CA");
    spec.ca = true;
    const auto impostor = value_of(self_sign(spec, rsa_key(1)));
    EXPECT_EQ(verify_chain(leaf("mac", rsa_key(2)).cert, {}, {impostor}, now).error().code,
              errc::untrusted);
}

TEST(request, carries_subject_challenge_and_names) {
    request_spec spec;
    spec.subject = {{"O", "Example"}, {"CN", "mac"}};
    spec.challenge = "secret-1";
    spec.usage = key_usage{.digital_signature = true};
    spec.dns_names = {"mac.example", "10.0.0.1"};
    const auto der = value_of(make_request(spec, rsa_key(1)));
    const auto read = value_of(read_request(context::system(), der));
    EXPECT_EQ(read.subject, spec.subject);
    EXPECT_EQ(read.challenge, "secret-1");
    EXPECT_EQ(read.dns_names, spec.dns_names);
    EXPECT_EQ(read.public_key_info, rsa_key(1).public_key_info());
    EXPECT_TRUE(read.key_is_rsa);
    EXPECT_EQ(read.key_bits, 2048);
}

TEST(request, challenge_is_printable_string_when_it_fits) {
    const auto hex_of = [](std::string challenge) {
        request_spec spec;
        spec.challenge = std::move(challenge);
        return to_hex(value_of(make_request(spec, ec_key())));
    };
    constexpr std::string_view oid = "06092a864886f70d010907";
    EXPECT_NE(hex_of("abc").find(std::string{oid} + "31051303616263"), std::string::npos);
    EXPECT_NE(hex_of("a_c").find(std::string{oid} + "31050c03615f63"), std::string::npos)
        << "'_' is no PrintableString character";
    for (const auto* text : {"", "a_c", "gehäuse"}) {
        request_spec spec;
        spec.challenge = text;
        EXPECT_EQ(value_of(read_request(context::system(), value_of(make_request(spec, ec_key()))))
                      .challenge,
                  text);
    }
}

// SCEP-031. DER sorts attributes, so a long challenge comes after the extensions and a short one
// before.
TEST(request, challenge_of_either_type_is_read_before_and_after_the_extensions) {
    for (const auto& text : {std::string{"abc"}, std::string{"a_c"}, std::string(200, 'a'),
                             std::string(200, 'a') + "_"}) {
        request_spec spec;
        spec.challenge = text;
        spec.dns_names = {"mac.example"};
        const auto der = value_of(make_request(spec, ec_key()));
        const auto hex = to_hex(der);
        const auto challenge = hex.find("2a864886f70d010907");
        const auto extensions = hex.find("2a864886f70d01090e");
        ASSERT_NE(challenge, hex.npos);
        ASSERT_NE(extensions, hex.npos);
        EXPECT_EQ(challenge < extensions, text.size() < 100);
        const auto read = value_of(read_request(context::system(), der));
        EXPECT_EQ(read.challenge, text);
        EXPECT_EQ(read.dns_names, spec.dns_names);
    }
}

TEST(request, without_attributes) {
    const auto read =
        value_of(read_request(context::system(), value_of(make_request({}, ec_key()))));
    EXPECT_TRUE(read.subject.empty());
    EXPECT_EQ(read.challenge, std::nullopt);
    EXPECT_FALSE(read.key_is_rsa);
}

TEST(request, proof_of_possession_is_verified) { // SCEP-016
    request_spec spec;
    spec.subject = {{"CN", "mac"}};
    auto der = value_of(make_request(spec, rsa_key(1)));
    der.back() ^= 1;
    const auto read = read_request(context::system(), der);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, errc::signature_invalid);
}

TEST(request, malformed_is_an_error) {
    auto der = value_of(make_request({}, ec_key()));
    for (std::size_t cut = 0; cut < der.size(); ++cut) {
        EXPECT_FALSE(read_request(context::system(), bytes_view{der}.first(cut)).has_value());
    }
    der.push_back(0);
    EXPECT_EQ(read_request(context::system(), der).error().code, errc::malformed);
    EXPECT_EQ(read_request(context::system(), bytes(70'000, 0x30)).error().code, errc::too_large);
}

} // namespace
} // namespace pomona::test
