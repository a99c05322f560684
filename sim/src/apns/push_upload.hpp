// What an MDM vendor's customer uploads at the push certificates portal (Apple, "Setting up push
// notifications for your MDM customers").
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <string>
#include <string_view>

namespace pomona::sim::apns {

/// The text of an upload: base64 of a property list with the request (DER), the vendor's signature
/// over it, and the vendor's chain up to the root.
std::string write_push_upload(bytes_view request, bytes_view signature,
                              const std::vector<crypto::certificate>& chain);

/// The request of an upload, once all of it was found good (APNS-070): three texts and nothing
/// missing, a chain that ends in `root`, the vendor's signature, proof of possession. The error's
/// detail says what is wrong.
result<crypto::request_info> read_push_upload(const crypto::context& ctx, std::string_view upload,
                                              const crypto::certificate& root, time_point now);

} // namespace pomona::sim::apns
