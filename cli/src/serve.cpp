#include "bugs.hpp"
#include "command.hpp"
#include "interrupts.hpp"
#include "pomona/stack/stack.hpp"
#include "scep_options.hpp"
#include "settings.hpp"
#include "users_file.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <iostream>
#include <iterator>

namespace pomona::cli {
namespace {

std::expected<stack::stack_options, exit_code> read_options(const settings& s) {
    stack::stack_options o;
    o.world = stack::world_kind::real;
    o.data_folder = s.text("data").value_or("");
    const auto port = s.number("port", 0, 65535);
    const auto apns_port = s.number("apns-port", 0, 65535);
    if (!port || !apns_port) {
        return std::unexpected(exit_code::usage);
    }
    const auto bind = s.text("bind").value_or("127.0.0.1");
    o.server_bind = {bind, static_cast<std::uint16_t>(port->value_or(0))};
    o.apns_bind = {bind, static_cast<std::uint16_t>(apns_port->value_or(0))};
    for (const auto& text : s.texts("apns-also-port")) {
        std::uint16_t also = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), also);
        if (failed != std::errc{} || end != text.data() + text.size() || also == 0) {
            return std::unexpected(
                usage_error("--apns-also-port is a port from 1 to 65535, not `" + text + "`"));
        }
        o.apns_also_bind.push_back({bind, also});
    }
    const auto abm_port = s.number("abm-port", 0, 65535);
    const auto portal_port = s.number("portal-port", 0, 65535);
    if (!abm_port || !portal_port) {
        return std::unexpected(exit_code::usage);
    }
    if (s.given("abm-port")) {
        o.abm_bind = {bind, static_cast<std::uint16_t>(abm_port->value_or(0))};
    }
    const auto proxy_port = s.number("proxy-port", 0, 65535);
    if (!proxy_port) {
        return std::unexpected(exit_code::usage);
    }
    if (s.given("proxy-port")) {
        o.proxy_bind = {"127.0.0.1", static_cast<std::uint16_t>(proxy_port->value_or(0))};
    }
    if (s.given("idp-port")) {
        const auto idp_port = s.number("idp-port", 0, 65535);
        if (!idp_port) {
            return std::unexpected(exit_code::usage);
        }
        o.idp_bind = {bind, static_cast<std::uint16_t>(idp_port->value_or(0))};
    }
    if (const auto file = s.text("idp-users")) {
        auto read = read_users_file(*file);
        if (!read) {
            return std::unexpected(read.error());
        }
        for (auto& one : *read) {
            o.idp_users.push_back(
                {.name = std::move(one.short_name), .password = std::move(one.password)});
        }
    }
    o.portal_bind = {"127.0.0.1", static_cast<std::uint16_t>(portal_port->value_or(0))};
    o.api_key = s.text("api-key").value_or("");
    const auto http = s.text("http").value_or("both");
    if (http == "1.1") {
        o.server_alpn = {"http/1.1"};
    } else if (http == "2") {
        o.server_alpn = {"h2"};
    } else if (http != "both") {
        return std::unexpected(usage_error("--http is 1.1, 2 or both, not `" + http + "`"));
    }
    const auto bugs = read_bugs(s);
    if (!bugs) {
        return std::unexpected(bugs.error());
    }
    o.bugs = *bugs;
    o.certificate_header = s.text("certificate-header").value_or("");
    o.trusted_proxies = s.texts("trusted-proxy");
    if (const auto users = s.text("users")) {
        auto read = read_users_file(*users);
        if (!read) {
            return std::unexpected(read.error());
        }
        o.users = *std::move(read);
    }
    if (const auto read = read_scep_options(s, bind, o); !read) {
        return std::unexpected(read.error());
    }
    return o;
}

std::string also_ports(stack::stack& running) {
    std::string out;
    for (const auto& one : running.apns()->also_local()) {
        out += (out.empty() ? ", also on " : " and ") + std::to_string(one.port);
    }
    return out;
}

/// What a server or client of others has to be told.
void announce_for_others(const stack::target& target, const std::filesystem::path& data) {
    if (target.abm_url.empty() && target.proxy_url.empty()) {
        return;
    }
    std::cout << "\nServers and clients of others:\n"
              << "  one root      SSL_CERT_FILE=" << (data / "apns" / "ca.pem").string() << "\n"
              << "  APNs          https://" << target.apns.host << ':' << target.apns.port
              << "/3/device/TOKEN, push certificate apns/push.pem\n";
    if (!target.abm_url.empty()) {
        std::cout << "  DEP           base URL " << target.abm_url
                  << ", token: `pomona ctl abm token`\n";
    }
    if (!target.proxy_url.empty()) {
        std::cout << "  Apple's names HTTPS_PROXY=" << target.proxy_url << "\n";
    }
}

/// What a relying party or a service provider has to be given, and where users sign in.
std::string sign_in_lines(const stack::target& t) {
    return "  sign-in       " + t.idp_url + "  (OpenID Connect issuer; SAML metadata at\n" +
           "                " + t.idp_url + "/saml/metadata)\n" +
           "                its root is the push service's (apns/ca.pem); clients of yours: "
           "`pomona ctl idp client`\n" +
           "  web view      " + t.ade_web_url + "  (configuration_web_url)\n";
}

