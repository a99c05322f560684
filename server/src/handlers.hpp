// What answers each kind of request. Tasks on the world's thread; none throws.
#pragma once

#include "pomona/net/listener.hpp"
#include "service.hpp"

namespace pomona::server {

net::task<net::response> answer_enroll(service_ptr s, net::incoming in);
net::task<net::response> answer_scep(service_ptr s, net::incoming in);
net::task<net::response> answer_checkin(service_ptr s, net::incoming in);
net::task<net::response> answer_command_loop(service_ptr s, net::incoming in);
/// DeclarativeManagement, once who asks and what the message says is known.
net::task<net::response> answer_declarative(service_ptr s, presented who,
                                            mdm::declarative_management message);
/// GET of a document that declarations point to.
net::task<net::response> answer_asset(service_ptr s, net::incoming in);
/// Everything under /v1, and /version.
net::task<net::response> answer_api(service_ptr s, net::incoming in);

} // namespace pomona::server
