#include "virtual/network.hpp"

#include "peer_check.hpp"

#include <algorithm>
#include <limits>

namespace pomona::net::virtual_world {

namespace {

/// All names of this machine are one host; other names stand for themselves.
std::string host_key(std::string_view host) {
    std::string key{host};
    std::ranges::transform(key, key.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (key.ends_with('.')) {
        key.pop_back();
    }
    const bool local = key.empty() || key == "0.0.0.0" || key == "127.0.0.1" || key == "::" ||
                       key == "::1" || key == "localhost";
    return local ? "localhost" : key;
}

class virtual_listener final : public listener {
  public:
    virtual_listener(world* w, std::shared_ptr<listening> l, std::weak_ptr<network::table> t)
        : world_{w}, state_{std::move(l)}, table_{std::move(t)} {}
    virtual_listener(const virtual_listener&) = delete;
    virtual_listener& operator=(const virtual_listener&) = delete;
    ~virtual_listener() override { close(); }

    [[nodiscard]] endpoint local() const override { return state_->options.bind; }
    void close() override {
        leave_table();
        state_->close();
    }
    task<void> drain(time_point deadline) override {
        leave_table();
        return listening::drain(state_, world_, deadline);
    }
    void part() override {
        if (state_->open) {
            world_->spawn("end connections", listening::part(state_->links, world_));
        }
    }

  private:
    void leave_table() {
        if (const auto t = table_.lock(); t && state_->open) {
            t->erase({host_key(state_->options.bind.host), state_->options.bind.port});
        }
        state_->open = false;
    }

    world* world_;
    std::shared_ptr<listening> state_;
    std::weak_ptr<network::table> table_;
};

std::unexpected<transport_error> alert(std::string detail) {
    return std::unexpected(transport_error{
        .kind = transport_failure::tls_alert, .after_send = false, .detail = std::move(detail)});
}

} // namespace

result<std::unique_ptr<listener>> network::listen(listen_options options, handler on_request) {
    const auto host = host_key(options.bind.host);
    if (options.bind.port == 0) {
        while (next_port_ != 0 && table_->contains({host, next_port_})) {
            ++next_port_;
        }
        if (next_port_ == 0) {
            return fail(std::make_error_code(std::errc::address_not_available), "no port is free");
        }
        options.bind.port = next_port_++;
    }
    const std::pair key{host, options.bind.port};
    if (table_->contains(key)) {
        return fail(std::make_error_code(std::errc::address_in_use), to_text(options.bind));
    }
    auto state = std::make_shared<listening>();
    state->options = std::move(options);
    state->on_request = std::make_shared<const handler>(std::move(on_request));
    table_->emplace(key, state);
    return std::make_unique<virtual_listener>(world_, std::move(state), table_);
}

/// One message's way; false when the deadline comes first.
task<bool> network::travel(time_point deadline) {
    const auto arrives = world_->now() + latency_.draw();
    co_await world_->sleep_until(std::min(arrives, deadline));
    co_return arrives < deadline;
}

task<open_result> network::open(open_options options) {
    exchange_log log{*world_,
                     {.id = {},
                      .at = side::client,
                      .note = options.note,
                      .connection = nullptr,
                      .peer = options.server}};
    transport_error why{.kind = transport_failure::timeout,
                        .after_send = false,
                        .detail =
                            "no connection to " + to_text(options.server) + " until the deadline"};
    if (co_await travel(options.deadline)) {
        const auto found = table_->find({host_key(options.server.host), options.server.port});
        const auto server = found == table_->end() ? nullptr : found->second;
        if (co_await travel(options.deadline)) {
            if (!server || !server->open) {
                why.kind = transport_failure::refused;
                why.detail = "nothing listens at " + to_text(options.server);
            } else if (server->links.size() >= server->options.limits.max_connections) {
                why.kind = transport_failure::refused;
                why.detail = to_text(options.server) + " has its maximum of connections";
            } else if (auto l = shake_hands(options, server)) {
                co_return make_connection(std::move(*l));
            } else {
                why = std::move(l.error());
            }
        }
    }
    log.failure({.method = {}, .target = {}, .headers = {}, .body = {}}, why);
    co_return std::unexpected(std::move(why));
}

std::expected<std::shared_ptr<link>, transport_error>
network::shake_hands(const open_options& options, std::shared_ptr<listening> server) {
    const auto& theirs = server->options.tls;
    auto at_client = std::make_shared<connection_info>();
    auto at_server = std::make_shared<connection_info>();
    at_client->alpn = "http/1.1";
    if (options.tls && !theirs) {
        return alert("the server does not speak TLS");
    }
    if (options.tls) {
        const auto alpn = choose_alpn(options.tls->alpn, theirs->alpn);
        if (!alpn) {
            return alert("no_application_protocol: nothing that both ends speak");
        }
        at_client->alpn = *alpn;
        at_client->tls_version = "TLSv1.3";
        at_client->peer_chain = presented_chain(&theirs->identity);
        if (const auto good =
                check_server(at_client->peer_chain, options.tls->trust, options.server.host,
                             world_->now() + options.tls->clock_offset);
            !good && options.tls->judge_server) {
            return alert(good.error());
        }
        if (theirs->ask_client_certificate) {
            at_client->own_chain = presented_chain(options.tls->identity.get());
        }
    }
    const auto number = ++opened_;
    at_client->id = "c" + std::to_string(number);
    *at_server = *at_client;
    std::swap(at_server->peer_chain, at_server->own_chain);
    at_client->server = options.server;
    at_server->server = server->options.bind;
    auto l = std::make_shared<link>(*world_, latency_,
                                    link::facts{.number = number,
                                                .at_client = std::move(at_client),
                                                .at_server = std::move(at_server),
                                                .server = server,
                                                .secure = options.tls.has_value(),
                                                .understood = options.tls || !theirs});
    server->links.emplace(number, l);
    return l;
}

void network::close() {
    const auto all = std::exchange(*table_, {});
    for (const auto& [key, state] : all) {
        state->close();
    }
}

} // namespace pomona::net::virtual_world
