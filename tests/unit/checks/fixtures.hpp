// The fixtures: small traces for each check, one that keeps its rule and one that breaks it.
#pragma once

#include "pomona/checks/check.hpp"
#include "pomona/trace/event.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::checks::testing {

std::filesystem::path fixture_folder(std::string_view check_id);
/// The names of a check's fixtures that begin with `beginning`, sorted.
std::vector<std::string> fixture_names(std::string_view check_id, std::string_view beginning);

/// A trace read from a fixture, or made by a test.
class small_trace {
  public:
    small_trace() = default;
    explicit small_trace(const std::filesystem::path& file);
    /// Numbers it and keeps it; the reference is valid until the next one.
    trace::event& add(trace::event e);
    [[nodiscard]] const std::vector<trace::event>& events() const { return events_; }
    /// Lets `how` alter every event.
    void change(const std::function<void(trace::event&)>& how);
    /// Of what is there now; the trace must outlive the view and stay as it is.
    [[nodiscard]] trace_view view() const;

  private:
    std::vector<trace::event> events_;
    std::filesystem::path bodies_;
};

} // namespace pomona::checks::testing
