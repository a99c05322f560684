// X.509 certificates and certification requests (RFC 5280, RFC 2986).
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/protocol/crypto/key.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

struct x509_st;     // OpenSSL's X509
struct X509_req_st; // OpenSSL's X509_REQ

namespace pomona::crypto {

/// One attribute of a name: a short name that OpenSSL knows ("CN", "O", "UID", …) or a dotted OID,
/// and its value.
struct name_part {
    std::string type;
    std::string text;
    bool operator==(const name_part&) const = default;
};
/// RDNs in order, each with one attribute (multi-valued RDNs are read as several entries).
using name = std::vector<name_part>;
/// "CN=mac-1,O=Example": for messages and the report only.
std::string to_text(const name& n);

/// Key usage bits of RFC 5280 section 4.2.1.3 that matter here.
struct key_usage {
    bool digital_signature = false;
    bool key_encipherment = false;
    bool key_cert_sign = false;
    bool crl_sign = false;
};

/// A parsed certificate; copies share it.
class certificate {
  public:
    static result<certificate> from_der(const context& ctx, bytes_view der);
    /// All certificates of a PEM text, in order; an error when there is none.
    static result<std::vector<certificate>> from_pem(const context& ctx, bytes_view pem);

    [[nodiscard]] bytes der() const;
    [[nodiscard]] std::string pem() const;
    /// Over the DER: how a certificate is named in the trace and the store. Computed once.
    [[nodiscard]] bytes sha256() const;
    [[nodiscard]] bytes sha1() const;
    [[nodiscard]] name subject() const;
    [[nodiscard]] name issuer() const;
    [[nodiscard]] std::optional<std::string>
    subject_part(std::string_view type) const;    ///< first "CN", "UID", …
    [[nodiscard]] std::string serial_hex() const; ///< upper case
    [[nodiscard]] time_point not_before() const;
    [[nodiscard]] time_point not_after() const;
    [[nodiscard]] std::optional<key_usage> usage() const; ///< nullopt when the extension is absent
    [[nodiscard]] std::vector<std::string> extended_key_usage() const; ///< dotted OIDs
    [[nodiscard]] std::vector<std::string> dns_names() const; ///< SAN dNSName and iPAddress as text
    [[nodiscard]] bool is_ca() const;
    [[nodiscard]] bool is_self_signed() const;
    [[nodiscard]] bytes public_key_info() const;
    [[nodiscard]] bool has_extension(std::string_view dotted_oid) const;
    [[nodiscard]] int key_bits() const;
    [[nodiscard]] bool key_is_rsa() const;
    /// OpenSSL's object; `rest` of a copy does not end it. Null only when memory is short.
    [[nodiscard]] std::shared_ptr<x509_st> native() const;
    /// All copies keep the DER alone, a third of the decoded form, until something is asked of one.
    void rest() const;

  private:
    friend class certificate_factory;
    struct shared;
    explicit certificate(std::shared_ptr<shared> s) : shared_{std::move(s)} {}
    std::shared_ptr<shared> shared_;
};

/// A certificate and its key, and the certificates between it and a root (leaf not repeated).
struct identity {
    certificate cert;
    private_key key;
    std::vector<certificate> chain;
};

/// What a certificate to be issued shall say. Extensions not named here are not written.
struct certificate_spec {
    name subject;
    bytes serial; ///< 1 to 20 octets, positive; the caller makes it (64 random bits at least)
    time_point not_before;
    time_point not_after;
    bool ca = false; ///< basicConstraints critical; CA:FALSE is written when false
    std::optional<int> path_length;
    key_usage usage; ///< critical
    std::vector<std::string>
        extended_usage; ///< dotted OIDs or OpenSSL names ("clientAuth", "serverAuth")
    std::vector<std::string> dns_names; ///< SAN; text that is an IP address becomes an iPAddress
    std::vector<std::pair<std::string, bytes>>
        extensions; ///< dotted OID, DER value; not critical (Apple's OIDs)
};

/// Self-signed: a root, or the signer of a first SCEP request. SKI and, but for the latter's sake
/// harmless, AKI are written. SHA-256.
result<certificate> self_sign(const certificate_spec& spec, const private_key& key);
/// Issued by `issuer` for the public key `spki` (DER SubjectPublicKeyInfo). SKI and AKI are
/// written. SHA-256.
result<certificate> issue(const certificate_spec& spec, bytes_view spki, const identity& issuer);

/// A PKCS#10 request as a SCEP client sends it and a CA reads it.
struct request_spec {
    name subject;
    std::optional<std::string>
        challenge; ///< challengePassword, as PrintableString when it fits, else UTF8String
    std::optional<key_usage> usage;     ///< extensionRequest with keyUsage
    std::vector<std::string> dns_names; ///< extensionRequest with SAN
};
result<bytes> make_request(const request_spec& spec, const private_key& key);

struct request_info {
    name subject;
    std::optional<std::string> challenge; ///< any DirectoryString
    bytes public_key_info;
    bool key_is_rsa = false;
    int key_bits = 0;
    std::vector<std::string> dns_names;
};
/// Parses and verifies the proof of possession (self-signature): errc::signature_invalid when it
/// does not hold.
result<request_info> read_request(const context& ctx, bytes_view der);

/// Is there a path from `leaf` (using `intermediates`) to one of `anchors`, all valid at `at`?
/// Purpose is not looked at; an anchor may be an intermediate. Errors: untrusted, expired,
/// not_yet_valid.
result<void> verify_chain(const certificate& leaf, const std::vector<certificate>& intermediates,
                          const std::vector<certificate>& anchors, time_point at);

/// The same without looking at anybody's validity: for certificates that only say which device it
/// is.
result<void> verify_chain_whenever(const certificate& leaf,
                                   const std::vector<certificate>& intermediates,
                                   const std::vector<certificate>& anchors);

} // namespace pomona::crypto
