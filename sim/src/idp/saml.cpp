#include "idp/saml.hpp"

#include "idp/answers.hpp"
#include "pomona/foundation/c_handle.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/signature.hpp"

#include <array>
#include <cstring>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <zlib.h>

namespace pomona::sim::idp {
namespace {

constexpr std::size_t max_request = 64U << 10U;
constexpr std::string_view protocol_ns = "urn:oasis:names:tc:SAML:2.0:protocol";
constexpr std::string_view assertion_ns = "urn:oasis:names:tc:SAML:2.0:assertion";
constexpr std::string_view post_binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
constexpr std::string_view exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";

using document_ptr = c_ptr<xmlDoc, xmlFreeDoc>;

std::unexpected<error> malformed(std::string why) {
    return fail(std::make_error_code(std::errc::bad_message), std::move(why));
}

/// Neither entities nor anything from outside; libxml2 itself stops at 256 levels.
result<document_ptr> parse(std::string_view xml) {
    constexpr int how =
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT;
    if (xml.size() > max_request || xml.find("<!DOCTYPE") != std::string_view::npos) {
        return malformed("the XML is too long, or has a document type");
    }
    document_ptr doc{
        xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr, how)};
    if (!doc || xmlGetIntSubset(doc.get()) != nullptr) {
        return malformed("this is no well-formed XML");
    }
    return doc;
}

std::string attribute(xmlNode* node, const char* name) {
    auto* const text = xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name));
    std::string out = text == nullptr ? "" : reinterpret_cast<const char*>(text);
    xmlFree(text);
    return out;
}

bool is_element(const xmlNode* node, std::string_view name, std::string_view ns) {
    return node->type == XML_ELEMENT_NODE && reinterpret_cast<const char*>(node->name) == name &&
           node->ns != nullptr && reinterpret_cast<const char*>(node->ns->href) == ns;
}

/// RFC 3741 (Exclusive XML Canonicalization) of the whole document, by libxml2.
result<bytes> canonical(std::string_view xml) {
    auto doc = parse(xml);
    if (!doc) {
        return std::unexpected(doc.error());
    }
    xmlChar* text = nullptr;
    const int length =
        xmlC14NDocDumpMemory(doc->get(), nullptr, XML_C14N_EXCLUSIVE_1_0, nullptr, 0, &text);
    if (length < 0 || text == nullptr) {
        return malformed("canonicalisation failed");
    }
    bytes out(text, text + length);
    xmlFree(text);
    return out;
}

/// `element`: a whole element that declares all that it uses, with an attribute ID. Its Signature
/// comes behind its Issuer (schemas of SAML).
result<std::string> with_signature(std::string element, const std::string& id,
                                   const crypto::private_key& key,
                                   const crypto::certificate& cert) {
    const auto content = canonical(element);
    if (!content) {
        return std::unexpected(content.error());
    }
    const std::string algorithm =
        "<ds:CanonicalizationMethod Algorithm=\"" + std::string{exclusive} +
        "\"></ds:CanonicalizationMethod><ds:SignatureMethod "
        "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>";
    const std::string info =
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" + algorithm +
        "<ds:Reference URI=\"#" + id +
        "\"><ds:Transforms><ds:Transform "
        "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>"
        "<ds:Transform Algorithm=\"" +
        std::string{exclusive} +
        "\"></ds:Transform></ds:Transforms><ds:DigestMethod "
        "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>" +
        to_base64(crypto::sha256(*content)) + "</ds:DigestValue></ds:Reference></ds:SignedInfo>";
    const auto signed_info = canonical(info);
    if (!signed_info) {
        return std::unexpected(signed_info.error());
    }
    const auto value = crypto::sign_sha256(*signed_info, key);
    if (!value) {
        return std::unexpected(value.error());
    }
    const std::string signature =
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" + info +
        "<ds:SignatureValue>" + to_base64(*value) +
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>" +
        to_base64(cert.der()) + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>";
    constexpr std::string_view behind = "</saml:Issuer>";
    element.insert(element.find(behind) + behind.size(), signature);
    return element;
}

std::string attribute_statement(const user& who) {
    std::string out = "<saml:AttributeStatement>";
    for (const auto& [name, value] :
         {std::pair{"email", who.email}, std::pair{"name", who.full_name},
          std::pair{"username", who.name}}) {
        if (!value.empty()) {
            out += std::string{"<saml:Attribute Name=\""} + name +
                   "\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">"
                   "<saml:AttributeValue>" +
                   html_escape(value) + "</saml:AttributeValue></saml:Attribute>";
        }
    }
    return out + "</saml:AttributeStatement>";
}

/// SAML profiles section 4.1.4.2: what an assertion for the web browser profile has to say.
std::string write_assertion(const saml_answer& w) {
    const auto before = to_rfc3339(w.not_before);
    const auto after = to_rfc3339(w.not_after);
    const bool mail = !w.who->email.empty();
    return "<saml:Assertion xmlns:saml=\"" + std::string{assertion_ns} + "\" ID=\"" +
           w.assertion_id + "\" Version=\"2.0\" IssueInstant=\"" + to_rfc3339(w.now) +
           "\"><saml:Issuer>" + html_escape(w.issuer) +
           "</saml:Issuer><saml:Subject><saml:NameID "
           "Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:" +
           (mail ? "emailAddress" : "unspecified") + "\">" +
           html_escape(mail ? w.who->email : w.who->name) +
           "</saml:NameID><saml:SubjectConfirmation "
           "Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData" +
           (w.in_response_to.empty() ? ""
                                     : " InResponseTo=\"" + html_escape(w.in_response_to) + "\"") +
           " NotOnOrAfter=\"" + after + "\" Recipient=\"" + html_escape(w.destination) +
           "\"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>"
           "<saml:Conditions NotBefore=\"" +
           before + "\" NotOnOrAfter=\"" + after + "\"><saml:AudienceRestriction><saml:Audience>" +
           html_escape(w.audience) +
           "</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement "
           "AuthnInstant=\"" +
           to_rfc3339(w.now) + "\" SessionIndex=\"" + w.assertion_id +
           "\"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:"
           "classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext>"
           "</saml:AuthnStatement>" +
           attribute_statement(*w.who) + "</saml:Assertion>";
}

} // namespace

