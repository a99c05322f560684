// What keeps a Mac from a command, a key, a query; and how findings read.
#include "pomona/protocol/schema/validate.hpp"

#include <algorithm>
#include <array>

namespace pomona::schema {
namespace {

obstacle by_version(const node& n, const context& c) {
    if (!c.os.is_stated()) {
        return obstacle::none;
    }
    // What the seed brings or takes away is not seen without it, whatever the Mac says it runs.
    const bool hidden = !c.seed && n.since() >= first_seed;
    if (hidden || n.since() > c.os) {
        return obstacle::too_old;
    }
    const bool gone = n.removed().is_stated() && n.removed() <= c.os;
    return gone && (c.seed || n.removed() < first_seed) ? obstacle::gone : obstacle::none;
}

obstacle by_channel(const node& n, const context& c) {
    if (!c.channel) {
        return obstacle::none;
    }
    const bool user = *c.channel == channel::user;
    const auto own = user ? channels::user : channels::device;
    if (n.channel != channels::inherited && (n.channel & own) == 0) {
        return obstacle::channel;
    }
    const auto scope = user ? scopes::user : scopes::system;
    return n.scopes != 0 && (n.scopes & scope) == 0 ? obstacle::channel : obstacle::none;
}

obstacle by_enrollment(const node& n, const context& c) {
    if (!c.enrollment) {
        return obstacle::none;
    }
    const bool user = *c.enrollment == enrollment_kind::user;
    const auto mode = n.in_user_enrollment();
    if ((user && mode == user_enrollment::forbidden) ||
        (!user && mode == user_enrollment::required)) {
        return obstacle::enrollment;
    }
    if (n.enrollments == 0) {
        return obstacle::none;
    }
    if (user) {
        return (n.enrollments & enrollments::user) != 0 ? obstacle::none : obstacle::enrollment;
    }
    if ((n.enrollments & enrollments::device) != 0) {
        return obstacle::none;
    }
    if ((n.enrollments & enrollments::supervised) == 0) {
        return obstacle::enrollment;
    }
    return c.supervised == false ? obstacle::supervision : obstacle::none;
}

obstacle by_needs(const node& n, const context& c) {
    if ((n.needs & needs::ade) != 0 && c.ade == false) {
        return obstacle::ade;
    }
    if ((n.needs & needs::supervised) != 0 && c.supervised == false) {
        return obstacle::supervision;
    }
    if ((n.needs & needs::user_approved) != 0 && c.user_approved == false) {
        return obstacle::user_approval;
    }
    return obstacle::none;
}

obstacle by_right(const node& n, const context& c) {
    // Apple, "MDM": access rights do not count in user enrollment.
    if (!c.rights || c.enrollment == enrollment_kind::user || n.right >= node::right_by_query) {
        return obstacle::none;
    }
    return (*c.rights & n.right) == n.right ? obstacle::none : obstacle::right;
}

} // namespace

obstacle obstacle_of(const node& n, const context& c) {
    for (const auto judge : {by_version, by_channel, by_enrollment, by_needs, by_right}) {
        if (const auto why = judge(n, c); why != obstacle::none) {
            return why;
        }
    }
    return obstacle::none;
}

bool is_deprecated(const node& n, const context& c) {
    return n.deprecated().is_stated() && c.os.is_stated() && n.deprecated() <= c.os &&
           (c.seed || n.deprecated() < first_seed);
}

std::string_view to_text(obstacle o) {
    static constexpr std::array<std::string_view, 9> names{
        "is available",
        "is not known to this version of macOS yet",
        "is no longer known to this version of macOS",
        "is not for this channel",
        "needs an access right that the server has not",
        "needs a supervised Mac",
        "needs automated device enrollment",
        "needs an enrollment that the user has approved",
        "is not for this kind of enrollment"};
    return names.at(static_cast<std::size_t>(o));
}

std::string_view to_text(finding::kind k) {
    static constexpr std::array<std::string_view, 11> names{
        "unknown name", "unknown key", "unknown value", "missing",     "type",      "value",
        "range",        "format",      "repetition",    "unavailable", "deprecated"};
    return names.at(static_cast<std::size_t>(k));
}

std::string finding::to_string() const {
    auto out = path.empty() ? detail : path + ' ' + detail;
    if (why == obstacle::too_old && release.is_stated()) {
        out += " (from " + release.to_string() + " on)";
    } else if (why == obstacle::gone) {
        out += " (gone since " + release.to_string() + ')';
    }
    return out;
}

const finding* first_problem(const findings& all) {
    const auto found = std::ranges::find_if(all, &finding::is_problem);
    return found == all.end() ? nullptr : &*found;
}

} // namespace pomona::schema
