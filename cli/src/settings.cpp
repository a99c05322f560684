#include "settings.hpp"

#include "pomona/scenario/yaml.hpp"

#include <cxxopts.hpp>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

namespace pomona::cli {
namespace {

std::string environment_name(const std::string& option) {
    std::string out = "POMONA_";
    for (const char c : option) {
        out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return out;
}

bool is_true(std::string_view text) {
    return text == "true" || text == "1" || text == "yes";
}

/// cxxopts takes what it does not know for an error of its own words: this finds the nearest option
/// first.
std::optional<std::string> unknown_option(const usage& what, const arguments& args) {
    for (const auto& arg : args) {
        if (arg == "--") {
            return std::nullopt;
        }
        if (!arg.starts_with("--")) {
            continue;
        }
        const auto name = arg.substr(2, arg.find('=') == std::string::npos ? std::string::npos
                                                                           : arg.find('=') - 2);
        std::vector<std::string_view> known;
        for (const auto& o : what.options) {
            known.emplace_back(o.name);
        }
        if (std::ranges::find(known, std::string_view{name}) == known.end()) {
            const auto near = scenario::nearest(name, known);
            usage_error("`" + arg + "` is not an option of `pomona " + what.command + "`",
                        near.empty() ? "`pomona " + what.command + " --help` lists them"
                                     : "did you mean `--" + near + "`?");
            return name;
        }
    }
    return std::nullopt;
}

cxxopts::Options declare(const usage& what) {
    cxxopts::Options options{"pomona " + what.command};
    auto add = options.add_options();
    for (const auto& o : what.options) {
        const auto names = (o.letter != 0 ? std::string{o.letter} + ',' : std::string{}) + o.name;
        if (o.value_name.empty()) {
            add(names, o.help);
        } else if (o.repeats) {
            add(names, o.help, cxxopts::value<std::vector<std::string>>(), o.value_name);
        } else {
            add(names, o.help, cxxopts::value<std::string>(), o.value_name);
        }
    }
    add("operands", "", cxxopts::value<std::vector<std::string>>());
    options.parse_positional({"operands"});
    return options;
}

} // namespace

std::vector<option> with_common(std::vector<option> own) {
    own.push_back({"color", 0, "auto|always|never", "Colours on the terminal", "auto", false});
    own.push_back({"quiet", 'q', "", "Failures and the last line only", "", false});
    own.push_back({"verbose", 'v', "", "More: passed checks, the server's log", "", false});
    own.push_back(
        {"config", 0, "FILE", "Defaults for these options, as YAML (option: value)", "", false});
    own.push_back(
        {"show-config", 0, "", "Print each value and where it came from, then stop", "", false});
    own.push_back({"help", 'h', "", "This text", "", false});
    return own;
}

std::expected<settings, exit_code> settings::read(usage what, const arguments& args) {
    settings out{std::move(what)};
    const auto& u = out.usage_;
    if (unknown_option(u, args)) {
        return std::unexpected(exit_code::usage);
    }
    std::vector<const char*> argv{"pomona"};
    for (const auto& arg : args) {
        argv.push_back(arg.c_str());
    }
    try {
        auto options = declare(u);
        const auto parsed = options.parse(static_cast<int>(argv.size()), argv.data());
        if (parsed.count("help") != 0) {
            out.print_help();
            return std::unexpected(exit_code::ok);
        }
        if (parsed.count("operands") != 0) {
            out.operands_ = parsed["operands"].as<std::vector<std::string>>();
        }
        for (const auto& o : u.options) {
            if (parsed.count(o.name) == 0) {
                continue;
            }
            auto& v = out.values_[o.name];
            v.origin = "flag";
            if (o.value_name.empty()) {
                v.texts = {"true"};
            } else if (o.repeats) {
                v.texts = parsed[o.name].as<std::vector<std::string>>();
            } else {
                v.texts = {parsed[o.name].as<std::string>()};
            }
        }
    } catch (const cxxopts::exceptions::exception& e) {
        return std::unexpected(
            usage_error(e.what(), "`pomona " + u.command + " --help` shows the options"));
    }
    for (const auto& o : u.options) {
        const auto name = environment_name(o.name);
        if (const char* text = std::getenv(name.c_str());
            text != nullptr && !out.values_.contains(o.name)) {
            out.values_[o.name] = {{text}, name};
        }
    }
    if (const auto file = out.text("config")) {
        std::ifstream in{*file, std::ios::binary};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        const auto tree =
            in ? scenario::yaml::read(*file, text)
               : std::unexpected(scenario::problem{{*file, 0, 0, 1}, "cannot read the file", ""});
        if (!tree) {
            std::cerr << scenario::render(tree.error(), text);
            return std::unexpected(exit_code::invalid_input);
        }
        for (const auto& m : tree->members) {
            const bool known =
                std::ranges::any_of(u.options, [&](const option& o) { return o.name == m.key; });
            if (!known) {
                std::cerr << scenario::render(
                    {m.where, "`" + m.key + "` is not an option of `pomona " + u.command + "`", ""},
                    text);
                return std::unexpected(exit_code::invalid_input);
            }
            if (!out.values_.contains(m.key)) {
                out.values_[m.key] = {{m.value.text}, *file};
            }
        }
    }
    for (const auto& o : u.options) {
        if (!o.fallback.empty() && !out.values_.contains(o.name)) {
            out.values_[o.name] = {{o.fallback}, "default"};
        }
    }
    if (out.flag("show-config")) {
        out.print_config();
        return std::unexpected(exit_code::ok);
    }
    return out;
}

std::optional<std::string> settings::text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() || found->second.texts.empty()
               ? std::nullopt
               : std::optional{found->second.texts.back()};
}

std::vector<std::string> settings::texts(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>{} : found->second.texts;
}

bool settings::flag(const std::string& name) const {
    return is_true(text(name).value_or(""));
}

bool settings::given(const std::string& name) const {
    const auto found = values_.find(name);
    return found != values_.end() && found->second.origin != "default";
}

std::expected<std::optional<std::uint64_t>, exit_code>
settings::number(const std::string& name, std::uint64_t min, std::uint64_t max) const {
    const auto found = text(name);
    if (!found) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(found->data(), found->data() + found->size(), value);
    if (code != std::errc{} || end != found->data() + found->size() || value < min || value > max) {
        return std::unexpected(usage_error("--" + name + " takes a whole number from " +
                                           std::to_string(min) + " to " + std::to_string(max) +
                                           ", not `" + *found + "`"));
    }
    return value;
}

void settings::print_help() const {
    std::cout << "Usage: pomona " << usage_.command
              << (usage_.operands.empty() ? "" : " " + usage_.operands) << " [options]\n\n"
              << usage_.about << "\n\nOptions:\n";
    for (const auto& o : usage_.options) {
        std::string left = o.letter != 0 ? std::string{"  -"} + o.letter + ", --" : "      --";
        left += o.name + (o.value_name.empty() ? "" : ' ' + o.value_name);
        left.resize(std::max<std::size_t>(left.size() + 2, 34), ' ');
        std::cout << left << o.help << (o.fallback.empty() ? "" : " (default: " + o.fallback + ")")
                  << '\n';
    }
    std::cout << "\nExample:\n  " << usage_.example << '\n';
}

void settings::print_config() const {
    for (const auto& o : usage_.options) {
        const auto found = values_.find(o.name);
        if (o.name == "help" || o.name == "show-config") {
            continue;
        }
        std::cout << o.name << ": ";
        if (found == values_.end()) {
            std::cout << "(none)\n";
            continue;
        }
        for (std::size_t i = 0; i < found->second.texts.size(); ++i) {
            std::cout << (i == 0 ? "" : ", ") << found->second.texts[i];
        }
        std::cout << "  [" << found->second.origin << "]\n";
    }
}

} // namespace pomona::cli
