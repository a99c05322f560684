#include "pomona/protocol/crypto/certificate.hpp"

#include "crypto/handles.hpp"
#include "crypto/pem_blocks.hpp"
#include "crypto/resting.hpp"
#include "pomona/foundation/encoding.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <mutex>

namespace pomona::crypto {
namespace {

constexpr std::size_t max_certificate_bytes = std::size_t{256} * 1024;
constexpr std::size_t max_certificates_in_pem = 1000;

using bignum_ptr = c_ptr<BIGNUM, BN_free>;
using object_stack_ptr = c_ptr<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

/// A decoded extension; null when it is absent, twice there or malformed.
template <class Pointer>
Pointer extension(const X509* cert, int nid) {
    Pointer value{
        static_cast<typename Pointer::pointer>(X509_get_ext_d2i(cert, nid, nullptr, nullptr))};
    ERR_clear_error();
    return value;
}

std::shared_ptr<X509> decode(const context& ctx, bytes_view der) {
    // d2i_X509 frees what it was given when it fails, and clears the pointer.
    X509* raw = X509_new_ex(ctx.native(), nullptr);
    const auto* cursor = der.data();
    if (raw != nullptr && d2i_X509(&raw, &cursor, static_cast<long>(der.size())) != nullptr) {
        ERR_clear_error(); // of an unknown public key algorithm, which is no error here
        return bound_to(ctx, raw, X509_free);
    }
    return nullptr;
}

} // namespace

struct certificate::shared : resting<X509> {
    using resting::resting;
    std::mutex hash_mutex;
    bytes hash; ///< empty: nobody has asked for it
};

certificate certificate_factory::adopt(const context& ctx, x509_ptr cert) {
    return certificate{
        std::make_shared<certificate::shared>(ctx, bound_to(ctx, cert.release(), X509_free))};
}

const context& certificate_factory::owner(const certificate& cert) {
    return cert.shared_->owner();
}

bool push(STACK_OF(X509) * stack, const certificate& cert) {
    const auto native = cert.native();
    if (stack == nullptr || !native || sk_X509_push(stack, native.get()) <= 0) {
        return false;
    }
    X509_up_ref(native.get());
    return true;
}

certificate certificate_factory::share(const context& ctx, X509* borrowed) {
    X509_up_ref(borrowed);
    return adopt(ctx, x509_ptr{borrowed});
}

result<certificate> certificate::from_der(const context& ctx, bytes_view der) {
    ERR_clear_error();
    if (der.size() > max_certificate_bytes) {
        return fail(errc::too_large, "certificate");
    }
    // d2i_X509 frees what it was given when it fails, and clears the pointer.
    X509* raw = X509_new_ex(ctx.native(), nullptr);
    const auto* cursor = der.data();
    const bool parsed =
        raw != nullptr && d2i_X509(&raw, &cursor, static_cast<long>(der.size())) != nullptr;
    x509_ptr cert{raw};
    if (!parsed || !cert) {
        return openssl_failure(errc::malformed, "certificate");
    }
    if (cursor != der.data() + der.size()) {
        return fail(errc::malformed, "bytes after the certificate");
    }
    if (!read_asn1_time(X509_get0_notBefore(cert.get())) ||
        !read_asn1_time(X509_get0_notAfter(cert.get()))) {
        return fail(errc::malformed, "validity of the certificate");
    }
    ERR_clear_error(); // of an unknown public key algorithm, which is no error here
    return certificate_factory::adopt(ctx, std::move(cert));
}

result<std::vector<certificate>> certificate::from_pem(const context& ctx, bytes_view pem) {
    ERR_clear_error();
    if (pem.size() > max_der_bytes) {
        return fail(errc::too_large, "PEM");
    }
    const auto source = reading_bio(pem);
    std::vector<certificate> out;
    while (const auto block = pem_block::read(source.get())) {
        if (block->label() != PEM_STRING_X509) {
            continue;
        }
        auto cert = from_der(ctx, block->data());
        if (!cert) {
            return std::unexpected{cert.error()};
        }
        out.push_back(*std::move(cert));
        if (out.size() > max_certificates_in_pem) {
            return fail(errc::too_large, "certificates in a PEM text");
        }
    }
    const bool regular_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!regular_end || out.empty()) {
        return openssl_failure(errc::malformed, "PEM certificates");
    }
    ERR_clear_error();
    return out;
}

