// The identifiers of the field, each its own type.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/strong.hpp"

namespace pomona {

/// Hardware UUID of a Mac as it appears in the key UDID; 8-4-4-4-12 upper-case hex.
using udid = strong<struct udid_tag>;
using serial_number = strong<struct serial_number_tag>;
/// What a server keys a channel by: the UDID, or "<UDID>:<UserID>" for a user channel.
using enrollment_id = strong<struct enrollment_id_tag>;
/// Identifies one queued command in one enrollment's queue; opaque text.
using command_uuid = strong<struct command_uuid_tag>;
/// The secret string that ties a push to one MDM enrollment (TokenUpdate key PushMagic).
using push_magic = strong<struct push_magic_tag>;
/// The binary APNs device token (TokenUpdate key Token), 32 bytes.
using push_token = strong<struct push_token_tag, bytes>;
/// `com.apple.mgmt.…`: the push certificate's subject UID.
using topic = strong<struct topic_tag>;
/// Who acts in a run: "mac-0007", "server", "apns".
using actor = strong<struct actor_tag>;

} // namespace pomona
