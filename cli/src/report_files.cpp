#include "report_files.hpp"

#include "pomona/reports/junit.hpp"
#include "pomona/trace/run_folder.hpp"

#include <cerrno>
#include <fstream>

namespace pomona::cli {
namespace {

result<void> write_file(const std::filesystem::path& file, std::string_view text) {
    const std::filesystem::path temporary{file.string() + ".new"};
    errno = 0;
    std::ofstream out{temporary, std::ios::binary | std::ios::trunc};
    out << text;
    out.close();
    std::error_code code;
    if (out) {
        std::filesystem::rename(temporary, file, code);
    }
    if (!out || code) {
        const auto reason = code ? code : std::error_code{errno, std::generic_category()};
        std::filesystem::remove(temporary, code);
        return fail(reason == std::errc::no_space_on_device ? trace::errc::full
                                                            : trace::errc::cannot_write,
                    file.string() + ": " + reason.message());
    }
    return {};
}

} // namespace

result<void> write_report_files(const std::filesystem::path& folder,
                                const reports::html_input& input) {
    auto junit = write_file(folder / "junit.xml", reports::junit(*input.run));
    auto html = write_file(folder / "report.html", reports::html(input));
    return junit ? html : junit;
}

} // namespace pomona::cli
