// Owning pointers for the OpenSSL types of this folder, and how a failed call becomes an error.
#pragma once

#include "pomona/foundation/c_handle.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <limits>
#include <string>

namespace pomona::crypto {

inline void free_openssl_memory(void* memory) {
    OPENSSL_free(memory);
}
inline void free_x509_stack(STACK_OF(X509) * stack) {
    sk_X509_pop_free(stack, X509_free);
}
inline void free_extension_stack(STACK_OF(X509_EXTENSION) * stack) {
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
}

using asn1_bit_string_ptr = c_ptr<ASN1_BIT_STRING, ASN1_BIT_STRING_free>;
using asn1_integer_ptr = c_ptr<ASN1_INTEGER, ASN1_INTEGER_free>;
using asn1_object_ptr = c_ptr<ASN1_OBJECT, ASN1_OBJECT_free>;
using asn1_octet_string_ptr = c_ptr<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using asn1_time_ptr = c_ptr<ASN1_TIME, ASN1_TIME_free>;
using basic_constraints_ptr = c_ptr<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>;
using bio_ptr = c_ptr<BIO, BIO_free_all>;
using cms_ptr = c_ptr<CMS_ContentInfo, CMS_ContentInfo_free>;
using evp_pkey_ctx_ptr = c_ptr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using evp_pkey_ptr = c_ptr<EVP_PKEY, EVP_PKEY_free>;
using extension_stack_ptr = c_ptr<STACK_OF(X509_EXTENSION), free_extension_stack>;
using general_names_ptr = c_ptr<GENERAL_NAMES, GENERAL_NAMES_free>;
using x509_name_ptr = c_ptr<X509_NAME, X509_NAME_free>;
using x509_ptr = c_ptr<X509, X509_free>;
using x509_req_ptr = c_ptr<X509_REQ, X509_REQ_free>;
using x509_stack_ptr = c_ptr<STACK_OF(X509), free_x509_stack>; ///< with the certificates

/// No DER of a peer that is longer than this is looked at.
inline constexpr std::size_t max_der_bytes = 16 * 1024 * 1024;

/// OpenSSL's error queue of this thread as text, oldest first; empties it.
std::string take_openssl_errors();
/// `return openssl_failure(errc::library, "signing the certificate");` with the queue as detail.
std::unexpected<error> openssl_failure(errc code, std::string_view doing);

/// The DER of an OpenSSL object by its i2d function; empty when that fails.
template <class Encode, class Object>
bytes encode_der(Encode encode, Object* object) {
    const int length = encode(object, nullptr);
    if (length <= 0) {
        return {};
    }
    bytes out(static_cast<std::size_t>(length));
    auto* cursor = out.data();
    encode(object, &cursor);
    return out;
}

/// A memory BIO that reads `data`, which must outlive it.
inline bio_ptr reading_bio(bytes_view data) {
    // BIO_new_mem_buf refuses a null pointer, which an empty view may have.
    static constexpr std::uint8_t nothing = 0;
    return bio_ptr{
        BIO_new_mem_buf(data.empty() ? &nothing : data.data(), static_cast<int>(data.size()))};
}
/// What was written to a memory BIO.
inline bytes written_bytes(BIO* bio) {
    char* data = nullptr;
    const auto length = BIO_get_mem_data(bio, &data);
    return length > 0 ? bytes(data, data + length) : bytes{};
}

/// Makes certificates from OpenSSL's objects; the certificate's deleter keeps the context alive.
class certificate_factory {
  public:
    static certificate adopt(const context& ctx, x509_ptr cert);
    /// A second reference to a certificate that something else owns.
    static certificate share(const context& ctx, X509* borrowed);
    static const context& owner(const certificate& cert);
};

/// Appends a reference of its own; false when memory is short.
bool push(STACK_OF(X509) * stack, const certificate& cert);

/// Keeps `ctx` alive as long as the object lives, also when members are assigned in any order.
template <class T>
std::shared_ptr<T> bound_to(const context& ctx, T* object, void (*free_object)(T*)) {
    return std::shared_ptr<T>(object, [ctx, free_object](T* p) { free_object(p); });
}

// name.cpp
result<x509_name_ptr> make_name(const name& n);
name read_name(const X509_NAME* n);
result<asn1_object_ptr> make_oid(std::string_view name_or_dotted);
std::string dotted_oid(const ASN1_OBJECT* oid);
std::optional<std::string> string_as_utf8(const ASN1_STRING* text);
bool is_printable_string(std::string_view text); ///< X.680 PrintableString's characters only

// asn1_time.cpp
result<asn1_time_ptr> make_asn1_time(time_point t); ///< UTCTime to 2049, then GeneralizedTime
std::optional<time_point> read_asn1_time(const ASN1_TIME* t);

// extensions.cpp: what certificates and requests share
result<void> add_key_usage(STACK_OF(X509_EXTENSION) * *list, const key_usage& usage);
result<void> add_alternative_names(STACK_OF(X509_EXTENSION) * *list,
                                   const std::vector<std::string>& names);
result<void> add_extension(STACK_OF(X509_EXTENSION) * *list, int nid, bool critical, void* value);
std::vector<std::string> read_alternative_names(const GENERAL_NAMES* names);

} // namespace pomona::crypto
