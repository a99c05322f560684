// What the tests over sockets share: a small PKI, an observer that writes lines, a server of one
// handler.
#pragma once

#include "pomona/net/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

namespace pomona::net {

using namespace std::chrono_literals;

/// A root and what it issues. Throws when the library fails: the test ends there.
class lab_ca {
  public:
    explicit lab_ca(world& w, std::string name = "Lab root")
        : world_{w}, root_{self_made(w, std::move(name))} {}

    crypto::identity issue(std::vector<std::string> names, duration from = -1h,
                           duration until = 24h) {
        auto key = crypto::private_key::generate_p256(world_.crypto()).value();
        auto spec = spec_for(names.empty() ? "client" : names.front(), from, until);
        spec.serial = {0x31, ++serial_};
        spec.usage.digital_signature = true;
        spec.dns_names = std::move(names);
        auto cert = crypto::issue(spec, key.public_key_info(), root_).value();
        return {std::move(cert), std::move(key), {root_.cert}};
    }
    trust_store trust() const {
        return std::make_shared<const std::vector<crypto::certificate>>(1, root_.cert);
    }

  private:
    crypto::certificate_spec spec_for(std::string name, duration from, duration until) const {
        crypto::certificate_spec spec;
        spec.subject = {{"CN", std::move(name)}};
        spec.serial = {0x11};
        spec.not_before = world_.now() + from;
        spec.not_after = world_.now() + until;
        return spec;
    }
    crypto::identity self_made(world& w, std::string name) const {
        auto key = crypto::private_key::generate_p256(w.crypto()).value();
        auto spec = spec_for(std::move(name), -48h, 24h * 365);
        spec.ca = true;
        spec.usage.key_cert_sign = true;
        auto cert = crypto::self_sign(spec, key).value();
        return {std::move(cert), std::move(key), {}};
    }

    world& world_;
    crypto::identity root_;
    std::uint8_t serial_ = 0;
};

/// Each call as a line without anything that differs between two runs: connection ids become "-".
class recorder final : public observer {
  public:
    std::uint64_t on_request(const exchange_context& c, const request& r) override {
        return add(c, r.method + " " + r.target + " [" + pomona::to_text(bytes_view{r.body}) + "]");
    }
    std::uint64_t on_response(const exchange_context& c, const request& to,
                              const response& r) override {
        return add(c, std::to_string(r.status) + " [" + pomona::to_text(bytes_view{r.body}) +
                          "] to " + to.target);
    }
    std::uint64_t on_failure(const exchange_context& c, const request&,
                             const transport_error& e) override {
        return add(c, "failure " + std::string{net::to_text(e.kind)} +
                          (e.after_send ? " after" : " before"));
    }
    std::uint64_t on_stream_message(const exchange_context& c, bytes_view m) override {
        return add(c, "message " + pomona::to_text(m));
    }

    std::vector<std::string> lines;
    std::vector<exchange_context> contexts;

    /// The lines of one end.
    std::vector<std::string> at(side which) const {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (contexts[i].at == which) {
                out.push_back(lines[i]);
            }
        }
        return out;
    }

  private:
    std::uint64_t add(const exchange_context& c, const std::string& what) {
        contexts.push_back(c);
        lines.push_back((c.at == side::client ? "client " : "server ") + c.note.who.value() + " " +
                        c.note.channel + ": " + what);
        return lines.size();
    }
};

inline annotation by(std::string who) {
    return {actor{std::move(who)}, "test", 0};
}

inline request post(std::string target, std::string body) {
    request out;
    out.method = "POST";
    out.target = std::move(target);
    out.body = to_bytes(body);
    return out;
}

inline request get(std::string target) {
    request out;
    out.target = std::move(target);
    return out;
}

/// Answers with the request's body.
inline task<reply> echo(incoming in) {
    reply out;
    out.what.headers = {{"X-Target", in.what.target}};
    out.what.body = std::move(in.what.body);
    co_return out;
}

/// A real world and a server on a free port.
class over_sockets : public testing::Test {
  protected:
    over_sockets() { world_->observe(&record_); }
    ~over_sockets() override { world_->shutdown(); }

    endpoint listen(listen_options options, handler on_request = echo) {
        options.bind = {"127.0.0.1", 0};
        options.who = actor{"server"};
        auto made = world_->listen(std::move(options), std::move(on_request));
        if (!made) {
            ADD_FAILURE() << made.error().message();
            return {};
        }
        listeners_.push_back(*std::move(made));
        return listeners_.back()->local();
    }
    listen_options secure(std::vector<std::string> alpn) {
        listen_options out;
        out.tls = server_tls{ca_.issue({"localhost", "127.0.0.1"}), std::move(alpn), false};
        return out;
    }
    open_options to(endpoint server) const {
        return {std::move(server), {}, world_->now() + 10s, by("mac-1")};
    }
    open_options to_secure(endpoint server, std::vector<std::string> alpn) const {
        auto out = to(std::move(server));
        out.tls = client_tls{ca_.trust(), nullptr, std::move(alpn)};
        return out;
    }
    time_point soon() const { return world_->now() + 10s; }
    /// Blocking work of a raw peer, while the world goes on.
    task<void> elsewhere(std::function<void()> work) {
        return world_->offload(std::move(work), 0s);
    }

    std::unique_ptr<world> world_ = make_real_world();
    recorder record_;
    lab_ca ca_{*world_};
    std::vector<std::unique_ptr<listener>> listeners_;
};

} // namespace pomona::net
