// An OpenSSL BIO over a socket's descriptor that never raises SIGPIPE and never blocks.
#pragma once

#include "pomona/foundation/c_handle.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

namespace pomona::net::real {

using ssl_ptr = c_ptr<SSL, SSL_free>;
using ssl_ctx_ptr = c_ptr<SSL_CTX, SSL_CTX_free>;
using bio_ptr = c_ptr<BIO, BIO_free>;

/// OpenSSL's own socket BIO uses write(2), which signals when the peer has gone; changing the
/// process's signal handling instead would be inherited by every child process. Does not own the
/// descriptor. Null without memory.
bio_ptr make_socket_bio(int descriptor);

} // namespace pomona::net::real
