#include "coverage.hpp"

#include "pomona/checks/check.hpp"
#include "pomona/foundation/embedded.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <map>

namespace pomona::cli {
namespace {

/// A Mac's own SCEP client is part of the device.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> device_parts{
    {{"device", "device"}, {"device", "SCEP client"}}};

std::string_view embedded_text(std::string_view name) {
    for (const auto& file : embedded::coverage()) {
        if (file.name == name) {
            return file.content;
        }
    }
    return {};
}

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
    std::vector<std::string_view> out;
    for (auto at = text.find(by); at != std::string_view::npos; at = text.find(by)) {
        out.push_back(text.substr(0, at));
        text.remove_prefix(at + by.size());
    }
    out.push_back(text);
    return out;
}

struct row {
    std::string id, subject, level;
    std::string about;   ///< what it is about
    std::string covered; ///< the last cell of docs/coverage.md
    [[nodiscard]] bool in_catalogue() const { return covered.contains("*check*"); }
    [[nodiscard]] std::vector<std::string> tests() const {
        std::vector<std::string> out;
        const auto parts = split(covered, "`");
        for (std::size_t i = 1; i + 1 < parts.size() && !is_open(); i += 2) {
            out.emplace_back(parts[i]);
        }
        return out;
    }
    [[nodiscard]] bool is_open() const { return covered.starts_with("**not covered.**"); }
    [[nodiscard]] std::string reason() const {
        return is_open() ? covered.substr(std::string_view{"**not covered.** "}.size())
                         : std::string{};
    }
    [[nodiscard]] std::string basis() const {
        const auto* c = checks::find(id);
        return c == nullptr ? "-" : std::string{checks::to_text(c->basis)};
    }
};

int number_of(std::string_view digits) {
    int out = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
}

/// check-ids.tsv: id, subject, level.
std::map<std::string, row> read_ids() {
    std::map<std::string, row> out;
    for (const auto line : split(embedded_text("check-ids"), "\n")) {
        const auto cells = split(line, "\t");
        if (cells.size() == 3) {
            const std::string id{cells[0]};
            out[id] = {.id = id,
                       .subject = std::string{cells[1]},
                       .level = std::string{cells[2]},
                       .about = {},
                       .covered = {}};
        }
    }
    return out;
}

/// "MDM-CHK-035 to 036": what the page says of several.
std::vector<std::string> ids_of(std::string_view cell) {
    const auto parts = split(cell, " to ");
    const auto first = parts.front();
    if (first.size() < 4) {
        return {};
    }
    const auto sheet = first.substr(0, first.size() - 3);
    const int low = number_of(first.substr(first.size() - 3));
    const int high = parts.size() > 1 ? number_of(parts[1]) : low;
    std::vector<std::string> out;
    for (int n = low; n <= high; ++n) {
        out.push_back(fmt::format("{}{:03}", sheet, n));
    }
    return out;
}

std::vector<row> read_rows() {
    auto known = read_ids();
    for (const auto line : split(embedded_text("coverage"), "\n")) {
        auto cells = split(line, " | ");
        if (cells.size() < 5 || !line.starts_with("| ")) {
            continue;
        }
        cells.front().remove_prefix(2);
        for (const auto& id : ids_of(cells.front())) {
            const auto found = known.find(id);
            if (found == known.end()) {
                continue;
            }
            auto last = cells.back();
            if (last.ends_with(" |")) {
                last.remove_suffix(2);
            }
            found->second.about = cells[3];
            found->second.covered = last;
        }
    }
    std::vector<row> out;
    for (auto& [id, one] : known) {
        out.push_back(std::move(one));
    }
    return out;
}

bool belongs(const row& r, std::string_view subject) {
    return r.subject == subject || std::ranges::any_of(device_parts, [&](const auto& part) {
               return part.first == subject && part.second == r.subject;
           });
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& one : parts) {
        out += (out.empty() ? "" : ", ") + one;
    }
    return out;
}

} // namespace

std::vector<std::string_view> coverage_subjects() {
    std::vector<std::string_view> out;
    for (const auto line : split(embedded_text("check-ids"), "\n")) {
        const auto cells = split(line, "\t");
        if (cells.size() == 3 && std::ranges::find(out, cells[1]) == out.end()) {
            out.push_back(cells[1]);
        }
    }
    return out;
}

exit_code list_coverage(std::string_view subject, bool as_json) {
    std::size_t all = 0;
    std::size_t tested = 0;
    auto list = nlohmann::ordered_json::array();
    for (const auto& r : read_rows()) {
        if (!belongs(r, subject)) {
            continue;
        }
        ++all;
        const auto tests = r.tests();
        tested += tests.empty() && !r.in_catalogue() ? 0 : 1; // the catalogue's have fixtures
        if (as_json) {
            list.push_back({{"id", r.id},
                            {"subject", r.subject},
                            {"level", r.level},
                            {"basis", r.basis()},
                            {"about", r.about},
                            {"in_catalogue", r.in_catalogue()},
                            {"tests", tests},
                            {"reason", r.reason()}});
        } else {
            std::cout << fmt::format("{:<13}{:<8}{:<12}{}\n", r.id, r.level, r.basis(),
                                     !tests.empty()     ? joined(tests)
                                     : r.in_catalogue() ? "judged over traces (fixtures)"
                                                        : "no test: " + r.reason());
        }
    }
    const auto share =
        all == 0 ? 0.0 : 100.0 * static_cast<double>(tested) / static_cast<double>(all);
    if (as_json) {
        std::cout << nlohmann::ordered_json{{"subject", subject},
                                            {"checks", all},
                                            {"with_tests", tested},
                                            {"percent", share},
                                            {"list", std::move(list)}}
                         .dump(2)
                  << '\n';
    } else {
        std::cout << fmt::format("\n{} checks judge the {}; {} ({:.0f} %) have a test\n", all,
                                 subject, tested, share);
    }
    return exit_code::ok;
}

} // namespace pomona::cli
