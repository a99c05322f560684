#include "schema_reading.hpp"

#include "pomona/protocol/plist/codec.hpp"

#include <algorithm>

namespace pomona::checks {

known_macs::known_macs(const trace_view& run) {
    for (const auto* x : conversation(run)) {
        const auto& s = x->request->summary;
        if (s.text("MessageType") == "Authenticate") {
            auto& mac = macs_[x->request->actor];
            mac.is_mac = s.text("Model").find("Mac") != std::string_view::npos;
            mac.versions[x->request->number] = schema::version::parse(s.text("OSVersion"));
        } else if (s.text("Status") == "Acknowledged" &&
                   s.text("RequestType") == "DeviceInformation") {
            const auto report = plist_of(run, *x->request);
            const auto* answers = report ? report->dictionary("QueryResponses") : nullptr;
            const auto* os = answers == nullptr ? nullptr : answers->string("OSVersion");
            if (os != nullptr) {
                macs_[x->request->actor].versions[x->request->number] = schema::version::parse(*os);
            }
        }
    }
}

std::optional<schema::context> known_macs::context_of(const trace::event& request) const {
    const auto mac = macs_.find(request.actor);
    if (mac == macs_.end() || !mac->second.is_mac) {
        return std::nullopt;
    }
    const auto& versions = mac->second.versions;
    auto at = versions.upper_bound(request.number);
    if (at == versions.begin() || !(--at)->second.is_stated()) {
        return std::nullopt;
    }
    schema::context c;
    c.os = at->second;
    c.channel = is_user_channel(request) ? schema::channel::user : schema::channel::device;
    if (!request.summary.text("UDID").empty()) {
        c.enrollment = schema::enrollment_kind::device;
    } else if (!request.summary.text("EnrollmentID").empty()) {
        c.enrollment = schema::enrollment_kind::user;
    }
    c.seed = c.os >= schema::first_seed;
    return c;
}

schema::version known_macs::newest_of(std::string_view mac) const {
    schema::version newest;
    if (const auto known = macs_.find(mac); known != macs_.end()) {
        for (const auto& [number, os] : known->second.versions) {
            newest = std::max(newest, os);
        }
    }
    return newest;
}

std::vector<schema::finding> known_macs::proven(const trace::event& request,
                                                const schema::findings& all,
                                                bool has_placeholders) const {
    const auto newest = newest_of(request.actor);
    std::vector<schema::finding> out;
    for (const auto& f : all) {
        const bool learnt = f.why == schema::obstacle::too_old && f.release <= newest;
        const bool hidden = has_placeholders && f.what == schema::finding::kind::format;
        if (f.is_problem() && !learnt && !hidden) {
            out.push_back(f);
        }
    }
    return out;
}

std::optional<plist::dict> plist_of(const trace_view& run, const trace::event& e) {
    const auto body = run.body(e);
    auto d = body ? plist::parse_dict(*body) : result<plist::dict>{plist::dict{}};
    return body && d ? std::optional{*std::move(d)} : std::nullopt;
}

bool has_placeholders(const trace_view& run, const trace::event& e) {
    const auto body = run.body(e);
    return body && as_text(*body).find("{{") != std::string_view::npos;
}

std::string text_of(const std::vector<schema::finding>& all) {
    constexpr std::size_t shown = 5;
    std::vector<std::string> out;
    for (const auto& f : all) {
        if (out.size() == shown) {
            out.push_back("and " + std::to_string(all.size() - shown) + " more");
            break;
        }
        out.push_back(f.to_string());
    }
    return joined(out);
}

} // namespace pomona::checks
