// A run's folder on disk: run.json, trace.ndjson, bodies/. Everything that a report needs, and no
// secret.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/trace/event.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pomona::trace {

enum class errc { cannot_write = 1, full, not_a_run, malformed };
std::error_code make_error_code(errc value);

/// One event as one line of JSON, keys in fixed order, without the newline; empty members are left
/// out.
std::string to_line(const event& e);
result<event> from_line(std::string_view line);

/// A run as read back. Events are complete and in order; bodies are read on demand.
class run {
  public:
    static result<run> open(const std::filesystem::path& folder);
    [[nodiscard]] const std::vector<event>& events() const { return events_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// The whole of run.json as text; empty when the run was cut off before it was written.
    [[nodiscard]] const std::string& description() const { return description_; }
    [[nodiscard]] std::optional<bytes> body(const body_ref& ref) const;

  private:
    std::filesystem::path folder_;
    std::vector<event> events_;
    std::string description_;
};

} // namespace pomona::trace

POMONA_ERROR_ENUM(pomona::trace::errc);
