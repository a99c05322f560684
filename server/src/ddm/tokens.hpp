// The tokens of declarative management: pure functions of what is declared.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/ddm/messages.hpp"
#include "store/records.hpp"

#include <string>
#include <vector>

namespace pomona::server {

/// Hash of type, identifier and payload: changes with any of them and with nothing else (DDM-012).
/// 32 hex digits.
std::string server_token(const stored_declaration& d);

/// Hash over the items' identifiers and server tokens, whatever their order (DDM-005, DDM-006). 64
/// hex digits.
std::string declarations_token(const std::vector<stored_declaration>& items);

ddm::tokens tokens_of(const declared& d);
ddm::manifest manifest_of(const declared& d);

/// The whole DeclarativeManagement command with the tokens as its Data (DDM-029).
bytes declarative_management_command(const std::string& uuid, const declared& d);

} // namespace pomona::server
