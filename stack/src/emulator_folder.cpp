#include "emulator_folder.hpp"

#include "private_file.hpp"

#include <array>
#include <utility>

namespace pomona::stack {

namespace {
constexpr std::size_t max_file_bytes = 8192;
} // namespace

result<emulator_folder> emulator_folder::open(std::filesystem::path folder) {
    if (const auto made = make_private_folder(folder); !made) {
        return std::unexpected(made.error());
    }
    return emulator_folder{std::move(folder)};
}

result<crypto::private_key> emulator_folder::key_of(std::string_view role) const {
    const auto ctx = crypto::context::system();
    const auto file = folder_ / (std::string{role} + ".key");
    const auto content = read_private_file(file, max_file_bytes);
    if (!content) {
        return std::unexpected(content.error());
    }
    if (*content) {
        auto key = crypto::private_key::from_der(ctx, **content);
        if (!key) {
            return fail(errc::damaged, file.string() + ": " + key.error().message());
        }
        return key;
    }
    auto key = crypto::private_key::generate_rsa(ctx);
    if (key) {
        if (const auto written = write_private_file(file, key->to_der()); !written) {
            return std::unexpected(written.error());
        }
    }
    return key;
}

result<topic> emulator_folder::topic_or(topic fresh) const {
    const auto file = folder_ / "topic";
    const auto content = read_private_file(file, max_file_bytes);
    if (!content) {
        return std::unexpected(content.error());
    }
    if (*content) {
        return topic{to_text(bytes_view{**content})};
    }
    if (const auto written = write_private_file(file, as_bytes(fresh.value())); !written) {
        return std::unexpected(written.error());
    }
    return fresh;
}

result<void> emulator_folder::publish(const crypto::identity& push,
                                      const crypto::certificate& root) const {
    const std::array<std::pair<const char*, std::string>, 3> files{
        {{"push.pem", push.cert.pem()}, {"push.key", push.key.to_pem()}, {"ca.pem", root.pem()}}};
    for (const auto& [name, content] : files) {
        if (auto written = write_private_file(folder_ / name, as_bytes(content)); !written) {
            return written;
        }
    }
    return {};
}

} // namespace pomona::stack
