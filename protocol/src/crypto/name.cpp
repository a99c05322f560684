// Distinguished names and object identifiers (RFC 5280 section 4.1.2.4).
#include "crypto/handles.hpp"
#include "pomona/foundation/encoding.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>

namespace pomona::crypto {
namespace {

std::string attribute_type(const ASN1_OBJECT* oid) {
    const int nid = OBJ_obj2nid(oid);
    const char* short_name = nid == NID_undef ? nullptr : OBJ_nid2sn(nid);
    return short_name != nullptr ? std::string{short_name} : dotted_oid(oid);
}

std::string attribute_text(const ASN1_STRING* value) {
    if (auto text = string_as_utf8(value)) {
        return *std::move(text);
    }
    // RFC 4514 section 2.4: a value without a string form is '#' and its hex.
    const auto* data = ASN1_STRING_get0_data(value);
    return "#" + to_hex({data, static_cast<std::size_t>(ASN1_STRING_length(value))});
}

} // namespace

std::string to_text(const name& n) {
    std::string out;
    for (const auto& part : n) {
        out += (out.empty() ? "" : ",") + part.type + "=" + part.text;
    }
    return out;
}

result<asn1_object_ptr> make_oid(std::string_view name_or_dotted) {
    asn1_object_ptr oid{OBJ_txt2obj(std::string{name_or_dotted}.c_str(), 0)};
    if (!oid) {
        ERR_clear_error();
        return fail(errc::unsupported, "no object identifier", std::string{name_or_dotted});
    }
    return oid;
}

std::string dotted_oid(const ASN1_OBJECT* oid) {
    char small[128];
    const int length = OBJ_obj2txt(small, sizeof small, oid, 1);
    if (length < static_cast<int>(sizeof small)) {
        return length > 0 ? std::string{small} : std::string{};
    }
    std::string out(static_cast<std::size_t>(length) + 1, '\0');
    OBJ_obj2txt(out.data(), length + 1, oid, 1);
    out.pop_back();
    return out;
}

std::optional<std::string> string_as_utf8(const ASN1_STRING* text) {
    unsigned char* data = nullptr;
    const int length = ASN1_STRING_to_UTF8(&data, text);
    if (length < 0) {
        ERR_clear_error();
        return std::nullopt;
    }
    const c_ptr<unsigned char, free_openssl_memory> owner{data};
    return std::string{reinterpret_cast<const char*>(data), static_cast<std::size_t>(length)};
}

bool is_printable_string(std::string_view text) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789 '()+,-./:=?";
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

result<x509_name_ptr> make_name(const name& n) {
    ERR_clear_error();
    x509_name_ptr out{X509_NAME_new()};
    if (!out) {
        return openssl_failure(errc::library, "name");
    }
    for (const auto& part : n) {
        const auto oid = make_oid(part.type);
        if (!oid) {
            return std::unexpected{oid.error()};
        }
        // RFC 5280 section 4.1.2.4: UTF8String. OpenSSL's table makes the exceptions (countryName a
        // PrintableString, emailAddress and domainComponent IA5Strings) and holds the upper bounds
        // of appendix A.1.
        if (X509_NAME_add_entry_by_OBJ(out.get(), oid->get(), MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(part.text.data()),
                                       static_cast<int>(part.text.size()), -1, 0) != 1) {
            return openssl_failure(errc::unsupported, "value of " + part.type + " in a name");
        }
    }
    return out;
}

name read_name(const X509_NAME* n) {
    name out;
    const int count = n == nullptr ? 0 : X509_NAME_entry_count(n);
    for (int i = 0; i < count; ++i) {
        const auto* entry = X509_NAME_get_entry(n, i);
        out.push_back({attribute_type(X509_NAME_ENTRY_get_object(entry)),
                       attribute_text(X509_NAME_ENTRY_get_data(entry))});
    }
    return out;
}

} // namespace pomona::crypto
