#include "pomona/scenario/outcome.hpp"

#include "pomona/trace/run_folder.hpp"

#include <nlohmann/json.hpp>

namespace pomona::scenario {
namespace {

using json = nlohmann::ordered_json;

json write(const mac_failure& f) {
    return {{"mac", f.mac}, {"reason", f.reason}, {"nearest", f.nearest}, {"around", f.around}};
}

json write(const step_outcome& s) {
    auto failures = json::array();
    for (const auto& f : s.failures) {
        failures.push_back(write(f));
    }
    return {{"title", s.title},
            {"file", s.file},
            {"line", s.line},
            {"column", s.column},
            {"source", s.source_text},
            {"verdict", checks::to_text(s.verdict)},
            {"reason", s.reason},
            {"macs", s.macs},
            {"macs_held", s.macs_held},
            {"failures", std::move(failures)},
            {"began", to_rfc3339_nanos(s.began)},
            {"ended", to_rfc3339_nanos(s.ended)},
            {"first_event", s.first_event},
            {"last_event", s.last_event}};
}

json write(const check_outcome& c) {
    auto findings = json::array();
    for (const auto& f : c.findings) {
        findings.push_back({{"event", f.event},
                            {"around", f.around},
                            {"mac", f.mac},
                            {"expected", f.expected},
                            {"actual", f.actual}});
    }
    return {{"id", c.id},
            {"rule", c.rule},
            {"level", c.level},
            {"basis", c.basis},
            {"source", c.source},
            {"subject", c.subject},
            {"bugs", c.bugs},
            {"verdict", checks::to_text(c.verdict)},
            {"occasions", c.occasions},
            {"violations", c.violations},
            {"reason", c.reason},
            {"findings", std::move(findings)}};
}

json write(const fault_outcome& f) {
    auto missed = json::object();
    for (const auto& [why, count] : f.missed) {
        missed[why] = count;
    }
    return {{"fault", f.fault},
            {"where", f.where},
            {"matched", f.matched},
            {"injected", f.injected},
            {"not_applied", std::move(missed)}};
}

checks::verdict read_verdict(const json& j) {
    const auto v = checks::parse_verdict(j.at("verdict").get<std::string>());
    return v ? *v : throw std::invalid_argument("verdict");
}

time_point read_time(const json& j, const char* key) {
    const auto t = from_rfc3339(j.at(key).get<std::string>());
    return t ? *t : throw std::invalid_argument(key);
}

step_outcome read_step_outcome(const json& j) {
    step_outcome s;
    j.at("title").get_to(s.title);
    j.at("file").get_to(s.file);
    j.at("line").get_to(s.line);
    j.at("column").get_to(s.column);
    j.at("source").get_to(s.source_text);
    s.verdict = read_verdict(j);
    j.at("reason").get_to(s.reason);
    j.at("macs").get_to(s.macs);
    j.at("macs_held").get_to(s.macs_held);
    for (const auto& f : j.at("failures")) {
        s.failures.push_back({f.at("mac"), f.at("reason"), f.at("nearest"), f.at("around")});
    }
    s.began = read_time(j, "began");
    s.ended = read_time(j, "ended");
    j.at("first_event").get_to(s.first_event);
    j.at("last_event").get_to(s.last_event);
    return s;
}

check_outcome read_check_outcome(const json& j) {
    check_outcome c;
    j.at("id").get_to(c.id);
    j.at("rule").get_to(c.rule);
    j.at("level").get_to(c.level);
    j.at("basis").get_to(c.basis);
    j.at("source").get_to(c.source);
    j.at("subject").get_to(c.subject);
    j.at("bugs").get_to(c.bugs);
    c.verdict = read_verdict(j);
    j.at("occasions").get_to(c.occasions);
    j.at("violations").get_to(c.violations);
    j.at("reason").get_to(c.reason);
    for (const auto& f : j.at("findings")) {
        c.findings.push_back(
            {f.at("event"), f.at("around"), f.at("mac"), f.at("expected"), f.at("actual")});
    }
    return c;
}

fault_outcome read_fault_outcome(const json& j) {
    fault_outcome f;
    j.at("fault").get_to(f.fault);
    j.at("where").get_to(f.where);
    j.at("matched").get_to(f.matched);
    j.at("injected").get_to(f.injected);
    for (const auto& [why, count] : j.at("not_applied").items()) {
        f.missed[why] = count.get<std::size_t>();
    }
    return f;
}

run_outcome read(const json& j) {
    run_outcome o;
    j.at("version").get_to(o.version);
    j.at("name").get_to(o.name);
    j.at("about").get_to(o.about);
    j.at("file").get_to(o.file);
    j.at("seed").get_to(o.seed);
    j.at("world").get_to(o.world);
    j.at("target").get_to(o.target);
    j.at("macs").get_to(o.macs);
    j.at("strict").get_to(o.strict);
    j.at("rerun").get_to(o.rerun);
    o.began = read_time(j, "began");
    o.ended = read_time(j, "ended");
    j.at("events").get_to(o.events);
    o.verdict = read_verdict(j);
    j.at("reason").get_to(o.reason);
    o.exit = static_cast<exit_code>(j.at("exit").get<int>());
    for (const auto& s : j.at("steps")) {
        o.steps.push_back(read_step_outcome(s));
    }
    for (const auto& c : j.at("checks")) {
        o.checks.push_back(read_check_outcome(c));
    }
    if (const auto all = j.find("faults"); all != j.end()) { // runs of before have none
        for (const auto& f : *all) {
            o.faults.push_back(read_fault_outcome(f));
        }
    }
    return o;
}

} // namespace

std::string to_json(const run_outcome& o) {
    auto steps = json::array();
    for (const auto& s : o.steps) {
        steps.push_back(write(s));
    }
    auto all_checks = json::array();
    for (const auto& c : o.checks) {
        all_checks.push_back(write(c));
    }
    auto all_faults = json::array();
    for (const auto& f : o.faults) {
        all_faults.push_back(write(f));
    }
    const json j{{"version", o.version},
                 {"name", o.name},
                 {"about", o.about},
                 {"file", o.file},
                 {"seed", o.seed},
                 {"world", o.world},
                 {"target", o.target},
                 {"macs", o.macs},
                 {"strict", o.strict},
                 {"rerun", o.rerun},
                 {"began", to_rfc3339_nanos(o.began)},
                 {"ended", to_rfc3339_nanos(o.ended)},
                 {"events", o.events},
                 {"verdict", checks::to_text(o.verdict)},
                 {"reason", o.reason},
                 {"exit", static_cast<int>(o.exit)},
                 {"steps", std::move(steps)},
                 {"checks", std::move(all_checks)},
                 {"faults", std::move(all_faults)}};
    // A peer's bytes may stand in reasons: what is not UTF-8 is replaced, never a failure.
    return j.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

result<run_outcome> from_json(std::string_view text) {
    try {
        return read(json::parse(text));
    } catch (const std::exception& e) {
        return fail(trace::errc::malformed, std::string{"run.json: "} + e.what());
    }
}

} // namespace pomona::scenario
