// Persona files: strict YAML, every mistake with its place.
#include "mac/persona_words.hpp"
#include "pomona/foundation/yaml_section.hpp"

#include <fstream>
#include <iterator>

namespace pomona::sim::mac {
namespace {

/// What a quirk may be called: each is acted on in one place of the device, or told by a field that
/// stands beside it in the file.
constexpr std::array<std::string_view, 7> known_quirks{
    "cms-with-signing-time",
    "cms-without-attributes",
    "constant-user-id",
    "machine-info-with-one-intermediate",
    "machine-info-with-whole-chain",
    "strict-topic-prefix", // a topic without com.apple.mgmt. is refused (enrollment_plan.cpp)
    "udid-of-40-hex-digits"};

class file_reader {
  public:
    explicit file_reader(std::vector<problem>& problems) : problems_{&problems} {}

    persona read(const yaml::node& root) {
        yaml::section file{root, "the file", *problems_};
        if (const auto* version = file.take("pomona", true);
            version != nullptr && version->integer() != 1) {
            file.report(version->where, "this version reads persona files of `pomona: 1`");
        }
        const auto* body = file.take("persona", true);
        file.finish();
        if (body != nullptr) {
            read_body(*body);
        }
        return std::move(out_);
    }

  private:
    template <class Choice, std::size_t N>
    void choose(yaml::section& s, std::string_view key, const std::array<word_of<Choice>, N>& words,
                Choice& into) {
        std::vector<std::string_view> all;
        for (const auto& [choice, word] : words) {
            all.push_back(word);
        }
        if (const auto chosen = choice_for(words, s.word(key, all, true))) {
            into = *chosen;
        }
    }

    void read_body(const yaml::node& body) {
        yaml::section s{body, "persona", *problems_};
        out_.name = s.text("name", true);
        notes_->about = s.text("about");
        choose(s, "platform", platform_words, out_.platform);
        choose(s, "form", form_words, out_.form);
        if (const auto* n = s.take("model", true)) {
            yaml::section model{*n, "model", *problems_};
            out_.model = model.text("identifier", true);
            out_.model_name = model.text("name", true);
            out_.marketing_name = model.text("marketing", true);
            out_.model_number = model.text("number");
            model.finish();
        }
        out_.board = s.text("board", true);
        read_chip(s);
        if (const auto* n = s.take("os", true)) {
            yaml::section os{*n, "os", *problems_};
            out_.os_version = os.text("version", true);
            out_.build_version = os.text("build", true);
            os.finish();
            check_os(*n);
        }
        read_capabilities(s);
        choose(s, "bootstrap_token", escrow_words, out_.bootstrap);
        read_agents(s);
        choose(s, "udid", udid_words, out_.udid);
        out_.constant_user_id = s.text("user_id");
        if (const auto* n = s.take("cms", true)) {
            yaml::section cms{*n, "cms", *problems_};
            choose(cms, "attributes", attribute_words, out_.signs_with);
            choose(cms, "chain", chain_words, out_.machine_info_chain);
            cms.finish();
        }
        read_quirks(s);
        s.finish();
        check_whole(body);
        out_.notes = notes_;
    }

