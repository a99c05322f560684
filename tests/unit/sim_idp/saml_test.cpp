// SAML 2.0: which requests are answered, what the answers say, and hostile XML. That signatures
// hold is seen by a service provider of others (tests/interop/idp).
#include "bench.hpp"
#include "idp/saml.hpp"
#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::idp {
namespace {

constexpr auto protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
constexpr auto assertion = "urn:oasis:names:tc:SAML:2.0:assertion";

std::string request_xml(const std::string& issuer = "https://sp.example/metadata",
                        const std::string& more = {}) {
    return std::string{"<samlp:AuthnRequest xmlns:samlp=\""} + protocol + "\" xmlns:saml=\"" +
           assertion + "\" ID=\"_1\" Version=\"2.0\" " + more + "><saml:Issuer>" + issuer +
           "</saml:Issuer></samlp:AuthnRequest>";
}

class saml : public provider {
  protected:
    net::response post(const std::string& xml) {
        const form body{{"SAMLRequest", to_base64(as_bytes(xml))}, {"RelayState", "R&1"}};
        return answer_saml_sso(*state_,
                               {.method = "POST",
                                .target = "/saml/sso",
                                .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                .body = to_bytes(write_form(body))});
    }
    /// The XML in the form of the answer.
    static std::string response_in(const net::response& r) {
        const auto text = text_of(r);
        constexpr std::string_view before = "name=\"SAMLResponse\" value=\"";
        const auto at = text.find(before);
        if (at == std::string::npos) {
            return "none: " + text;
        }
        const auto begin = at + before.size();
        return to_text(bytes_view{
            from_base64(text.substr(begin, text.find('"', begin) - begin)).value_or(bytes{})});
    }
};

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(saml, a_user_signs_in_and_the_form_carries_the_assertion) {
    const auto page = post(request_xml());
    ASSERT_EQ(page.status, 200U) << text_of(page);
    const auto r = log_in(page);
    EXPECT_TRUE(has(text_of(r), "action=\"https://sp.example/acs\""));
    EXPECT_TRUE(has(text_of(r), "name=\"RelayState\" value=\"R&amp;1\""));
    EXPECT_FALSE(has(text_of(r), "<script"));
    const auto xml = response_in(r);
    for (const auto* part :
         {"status:Success", "InResponseTo=\"_1\"", "Recipient=\"https://sp.example/acs\"",
          "<saml:Audience>https://sp.example/metadata</saml:Audience>", "ada@example.org",
          "<ds:SignatureValue>", "xmldsig-more#rsa-sha256"}) {
        EXPECT_TRUE(has(xml, part)) << part << " in " << xml;
    }
}

TEST_F(saml, denial_is_Responder_with_AuthnFailed) {
    manage("POST", "/idp/deny", json::object());
    const auto xml = response_in(log_in(post(request_xml())));
    EXPECT_TRUE(has(xml, "status:Responder") && has(xml, "status:AuthnFailed")) << xml;
    EXPECT_FALSE(has(xml, "Assertion ID"));
    EXPECT_TRUE(has(xml, "<ds:SignatureValue>"));
    const auto cancelled = response_in(log_in(post(request_xml()), "", "", "cancel"));
    EXPECT_TRUE(has(cancelled, "status:AuthnFailed"));
}

TEST_F(saml, a_stale_assertion_on_request) {
    manage("POST", "/idp/expire", {{"what", "assertion"}});
    const auto stale = response_in(log_in(post(request_xml())));
    EXPECT_TRUE(has(stale, "NotOnOrAfter=\"2026-01-05T08:00:00Z\"")) << stale;
    EXPECT_FALSE(has(response_in(log_in(post(request_xml()))), "NotOnOrAfter=\"2026-01-05T08:00"));
}

TEST_F(saml, answers_go_to_known_addresses_only) {
    EXPECT_EQ(post(request_xml("https://nobody/")).status, 400U);
    EXPECT_EQ(post(request_xml("https://sp.example/metadata",
                               "AssertionConsumerServiceURL=\"https://evil.example/\""))
                  .status,
              400U);
    EXPECT_EQ(post(request_xml("https://sp.example/metadata",
                               "Destination=\"https://other.example/saml/sso\""))
                  .status,
              400U);
    EXPECT_EQ(post(request_xml("https://sp.example/metadata",
                               "Destination=\"https://idp.example/saml/sso\" "
                               "AssertionConsumerServiceURL=\"https://sp.example/acs\""))
                  .status,
              200U);
    EXPECT_EQ(post(request_xml("https://sp.example/metadata",
                               "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:PAOS\""))
                  .status,
              400U);
}

TEST(saml_xml, hostile_documents_are_refused) {
    std::string bomb = "<!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\">";
    bomb += "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><l>&b;</l>";
    std::string deep;
    for (int i = 0; i < 5000; ++i) {
        deep += "<a>";
    }
    for (const auto& xml :
         {bomb, deep, std::string{}, std::string{"<"}, std::string(100'000, ' '),
          std::string{"\xff\xfe<a/>"}, std::string{"<a/>"}, request_xml("&e;"),
          std::string{"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>"},
          std::string{"<x:AuthnRequest xmlns:x=\"urn:x\" ID=\"_1\" Version=\"2.0\"/>"}}) {
        EXPECT_FALSE(read_authn_request(xml)) << xml.substr(0, 60);
    }
}

TEST(saml_xml, compressed_requests_are_bounded) {
    // "<a/>" in stored blocks, and what would grow without end.
    EXPECT_EQ(inflate_bytes(bytes{0x01, 0x04, 0x00, 0xfb, 0xff, '<', 'a', '/', '>'}).value(),
              "<a/>");
    EXPECT_FALSE(inflate_bytes(bytes{}));
    EXPECT_FALSE(inflate_bytes(bytes{0xff, 0xff, 0xff}));
    bytes flood{0xed, 0xc1, 0x01, 0x01, 0x00, 0x00, 0x00, 0x80, 0x90, 0xfe, 0xaf, 0xee};
    EXPECT_FALSE(inflate_bytes(flood));
    EXPECT_FALSE(inflate_request("%%%"));
}

} // namespace
} // namespace pomona::sim::idp
