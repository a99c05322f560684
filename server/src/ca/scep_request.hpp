// A SCEP request as HTTP carries it (RFC 8894 section 4): read without I/O.
#pragma once

#include "pomona/net/http.hpp"

#include <string>

namespace pomona::server {

struct scep_request {
    enum class what { get_ca_caps, get_ca_cert, pki_operation, invalid };
    what operation = what::invalid;
    bytes message;       ///< DER or BER pkiMessage
    unsigned status = 0; ///< of the refusal
    std::string reason;
};

/// The body of one pkiMessage is bounded to this; a real one is below 4 KiB.
inline constexpr std::size_t max_pki_message = 128U << 10U;

scep_request read_scep_request(const net::request& http);

/// What GetCACaps says.
std::string scep_capabilities();

} // namespace pomona::server
