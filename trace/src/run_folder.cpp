#include "pomona/trace/run_folder.hpp"

#include "body_file.hpp"
#include "pomona/foundation/error_category.hpp"

#include <fstream>

namespace pomona::trace {
namespace {

constexpr char category_name[] = "trace";
constexpr std::size_t max_line_bytes = 16U << 20U;
constexpr std::size_t max_description_bytes = 256U << 20U;

const char* describe(errc value) {
    switch (value) {
    case errc::cannot_write:
        return "the run folder cannot be written";
    case errc::full:
        return "the run folder is full";
    case errc::not_a_run:
        return "not a run folder";
    case errc::malformed:
        return "malformed trace";
    }
    return "unknown trace error";
}

/// What one read of a line gave.
enum class got { line, unfinished, nothing, too_long };

/// Like std::getline, but bounded, and it tells a line without its newline from a whole one.
got next_line(std::streambuf& in, std::string& line) {
    line.clear();
    for (auto c = in.sbumpc(); c != std::char_traits<char>::eof(); c = in.sbumpc()) {
        if (c == '\n') {
            return got::line;
        }
        if (line.size() == max_line_bytes) {
            return got::too_long;
        }
        line += static_cast<char>(c);
    }
    return line.empty() ? got::nothing : got::unfinished;
}

result<std::vector<event>> read_events(std::ifstream& file) {
    std::vector<event> out;
    std::string line;
    for (std::size_t number = 1;; ++number) {
        const auto what = next_line(*file.rdbuf(), line);
        // The last line without its newline was being written when the run was cut off.
        if (what == got::nothing || what == got::unfinished) {
            return out;
        }
        const auto where = "line " + std::to_string(number);
        if (what == got::too_long) {
            return fail(errc::malformed, where + " is longer than 16 MiB");
        }
        auto e = from_line(line);
        if (!e) {
            return fail(errc::malformed, where + ": " + e.error().detail);
        }
        if (e->number != out.size() + 1) {
            return fail(errc::malformed, where + " has the number " + std::to_string(e->number));
        }
        out.push_back(std::move(*e));
    }
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

result<run> run::open(const std::filesystem::path& folder) {
    std::ifstream file{folder / "trace.ndjson", std::ios::binary};
    if (!file) {
        return fail(errc::not_a_run, "no readable trace.ndjson in " + folder.string());
    }
    auto events = read_events(file);
    if (!events) {
        return std::unexpected{std::move(events.error())};
    }
    run out;
    out.folder_ = folder;
    out.events_ = std::move(*events);
    if (const auto text = read_file(folder / "run.json", max_description_bytes)) {
        out.description_ = pomona::to_text(*text);
    }
    return out;
}

std::optional<bytes> run::body(const body_ref& ref) const {
    return read_body(folder_, ref.sha256);
}

} // namespace pomona::trace
