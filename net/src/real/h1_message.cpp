#include "real/h1_message.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <limits>
#include <optional>

namespace pomona::net::real {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string to_string(string_view text) {
    return {text.data(), text.size()};
}

h1_fault fault_of(error_code ec) {
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        return h1_fault::header_too_large;
    }
    return ec == http::error::body_limit ? h1_fault::body_too_large : h1_fault::garbage;
}

/// The parts of Beast's parser that requests and responses have in common. Beast's own container
/// would move repeated headers next to each other; this keeps the order of the wire.
template <bool IsRequest, class Message>
class message_parser : public http::basic_parser<IsRequest> {
  public:
    explicit message_parser(h1_limits limits) : limits_{limits} {
        this->header_limit(static_cast<std::uint32_t>(
            std::min<std::size_t>(limits.header_bytes, std::numeric_limits<std::uint32_t>::max())));
        this->body_limit(limits.body_bytes);
        this->eager(true);
    }

    Message message;
    std::function<void(bytes_view)> sink;

    std::size_t take(bytes_view data, h1_fault& fault) {
        std::size_t taken = 0;
        while (!this->is_done() && taken < data.size()) {
            const auto rest = data.subspan(taken);
            if (awaits_chunk() && rest.size() < smallest_end.size()) {
                break; // Beast 1.81 asserts that a last chunk comes as a whole
            }
            error_code ec;
            const auto n = this->put(boost::asio::buffer(rest.data(), rest.size()), ec);
            taken += n;
            if (ec == http::error::need_more || (!ec && n == 0)) {
                break;
            }
            if (ec) {
                fault = fault_of(ec);
                break;
            }
        }
        return taken;
    }

  protected:
    void on_field_impl(http::field which, string_view name, string_view value,
                       error_code& ec) override {
        // Beast counts what it has not yet taken only: a header that comes in small pieces would
        // have no bound. Trailers count as well, but are not kept: after the body they could add
        // what was not there when the header was looked at (RFC 9110 section 6.5.1).
        size_ += name.size() + value.size() + 4;
        if (++fields_ > limits_.header_fields || size_ > limits_.header_bytes) {
            ec = http::error::header_limit;
        } else if (!ended_) {
            message.headers.push_back({to_string(name), to_string(value)});
            if (which == http::field::transfer_encoding && !understands(value)) {
                ec = http::error::bad_transfer_encoding;
            }
        }
    }
    void on_header_impl(error_code& /*ec*/) override { ended_ = true; }
    [[nodiscard]] virtual bool understands(string_view /*transfer_encoding*/) const { return true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           error_code& /*ec*/) override {}
    std::size_t on_body_impl(string_view body, error_code& /*ec*/) override { return append(body); }
    void on_chunk_header_impl(std::uint64_t size, string_view /*extensions*/,
                              error_code& /*ec*/) override {
        inside_chunk_ = size > 0;
    }
    std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body,
                                   error_code& /*ec*/) override {
        inside_chunk_ = remain > body.size();
        return append(body);
    }
    void on_finish_impl(error_code& /*ec*/) override {}

  private:
    static constexpr std::string_view smallest_end = "0\r\n\r\n";
    [[nodiscard]] bool awaits_chunk() const { return ended_ && this->chunked() && !inside_chunk_; }
    std::size_t append(string_view body) {
        const auto view = as_bytes({body.data(), body.size()});
        if (sink) {
            sink(view);
        } else {
            message.body.insert(message.body.end(), view.begin(), view.end());
        }
        return body.size();
    }

    h1_limits limits_;
    std::size_t size_ = 0;
    std::size_t fields_ = 0;
    bool ended_ = false; ///< the header has
    bool inside_chunk_ = false;
};

class request_parser final : public message_parser<true, request> {
  public:
    using message_parser::message_parser;
    int version = 11;

  private:
    void on_request_impl(http::verb /*verb*/, string_view method, string_view target, int v,
                         error_code& /*ec*/) override {
        message.method = to_string(method);
        message.target = to_string(target);
        version = v;
        // RFC 9112 section 3.2.2: a server accepts the absolute form.
        if (const auto scheme = message.target.find("://");
            scheme != std::string::npos && !message.target.starts_with('/')) {
            const auto path = message.target.find('/', scheme + 3);
            message.target = path == std::string::npos ? "/" : message.target.substr(path);
        }
    }
    void on_response_impl(int /*code*/, string_view /*reason*/, int /*version*/,
                          error_code& /*ec*/) override {}
    // RFC 9112 section 6.1: a coding that is not understood leaves the body's length open, and so
    // where the next request begins. HTTP/1.0 has none at all.
    [[nodiscard]] bool understands(string_view transfer_encoding) const override {
        return version >= 11 && boost::beast::iequals(transfer_encoding, "chunked");
    }
};

class response_parser final : public message_parser<false, response> {
  public:
    using message_parser::message_parser;

  private:
    void on_request_impl(http::verb /*verb*/, string_view /*method*/, string_view /*target*/,
                         int /*version*/, error_code& /*ec*/) override {}
    void on_response_impl(int code, string_view /*reason*/, int /*version*/,
                          error_code& /*ec*/) override {
        message.status = static_cast<unsigned>(code);
    }
};

void append(bytes& out, std::string_view text) {
    const auto view = as_bytes(text);
    out.insert(out.end(), view.begin(), view.end());
}

