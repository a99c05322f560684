// Tells Macs that what is declared for them has changed.
#pragma once

#include "service.hpp"

namespace pomona::server {

/// Queues one DeclarativeManagement command for each, with the tokens, and pushes (DDM-028). Those
/// that are not enrolled are left out.
net::task<void> notify_enrollments(service_ptr s, std::vector<enrollment_id> ids,
                                   std::uint64_t cause);

} // namespace pomona::server