    void read_chip(yaml::section& s) {
        out_.chip = s.text("chip");
        const bool hex = std::ranges::all_of(
            out_.chip, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
        if (!out_.chip.empty() && (!hex || out_.chip.size() != 4)) {
            s.report(s.take("chip")->where, "`chip` has to be four hex digits in upper case",
                     "for instance chip: \"8122\"");
        }
    }

    void check_os(const yaml::node& os) {
        const auto* v = os.find("version");
        if (v == nullptr || out_.os_version.empty()) {
            return;
        }
        const bool digits = std::ranges::all_of(
            out_.os_version, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
        if (!digits || out_.os_version.front() == '.' || out_.os_version.back() == '.') {
            problems_->push_back({v->where, "`version` has to be numbers with dots between",
                                  "for instance version: \"15.1\""});
        }
    }

    void read_capabilities(yaml::section& s) {
        const auto* n = s.take("capabilities", true);
        if (n == nullptr) {
            return;
        }
        yaml::section c{*n, "capabilities", *problems_};
        out_.apple_silicon = c.flag("apple_silicon", true);
        out_.t2 = c.flag("t2", false);
        out_.has_battery = c.flag("battery", false);
        out_.touch_id = c.flag("touch_id", false);
        out_.power_nap = c.flag("power_nap", false);
        c.finish();
    }

    void read_agents(yaml::section& s) {
        const auto* n = s.take("agents", true);
        if (n == nullptr) {
            return;
        }
        yaml::section a{*n, "agents", *problems_};
        out_.user_agent = a.text("mdm", true);
        out_.network_agent = a.text("network", true);
        out_.ade_agent = a.text("ade", true);
        a.finish();
    }

    void read_quirks(yaml::section& s) {
        const auto* list = s.take("quirks");
        if (list == nullptr) {
            return;
        }
        if (list->kind != yaml::kind::sequence) {
            s.report(list->where, "`quirks` has to be a list",
                     "for instance quirks: [{name: strict-topic-prefix, source: \"…\"}]");
        }
        for (const auto& item : list->items) {
            yaml::section q{item, "a quirk", *problems_};
            notes_->quirks.push_back(
                {.name = q.word("name", {known_quirks.begin(), known_quirks.end()}, true),
                 .source = q.text("source", true)});
            q.finish();
        }
    }

    /// What cannot be together.
    void check_whole(const yaml::node& body) {
        const auto at = [&](std::string_view key) {
            const auto* n = body.find(key);
            return n == nullptr ? body.where : n->where;
        };
        if (out_.apple_silicon == out_.chip.empty()) {
            problems_->push_back({at("chip"),
                                  out_.chip.empty() ? "Apple silicon needs `chip`"
                                                    : "only Apple silicon has a `chip`",
                                  ""});
        }
        if (out_.apple_silicon && out_.t2) {
            problems_->push_back(
                {at("capabilities"), "only Intel Macs have a T2: `t2` and `apple_silicon`", ""});
        }
        const bool mac_form = out_.form == form::laptop || out_.form == form::desktop ||
                              out_.form == form::virtual_machine;
        if (out_.is_mac() != mac_form) {
            problems_->push_back({at("form"),
                                  "a device of `platform: " + std::string{to_text(out_.platform)} +
                                      "` cannot be a " + std::string{to_text(out_.form)},
                                  ""});
        }
        if (out_.udid == udid_shape::chip_ecid && out_.chip.empty()) {
            problems_->push_back({at("udid"), "`udid: chip-ecid` needs `chip`", ""});
        }
    }

    std::vector<problem>* problems_;
    persona out_;
    std::shared_ptr<persona_notes> notes_ = std::make_shared<persona_notes>();
};

} // namespace

std::expected<persona, std::vector<problem>> read_persona(const std::string& file,
                                                          std::string_view text) {
    const auto root = yaml::read(file, text);
    if (!root) {
        return std::unexpected(std::vector{root.error()});
    }
    std::vector<problem> problems;
    auto out = file_reader{problems}.read(*root);
    if (!problems.empty()) {
        std::ranges::sort(problems, {},
                          [](const problem& p) { return std::pair{p.where.line, p.where.column}; });
        return std::unexpected(std::move(problems));
    }
    return out;
}

std::string persona_failure::render() const {
    std::string out;
    for (const auto& p : problems) {
        out += pomona::render(p, text);
    }
    return out;
}

std::expected<persona, persona_failure> load_persona(const std::filesystem::path& file) {
    std::error_code code;
    std::ifstream in{file, std::ios::binary};
    if (!std::filesystem::is_regular_file(file, code) || !in) {
        return std::unexpected(
            persona_failure{{{{file.string(), 0, 0, 1},
                              "cannot read the persona file",
                              "`pomona list personas` shows those that need no file"}},
                            {}});
    }
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    auto out = read_persona(file.string(), text);
    if (!out) {
        return std::unexpected(persona_failure{std::move(out.error()), std::move(text)});
    }
    return *std::move(out);
}

} // namespace pomona::sim::mac
