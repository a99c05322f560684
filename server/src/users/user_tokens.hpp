// UserAuthenticate, and the AuthToken that it gives (Apple, "User Authenticate").
#pragma once

#include "handlers.hpp"

namespace pomona::server {

/// Both steps; the binding is judged first.
net::task<net::response> answer_user_authenticate(service_ptr s, presented who,
                                                  mdm::user_authenticate message);
/// May this channel be served? False: a user whose message lacks the token it was given, or has
/// another (MDM-CHK-039). The device's always may.
net::task<result<bool>> has_its_token(service_ptr s, mdm::sender from);
/// For whom it is not: 403, which costs nobody the enrollment.
net::response token_refusal();

/// From the store, and from the options of the start; kept from then on.
net::task<result<void>> load_network_users(service_ptr s);
net::task<result<void>> keep_network_users(service_ptr s);

} // namespace pomona::server
