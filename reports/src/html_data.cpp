#include "html_data.hpp"

#include "html_body.hpp"
#include "html_label.hpp"
#include "html_selection.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <utility>
#include <variant>

namespace pomona::reports {
namespace {

using json = nlohmann::ordered_json;

std::string written(const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// '<' occurs in JSON only inside strings, where this form means the same: no "</script" and no
/// "<!--" can end the element early.
std::string without_less_than(const std::string& text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '<') {
            out += "\\u003c";
        } else {
            out += c;
        }
    }
    return out;
}

/// Texts that occur often, each written once.
class table {
  public:
    /// -1 for an empty text.
    long index(const std::string& text) {
        if (text.empty()) {
            return -1;
        }
        const auto [at, is_new] = places_.try_emplace(text, static_cast<long>(texts_.size()));
        if (is_new) {
            texts_.push_back(text);
        }
        return at->second;
    }
    [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

  private:
    std::unordered_map<std::string, long> places_;
    std::vector<std::string> texts_;
};

json fields_as_json(const trace::fields& all) {
    json out = json::object();
    for (const auto& [name, value] : all) {
        out[name] = std::visit([](const auto& v) { return json(v); }, value);
    }
    return out;
}

void put_text(json& to, const char* name, const std::string& text) {
    if (!text.empty()) {
        to[name] = text;
    }
}

/// What an event says beyond its place in the sequence.
json detail(const trace::event& e) {
    json out = json::object();
    put_text(out, "peer", e.peer);
    put_text(out, "method", e.method);
    put_text(out, "target", e.target);
    put_text(out, "tls", e.tls_version);
    put_text(out, "alpn", e.alpn);
    put_text(out, "certificate", e.client_certificate);
    put_text(out, "failure", e.failure);
    put_text(out, "detail", e.detail);
    put_text(out, "name", e.name);
    if (!e.headers.empty()) {
        auto& headers = out["headers"] = json::array();
        for (const auto& h : e.headers) {
            headers.push_back({h.name, h.value});
        }
    }
    if (!e.summary.empty()) {
        out["summary"] = fields_as_json(e.summary);
    }
    if (!e.facts.empty()) {
        out["facts"] = fields_as_json(e.facts);
    }
    return out;
}

class builder {
  public:
    builder(const html_input& input, const data_bounds& bounds)
        : input_{&input},
          bounds_{bounds},
          whose_{attribute(input.events)},
          chosen_{select(*input.run, input.events, whose_, bounds.events)},
          body_of_(input.events.size(), -1) {}

    std::string run() {
        collect_details();
        const auto events = event_rows();
        std::string out = "{\"run\":" + written(json::parse(scenario::to_json(*input_->run)));
        out += ",\"origin\":" + written(to_rfc3339_nanos(origin()));
        out += ",\"macs\":" + written(whose_.macs);
        out += ",\"actors\":" + written(actors_.texts());
        out += ",\"channels\":" + written(channels_.texts());
        out += ",\"labels\":" + written(labels_.texts());
        out += ",\"steps\":" + written(steps_.texts());
        out += ",\"events\":[" + events + ']';
        out += ",\"details\":{" + details_ + '}';
        out += ",\"bodies\":[" + bodies_ + ']';
        out += ",\"omitted\":" + written(json{{"events", chosen_.omitted_events},
                                              {"macs", chosen_.omitted_macs},
                                              {"details", omitted_details_},
                                              {"bodies", omitted_bodies_}});
        return without_less_than(out + '}');
    }

  private:
    /// Times count from the run's begin, or from its first event when that is earlier (a run that
    /// was cut off may have none).
    [[nodiscard]] time_point origin() const {
        const auto& events = input_->events;
        const auto began = input_->run->began;
        return events.empty() || began <= events.front()->time ? began : events.front()->time;
    }

