// How a Mac behaves on the wire, where a test of a server wants it otherwise than usual.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// How the identity is shown to the MDM server.
enum class presentation {
    usual,     ///< in TLS; signed besides when the profile has SignMessage
    tls,       ///< in TLS only, whatever the profile says
    signature, ///< Mdm-Signature only: TLS without a certificate
    both,      ///< in TLS, and signed
    /// In a header, as a proxy in front of the server passes it on; TLS without a certificate.
    /// Signed besides when the profile has SignMessage.
    header
};
std::string_view to_text(presentation p); ///< "usual", "tls", …
std::optional<presentation> find_presentation(std::string_view text);
std::vector<std::string> presentation_names();

/// What a proxy writes into the header.
enum class certificate_header_form {
    rfc9440,    ///< RFC 9440 section 2.1: the DER as a byte sequence between colons
    escaped_pem ///< PEM, percent-encoded
};
std::string_view to_text(certificate_header_form f); ///< "rfc9440", "escaped-pem"
std::optional<certificate_header_form> find_certificate_header_form(std::string_view text);
std::vector<std::string> certificate_header_form_names();

/// How patient it is with a server in trouble: a named policy (sim/src/mac/policy.hpp).
enum class retry_manner { apple, eager, patient };
std::string_view to_text(retry_manner r);
std::optional<retry_manner> find_retry_manner(std::string_view text);
std::vector<std::string> retry_manner_names();

/// Which SCEP client it has.
enum class scep_dialect {
    apple,     ///< always PKCSReq, BER envelope; without POST a GET that leaves '+' and '/' raw
    apple_old, ///< observed (F24): also an empty `message` of GetCACaps, and GET always
    rfc8894    ///< DER; renews by RenewalReq where the CA knows it
};
std::string_view to_text(scep_dialect d); ///< "apple", "apple-old", "rfc8894"
std::optional<scep_dialect> find_scep_dialect(std::string_view text);
std::vector<std::string> scep_dialect_names();

/// Which certificates come with the signature of a MachineInfo (observed: F23).
enum class device_chain {
    usual,        ///< a Mac's: the intermediate alone; other devices': the root, too
    intermediate, ///< as a Mac
    whole         ///< as an iPhone
};
std::string_view to_text(device_chain c); ///< "usual", "intermediate", "whole"
std::optional<device_chain> find_device_chain(std::string_view text);
std::vector<std::string> device_chain_names();

/// The digest of that signature (observed: F23, old devices have SHA-1).
enum class device_digest { sha256, sha1 };
std::string_view to_text(device_digest d); ///< "sha256", "sha1"
std::optional<device_digest> find_device_digest(std::string_view text);
std::vector<std::string> device_digest_names();

struct manner {
    presentation present = presentation::usual;
    std::string certificate_header = "Client-Cert"; ///< with presentation::header
    certificate_header_form header_form = certificate_header_form::rfc9440;
    retry_manner retry = retry_manner::apple;
    scep_dialect scep = scep_dialect::apple;
    mac::device_chain device_chain = mac::device_chain::usual;
    mac::device_digest device_digest = mac::device_digest::sha256;
    bool operator==(const manner&) const = default;

    [[nodiscard]] plist::dict save() const;
    static result<manner> load(const plist::dict& saved);
};

} // namespace pomona::sim::mac
