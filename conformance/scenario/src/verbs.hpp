// What each verb of a scenario does. A verb counts the Macs that held and says why the others did
// not.
#pragma once

#include "step_context.hpp"

namespace pomona::scenario {

// The step and the context outlive the task: the runner awaits it.
net::task<void> carry_out(step_context& c, const enroll_step& e, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const queue_step& q, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const push_step&, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const declare_step& d, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const renew_step&, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const config_step& s, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const lifecycle_step&, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const set_step& s, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const advance_step& a, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const fault_step& f, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const users_step& u, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const ca_step& what, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const abm_step& a, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const apns_step& a, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const idp_step& what, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const check_step& what, std::vector<std::size_t> macs);
net::task<void> carry_out(step_context& c, const expect_step& e, std::vector<std::size_t> macs);

} // namespace pomona::scenario
