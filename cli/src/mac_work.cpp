#include "macs.hpp"
#include "pomona/foundation/source.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::cli::macs {

std::expected<std::filesystem::path, exit_code> store_file(const settings& s) {
    const auto file = s.text("store") ? std::filesystem::path{*s.text("store")}
                                      : stack::mac_store::default_file();
    if (file.empty()) {
        return std::unexpected(usage_error("where are the Macs kept? neither XDG_DATA_HOME nor "
                                           "HOME is set",
                                           "name a file with --store"));
    }
    return file;
}

exit_code store_trouble(const error& why) {
    if (why.code == stack::errc::in_use) {
        complain(why.detail + ": another `pomona mac` works with these Macs",
                 "end it first (`online` and `shell` keep them), or take another file with "
                 "--store");
    } else if (why.code == stack::errc::unusable) {
        complain(why.message(), "a PEM certificate is needed there");
        return exit_code::invalid_input;
    } else {
        complain(why.message(), "another file: --store");
    }
    return exit_code::internal;
}

exit_code no_such_mac(const std::string& name, const std::vector<std::string>& names) {
    const auto near = nearest(name, {names.begin(), names.end()});
    return usage_error("there is no Mac `" + name + "`",
                       near.empty() ? "`pomona mac list` shows them; `pomona mac create` makes one"
                                    : "did you mean `" + near + "`?");
}

std::expected<std::unique_ptr<work>, exit_code> work::open(const settings& s) {
    const auto file = store_file(s);
    if (!file) {
        return std::unexpected(file.error());
    }
    auto host = stack::mac_host::open(*file);
    if (!host) {
        return std::unexpected(store_trouble(host.error()));
    }
    std::unique_ptr<work> out{new work};
    out->host_ = std::move(*host);
    out->signals_ = std::make_unique<interrupts>([w = out.get()] {
        if (auto* running = w->running_.load()) {
            running->interrupt();
        }
    });
    return out;
}

std::expected<sim::mac::mac*, exit_code> work::load(const std::string& name) {
    const auto m = host_->load(name);
    if (!m) {
        return std::unexpected(store_trouble(m.error()));
    }
    if (*m == nullptr) {
        return std::unexpected(no_such_mac(name, host_->names()));
    }
    return *m;
}

std::expected<std::vector<sim::mac::mac*>, exit_code> work::select(const settings& s,
                                                                   std::size_t first) {
    std::vector<std::string> wanted{
        s.operands().begin() + static_cast<std::ptrdiff_t>(std::min(first, s.operands().size())),
        s.operands().end()};
    if (s.flag("all")) {
        if (!wanted.empty()) {
            return std::unexpected(usage_error("--all and a name do not go together"));
        }
        wanted = host_->names();
    } else if (wanted.empty()) {
        return std::unexpected(usage_error("which Mac?", "a name of `pomona mac list`, or --all"));
    }
    std::vector<sim::mac::mac*> out;
    for (const auto& name : wanted) {
        const auto m = load(name);
        if (!m) {
            return std::unexpected(m.error());
        }
        out.push_back(*m);
    }
    return out;
}

exit_code work::run(net::task<void> main, exit_code done) {
    running_ = host_.get();
    if (signals_->caught() == 0) {
        host_->run(std::move(main));
    }
    running_ = nullptr;
    host_->shutdown();
    if (!host_->trouble().empty()) {
        complain("the Macs cannot be kept: " + host_->trouble(),
                 "free some room, or take another file with --store");
        return exit_code::internal;
    }
    return signals_->caught() != 0 ? static_cast<exit_code>(128 + signals_->caught()) : done;
}

net::task<bool> work::settle(net::world* w, std::vector<sim::mac::mac*> macs, duration at_most) {
    constexpr duration look = std::chrono::milliseconds{20};
    const auto end = w->now() + at_most;
    const auto busy = [&macs] {
        return std::ranges::any_of(macs, [](const auto* m) { return m->is_busy(); });
    };
    while (busy()) {
        if (w->now() >= end) {
            co_return false;
        }
        co_await w->sleep_for(look);
    }
    co_return true;
}

std::string standing_of(const sim::mac::mac& m) {
    std::string out{to_text(m.now_in())};
    const auto state = m.current();
    if (!state.online) {
        out += ", no network";
    }
    if (state.power != sim::mac::power_mode::awake) {
        out += ", " + std::string{to_text(state.power)};
    }
    for (const auto& name : m.user_names()) {
        const auto user = m.user(name);
        if (user && user->logged_in) {
            out += ", " + name + (user->on_console ? " at the screen" : " in the background");
        }
    }
    return out;
}

std::string line_of(const trace::event& e, bool json) {
    const bool report = e.kind == trace::kind::request && e.at == trace::end::client &&
                        e.channel == "mdm" && e.summary.text("Status") != "Idle";
    const bool checkin =
        e.kind == trace::kind::request && e.at == trace::end::client && e.channel == "checkin";
    if (!report && !checkin && e.kind != trace::kind::state) {
        return {};
    }
    const auto what =
        report    ? fmt::format("{} {}", e.summary.text("RequestType"), e.summary.text("Status"))
        : checkin ? fmt::format("{} {}", e.summary.text("MessageType"), e.summary.text("Endpoint"))
                  : e.name;
    if (json) {
        return nlohmann::ordered_json{
            {"time", to_rfc3339(e.time)}, {"mac", e.actor}, {"user", e.user}, {"what", what}}
            .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    return fmt::format("{} {}{}: {}", to_rfc3339(e.time), e.actor,
                       e.user.empty() ? "" : " (" + e.user + ')', what);
}

} // namespace pomona::cli::macs
