// The files of a report in a run's folder.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/reports/html.hpp"

#include <filesystem>

namespace pomona::cli {

/// junit.xml and report.html, each written whole or not at all. The first failure.
result<void> write_report_files(const std::filesystem::path& folder,
                                const reports::html_input& input);

} // namespace pomona::cli
