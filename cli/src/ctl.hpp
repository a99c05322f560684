// `pomona ctl`: the portals of a running serve's emulated services, by hand.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/net/http.hpp"
#include "pomona/stack/target.hpp"

#include <expected>
#include <string>
#include <vector>

namespace pomona::cli {

/// What an operand line asks of the portal.
struct portal_request {
    std::string method;
    std::string path;
    std::string body; ///< JSON
};
/// What options say beside the words.
struct portal_extras {
    std::string file; ///< contents of --file
    std::string entry;
    unsigned times = 1;
};
/// `words`: service, verb and operands. An error is a usage mistake, for the user.
std::expected<portal_request, std::string> portal_request_for(const std::vector<std::string>& words,
                                                              const portal_extras& extra);
/// The verbs and what they take, a line each.
std::string portal_verbs();

/// One call. Errors: the portal cannot be reached; its own answers come back whatever the status.
result<net::response> call_portal(const stack::target& at, const portal_request& what);

} // namespace pomona::cli