    /// Events in the order in which their Macs matter, the Macs' own first.
    [[nodiscard]] std::vector<std::size_t> by_importance() const {
        std::vector<std::size_t> rank(whose_.macs.size() + 1, chosen_.order.size());
        for (std::size_t i = 0; i < chosen_.order.size(); ++i) {
            rank[static_cast<std::size_t>(chosen_.order[i])] = i;
        }
        std::vector<std::size_t> out;
        for (std::size_t i = 0; i < input_->events.size(); ++i) {
            if (chosen_.kept[i]) {
                out.push_back(i);
            }
        }
        std::ranges::sort(out, {}, [&](std::size_t i) {
            const auto mac = whose_.mac_of[i];
            return std::pair{
                mac == no_mac ? chosen_.order.size() : rank[static_cast<std::size_t>(mac)], i};
        });
        return out;
    }

    void collect_details() {
        for (const auto i : by_importance()) {
            const auto& e = *input_->events[i];
            const auto text = written(json(std::to_string(e.number))) + ':' + written(detail(e));
            if (!fits(text.size())) {
                ++omitted_details_;
                omitted_bodies_ += e.body ? 1 : 0;
                continue;
            }
            details_ += (details_.empty() ? "" : ",") + text;
            body_of_[i] = body_index(e);
        }
    }

    bool fits(std::size_t size) {
        if (size > left_) {
            left_ = 0; // what matters less does not overtake what matters more
            return false;
        }
        left_ -= size;
        return true;
    }

    long body_index(const trace::event& e) {
        if (!e.body) {
            return -1;
        }
        if (const auto known = body_places_.find(e.body->sha256); known != body_places_.end()) {
            return known->second;
        }
        const auto stored = input_->body ? input_->body(*e.body) : std::nullopt;
        if (!stored) {
            ++omitted_bodies_;
            return -1;
        }
        const auto text =
            body_for_page(*e.body, net::media_type(e.headers), *stored, bounds_.body_bytes)
                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        if (!fits(text.size())) {
            ++omitted_bodies_;
            return -1;
        }
        bodies_ += (bodies_.empty() ? "" : ",") + text;
        return body_places_[e.body->sha256] = static_cast<long>(body_places_.size());
    }

    std::string event_rows() {
        std::string out;
        for (std::size_t i = 0; i < input_->events.size(); ++i) {
            if (chosen_.kept[i]) {
                out += (out.empty() ? "" : ",") + row(i);
            }
        }
        return out;
    }

    std::string row(std::size_t i) {
        const auto& e = *input_->events[i];
        const auto ms = std::chrono::duration<double, std::milli>(e.time - origin()).count();
        char time[40];
        std::snprintf(time, sizeof time, "%.3f", ms);
        std::string out = '[' + std::to_string(e.number) + ',' + time;
        const auto end = !e.at ? 0 : *e.at == trace::end::client ? 1 : 2;
        for (const long n :
             {actors_.index(e.actor), static_cast<long>(e.kind), channels_.index(e.channel),
              labels_.index(label(e, whose_.command_of[i])), static_cast<long>(e.status),
              static_cast<long>(e.cause), exchanges_.index(e.exchange), body_of_[i],
              static_cast<long>(end), static_cast<long>(whose_.mac_of[i]), steps_.index(e.step)}) {
            out += ',' + std::to_string(n);
        }
        return out + ']';
    }

    const html_input* input_;
    data_bounds bounds_;
    attribution whose_;
    selection chosen_;
    std::size_t left_ = bounds_.detail_bytes;
    std::vector<long> body_of_; ///< parallel to the events: index into the page's bodies, or -1
    std::unordered_map<std::string, long> body_places_;
    std::string details_, bodies_;
    std::size_t omitted_details_ = 0, omitted_bodies_ = 0;
    table actors_, channels_, labels_, exchanges_, steps_;
};

} // namespace

std::string page_data(const html_input& input, const data_bounds& bounds) {
    return builder{input, bounds}.run();
}

} // namespace pomona::reports
