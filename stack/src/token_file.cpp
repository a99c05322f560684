#include "token_file.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/time.hpp"
#include "private_file.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <unistd.h>

namespace pomona::stack {

namespace {

using json = nlohmann::ordered_json;
using sim::apns::token_record;

/// Of a million tokens, each some times over.
constexpr std::size_t max_file_bytes = 1U << 30U;

std::string to_line(const token_record& one) {
    json out{{"device", one.device.value()},
             {"topic", one.for_topic.value()},
             {"token", to_hex(one.token.value())}};
    if (one.dead_since) {
        out["dead_since"] = to_rfc3339_nanos(*one.dead_since);
        out["reason"] = apns::to_text(one.death);
    }
    return out.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::optional<std::string> text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? std::optional{found->get<std::string>()}
                                                       : std::nullopt;
}

std::optional<token_record> read_line(std::string_view line) {
    const auto object = json::parse(line, nullptr, false);
    if (!object.is_object()) {
        return std::nullopt;
    }
    const auto device = text_of(object, "device");
    const auto for_topic = text_of(object, "topic");
    auto token = from_hex(text_of(object, "token").value_or(""));
    if (!device || !for_topic || !token || token->empty()) {
        return std::nullopt;
    }
    token_record out{.device = udid{*device},
                     .for_topic = topic{*for_topic},
                     .token = push_token{*std::move(token)}};
    if (object.contains("dead_since")) {
        const auto why = apns::parse_reason(text_of(object, "reason").value_or(""));
        out.dead_since = from_rfc3339(text_of(object, "dead_since").value_or(""));
        if (!out.dead_since || !why || apns::status_of(*why) != 410) {
            return std::nullopt;
        }
        out.death = *why;
    }
    return out;
}

/// The last record of each token, in the order of their first.
result<std::vector<token_record>> read_all(const std::filesystem::path& file,
                                           std::string_view text) {
    std::vector<token_record> out;
    std::map<push_token, std::size_t> places;
    std::size_t number = 0;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        ++number;
        auto one = read_line(text.substr(0, end));
        if (!one) {
            return fail(errc::damaged,
                        file.string() + ", line " + std::to_string(number) +
                            ": not a push token's record. Mend the line, or remove the file: the "
                            "Macs that come online then bring their tokens back");
        }
        const auto [place, is_new] = places.try_emplace(one->token, out.size());
        if (is_new) {
            out.push_back(*std::move(one));
        } else {
            out[place->second] = *std::move(one);
        }
        text.remove_prefix(end + 1);
    }
    return out;
}

bool write_all(int to, std::string_view content) {
    while (!content.empty()) {
        const auto n = ::write(to, content.data(), content.size());
        if (n < 0 && errno != EINTR) {
            return false;
        }
        content.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
    }
    return true;
}

} // namespace

result<token_file::opened> token_file::open(std::filesystem::path file) {
    const auto content = read_private_file(file, max_file_bytes);
    if (!content) {
        return std::unexpected(content.error());
    }
    const auto old = *content ? as_text(**content) : std::string_view{};
    auto tokens = read_all(file, old);
    if (!tokens) {
        return std::unexpected(tokens.error());
    }
    std::string compact;
    for (const auto& one : *tokens) {
        compact += to_line(one);
    }
    if (!*content || compact != old) {
        if (const auto written = write_private_file(file, as_bytes(compact)); !written) {
            return std::unexpected(written.error());
        }
    }
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        return fail(errc::cannot_write,
                    "cannot write " + file.string() + ": " + std::strerror(errno));
    }
    return opened{.file = token_file{std::move(file), descriptor}, .tokens = *std::move(tokens)};
}

bool token_file::add(const token_record& one) {
    const auto before = ::lseek(descriptor_, 0, SEEK_END);
    if (before >= 0 && write_all(descriptor_, to_line(one))) {
        return true;
    }
    spdlog::error("a push token could not be kept: {}: {}", file_.string(), std::strerror(errno));
    if (before >= 0 && ::ftruncate(descriptor_, before) != 0) {
        spdlog::error("{}: {}", file_.string(), std::strerror(errno));
    }
    return false;
}

token_file::~token_file() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

} // namespace pomona::stack
