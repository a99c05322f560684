// From a scenario file to a scenario, strictly.
#pragma once

#include "pomona/scenario/scenario.hpp"
#include "pomona/scenario/yaml.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace pomona::scenario {

struct parse_options {
    std::map<std::string, std::string> vars; ///< --var k=v: overrides the file's
    std::optional<std::size_t> macs;         ///< --macs N: the count of the first group
    bool virtual_world = false;              ///< some verbs need it, some faults cannot be in it
    bool any_world = false;                  ///< what fits either world is right (lint)
};

struct parse_failure {
    std::vector<problem> problems; ///< in file order, at least one
    std::string text;              ///< the file's, for rendering; empty when it could not be read
    std::map<std::string, std::string> other_files; ///< texts of files that the file names
    [[nodiscard]] std::string render() const;
};

/// All problems are reported, not only the first (at most 20).
std::expected<scenario, parse_failure> load(const std::filesystem::path& file,
                                            const parse_options& options);
std::expected<scenario, parse_failure> parse(const std::string& file, std::string_view text,
                                             const parse_options& options);

/// One message of the vocabulary; the problem's suggestion lists what is near.
std::expected<message, problem> parse_message(std::string_view text, const location& where);
/// Its words, without the names that some of them take: "scep PKIOperation", "http response to".
std::vector<std::string_view> expectable_messages();

} // namespace pomona::scenario
