#include "target_file.hpp"

#include "pomona/net/http.hpp"
#include "pomona/protocol/crypto/certificate.hpp"
#include "pomona/scenario/yaml.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace pomona::cli {
namespace {

using scenario::problem;
namespace yaml = scenario::yaml;

/// What reading gives.
struct reading {
    target_document out;
    std::vector<problem> problems;
};

/// Words that `capabilities` may have: what some adapter has a verb for.
constexpr std::array<std::string_view, 8> known_capabilities{
    "queue", "push", "declare", "ade", "users", "scep-approval", "account-driven", "sign-in"};

/// One mapping of the file: known keys go to their place, others are problems.
class section {
  public:
    section(const yaml::node& map, std::string name, reading& into)
        : map_{&map}, name_{std::move(name)}, lines_{&into.out.lines}, problems_{&into.problems} {
        if (map.kind != yaml::kind::mapping) {
            problems_->push_back({map.where, "`" + name_ + "` has to be a mapping", ""});
        }
    }

    const yaml::node* take(std::string_view key, bool required) {
        known_.push_back(key);
        const auto* n = map_->find(key);
        if (n != nullptr) {
            (*lines_)[(name_ == "target" ? "" : name_ + '.') + std::string{key}] = n->where.line;
        }
        if (n == nullptr && required) {
            problems_->push_back(
                {map_->where, "`" + name_ + "` lacks `" + std::string{key} + "`", ""});
        }
        return n;
    }
    std::string text(std::string_view key, bool required = true) {
        const auto* n = take(key, required);
        return n == nullptr ? std::string{} : n->text;
    }
    std::string url(std::string_view key) {
        const auto* n = take(key, true);
        if (n != nullptr && !net::parse_url(n->text)) {
            problems_->push_back({n->where, "`" + n->text + "` is not an http or https URL", ""});
        }
        return n == nullptr ? std::string{} : n->text;
    }
    std::string pem(std::string_view key) {
        const auto* n = take(key, true);
        if (n != nullptr &&
            !crypto::certificate::from_pem(crypto::context::system(), as_bytes(n->text))) {
            problems_->push_back(
                {n->where, "`" + std::string{key} + "` holds no PEM certificate",
                 "paste the root that the server's certificate chains to, as a block: " +
                     std::string{key} + ": |"});
        }
        return n == nullptr ? std::string{} : n->text;
    }
    std::uint16_t port(std::string_view key) {
        const auto* n = take(key, true);
        const auto value = n == nullptr ? std::optional<std::int64_t>{1} : n->integer();
        if (!value || *value < 1 || *value > 65535) {
            problems_->push_back(
                {n->where, "`" + std::string{key} + "` has to be a port, 1 to 65535", ""});
            return 0;
        }
        return static_cast<std::uint16_t>(*value);
    }
    void finish() {
        for (const auto& m : map_->members) {
            if (std::ranges::find(known_, std::string_view{m.key}) == known_.end()) {
                const auto near = scenario::nearest(m.key, known_);
                problems_->push_back({m.where, "unknown key `" + m.key + "` in `" + name_ + "`",
                                      near.empty() ? "" : "did you mean `" + near + "`?"});
            }
        }
    }

  private:
    const yaml::node* map_;
    std::string name_;
    std::map<std::string, int>* lines_;
    std::vector<problem>* problems_;
    std::vector<std::string_view> known_;
};

void read_adapter(section& target, reading& into) {
    auto& [document, problems] = into;
    auto& out = document.value;
    if (const auto* n = target.take("adapter", false)) {
        if (n->text != "nanomdm") {
            problems.push_back(
                {n->where, "there is no adapter `" + n->text + "`", "this version knows: nanomdm"});
        }
        out.adapter = n->text;
    }
    if (const auto* n = target.take("capabilities", false)) {
        if (n->kind != yaml::kind::sequence) {
            problems.push_back({n->where, "`capabilities` has to be a list", "[queue, push]"});
        }
        for (const auto& item : n->items) {
            if (std::ranges::find(known_capabilities, item.text) == known_capabilities.end()) {
                const auto near = scenario::nearest(
                    item.text, {known_capabilities.begin(), known_capabilities.end()});
                problems.push_back({item.where, "there is no capability `" + item.text + "`",
                                    near.empty() ? "this version knows: queue, push, declare, ade"
                                                 : "did you mean `" + near + "`?"});
            }
            out.capabilities.push_back(item.text);
        }
    }
}

void read_tree(const yaml::node& root, reading& into) {
    auto& out = into.out.value;
    auto& problems = into.problems;
    section file{root, "the file", into};
    const auto* version = file.take("pomona", true);
    if (version != nullptr && version->integer() != 1) {
        problems.push_back({version->where, "this version reads target files of `pomona: 1`", ""});
    }
    const auto* body = file.take("target", true);
    file.finish();
    if (body == nullptr) {
        return;
    }
    section target{*body, "target", into};
    out.name = target.text("name");
    out.url = target.url("url");
    out.enroll_url = target.url("enroll_url");
    out.ade_url = target.text("ade_url", false);
    out.ade_web_url = target.text("ade_web_url", false);
    out.device_ca = target.text("device_ca", false);
    out.trust = target.pem("trust");
    if (const auto* n = target.take("api", true)) {
        section api{*n, "api", into};
        out.api = {api.url("url"), api.text("user"), api.text("key")};
        api.finish();
    }
    if (const auto* n = target.take("apns", true)) {
        section apns{*n, "apns", into};
        out.apns.host = apns.text("host");
        out.apns.port = apns.port("port");
        out.apns.trust = apns.pem("trust");
        apns.finish();
    }
    for (auto [key, text] : {std::pair{"abm_url", &out.abm_url},
                             {"idp_url", &out.idp_url},
                             {"portal_url", &out.portal_url},
                             {"proxy_url", &out.proxy_url}}) {
        if (const auto* n = target.take(key, false)) {
            *text = n->text;
            if (!net::parse_url(n->text)) {
                problems.push_back({n->where,
                                    "`" + std::string{key} + "` has to be an http or https URL",
                                    "`pomona serve` writes such a file"});
            }
        }
    }
    read_adapter(target, into);
    target.finish();
}

} // namespace

std::expected<target_document, std::string> read_target(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::error_code code;
    if (!in || !std::filesystem::is_regular_file(file, code)) {
        return std::unexpected(scenario::render({{file.string(), 0, 0, 1},
                                                 "cannot read the target file",
                                                 "`pomona serve` writes one; -t takes its path"},
                                                {}));
    }
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto root = yaml::read(file.string(), text);
    if (!root) {
        return std::unexpected(scenario::render(root.error(), text));
    }
    reading read;
    read_tree(*root, read);
    if (read.problems.empty()) {
        return std::move(read.out);
    }
    std::string rendered;
    for (const auto& p : read.problems) {
        rendered += scenario::render(p, text);
    }
    return std::unexpected(rendered);
}

} // namespace pomona::cli
