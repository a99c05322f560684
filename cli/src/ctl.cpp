#include "ctl.hpp"

#include "command.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/net/world.hpp"
#include "settings.hpp"
#include "target_file.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace pomona::cli {
namespace {

using json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr duration patience = 60s;

struct outcome {
    result<net::response> said = fail(std::make_error_code(std::errc::interrupted));
};

net::task<void> call(net::world* world, net::url to, net::request what,
                     std::shared_ptr<outcome> into) {
    const auto deadline = world->now() + patience;
    const net::annotation note{};
    auto opened = co_await world->open(
        {.server = to.server, .tls = std::nullopt, .deadline = deadline, .note = note});
    if (!opened) {
        into->said =
            fail(std::make_error_code(std::errc::connection_refused), opened.error().message());
        co_return;
    }
    auto answer = co_await (*opened)->exchange(std::move(what), deadline, note);
    if (answer) {
        into->said = *std::move(answer);
    } else {
        into->said =
            fail(std::make_error_code(std::errc::connection_reset), answer.error().message());
    }
}

std::optional<std::string> contents(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    if (!in) {
        return std::nullopt;
    }
    return std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// `show` tells also what a client has to be told.
json with_address(json about, const stack::target& t) {
    if (about.contains("organisation")) {
        about["url"] = t.abm_url;
    }
    about["trust"] = t.apns.trust;
    return about;
}

exit_code write_out(const settings& s, const net::response& said, const stack::target& at,
                    bool is_show) {
    if (const auto file = s.text("out-file")) {
        std::ofstream out{*file, std::ios::binary};
        out.write(reinterpret_cast<const char*>(said.body.data()),
                  static_cast<std::streamsize>(said.body.size()));
        if (!out.flush()) {
            complain("cannot write " + *file, "--out-file takes a path that can be written");
            return exit_code::internal;
        }
        return exit_code::ok;
    }
    auto body = json::parse(said.body.begin(), said.body.end(), nullptr, false);
    if (body.is_discarded()) {
        std::cout.write(reinterpret_cast<const char*>(said.body.data()),
                        static_cast<std::streamsize>(said.body.size()));
    } else {
        std::cout << (is_show ? with_address(std::move(body), at) : body).dump(2) << '\n';
    }
    return exit_code::ok;
}

usage ctl_usage() {
    return {
        "ctl", "SERVICE VERB [OPERAND...]",
        "Works the emulated Apple services of a running `pomona serve`, as an administrator "
        "does with the mouse.\n"
        "What it answers is JSON.\n\n" +
            portal_verbs(),
        "pomona ctl abm show -t pomona-data/target.yaml",
        with_common(
            {{"target", 't', "FILE", "The target file of that serve", "pomona-data/target.yaml",
              false},
             {"file", 0, "FILE", "What a verb takes beside its words", "", false},
             {"entry", 0, "ENTRY", "Of the push certificates portal, to be renewed", "", false},
             {"out-file", 0, "FILE", "Where the answer goes, instead of the console", "", false},
             {"times", 0, "N", "How many requests a fault disturbs", "1", false},
             {"json", 0, "", "JSON; it always is", "", false}})};
}

} // namespace

result<net::response> call_portal(const stack::target& at, const portal_request& what) {
    const auto to = net::parse_url(at.portal_url + what.path);
    if (!to || to->secure) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "the portal's address is no http URL: " + escape(at.portal_url));
    }
    net::request request{
        .method = what.method,
        .target = to->target,
        .headers = {{"Authorization",
                     "Basic " + to_base64(as_bytes(at.api.user + ':' + at.api.key))}},
        .body = to_bytes(what.body)};
    const auto world = net::make_real_world();
    const auto into = std::make_shared<outcome>();
    world->run(call(world.get(), *to, std::move(request), into));
    world->shutdown();
    return into->said;
}

exit_code ctl_command(const arguments& args) {
    const auto s = settings::read(ctl_usage(), args);
    if (!s) {
        return s.error();
    }
    const auto times = s->number("times", 1, 1'000'000);
    if (!times) {
        return times.error();
    }
    portal_extras extra{.file = {},
                        .entry = s->text("entry").value_or(""),
                        .times = static_cast<unsigned>(times->value_or(1))};
    if (const auto path = s->text("file")) {
        auto text = contents(*path);
        if (!text) {
            return usage_error("cannot read " + *path, "--file takes a file");
        }
        extra.file = *std::move(text);
    }
    const auto& words = s->operands();
    const auto what = portal_request_for(words, extra);
    if (!what) {
        return usage_error(what.error());
    }
    const auto target = read_target(s->text("target").value_or(""));
    if (!target) {
        std::cerr << target.error();
        return exit_code::invalid_input;
    }
    const auto& at = target->value;
    const bool abm = words[0] == "abm";
    const bool idp = words[0] == "idp";
    if (at.portal_url.empty() || (abm && at.abm_url.empty()) || (idp && at.idp_url.empty())) {
        complain("this target has no emulated " + std::string{abm   ? "Apple Business Manager"
                                                              : idp ? "identity provider"
                                                                    : "push service"},
                 idp ? "start it with `pomona serve --idp-port 0`"
                     : "start it with `pomona serve --abm-port 0`");
        return exit_code::unusable_target;
    }
    const auto said = call_portal(at, *what);
    if (!said) {
        complain("the portal cannot be reached: " + said.error().message(),
                 "is that `pomona serve` still running?");
        return exit_code::unusable_target;
    }
    if (said->status >= 300) {
        const auto body = json::parse(said->body.begin(), said->body.end(), nullptr, false);
        complain("the portal says " + std::to_string(said->status) + ": " +
                 (body.is_object() ? body.value("error", "") : std::string{}));
        return exit_code::failed;
    }
    return write_out(*s, *said, at, words[1] == "show");
}

} // namespace pomona::cli
