// `idp`: the identity provider, and who signs in at it.
#include "verbs.hpp"

namespace pomona::scenario {

net::task<void> carry_out(step_context& c, const idp_step& what, std::vector<std::size_t> macs) {
    if (what.kind == idp_step::what::person) {
        for (const auto mac : macs) {
            c.env.fleet.at(mac).set(what.person);
        }
        c.held(macs.size());
        co_return;
    }
    if (c.env.apple == nullptr) {
        c.current->reason = "this target has no emulated identity provider: `pomona serve "
                            "--idp-port 0` has one";
        co_return;
    }
    const auto said = co_await c.env.apple->portal("POST", what.path, what.body);
    if (said) {
        c.held(macs.size());
    } else {
        c.current->reason = said.error().message();
    }
}

} // namespace pomona::scenario