void announce(stack::stack& running, const std::string& file, const std::filesystem::path& data,
              const std::vector<std::string>& bugs) {
    const auto& target = running.target();
    const auto scep = running.server()->scep_http_url();
    std::cout << "Pomona's reference server is ready.\n\n"
              << "  enroll        " << target.enroll_url << "\n"
              << "  API           " << target.api.url << "  (user " << target.api.user
              << ", key in the target file)\n"
              << (scep.empty() ? "" : "  SCEP          " + scep + "\n") << "  push service  "
              << target.apns.host << ':' << target.apns.port << also_ports(running) << "\n"
              << (target.abm_url.empty()
                      ? ""
                      : "  ABM           " + target.abm_url + "  (worked by `pomona ctl abm`)\n")
              << (target.idp_url.empty() ? "" : sign_in_lines(target)) << "  push files    "
              << (data / "apns").string() << "/push.pem, push.key, ca.pem\n"
              << "  target file   " << file << "\n";
    announce_for_others(target, data);
    for (const auto& bug : bugs) {
        std::cout << "  planted bug   " << bug << "\n";
    }
    std::cout << "\n"
              << "Run a scenario against it:\n  pomona run scenarios/first-fleet.yaml -t " << file
              << "\n\n"
              << "Ctrl-C ends it.\n"
              << std::flush;
}

net::task<void> for_ever(net::world* world) {
    co_await world->sleep_until(net::never);
}

net::task<void> stop_serving(stack::stack* running) {
    co_await running->server()->stop();
    // Providers of others learn from its GOAWAY that they have to go elsewhere.
    co_await running->apns()->stop(running->world().now() + std::chrono::seconds{2});
}

std::vector<option> own_options() {
    std::vector<option> out{
        {"data", 0, "DIR", "Where CA, database and target file are kept", "pomona-data", false},
        {"bind", 0, "ADDRESS", "Address to listen on", "127.0.0.1", false},
        {"port", 0, "PORT", "Of the server; 0: a free one", "9000", false},
        {"apns-port", 0, "PORT", "Of the emulated push service; 0: a free one", "2197", false},
        {"apns-also-port", 0, "PORT",
         "Another port of the push service, such as Apple's 443 for clients that fix it", "", true},
        {"abm-port", 0, "PORT",
         "Emulates Apple Business Manager there; 0: a free one. Without it there is none", "",
         false},
        {"proxy-port", 0, "PORT",
         "A CONNECT proxy on 127.0.0.1 that leads Apple's host names to the emulated services and "
         "refuses every other; 0: a free one",
         "", false},
        {"idp-port", 0, "PORT",
         "Emulates an identity provider there, and users sign in before they enroll; 0: a free "
         "one",
         "", false},
        {"idp-users", 0, "FILE",
         "Who can sign in: a line each, NAME:PASSWORD; ada@example.org:secret without it", "",
         false},
        {"portal-port", 0, "PORT",
         "Where `pomona ctl` works the emulated services, on 127.0.0.1 only; 0: a free one", "0",
         false},
        {"http", 0, "VERSION", "What it offers by ALPN: 1.1, 2 or both", "both", false},
        {"api-key", 0, "KEY", "Password of the API's user nanomdm; drawn at random when not given",
         "", false},
        {"certificate-header", 0, "NAME",
         "Takes the client certificate from this header of a proxy (RFC 9440 or escaped PEM)", "",
         false},
        {"trusted-proxy", 0, "ADDRESS",
         "Where such a proxy may connect from (default: 127.0.0.1 and ::1)", "", true},
        {"users", 0, "FILE", "Network users to manage: a line each, NAME:PASSWORD or NAME", "",
         false},
        bug_option()};
    std::ranges::move(scep_server_options(), std::back_inserter(out));
    return out;
}

} // namespace

exit_code serve_command(const arguments& args) {
    const auto s = settings::read(
        {"serve", "",
         "Runs the reference MDM server and an emulated push service until it is ended. Its CA, "
         "its database, its\n"
         "target file (with the API key, mode 0600) and a push certificate for other providers "
         "(apns/push.pem)\n"
         "are kept in the data folder.",
         "pomona serve --data pomona-data --port 9000", with_common(own_options())},
        args);
    if (!s) {
        return s.error();
    }
    if (!s->operands().empty()) {
        return usage_error("`pomona serve` takes no operand, but got `" + s->operands().front() +
                           "`");
    }
    auto options = read_options(*s);
    if (!options) {
        return options.error();
    }
    spdlog::set_level(s->flag("verbose") ? spdlog::level::info : spdlog::level::warn);
    std::atomic<net::world*> world{nullptr};
    std::stop_source stop;
    const interrupts signals{[&] {
        stop.request_stop();
        if (auto* w = world.load()) {
            w->interrupt();
        }
    }};
    options->stop = stop.get_token();
    const std::filesystem::path data = options->data_folder;
    auto made = stack::stack::create(std::move(*options));
    if (!made) {
        if (signals.caught() != 0) {
            return static_cast<exit_code>(128 + signals.caught());
        }
        complain(made.error().message(),
                 "another port: --port, --apns-port or --apns-also-port (below 1024 only root may "
                 "listen); another folder: --data");
        return exit_code::unusable_target;
    }
    auto& running = **made;
    running.world().observe(nullptr); // a server that runs for weeks keeps no trace
    const auto file = (data / "target.yaml").string();
    if (const auto written = stack::write_target(running.target(), file); !written) {
        complain(written.error().message());
        return exit_code::unusable_target;
    }
    announce(running, file, data, s->texts("bug"));
    world = &running.world();
    running.run(for_ever(&running.world()));
    running.run(stop_serving(&running)); // a second signal ends the process at once
    running.shutdown();
    return static_cast<exit_code>(128 + signals.caught());
}

} // namespace pomona::cli
