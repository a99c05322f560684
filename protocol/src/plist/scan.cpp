#include "scan.hpp"

namespace pomona::plist {

bool is_binary(bytes_view data) {
    return as_text(data).starts_with(binary_magic);
}

result<void> scan(bytes_view data, const limits& bounds) {
    if (data.size() > bounds.max_bytes) {
        return fail(errc::too_large, std::to_string(data.size()) + " octets, at most " +
                                         std::to_string(bounds.max_bytes));
    }
    return is_binary(data) ? scan_binary(data, bounds) : scan_xml(data, bounds);
}

} // namespace pomona::plist
