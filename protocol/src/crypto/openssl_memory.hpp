// Where OpenSSL gets its memory. A TLS connection that keeps no buffers while it is idle takes and
// gives back two of 17 KiB for each message, a size for which malloc has no short way: that was a
// quarter of what a short exchange costs.
#pragma once

namespace pomona::crypto {

/// A few blocks of that size are kept for each thread. Without effect once OpenSSL has allocated
/// anything, and after the first call.
void keep_record_buffers();

} // namespace pomona::crypto
