#include "pomona/reports/junit.hpp"

#include "pomona/foundation/utf8.hpp"

#include <algorithm>
#include <cstdio>

namespace pomona::reports {
namespace {

using checks::verdict;

/// XML 1.0 has no control characters but tab, newline and return, not even escaped: they become
/// '?', as do bytes that are not UTF-8, which would make the whole file unreadable.
std::string escaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto length = first_utf8_char(text).length;
        const char c = text[0];
        if (length != 1) {
            out += length == 0 ? std::string_view{"?"} : text.substr(0, length);
        } else if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '"') {
            out += "&quot;";
        } else if (c == '\n') {
            out += "&#10;";
        } else {
            out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
        }
        text.remove_prefix(std::max<std::size_t>(1, length));
    }
    return out;
}

std::string seconds(duration d) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.3f", std::chrono::duration<double>(d).count());
    return buffer;
}

std::string element(std::string_view name, std::string_view message, std::string_view text) {
    auto out = "      <" + std::string{name} + " message=\"" + escaped(message) + '"';
    return text.empty() ? out + "/>\n"
                        : out + '>' + escaped(text) + "</" + std::string{name} + ">\n";
}

std::string outcome_element(verdict v, std::string_view message, std::string_view text) {
    switch (v) {
    case verdict::pass:
        return {};
    case verdict::fail:
        return element("failure", message, text);
    case verdict::error:
        return element("error", message, text);
    case verdict::blocked:
    case verdict::not_applicable:
        return element("skipped", std::string{checks::to_text(v)} + ": " + std::string{message},
                       {});
    case verdict::warn:
    case verdict::lenient:
        return "      <system-out>" +
               escaped(std::string{checks::to_text(v)} + ": " + std::string{message} + '\n' +
                       std::string{text}) +
               "</system-out>\n";
    }
    return {};
}

std::string testcase(std::string_view suite, std::string_view name, duration time,
                     const std::string& inside) {
    auto out = "    <testcase classname=\"" + escaped(suite) + "\" name=\"" + escaped(name) +
               "\" time=\"" + seconds(time) + '"';
    return inside.empty() ? out + "/>\n" : out + ">\n" + inside + "    </testcase>\n";
}

std::string step_case(const scenario::step_outcome& s) {
    std::string text;
    for (const auto& f : s.failures) {
        text += f.mac + ": " + f.reason + (f.nearest.empty() ? "" : " (" + f.nearest + ")") + '\n';
    }
    const auto place = s.file + ':' + std::to_string(s.line);
    return testcase(
        "steps", place + ' ' + s.title, s.ended - s.began,
        outcome_element(s.verdict, s.reason.empty() ? place : place + ": " + s.reason, text));
}

std::string check_case(const scenario::check_outcome& c) {
    std::string text = c.level + ", " + c.basis + ", " + c.source + '\n';
    for (const auto& f : c.findings) {
        text += (f.mac.empty() ? "" : f.mac + ' ') + '#' + std::to_string(f.event) + ": expected " +
                f.expected + ", got " + f.actual + '\n';
    }
    return testcase(
        "checks." + c.subject, c.id, duration{0},
        outcome_element(c.verdict, c.verdict == verdict::not_applicable ? c.reason : c.rule, text));
}

struct tally {
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    void add(verdict v) {
        ++tests;
        failures += v == verdict::fail ? 1 : 0;
        errors += v == verdict::error ? 1 : 0;
        skipped += v == verdict::blocked || v == verdict::not_applicable ? 1 : 0;
    }
};

} // namespace

std::string junit(const scenario::run_outcome& run) {
    tally n;
    std::string cases;
    for (const auto& s : run.steps) {
        n.add(s.verdict);
        cases += step_case(s);
    }
    for (const auto& c : run.checks) {
        n.add(c.verdict);
        cases += check_case(c);
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"" +
           escaped(run.name) + "\" tests=\"" + std::to_string(n.tests) + "\" failures=\"" +
           std::to_string(n.failures) + "\" errors=\"" + std::to_string(n.errors) +
           "\" skipped=\"" + std::to_string(n.skipped) + "\" time=\"" +
           seconds(run.ended - run.began) + "\" timestamp=\"" + to_rfc3339(run.began) + "\">\n" +
           cases + "  </testsuite>\n</testsuites>\n";
}

} // namespace pomona::reports
