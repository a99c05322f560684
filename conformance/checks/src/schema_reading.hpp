// Messages of a trace next to Apple's schema: what is known of a Mac at a time, and which findings
// may weigh.
#pragma once

#include "pomona/protocol/schema/validate.hpp"
#include "reading.hpp"

#include <map>
#include <optional>
#include <string>

namespace pomona::checks {

/// What each Mac of a trace says of its system. Devices that are not Macs are not in it: the tables
/// are of macOS.
class known_macs {
  public:
    explicit known_macs(const trace_view& run);

    /// The Mac and the channel that sent `request`, as far as they were known by then. Nullopt when
    /// the Mac's version was not.
    [[nodiscard]] std::optional<schema::context> context_of(const trace::event& request) const;
    /// The newest system that the Mac ever told; it may have had it before it told.
    [[nodiscard]] schema::version newest_of(std::string_view mac) const;
    /// The findings that prove something: no notes, nothing that the Mac's system may have learnt
    /// meanwhile, no form of a text that the trace has as a placeholder only.
    [[nodiscard]] std::vector<schema::finding>
    proven(const trace::event& request, const schema::findings& all, bool has_placeholders) const;

  private:
    struct said {
        std::map<std::uint64_t, schema::version> versions; ///< by the event that told
        bool is_mac = false;
    };
    std::map<std::string, said, std::less<>> macs_;
};

/// The body as a property list; nullopt when there is none to read.
std::optional<plist::dict> plist_of(const trace_view& run, const trace::event& e);
/// Secrets stand as "{{type:hash:length}}" in what a trace keeps.
bool has_placeholders(const trace_view& run, const trace::event& e);
std::string text_of(const std::vector<schema::finding>& all);

} // namespace pomona::checks
