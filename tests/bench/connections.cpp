// What a kept TLS connection costs each end over HTTP/1.1 and HTTP/2: memory while idle, CPU while
// idle, CPU of a request. Client and server are processes of their own.
#include "pomona/net/world.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pomona::net {
namespace {

using namespace std::chrono_literals;

struct lab {
    crypto::identity root, server;
    std::shared_ptr<const crypto::identity> client;
};

crypto::certificate_spec spec_for(std::string name, std::uint8_t serial, time_point now) {
    crypto::certificate_spec out;
    out.subject = {{"CN", std::move(name)}};
    out.serial = {0x11, serial};
    out.not_before = now - 1h;
    out.not_after = now + 24h;
    return out;
}

/// As the limits of the machine were measured: P-256 server, RSA-2048 client.
lab make_lab(const crypto::context& ctx, time_point now) {
    auto root_key = crypto::private_key::generate_p256(ctx).value();
    auto root_spec = spec_for("root", 1, now);
    root_spec.ca = true;
    root_spec.usage.key_cert_sign = true;
    crypto::identity root{crypto::self_sign(root_spec, root_key).value(), root_key, {}};
    const auto issue = [&](crypto::private_key key, std::uint8_t serial) {
        auto spec = spec_for("localhost", serial, now);
        spec.usage.digital_signature = true;
        spec.dns_names = {"localhost"};
        auto cert = crypto::issue(spec, key.public_key_info(), root).value();
        return crypto::identity{std::move(cert), std::move(key), {}};
    };
    auto server = issue(crypto::private_key::generate_p256(ctx).value(), 2);
    auto client = issue(crypto::private_key::generate_rsa(ctx).value(), 3);
    return {std::move(root), std::move(server),
            std::make_shared<const crypto::identity>(std::move(client))};
}

struct usage {
    double private_kib = 0;
    double cpu_ms = 0;
};

usage now_used() {
    usage out;
    std::ifstream in{"/proc/self/smaps_rollup"};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("Private_Dirty:")) {
            out.private_kib += std::strtod(line.c_str() + 14, nullptr);
        }
    }
    rusage r{};
    ::getrusage(RUSAGE_SELF, &r);
    for (const auto& t : {r.ru_utime, r.ru_stime}) {
        out.cpu_ms += static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    }
    return out;
}

/// What is measured at each end, at the same moments.
struct measured {
    usage before, opened, idle, busy;
};

task<reply> echo(incoming in) {
    reply out;
    out.what.body = std::move(in.what.body);
    co_return out;
}

request put(std::string path) {
    request what;
    what.method = "PUT";
    what.target = std::move(path);
    what.body = bytes(2000, 'x');
    return what;
}

/// The client tells the server by the path of a request when to measure.
measured serve(const lab& l, const std::string& alpn, int port_to) {
    const auto w = make_real_world();
    measured out;
    std::unique_ptr<listener> listening;
    signal done{*w};
    bool over = false;
    handler answer = [&](incoming in) {
        const auto& path = in.what.target;
        if (path == "/before") {
            out.before = now_used();
        } else if (path == "/opened") {
            out.opened = now_used();
        } else if (path == "/idle") {
            out.idle = now_used();
        } else if (path == "/busy") {
            out.busy = now_used();
            over = true;
            done.notify_all();
        }
        return echo(std::move(in));
    };
    auto body = [&]() -> task<> {
        listen_options how;
        how.bind = {"127.0.0.1", 0};
        how.tls = server_tls{l.server, {alpn}, true};
        listening = w->listen(std::move(how), answer).value();
        const auto port = listening->local().port;
        if (::write(port_to, &port, sizeof port) != sizeof port) {
            std::abort();
        }
        while (!over) {
            co_await done.wait_until(never);
        }
        co_await w->sleep_for(100ms);
    };
    w->run(body());
    w->shutdown();
    return out;
}

measured connect(const lab& l, const std::string& alpn, std::uint16_t port, std::size_t count,
                 std::size_t requests) {
    const auto w = make_real_world();
    measured out;
    std::vector<std::shared_ptr<connection>> all;
    const auto trust = std::make_shared<const std::vector<crypto::certificate>>(1, l.root.cert);
    auto ask = [&](std::shared_ptr<connection> c, std::string path) -> task<> {
        auto got = co_await c->exchange(put(std::move(path)), w->now() + 30s, {});
        if (!got) {
            std::abort();
        }
    };
    auto open = [&]() -> task<> {
        open_options how{
            {"localhost", port}, client_tls{trust, l.client, {alpn}}, w->now() + 30s, {}};
        auto made = co_await w->open(std::move(how));
        all.push_back(made.value());
        co_await ask(all.back(), "/");
    };
    auto body = [&]() -> task<> {
        co_await open();
        co_await ask(all.front(), "/before");
        out.before = now_used();
        for (std::size_t i = 0; i < count; ++i) {
            co_await open();
        }
        co_await w->sleep_for(500ms);
        co_await ask(all.front(), "/opened");
        out.opened = now_used();
        co_await w->sleep_for(10s);
        co_await ask(all.front(), "/idle");
        out.idle = now_used();
        for (std::size_t i = 0; i < requests; ++i) {
            co_await ask(all[i % all.size()], "/");
        }
        co_await ask(all.front(), "/busy");
        out.busy = now_used();
    };
    w->run(body());
    w->shutdown();
    return out;
}

void print(const char* alpn, const char* who, const measured& m, std::size_t count,
           std::size_t requests) {
    const auto n = static_cast<double>(count);
    std::printf("%-9s %-7s %8.1f %16.3f %14.1f\n", alpn, who,
                (m.opened.private_kib - m.before.private_kib) / n,
                (m.idle.cpu_ms - m.opened.cpu_ms) * 1e3 / n / 10,
                (m.busy.cpu_ms - m.idle.cpu_ms) * 1e3 / static_cast<double>(requests));
    std::fflush(stdout);
}

void measure(const lab& l, const char* alpn, std::size_t count, std::size_t requests) {
    std::array<int, 2> channel{};
    if (::pipe(channel.data()) != 0) {
        std::abort();
    }
    const auto server = ::fork();
    if (server == 0) {
        print(alpn, "server", serve(l, alpn, channel[1]), count, requests);
        std::_Exit(0);
    }
    std::uint16_t port = 0;
    if (::read(channel[0], &port, sizeof port) != sizeof port) {
        std::abort();
    }
    const auto client = ::fork();
    if (client == 0) {
        print(alpn, "client", connect(l, alpn, port, count, requests), count, requests);
        std::_Exit(0);
    }
    for (const auto child : {client, server}) {
        ::waitpid(child, nullptr, 0);
    }
}

} // namespace
} // namespace pomona::net

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
    const auto now =
        std::chrono::time_point_cast<pomona::duration>(std::chrono::system_clock::now());
    const auto l = pomona::net::make_lab(pomona::crypto::context::system(), now);
    std::printf("%zu connections, one request of 2 kB each, 10 s idle, then 20000 requests\n",
                count);
    std::printf("%-9s %-7s %8s %16s %14s\n", "", "", "KiB", "us/s while idle", "us/request");
    std::fflush(stdout);
    for (const auto* alpn : {"http/1.1", "h2"}) {
        pomona::net::measure(l, alpn, count, 20'000);
    }
}
