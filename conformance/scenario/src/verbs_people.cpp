// `server: users` and `ca`.
#include "verbs.hpp"

namespace pomona::scenario {
namespace {

net::task<result<void>> decide_for(step_context& c, std::vector<std::size_t> macs, bool approve) {
    const auto waiting = co_await c.env.server.waiting_requests();
    if (!waiting) {
        co_return std::unexpected(waiting.error());
    }
    for (const auto mac : macs) {
        const auto& hw = c.env.fleet.at(mac).machine();
        std::size_t found = 0;
        for (const auto& one : *waiting) {
            const bool is_its = one.subject.find(hw.serial.value()) != std::string::npos ||
                                one.subject.find(hw.device.value()) != std::string::npos;
            if (!is_its) {
                continue;
            }
            ++found;
            if (auto done = co_await c.env.server.decide_request(one.transaction_id, approve);
                !done) {
                co_return done;
            }
        }
        if (found == 0) {
            c.add_failure({c.name_of(mac),
                           "no request waits whose subject has its serial number or UDID",
                           {},
                           {}});
        } else {
            c.held();
        }
    }
    co_return result<void>{};
}

} // namespace

net::task<void> carry_out(step_context& c, const users_step& u, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    std::vector<targets::directory_user> users;
    for (const auto& one : u.users) {
        users.push_back({one.short_name, one.password});
    }
    const auto outcome = co_await c.env.server.set_users(std::move(users));
    c.settle_all(outcome, macs.size());
}

net::task<void> carry_out(step_context& c, const ca_step& what, std::vector<std::size_t> macs) {
    // The mark stays: the answer of the CA is what the next step looks for.
    using enum ca_step::what;
    if (what.kind == manual || what.kind == automatic) {
        const auto outcome = co_await c.env.server.set_scep_approval(what.kind == manual);
        c.settle_all(outcome, macs.size());
        co_return;
    }
    const auto outcome = co_await decide_for(c, std::move(macs), what.kind == approve);
    if (!outcome) {
        c.current->reason = outcome.error().message();
    }
}

} // namespace pomona::scenario