bytes certificate::der() const {
    return encode_der(i2d_X509, native().get());
}

std::string certificate::pem() const {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    if (!out || PEM_write_bio_X509(out.get(), native().get()) != 1) {
        ERR_clear_error();
        return {};
    }
    return pomona::to_text(written_bytes(out.get()));
}

std::shared_ptr<x509_st> certificate::native() const {
    return shared_->wake(decode);
}

void certificate::rest() const {
    shared_->rest([](X509* cert) { return encode_der(i2d_X509, cert); });
}

/// Asked for with each message of a Mac, in the trace and at a server.
bytes certificate::sha256() const {
    const std::scoped_lock lock{shared_->hash_mutex};
    if (shared_->hash.empty()) {
        shared_->hash = crypto::sha256(der());
    }
    return shared_->hash;
}

bytes certificate::sha1() const {
    return crypto::sha1(der());
}

name certificate::subject() const {
    return read_name(X509_get_subject_name(native().get()));
}

name certificate::issuer() const {
    return read_name(X509_get_issuer_name(native().get()));
}

std::optional<std::string> certificate::subject_part(std::string_view type) const {
    for (auto& part : subject()) {
        if (part.type == type) {
            return std::move(part.text);
        }
    }
    return std::nullopt;
}

std::string certificate::serial_hex() const {
    const bignum_ptr number{ASN1_INTEGER_to_BN(X509_get0_serialNumber(native().get()), nullptr)};
    const c_ptr<char, free_openssl_memory> text{number ? BN_bn2hex(number.get()) : nullptr};
    return text ? std::string{text.get()} : std::string{};
}

// from_der has checked that both times can be read.
time_point certificate::not_before() const {
    return read_asn1_time(X509_get0_notBefore(native().get())).value_or(time_point::min());
}

time_point certificate::not_after() const {
    return read_asn1_time(X509_get0_notAfter(native().get())).value_or(time_point::min());
}

std::optional<key_usage> certificate::usage() const {
    const auto bits = extension<asn1_bit_string_ptr>(native().get(), NID_key_usage);
    if (!bits) {
        return std::nullopt;
    }
    const auto bit = [&](int number) { return ASN1_BIT_STRING_get_bit(bits.get(), number) == 1; };
    // RFC 5280 section 4.2.1.3.
    return key_usage{.digital_signature = bit(0),
                     .key_encipherment = bit(2),
                     .key_cert_sign = bit(5),
                     .crl_sign = bit(6)};
}

std::vector<std::string> certificate::extended_key_usage() const {
    const auto usages = extension<object_stack_ptr>(native().get(), NID_ext_key_usage);
    std::vector<std::string> out;
    for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
        out.push_back(dotted_oid(sk_ASN1_OBJECT_value(usages.get(), i)));
    }
    return out;
}

std::vector<std::string> certificate::dns_names() const {
    return read_alternative_names(
        extension<general_names_ptr>(native().get(), NID_subject_alt_name).get());
}

bool certificate::is_ca() const {
    const auto constraints =
        extension<basic_constraints_ptr>(native().get(), NID_basic_constraints);
    return constraints && constraints->ca != 0;
}

bool certificate::is_self_signed() const {
    const bool yes = X509_self_signed(native().get(), 1) == 1;
    ERR_clear_error();
    return yes;
}

bytes certificate::public_key_info() const {
    return encode_der(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(native().get()));
}

bool certificate::has_extension(std::string_view dotted) const {
    const auto oid = make_oid(dotted);
    return oid && X509_get_ext_by_OBJ(native().get(), oid->get(), -1) >= 0;
}

int certificate::key_bits() const {
    const auto cert = native();
    const auto* key = X509_get0_pubkey(cert.get());
    ERR_clear_error();
    return key == nullptr ? 0 : EVP_PKEY_get_bits(key);
}

bool certificate::key_is_rsa() const {
    const auto cert = native();
    const auto* key = X509_get0_pubkey(cert.get());
    ERR_clear_error();
    return key != nullptr && EVP_PKEY_is_a(key, "RSA") == 1;
}

} // namespace pomona::crypto
