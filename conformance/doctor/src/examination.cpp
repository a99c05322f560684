#include "examination.hpp"

#include <algorithm>

namespace pomona::doctor {

std::string_view to_text(verdict v) {
    switch (v) {
    case verdict::ok:
        return "ok";
    case verdict::warn:
        return "warn";
    case verdict::problem:
        break;
    }
    return "problem";
}

verdict report::worst() const {
    auto out = verdict::ok;
    for (const auto& f : findings) {
        out = std::max(out, f.verdict);
    }
    return out;
}

examination::examination(net::world& w, subject s) : world{w}, about{std::move(s)} {
    if (auto read = crypto::certificate::from_pem(w.crypto(), as_bytes(about.target.trust))) {
        roots = std::move(*read);
    }
}

void examination::ok(std::string id, std::string what, std::string where) {
    out.findings.push_back({std::move(id), verdict::ok, std::move(what), std::move(where), {}});
}

void examination::warn(std::string id, std::string what, std::string where, std::string mend) {
    out.findings.push_back(
        {std::move(id), verdict::warn, std::move(what), std::move(where), std::move(mend)});
}

void examination::problem(std::string id, std::string what, std::string where, std::string mend) {
    out.findings.push_back(
        {std::move(id), verdict::problem, std::move(what), std::move(where), std::move(mend)});
}

bool examination::has_problem(std::string_view id) const {
    return std::ranges::any_of(out.findings, [&](const finding& f) {
        return f.verdict == verdict::problem && f.id == id;
    });
}

std::string examination::place(const std::string& key, const std::string& value) const {
    const auto line = about.lines.find(key);
    if (about.file.empty()) {
        return value;
    }
    return value + (value.empty() ? "" : " ") + '(' + about.file +
           (line == about.lines.end() ? "" : ':' + std::to_string(line->second)) + ", " + key + ')';
}

net::trust_store trust_of(std::vector<crypto::certificate> roots) {
    return std::make_shared<const std::vector<crypto::certificate>>(std::move(roots));
}

} // namespace pomona::doctor
