// What the tests of the virtual world share: a small PKI, an observer that writes lines, servers of
// one handler.
#pragma once

#include "pomona/net/world.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pomona::net {

using namespace std::chrono_literals;

inline endpoint at(std::uint16_t port, std::string host = "localhost") {
    return {.host = std::move(host), .port = port};
}

inline annotation by(std::string who) {
    return {.who = actor{std::move(who)}, .channel = "test", .cause = 0};
}

/// A root, and identities it issues. A failure throws: the test ends there.
class test_pki {
  public:
    explicit test_pki(world& w) : world_{&w}, root_{make_root(w)} {}

    crypto::identity identity(std::vector<std::string> names, duration valid = 24h * 365) {
        auto key = crypto::private_key::generate_p256(world_->crypto()).value();
        crypto::certificate_spec spec{.subject = {{"CN", names.empty() ? "leaf" : names.front()}},
                                      .serial = {0x20, ++serial_},
                                      .not_before = world_->now() - 1h,
                                      .not_after = world_->now() + valid,
                                      .ca = false,
                                      .path_length = {},
                                      .usage = {.digital_signature = true},
                                      .extended_usage = {},
                                      .dns_names = std::move(names),
                                      .extensions = {}};
        auto cert = crypto::issue(spec, key.public_key_info(), root_).value();
        return {.cert = std::move(cert), .key = std::move(key), .chain = {}};
    }
    [[nodiscard]] trust_store trust() const {
        return std::make_shared<const std::vector<crypto::certificate>>(1, root_.cert);
    }

  private:
    static crypto::identity make_root(world& w) {
        auto key = crypto::private_key::generate_p256(w.crypto()).value();
        crypto::certificate_spec spec{.subject = {{"CN", "Test root"}},
                                      .serial = {0x11},
                                      .not_before = w.now() - 24h,
                                      .not_after = w.now() + 24h * 3650,
                                      .ca = true,
                                      .path_length = {},
                                      .usage = {.key_cert_sign = true, .crl_sign = true},
                                      .extended_usage = {},
                                      .dns_names = {},
                                      .extensions = {}};
        auto cert = crypto::self_sign(spec, key).value();
        return {.cert = std::move(cert), .key = std::move(key), .chain = {}};
    }
    world* world_;
    crypto::identity root_;
    std::uint8_t serial_ = 0;
};

/// Every call as a line: time, end, who, exchange, what.
class line_observer final : public observer {
  public:
    explicit line_observer(world& w) : world_{&w} {}
    std::uint64_t on_request(const exchange_context& c, const request& r) override {
        return add(c, r.method + " " + r.target);
    }
    std::uint64_t on_response(const exchange_context& c, const request&,
                              const response& r) override {
        return add(c, std::to_string(r.status) + " " + pomona::to_text(bytes_view{r.body}));
    }
    std::uint64_t on_failure(const exchange_context& c, const request&,
                             const transport_error& e) override {
        return add(c, std::string{net::to_text(e.kind)});
    }
    std::uint64_t on_stream_message(const exchange_context& c, bytes_view m) override {
        return add(c, "message " + pomona::to_text(m));
    }
    std::vector<std::string> lines; ///< without the time
    std::vector<std::string> timed;
    std::vector<std::uint64_t> causes;

  private:
    std::uint64_t add(const exchange_context& c, const std::string& what) {
        lines.push_back(fmt::format("{} {} {} {}: {}", c.at == side::client ? "client" : "server",
                                    c.note.who.value(), c.note.channel, c.id, what));
        timed.push_back(to_rfc3339_nanos(world_->now()) + " " + lines.back());
        causes.push_back(c.note.cause);
        return lines.size();
    }
    world* world_;
};

inline task<reply> echo(incoming in) {
    reply out;
    out.what.headers.push_back({"Content-Type", "text/plain"});
    out.what.body = std::move(in.what.body);
    co_return out;
}

inline listen_options plain(std::uint16_t port, std::string host = "localhost") {
    listen_options out;
    out.bind = at(port, std::move(host));
    out.who = actor{"server"};
    return out;
}

inline request post(std::string body, std::string target = "/") {
    request out;
    out.method = "POST";
    out.target = std::move(target);
    out.body = to_bytes(body);
    return out;
}

inline open_options to_plain(world& w, std::uint16_t port) {
    return {.server = at(port), .tls = {}, .deadline = w.now() + 10s, .note = by("mac-1")};
}

inline std::unique_ptr<world> world_of(std::uint64_t seed = 1) {
    return make_virtual_world({.seed = seed, .start = {}});
}

inline task<reply> slow_echo(world& w, duration wait, incoming in) {
    co_await w.sleep_for(wait);
    co_return co_await echo(std::move(in));
}

inline handler slow(world& w, duration wait) {
    return [&w, wait](incoming in) { return slow_echo(w, wait, std::move(in)); };
}

/// The body of the response, or the failure's kind in angle brackets.
inline task<std::string> exchange_text(world& w, std::shared_ptr<connection> c, std::string body,
                                       duration within = 60s) {
    auto r = co_await c->exchange(post(std::move(body)), w.now() + within, by("mac-1"));
    if (!r) {
        co_return "<" + std::string{to_text(r.error().kind)} +
            (r.error().after_send ? " after" : " before") + ">";
    }
    co_return std::to_string(r->status) + " " + pomona::to_text(bytes_view{r->body});
}

inline task<void> exchange_into(world& w, std::shared_ptr<connection> c, std::string body,
                                std::vector<std::string>& results) {
    auto text = co_await exchange_text(w, std::move(c), std::move(body));
    results.push_back(std::move(text));
}

} // namespace pomona::net