result<std::string> inflate_bytes(bytes_view compressed) {
    z_stream stream{};
    constexpr int raw = -15; // RFC 1951 without a header
    if (inflateInit2(&stream, raw) != Z_OK) {
        return malformed("DEFLATE");
    }
    std::string out(max_request + 1, '\0');
    bytes input{compressed.begin(), compressed.end()};
    stream.next_in = input.data();
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int outcome = inflate(&stream, Z_FINISH);
    const auto length = stream.total_out;
    inflateEnd(&stream);
    if (outcome != Z_STREAM_END || length > max_request) {
        return malformed("the request is not compressed as it should be, or too long");
    }
    out.resize(length);
    return out;
}

result<std::string> inflate_request(std::string_view base64) {
    const auto raw = base64.size() <= max_request ? from_base64_liberal(base64) : std::nullopt;
    return raw ? inflate_bytes(*raw) : result<std::string>{malformed("the request is no base64")};
}

result<authn_request> read_authn_request(std::string_view xml) {
    auto doc = parse(xml);
    if (!doc) {
        return std::unexpected(doc.error());
    }
    auto* const root = xmlDocGetRootElement(doc->get());
    if (root == nullptr || !is_element(root, "AuthnRequest", protocol_ns)) {
        return malformed("this is no AuthnRequest");
    }
    authn_request out{.id = attribute(root, "ID"),
                      .issuer = {},
                      .acs_url = attribute(root, "AssertionConsumerServiceURL"),
                      .destination = attribute(root, "Destination")};
    for (auto* child = root->children; child != nullptr; child = child->next) {
        if (is_element(child, "Issuer", assertion_ns)) {
            auto* const text = xmlNodeGetContent(child);
            out.issuer = text == nullptr ? "" : reinterpret_cast<const char*>(text);
            xmlFree(text);
        }
    }
    const auto binding = attribute(root, "ProtocolBinding");
    if (out.id.empty() || out.issuer.empty() || attribute(root, "Version") != "2.0" ||
        (!binding.empty() && binding != post_binding)) {
        return malformed(
            "an AuthnRequest of version 2.0 with ID and Issuer, answered by HTTP-POST, "
            "is expected");
    }
    return out;
}

result<std::string> write_saml_response(const saml_answer& w, const crypto::private_key& key,
                                        const crypto::certificate& cert) {
    std::string assertion;
    if (w.who != nullptr) {
        auto made = with_signature(write_assertion(w), w.assertion_id, key, cert);
        if (!made) {
            return made;
        }
        assertion = *std::move(made);
    }
    constexpr std::string_view status = "urn:oasis:names:tc:SAML:2.0:status:";
    // SAML core section 3.2.2.2.
    const std::string code =
        w.who != nullptr
            ? "<samlp:StatusCode Value=\"" + std::string{status} + "Success\"></samlp:StatusCode>"
            : "<samlp:StatusCode Value=\"" + std::string{status} +
                  "Responder\"><samlp:StatusCode Value=\"" + std::string{status} +
                  "AuthnFailed\"></samlp:StatusCode></samlp:StatusCode>";
    std::string response =
        "<samlp:Response xmlns:samlp=\"" + std::string{protocol_ns} + "\" xmlns:saml=\"" +
        std::string{assertion_ns} + "\" ID=\"" + w.response_id +
        "\" Version=\"2.0\" IssueInstant=\"" + to_rfc3339(w.now) + "\" Destination=\"" +
        html_escape(w.destination) + "\"" +
        (w.in_response_to.empty() ? ""
                                  : " InResponseTo=\"" + html_escape(w.in_response_to) + "\"") +
        "><saml:Issuer>" + html_escape(w.issuer) + "</saml:Issuer><samlp:Status>" + code +
        "</samlp:Status>" + assertion + "</samlp:Response>";
    return w.who == nullptr ? with_signature(std::move(response), w.response_id, key, cert)
                            : result<std::string>{std::move(response)};
}

std::string write_saml_metadata(std::string_view issuer, const crypto::certificate& cert) {
    const std::string at{issuer};
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor "
        "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"" +
        html_escape(at + "/saml/metadata") +
        "\"><md:IDPSSODescriptor WantAuthnRequestsSigned=\"false\" "
        "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor "
        "use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>"
        "<ds:X509Certificate>" +
        to_base64(cert.der()) +
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>";
    for (const auto* binding : {"HTTP-Redirect", "HTTP-POST"}) {
        out +=
            std::string{"<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:"} +
            binding + "\" Location=\"" + html_escape(at + "/saml/sso") +
            "\"></md:SingleSignOnService>";
    }
    return out + "</md:IDPSSODescriptor></md:EntityDescriptor>\n";
}

} // namespace pomona::sim::idp
