#include "users_file.hpp"

#include <fstream>

namespace pomona::cli {

std::expected<std::vector<server::network_user>, exit_code>
read_users_file(const std::string& file) {
    std::ifstream in{file};
    if (!in) {
        return std::unexpected(usage_error(file + " cannot be read"));
    }
    std::vector<server::network_user> out;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        if (line.empty() || line.front() == '#') {
            continue;
        }
        const auto colon = std::min(line.find(':'), line.size());
        if (colon == 0) {
            return std::unexpected(
                usage_error(file + ':' + std::to_string(number) + ": a user without a name",
                            "write NAME:PASSWORD, or NAME alone"));
        }
        out.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
    }
    return out;
}

} // namespace pomona::cli
