#include "fixtures.hpp"

#include "pomona/trace/run_folder.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace pomona::checks::testing {

std::filesystem::path fixture_folder(std::string_view check_id) {
    return std::filesystem::path{POMONA_CHECK_FIXTURES} / check_id;
}

std::vector<std::string> fixture_names(std::string_view check_id, std::string_view beginning) {
    std::vector<std::string> out;
    const auto folder = fixture_folder(check_id);
    if (std::filesystem::is_directory(folder)) {
        for (const auto& entry : std::filesystem::directory_iterator{folder}) {
            const auto name = entry.path().filename().string();
            if (name.starts_with(beginning) && name.ends_with(".ndjson")) {
                out.push_back(name);
            }
        }
    }
    std::ranges::sort(out);
    return out;
}

small_trace::small_trace(const std::filesystem::path& file)
    : bodies_{file.parent_path() / "bodies"} {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) {
        auto e = trace::from_line(line);
        if (!e) {
            throw std::runtime_error{file.string() + ": " + e.error().message()};
        }
        events_.push_back(std::move(*e));
    }
    if (events_.empty()) {
        throw std::runtime_error{file.string() + ": no events"};
    }
}

trace::event& small_trace::add(trace::event e) {
    e.number = events_.size() + 1;
    return events_.emplace_back(std::move(e));
}

void small_trace::change(const std::function<void(trace::event&)>& how) {
    std::ranges::for_each(events_, how);
}

trace_view small_trace::view() const {
    std::vector<const trace::event*> all;
    for (const auto& e : events_) {
        all.push_back(&e);
    }
    return {std::move(all), [folder = bodies_](const trace::body_ref& ref) -> std::optional<bytes> {
                std::ifstream in{folder / ref.sha256, std::ios::binary};
                if (!in) {
                    return std::nullopt;
                }
                return bytes{std::istreambuf_iterator<char>{in}, {}};
            }};
}

} // namespace pomona::checks::testing
