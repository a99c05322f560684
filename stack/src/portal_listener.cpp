#include "portal_listener.hpp"

#include "pomona/foundation/encoding.hpp"

namespace pomona::stack {
namespace {

constexpr std::size_t max_body = 64U << 20U; ///< 100,000 devices in one call

net::task<net::reply> answer(portal_services to, std::string login, net::incoming in) {
    const auto given = net::find_header(in.what.headers, "authorization").value_or("");
    net::reply out;
    if (!crypto::equal_constant_time(as_bytes(given), as_bytes(login))) {
        out.what.status = 401;
        out.what.headers = {{"WWW-Authenticate", "Basic realm=\"pomona\""}};
    } else if (in.what.target.starts_with("/push")) {
        out = to.push.manage(in.what);
    } else if (in.what.target.starts_with("/idp")) {
        if (to.idp != nullptr) {
            out = to.idp->manage(in.what);
        } else {
            out.what.status = 404;
        }
    } else if (to.abm != nullptr) {
        out = to.abm->manage(in.what);
    } else {
        out.what.status = 404;
    }
    co_return out;
}

} // namespace

result<std::unique_ptr<net::listener>> listen_for_portal(net::world& world, net::endpoint bind,
                                                         portal_services to,
                                                         const portal_login& who) {
    net::listen_options how;
    how.bind = std::move(bind);
    how.limits.max_body_bytes = max_body;
    how.who = actor{"abm"};
    how.channel_of = [](const net::request&) { return std::string{"portal"}; };
    auto login = "Basic " + to_base64(as_bytes(who.user + ':' + who.key));
    return world.listen(std::move(how), [to, login = std::move(login)](net::incoming in) {
        return answer(to, login, std::move(in));
    });
}

} // namespace pomona::stack
