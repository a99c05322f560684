// A fresh, signed enrollment profile: the same whichever way a Mac asks for it.
#pragma once

#include "service.hpp"

namespace pomona::server {

/// With a challenge of its own; 503 without a push certificate.
net::task<net::response> answer_with_profile(service_ptr s);

} // namespace pomona::server
