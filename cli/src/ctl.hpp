// `pomona ctl abm`: the portal of a running serve, by hand.
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
    std::string path; ///< after "/portal"
    std::string body; ///< JSON
};
/// `words`: verb and operands. An error is a usage mistake, for the user.
std::expected<portal_request, std::string> portal_request_for(const std::vector<std::string>& words,
                                                              const std::string& file_text,
                                                              unsigned times);
/// The verbs and what they take, a line each.
std::string portal_verbs();

/// One call. Errors: the portal cannot be reached; its own answers come back whatever the status.
result<net::response> call_portal(const stack::target& at, const portal_request& what);

} // namespace pomona::cli
