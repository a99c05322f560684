// The forms of an HTML page, as far as somebody without a browser needs them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

struct html_control {
    std::string type; ///< lower case: "text", "password", "hidden", "submit", …
    std::string name, value;
};
struct html_form {
    std::string action; ///< as written; may be empty: the page's own address
    bool is_post = false;
    std::vector<html_control> controls; ///< without disabled ones
};

/// In the order of the page. Scripts, styles and comments are passed over. At most 20 forms with
/// 100 controls each; any bytes are taken.
std::vector<html_form> read_html_forms(std::string_view page);

} // namespace pomona::sim::mac
