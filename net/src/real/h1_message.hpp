// HTTP/1.1 messages to and from bytes (RFC 9112). No I/O.
#pragma once

#include "pomona/net/http.hpp"

#include <functional>
#include <memory>

namespace pomona::net::real {

/// Why bytes were not taken as a message.
enum class h1_fault { none, garbage, header_too_large, body_too_large };

struct h1_limits {
    std::size_t header_bytes;
    std::size_t body_bytes;
    std::size_t header_fields = 256;
};

/// Reads one request. Header order, spelling and repetition are kept.
class h1_request_reader {
  public:
    explicit h1_request_reader(h1_limits limits);
    ~h1_request_reader();
    h1_request_reader(const h1_request_reader&) = delete;
    h1_request_reader& operator=(const h1_request_reader&) = delete;

    /// Takes what it can of `data`, which begins with what it did not take before. Returns how
    /// much.
    std::size_t put(bytes_view data);
    [[nodiscard]] h1_fault fault() const;
    [[nodiscard]] bool header_done() const;
    [[nodiscard]] bool done() const;
    [[nodiscard]] bool keep_alive() const;
    /// The client waits for "100 Continue" (RFC 9110 section 10.1.1).
    [[nodiscard]] bool expects_continue() const;
    /// Of the body as far as it has come.
    [[nodiscard]] std::size_t body_size() const;
    /// Complete once done().
    request& message();

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Reads one response; interim ones (1xx) are skipped.
class h1_response_reader {
  public:
    /// `no_body`: the request was HEAD.
    h1_response_reader(h1_limits limits, bool no_body);
    ~h1_response_reader();
    h1_response_reader(const h1_response_reader&) = delete;
    h1_response_reader& operator=(const h1_response_reader&) = delete;

    std::size_t put(bytes_view data);
    /// The peer has closed: ends a body that has no length. False when the message is cut short.
    bool put_end();
    [[nodiscard]] h1_fault fault() const;
    [[nodiscard]] bool header_done() const;
    [[nodiscard]] bool done() const;
    [[nodiscard]] bool keep_alive() const;
    response& message();
    /// From now on body bytes go to `sink` instead of into the message, and are not limited.
    void stream_body_to(std::function<void(bytes_view)> sink);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Header and body in one buffer: one TLS record, one system call. Line breaks inside header values
/// become spaces.
bytes h1_serialize(const request& what);
/// `extra` are header lines that the transport adds; `no_body`: the answer to HEAD.
bytes h1_serialize(const response& what, const headers& extra, bool no_body);
/// A chunk of RFC 9112 section 7.1.
bytes h1_chunk(bytes_view data);

} // namespace pomona::net::real
