// Bounded JSON, and the error words of this folder.
#include "pomona/foundation/error_category.hpp"
#include "pomona/protocol/ddm/messages.hpp"

#include <nlohmann/json.hpp>

namespace pomona::ddm {
namespace {

constexpr char category_name[] = "ddm";

const char* describe(errc value) {
    switch (value) {
    case errc::malformed:
        return "malformed declarative management document";
    case errc::missing_key:
        return "missing key";
    case errc::wrong_type:
        return "key of the wrong type";
    case errc::too_long:
        return "value is too long";
    case errc::unknown_kind:
        return "unknown kind of declaration";
    case errc::unknown_endpoint:
        return "unknown declarative management endpoint";
    }
    return "unknown declarative management error";
}

/// Choice: as many as a property list may have.
constexpr std::size_t max_values = 200'000;

/// Counts, and stops the parser at the first value too many: nothing is built yet.
class bounds_check : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit bounds_check(std::size_t max_depth) : max_depth_{max_depth} {}

    const char* problem = "not JSON";

    bool null() override { return count(); }
    bool boolean(bool) override { return count(); }
    bool number_integer(number_integer_t) override { return count(); }
    bool number_unsigned(number_unsigned_t) override { return count(); }
    bool number_float(number_float_t, const string_t&) override { return count(); }
    bool string(string_t&) override { return count(); }
    bool binary(binary_t&) override { return count(); }
    bool key(string_t&) override { return count(); }
    bool start_object(std::size_t) override { return open(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
        return false;
    }

  private:
    bool count() {
        if (++values_ > max_values) {
            problem = "too many values";
            return false;
        }
        return true;
    }
    bool open() {
        if (++depth_ > max_depth_) {
            problem = "nested too deeply";
            return false;
        }
        return count();
    }
    bool close() {
        --depth_;
        return true;
    }

    std::size_t max_depth_;
    std::size_t depth_ = 0;
    std::size_t values_ = 0;
};

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

result<std::shared_ptr<const nlohmann::json>> parse_json(bytes_view text, std::size_t max_bytes,
                                                         std::size_t max_depth) {
    if (text.size() > max_bytes) {
        return fail(errc::malformed,
                    std::to_string(text.size()) + " octets, at most " + std::to_string(max_bytes));
    }
    bounds_check bounds{max_depth};
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &bounds)) {
        return fail(errc::malformed, bounds.problem);
    }
    auto parsed = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
    if (parsed.is_discarded()) {
        return fail(errc::malformed, "not JSON");
    }
    return std::make_shared<const nlohmann::json>(std::move(parsed));
}

} // namespace pomona::ddm
