#include "reading.hpp"

#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/protocol/profile/profile.hpp"
#include "pomona/trace/decode.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::checks {

void note(observation& to, const trace::event& where, std::string expected, std::string actual,
          std::initializer_list<const trace::event*> around) {
    finding f{where.number, {}, {}, std::move(expected), std::move(actual)};
    if (where.actor.starts_with("mac-")) {
        f.mac = where.actor;
    }
    for (const auto* e : around) {
        if (e != nullptr && e != &where) {
            f.around.push_back(e->number);
        }
    }
    std::ranges::sort(f.around);
    to.violations.push_back(std::move(f));
}

bool is_accepted(const exchange& x) {
    return x.answered() && x.answer->status >= 200 && x.answer->status < 300;
}

std::string answer_text(const exchange& x) {
    if (x.answer == nullptr) {
        return "no answer so far";
    }
    return x.answered() ? "HTTP " + std::to_string(x.answer->status)
                        : "no answer (" + x.answer->failure + ')';
}

namespace {

std::string_view user_of(const trace::event& request) {
    const auto user = request.summary.text("UserID");
    return user.empty() ? request.summary.text("EnrollmentUserID")
                        : mdm::user_key(user, request.summary.text("UserShortName"));
}

} // namespace

std::string channel_of(const trace::event& request) {
    const auto user = user_of(request);
    return user.empty() ? request.actor : request.actor + '/' + std::string{user};
}

bool is_user_channel(const trace::event& request) {
    return !user_of(request).empty();
}

std::string_view message_type(const exchange& x) {
    return x.request->summary.text("MessageType");
}

std::vector<const exchange*> conversation(const trace_view& run) {
    std::vector<const exchange*> out;
    for (const auto* channel : {"checkin", "mdm"}) {
        for (const auto& x : run.of_channel(channel)) {
            out.push_back(&x);
        }
    }
    std::ranges::sort(out, {}, [](const exchange* x) { return x->request->number; });
    return out;
}

const std::vector<std::string>* list_of(const trace::fields& from, std::string_view name) {
    const auto* value = from.find(name);
    return value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
}

bool lists(const trace::fields& from, std::string_view name, std::string_view item) {
    const auto* list = list_of(from, name);
    return list != nullptr && std::ranges::find(*list, item) != list->end();
}

bool has_key(const trace::event& e, std::string_view key) {
    return lists(e.facts, "top_level_keys", key);
}

bool looks_like_command(const trace::event& answer) {
    return has_key(answer, "CommandUUID") || has_key(answer, "Command");
}

nlohmann::json decoded(const trace_view& run, const trace::event& e) {
    const auto body = run.body(e);
    return body ? trace::decode_body(*body) : nlohmann::json{};
}

std::vector<fetched_profile> fetched_profiles(const trace_view& run, std::string_view mac) {
    std::vector<fetched_profile> out;
    for (const auto& x : run.of_channel("enroll")) {
        if (x.request->actor != mac || !is_accepted(x) ||
            !lists(x.answer->summary, "payload_types", profile::mdm_type)) {
            continue;
        }
        const auto& s = x.answer->summary;
        fetched_profile p{&x, s.text("ServerURL"), s.text("CheckInURL"),
                          s.flag("SignMessage").value_or(false),
                          s.flag("CheckOutWhenRemoved").value_or(false)};
        if (p.checkin_url.empty()) {
            p.checkin_url = p.server_url;
        }
        out.push_back(p);
    }
    return out;
}

bool is_queued_between(const trace_view& run, std::string_view command_uuid,
                       const trace::event& from, const trace::event& to) {
    return std::ranges::any_of(run.events(), [&](const trace::event* e) {
        return e->kind == trace::kind::request && e->channel == "api" && e->number > from.number &&
               e->number < to.number && uuid_of(*e) == command_uuid;
    });
}

bool renews_enrollment(const trace::event& answer) {
    return answer.kind == trace::kind::response &&
           answer.summary.text("RequestType") == "InstallProfile" &&
           lists(answer.summary, "payload_types", profile::mdm_type);
}

bool is_leaving(const trace::event& e) {
    return (e.kind == trace::kind::state && e.name == "unenrolled") ||
           (e.kind == trace::kind::request && e.channel == "checkin" &&
            e.summary.text("MessageType") == "CheckOut");
}

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items) {
        out += (out.empty() ? "" : ", ") + item;
    }
    return out.empty() ? "none" : out;
}

} // namespace pomona::checks