/// RFC 9110 section 5.5: CR, LF and NUL inside a value must not reach the wire.
void append_safely(bytes& out, std::string_view text) {
    for (const auto c : text) {
        out.push_back(static_cast<std::uint8_t>(c == '\r' || c == '\n' || c == '\0' ? ' ' : c));
    }
}

void append_headers(bytes& out, const headers& all) {
    for (const auto& h : all) {
        append_safely(out, h.name);
        append(out, ": ");
        append_safely(out, h.value);
        append(out, "\r\n");
    }
}

std::size_t size_of(const headers& all) {
    std::size_t size = 128;
    for (const auto& h : all) {
        size += h.name.size() + h.value.size() + 4;
    }
    return size;
}

} // namespace

struct h1_request_reader::impl {
    explicit impl(h1_limits limits) : parser{limits} {}
    request_parser parser;
    h1_fault fault = h1_fault::none;
};

h1_request_reader::h1_request_reader(h1_limits limits) : impl_{std::make_unique<impl>(limits)} {}
h1_request_reader::~h1_request_reader() = default;

std::size_t h1_request_reader::put(bytes_view data) {
    const auto taken = impl_->parser.take(data, impl_->fault);
    // RFC 9112 section 3.2: exactly one Host in HTTP/1.1.
    if (header_done() && impl_->parser.version >= 11 &&
        count_headers(message().headers, "Host") != 1) {
        impl_->fault = h1_fault::garbage;
    }
    return taken;
}
h1_fault h1_request_reader::fault() const {
    return impl_->fault;
}
bool h1_request_reader::header_done() const {
    return impl_->parser.is_header_done();
}
bool h1_request_reader::done() const {
    return impl_->parser.is_done();
}
bool h1_request_reader::keep_alive() const {
    return impl_->parser.keep_alive();
}
bool h1_request_reader::expects_continue() const {
    const auto value = find_header(impl_->parser.message.headers, "Expect");
    return value && impl_->parser.version >= 11 && value->size() == 12 &&
           (value->starts_with("100-") || value->starts_with("100_"));
}
std::size_t h1_request_reader::body_size() const {
    return impl_->parser.message.body.size();
}
request& h1_request_reader::message() {
    return impl_->parser.message;
}

struct h1_response_reader::impl {
    impl(h1_limits l, bool head) : limits{l}, no_body{head} { restart(); }
    void restart() {
        parser.emplace(limits);
        parser->skip(no_body);
    }
    h1_limits limits;
    bool no_body;
    std::optional<response_parser> parser;
    h1_fault fault = h1_fault::none;
};

h1_response_reader::h1_response_reader(h1_limits limits, bool no_body)
    : impl_{std::make_unique<impl>(limits, no_body)} {}
h1_response_reader::~h1_response_reader() = default;

std::size_t h1_response_reader::put(bytes_view data) {
    std::size_t taken = 0;
    for (;;) {
        taken += impl_->parser->take(data.subspan(taken), impl_->fault);
        // RFC 9110 section 15.2: any number of interim responses may come first. 101 is never asked
        // for here.
        if (!done() || message().status / 100 != 1) {
            return taken;
        }
        impl_->restart();
    }
}
bool h1_response_reader::put_end() {
    error_code ec;
    if (!impl_->parser->got_some()) {
        return false;
    }
    impl_->parser->put_eof(ec);
    return !ec && done();
}
h1_fault h1_response_reader::fault() const {
    return impl_->fault;
}
bool h1_response_reader::header_done() const {
    return impl_->parser->is_header_done() && impl_->parser->message.status / 100 != 1;
}
bool h1_response_reader::done() const {
    return impl_->parser->is_done();
}
bool h1_response_reader::keep_alive() const {
    return impl_->parser->keep_alive();
}
response& h1_response_reader::message() {
    return impl_->parser->message;
}
void h1_response_reader::stream_body_to(std::function<void(bytes_view)> sink) {
    impl_->parser->body_limit(boost::none);
    sink(impl_->parser->message.body);
    impl_->parser->message.body.clear();
    impl_->parser->sink = std::move(sink);
}

bytes h1_serialize(const request& what) {
    bytes out;
    out.reserve(size_of(what.headers) + what.target.size() + what.body.size());
    append_safely(out, what.method);
    append(out, " ");
    append_safely(out, what.target);
    append(out, " HTTP/1.1\r\n");
    append_headers(out, what.headers);
    append(out, "\r\n");
    out.insert(out.end(), what.body.begin(), what.body.end());
    return out;
}

bytes h1_serialize(const response& what, const headers& extra, bool no_body) {
    bytes out;
    out.reserve(size_of(what.headers) + what.body.size());
    const auto reason = http::obsolete_reason(http::int_to_status(what.status));
    append(out, "HTTP/1.1 " + std::to_string(what.status) + " " + to_string(reason) + "\r\n");
    append_headers(out, what.headers);
    append_headers(out, extra);
    append(out, "\r\n");
    if (!no_body) {
        out.insert(out.end(), what.body.begin(), what.body.end());
    }
    return out;
}

bytes h1_chunk(bytes_view data) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string size;
    for (auto n = data.size(); n != 0; n /= 16) {
        size.insert(size.begin(), digits[n % 16]);
    }
    bytes out = to_bytes(size.empty() ? "0" : size);
    append(out, "\r\n");
    out.insert(out.end(), data.begin(), data.end());
    append(out, "\r\n");
    return out;
}

} // namespace pomona::net::real
