// Automated Device Enrollment by web view: which page is told what, and where the profile comes
// from.
#include "reading.hpp"
#include "registry.hpp"

#include <algorithm>
#include <map>

namespace pomona::checks {
namespace {

constexpr std::string_view header = "x-apple-aspen-deviceinfo";
constexpr std::string_view profile_type = "application/x-apple-aspen-config";
constexpr std::string_view no_web_view = "no Mac opened a web view to enroll";

/// The pages of one web view, in order: each was asked for because of the answer before it.
using web_view = std::vector<const exchange*>;

std::vector<web_view> web_views(const trace_view& run) {
    std::vector<const exchange*> all;
    for (const auto* channel : {"enroll", "sign-in"}) {
        for (const auto& x : run.of_channel(channel)) {
            all.push_back(&x);
        }
    }
    std::ranges::sort(all, {}, [](const exchange* x) { return x->request->number; });
    std::vector<web_view> out;
    std::map<std::uint64_t, std::size_t> by_answer; ///< an answer's number, and whose it is
    for (const auto* x : all) {
        const auto before = by_answer.find(x->request->cause);
        const bool first =
            net::find_header(x->request->headers, header) && x->request->method == "GET";
        if (before == by_answer.end() && !first) {
            continue;
        }
        const auto at = before == by_answer.end() ? out.size() : before->second;
        if (at == out.size()) {
            out.emplace_back();
        }
        out[at].push_back(x);
        if (x->answered()) {
            by_answer[x->answer->number] = at;
        }
    }
    return out;
}

std::string_view host_of(const exchange& x) {
    const std::string_view peer = x.request->peer;
    return peer.substr(0, peer.rfind(':'));
}

/// The last two labels; an address, or a name of one label, is itself.
std::string_view site_of(std::string_view host) {
    const auto last = host.rfind('.');
    const bool address = host.find(':') != std::string_view::npos ||
                         (!host.empty() && host.back() >= '0' && host.back() <= '9');
    if (address || last == std::string_view::npos || last == 0) {
        return host;
    }
    const auto before = host.rfind('.', last - 1);
    return before == std::string_view::npos ? host : host.substr(before + 1);
}

// Apple, "Authenticating through web views": MachineInfo with the first page load.
observation only_the_first_page(const trace_view& run) {
    observation out;
    for (const auto& pages : web_views(run)) {
        ++out.occasions;
        const auto told = *net::find_header(pages.front()->request->headers, header);
        if (told.empty() || told.find_first_of(" \t\r\n") != std::string_view::npos) {
            note(out, *pages.front()->request, "base64 in one line",
                 told.empty() ? "an empty value" : "blanks in it");
        }
        for (const auto* later : web_view{pages.begin() + 1, pages.end()}) {
            if (net::find_header(later->request->headers, header)) {
                note(out, *later->request, "the first page load alone has " + std::string{header},
                     "page load after it, too", {pages.front()->request});
            }
        }
    }
    out.reason = no_web_view;
    return out;
}

// The same page: ended by the profile, from a host with the same last two labels.
observation ends_at_the_same_site(const trace_view& run) {
    observation out;
    for (const auto& pages : web_views(run)) {
        const auto* last = pages.back();
        if (!last->answered()) {
            continue;
        }
        const auto type = net::media_type(last->answer->headers);
        const bool has_profile = (last->answer->status == 200 && type == profile_type) ||
                                 list_of(last->answer->summary, "payload_types") != nullptr;
        if (!has_profile) {
            continue;
        }
        ++out.occasions;
        if (type != profile_type) {
            note(out, *last->answer, std::string{profile_type},
                 type.empty() ? "no Content-Type" : type, {pages.front()->request});
        } else if (site_of(host_of(*last)) != site_of(host_of(*pages.front()))) {
            note(out, *last->answer,
                 "a host of the site " + std::string{site_of(host_of(*pages.front()))},
                 std::string{host_of(*last)}, {pages.front()->request});
        }
    }
    out.reason = "no web view ended with a profile";
    return out;
}

} // namespace

void add_web_view_checks(std::vector<check>& to) {
    using enum level;
    constexpr std::string_view page = "Apple, \"Authenticating through web views\"";
    to.push_back({"ENR-044",
                  "A web view ends with a profile, its type exact, from the site it began at.",
                  must,
                  basis::documented,
                  page,
                  subject::server,
                  {},
                  ends_at_the_same_site});
    to.push_back({"ENR-112",
                  "x-apple-aspen-deviceinfo comes with the first page load only, in one line.",
                  must,
                  basis::documented,
                  page,
                  subject::device,
                  {},
                  only_the_first_page});
}

} // namespace pomona::checks
