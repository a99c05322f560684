#include "mac/app_fetch.hpp"

#include "mac/error_codes.hpp"
#include "mac/mdm_client.hpp"
#include "mac/upkeep.hpp"
#include "pomona/protocol/plist/codec.hpp"

namespace pomona::sim::mac {
namespace {

/// A certificate that cannot be read pins nothing, and so nothing is trusted by it.
net::trust_store pinned(const core& c, const std::vector<bytes>& pins) {
    std::vector<crypto::certificate> out;
    for (const auto& der : pins) {
        if (auto one = crypto::certificate::from_der(c.world().crypto(), der)) {
            out.push_back(*std::move(one));
        }
    }
    return std::make_shared<const std::vector<crypto::certificate>>(std::move(out));
}

/// Roots of the system and of the enrollment's profiles.
net::trust_store usual_trust(const core& c) {
    return c.current ? c.current->trust : c.env->system_trust;
}

struct fetched {
    std::optional<bytes> body;
    std::string problem;     ///< without `body`
    std::uint64_t event = 0; ///< the last of the exchange
};

net::task<fetched> get(core_ptr self, std::string url, net::trust_store trust,
                       std::uint64_t cause) {
    if (!self->state.online) {
        co_return fetched{.body = {}, .problem = "the Mac is offline", .event = cause};
    }
    web_client web{self->world(), self->who, self->anonymous(std::move(trust)),
                   self->env->request_timeout};
    net::request ask;
    ask.method = "GET";
    ask.headers.push_back({"Accept", "*/*"});
    auto answer = co_await web.send(std::move(url), std::move(ask), "app", cause);
    fetched out;
    out.event = cause;
    if (!answer) {
        out.problem = answer.error().message();
        out.event = answer.error().event != 0 ? answer.error().event : cause;
    } else {
        out.event = answer->event != 0 ? answer->event : cause;
        if (answer->status == 200) {
            out.body = std::move(answer->body);
        } else {
            out.problem = "HTTP " + std::to_string(answer->status);
        }
    }
    co_return out;
}

net::task<void> download(core_ptr self, app_manifest manifest, std::uint64_t cause) {
    const auto identifier = manifest.content.identifier;
    auto package = co_await get(self, manifest.package_url, usual_trust(*self), cause);
    const bool good = package.body && manifest.matches(*package.body);
    if (package.body && !good) {
        package.problem = "the package does not have the hashes of its manifest";
    }
    if (!good) {
        package.event =
            self->record("package-refused",
                         {{"Identifier", identifier}, {"reason", package.problem}}, package.event);
    }
    self->box.apps.downloaded(identifier, good, self->world().now());
    keep_up(*self, package.event);
}

using manifest_result = std::expected<app_manifest, mdm::error_chain_item>;

net::task<manifest_result> fetch_manifest(core_ptr self, effect::install_package what,
                                          std::uint64_t cause) {
    auto trust = what.pins.empty() ? usual_trust(*self) : pinned(*self, what.pins);
    auto text = co_await get(self, what.manifest_url, std::move(trust), cause);
    if (!text.body) {
        co_return std::unexpected{
            mac_error(mdm_error_domain, code::manifest_not_validated,
                      "The manifest could not be fetched: " + text.problem + '.')};
    }
    const auto parsed = plist::parse_dict(*text.body);
    auto read = parsed ? read_app_manifest(*parsed)
                       : std::unexpected<std::string>{"it is no property list"};
    if (!read) {
        co_return std::unexpected{mac_error(mdm_error_domain, code::manifest_invalid,
                                            "The manifest cannot be used: " + read.error() + '.')};
    }
    co_return *std::move(read);
}

} // namespace

net::task<mdm::report> install_package(core_ptr self, mdm::report planned,
                                       effect::install_package what, std::uint64_t cause) {
    if (!what.manifest) {
        const auto generation = self->generation;
        auto found = co_await fetch_manifest(self, what, cause);
        if (!self->is_still(generation)) {
            co_return planned;
        }
        if (!found) {
            co_return failed_report(planned, std::move(found.error()));
        }
        what.manifest = *std::move(found);
    }
    what.how.what = self->env->apps->get(what.manifest->content);
    what.how.by_download = true;
    const auto identifier = what.how.what->identifier;
    const auto why = self->box.apps.install(what.how, self->world().now());
    if (why != app_refusal::none) {
        co_return failed_report(planned, error_of(why));
    }
    self->world().spawn("package of " + self->who.value(),
                        download(self, *std::move(what.manifest), cause));
    keep_up(*self, cause);
    co_return planned;
}

} // namespace pomona::sim::mac
