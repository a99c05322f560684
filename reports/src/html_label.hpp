// What an event is, in a few words: the text on an arrow or a note of the report's sequence
// diagram.
#pragma once

#include "pomona/trace/event.hpp"

#include <string>
#include <string_view>

namespace pomona::reports {

/// "Authenticate", "ProfileList Acknowledged", "command InstallProfile", "200 empty", "PKIOperation
/// PKCSReq", "push", a state's name. `command` is the RequestType of the command that the event's
/// CommandUUID names, where it is known: a report of a Mac carries only the UUID. At most 120
/// bytes; a peer's text in it is not escaped.
std::string label(const trace::event& e, std::string_view command = {});

} // namespace pomona::reports
