// Options with a source: flag, then POMONA_* variable, then configuration file, then default.
#pragma once

#include "command.hpp"

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pomona::cli {

struct option {
    std::string name;       ///< long name, without dashes
    char letter = 0;        ///< short form; 0: none
    std::string value_name; ///< empty: a switch
    std::string help;
    std::string fallback; ///< default value as text; empty: none
    bool repeats = false; ///< may be given several times
};

struct usage {
    std::string command;  ///< "run"
    std::string operands; ///< "FILE|DIR..."
    std::string about;
    std::string example;
    std::vector<option> options;
};

class settings {
  public:
    /// Either settings to work with, or the exit code to end with (help was printed, or a mistake
    /// was complained about).
    static std::expected<settings, exit_code> read(usage what, const arguments& args);

    [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }
    [[nodiscard]] std::optional<std::string> text(const std::string& name) const;
    [[nodiscard]] std::vector<std::string> texts(const std::string& name) const;
    [[nodiscard]] bool flag(const std::string& name) const;
    [[nodiscard]] bool given(const std::string& name) const; ///< by flag, variable or file
    /// nullopt when absent. A value that is no whole number in range has been complained about in
    /// `read`.
    std::expected<std::optional<std::uint64_t>, exit_code>
    number(const std::string& name, std::uint64_t min, std::uint64_t max) const;

  private:
    struct value {
        std::vector<std::string> texts;
        std::string origin; ///< "flag", "POMONA_SEED", "file …", "default"
    };
    explicit settings(usage what) : usage_{std::move(what)} {}
    void print_help() const;
    void print_config() const;

    usage usage_;
    std::map<std::string, value> values_;
    std::vector<std::string> operands_;
};

/// Options that every subcommand has: --help, --config, --show-config, --color, -q, -v.
std::vector<option> with_common(std::vector<option> own);

} // namespace pomona::cli
