// Reading and writing the keys of MDM messages: typed, with the key's name in every error.
#pragma once

#include "plist/typed_reader.hpp"
#include "pomona/protocol/mdm/checkin.hpp"

#include <string_view>

namespace pomona::mdm {

/// The body as a dictionary; what plist refuses keeps its own code.
result<plist::dict> read_body(bytes_view body);

using fields = plist::typed_reader<errc>;

/// The identifier keys of every message.
result<sender> read_sender(const plist::dict& message);
/// UDID or EnrollmentID, then the user's keys on the user channel.
void write_sender(plist::dict& message, const sender& from);
/// Is the key one that `read_sender` reads?
bool is_sender_key(std::string_view key);

} // namespace pomona::mdm
