// X.509 extensions (RFC 5280 section 4.2) that certificates and requests have in common.
#include "crypto/handles.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace pomona::crypto {
namespace {

using general_name_ptr = c_ptr<GENERAL_NAME, GENERAL_NAME_free>;

/// The four or sixteen octets of an IP address in text form; empty for other text.
bytes address_octets(const std::string& text) {
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, text.c_str(), octets.data()) == 1) {
        return {octets.begin(), octets.begin() + 4};
    }
    if (inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) {
        return {octets.begin(), octets.end()};
    }
    return {};
}

std::string address_text(const ASN1_OCTET_STRING* octets) {
    char text[INET6_ADDRSTRLEN];
    const int length = ASN1_STRING_length(octets);
    if (length != 4 && length != 16) {
        return {};
    }
    const char* shown = inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets),
                                  text, sizeof text);
    return shown != nullptr ? std::string{shown} : std::string{};
}

result<general_name_ptr> make_general_name(const std::string& text) {
    const auto octets = address_octets(text);
    const bool ascii =
        std::ranges::all_of(text, [](char c) { return c > 0x20 && static_cast<int>(c) < 0x7f; });
    if (text.empty() || !ascii) {
        return fail(errc::unsupported, "subjectAltName", text);
    }
    general_name_ptr out{GENERAL_NAME_new()};
    c_ptr<ASN1_STRING, ASN1_STRING_free> value{
        ASN1_STRING_type_new(octets.empty() ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING)};
    const auto content = octets.empty() ? as_bytes(text) : bytes_view{octets};
    if (!out || !value ||
        ASN1_STRING_set(value.get(), content.data(), static_cast<int>(content.size())) != 1) {
        return openssl_failure(errc::library, "subjectAltName");
    }
    GENERAL_NAME_set0_value(out.get(), octets.empty() ? GEN_DNS : GEN_IPADD, value.release());
    return out;
}

} // namespace

result<void> add_extension(STACK_OF(X509_EXTENSION) * *list, int nid, bool critical, void* value) {
    if (X509V3_add1_i2d(list, nid, value, critical ? 1 : 0, X509V3_ADD_APPEND) != 1) {
        return openssl_failure(errc::library, "extension " + std::string{OBJ_nid2sn(nid)});
    }
    return {};
}

result<void> add_key_usage(STACK_OF(X509_EXTENSION) * *list, const key_usage& usage) {
    // RFC 5280 section 4.2.1.3: the bits' numbers; at least one has to be set.
    const std::array<std::pair<int, bool>, 4> bits{{{0, usage.digital_signature},
                                                    {2, usage.key_encipherment},
                                                    {5, usage.key_cert_sign},
                                                    {6, usage.crl_sign}}};
    if (std::ranges::none_of(bits, [](const auto& bit) { return bit.second; })) {
        return {};
    }
    const asn1_bit_string_ptr value{ASN1_BIT_STRING_new()};
    if (!value) {
        return openssl_failure(errc::library, "keyUsage");
    }
    for (const auto& [number, set] : bits) {
        if (set && ASN1_BIT_STRING_set_bit(value.get(), number, 1) != 1) {
            return openssl_failure(errc::library, "keyUsage");
        }
    }
    return add_extension(list, NID_key_usage, true, value.get());
}

result<void> add_alternative_names(STACK_OF(X509_EXTENSION) * *list,
                                   const std::vector<std::string>& names) {
    if (names.empty()) {
        return {};
    }
    const general_names_ptr value{GENERAL_NAMES_new()};
    for (const auto& text : names) {
        auto one = make_general_name(text);
        if (!one) {
            return std::unexpected{one.error()};
        }
        if (!value || sk_GENERAL_NAME_push(value.get(), one->get()) <= 0) {
            return openssl_failure(errc::library, "subjectAltName");
        }
        [[maybe_unused]] const auto* owned_by_list = one->release();
    }
    return add_extension(list, NID_subject_alt_name, false, value.get());
}

std::vector<std::string> read_alternative_names(const GENERAL_NAMES* names) {
    std::vector<std::string> out;
    const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names);
    for (int i = 0; i < count; ++i) {
        int type = 0;
        const auto* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type == GEN_DNS) {
            if (auto text = string_as_utf8(static_cast<const ASN1_STRING*>(value))) {
                out.push_back(*std::move(text));
            }
        } else if (type == GEN_IPADD) {
            if (auto text = address_text(static_cast<const ASN1_OCTET_STRING*>(value));
                !text.empty()) {
                out.push_back(std::move(text));
            }
        }
    }
    return out;
}

} // namespace pomona::crypto
