// The responses that several handlers give.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/net/http.hpp"

#include <string>
#include <string_view>

namespace pomona::server {

net::response empty_answer(unsigned status = 200);
net::response answer_with(unsigned status, std::string_view content_type, bytes body);
/// text/plain; one sentence and a newline.
net::response plain_answer(unsigned status, std::string_view text);
net::response json_answer(unsigned status, std::string_view json);
net::response wrong_method(std::string_view allowed);

/// 403 with the error document that tells a Mac to unenroll (schema mdm/errors,
/// unrecognized.device).
net::response unrecognized_answer();

/// 500, and the reason in the log: a fault of ours never costs a Mac its enrollment (MDM-CHK-026).
net::response failure_answer(std::string_view doing, const error& why);

} // namespace pomona::server
