// Bare work that Pomona's is compared with: OpenSSL and Beast, none of our code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pomona::bench {

/// RSA-2048: sign, verify, encrypt, decrypt; a line of JSON each.
void time_rsa();

// `folder` holds PEM files: ca.pem, server.pem and server.key (P-256, as the reference server has),
// client.pem and client.key (RSA-2048).

/// Answers every PUT with 200 and `answer_bytes` octets; prints its port; ends when standard input
/// does.
void serve_echo(const std::string& folder, std::size_t answer_bytes);

/// `connections` kept TLS connections with a client certificate, `rounds` PUTs of `body_bytes` and
/// `header_bytes` on each.
void time_echo(const std::string& folder, std::uint16_t port, std::size_t connections,
               std::size_t rounds, std::size_t body_bytes, std::size_t header_bytes);

/// `count` times TCP connect, full TLS 1.3 handshake with or without a client certificate, close.
void time_handshakes(const std::string& folder, std::uint16_t port, std::size_t count, bool mutual);

} // namespace pomona::bench
