// The pieces of the HTTP API, one for each resource.
#pragma once

#include "pomona/net/listener.hpp"
#include "service.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pomona::server::api {

/// A call that has been authenticated. `id`: what stands behind the resource's name, decoded; may
/// be empty.
struct call {
    service_ptr s;
    net::incoming in;
    std::string id;

    [[nodiscard]] const std::string& method() const { return in.what.method; }
    /// A query parameter is there and not empty or "0".
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] std::string parameter(std::string_view name) const;
};

/// "a,b,c" as the ecosystem lists enrollments, at most 10,000.
std::vector<enrollment_id> ids_of(std::string_view list);
/// {"error": "..."}
net::response error_answer(unsigned status, std::string_view text);

net::task<net::response> enqueue(call c);
net::task<net::response> push(call c);
net::task<net::response> push_certificate(call c);
net::task<net::response> commands(call c);
net::task<net::response> enrollments(call c);
net::task<net::response> users(call c);

net::task<net::response> assets(call c);
net::task<net::response> declarations(call c);
net::task<net::response> sets(call c);
net::task<net::response> set_declarations(call c);
net::task<net::response> enrollment_sets(call c);
net::task<net::response> declaration_status(call c);
net::task<net::response> status_values(call c);
net::task<net::response> status_errors(call c);
net::task<net::response> status(call c);

} // namespace pomona::server::api
