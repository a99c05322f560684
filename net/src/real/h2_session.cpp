#include "real/h2_session.hpp"

#include <algorithm>

namespace pomona::net::real {

namespace {

constexpr std::int32_t connection_window = 1 << 20;
constexpr std::uint32_t stream_window = 1U << 18U;
constexpr std::size_t write_at_once = 32U << 10U;
constexpr std::size_t many_octets = 4U << 10U;
constexpr auto write_timeout = std::chrono::seconds{30};
constexpr auto linger_time = std::chrono::seconds{5};
// Bounds against floods: acknowledgements queued for a peer that does not read, and streams opened
// only to be reset.
constexpr std::size_t max_queued_acknowledgements = 256;
constexpr unsigned first_unknown_type = 10; // RFC 9113 section 6 has ten
constexpr std::uint64_t reset_burst = 1000;
constexpr std::uint64_t resets_per_second = 33;

using option_ptr = c_ptr<nghttp2_option, nghttp2_option_del>;
using callbacks_ptr = c_ptr<nghttp2_session_callbacks, nghttp2_session_callbacks_del>;

option_ptr make_options() {
    nghttp2_option* raw = nullptr;
    nghttp2_option_new(&raw);
    option_ptr options{raw};
    if (options) {
        nghttp2_option_set_no_auto_window_update(raw, 1);
        nghttp2_option_set_max_outbound_ack(raw, max_queued_acknowledgements);
        nghttp2_option_set_stream_reset_rate_limit(raw, reset_burst, resets_per_second);
        // Nothing here looks at the priorities of closed streams.
        nghttp2_option_set_no_closed_streams(raw, 1);
        // Frames of unknown types are ignored, but have to be seen to be counted.
        for (unsigned type = first_unknown_type; type <= UINT8_MAX; ++type) {
            nghttp2_option_set_user_recv_extension_type(raw, static_cast<std::uint8_t>(type));
        }
    }
    return options;
}

bool is_connection_header(std::string_view name) {
    return name == "connection" || name == "keep-alive" || name == "proxy-connection" ||
           name == "transfer-encoding" || name == "upgrade";
}

/// APNs says its reason in the debug data, as JSON (Apple, "Handling notification responses").
std::string goaway_text(const nghttp2_goaway& frame) {
    constexpr std::size_t longest = 200;
    std::string out = nghttp2_http2_strerror(frame.error_code);
    if (frame.opaque_data_len > 0) {
        const auto size = std::min(frame.opaque_data_len, longest);
        out += ", \"" + escape(as_text({frame.opaque_data, size})) + '"';
    }
    return out;
}

/// With the last stream that was taken.
void submit_goaway(nghttp2_session* session, std::uint32_t code, std::string_view text) {
    const auto debug = as_bytes(text);
    nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session), code, debug.data(),
                          debug.size());
}

std::string_view view(const std::uint8_t* data, std::size_t size) {
    return as_text({data, size});
}

} // namespace

struct h2_session::callbacks {
    static h2_session& self(void* user) { return *static_cast<h2_session*>(user); }

    static int begin_headers(nghttp2_session* /*s*/, const nghttp2_frame* frame, void* user) {
        self(user).on_begin_headers(frame->hd.stream_id);
        return 0;
    }
    static int frame_begins(nghttp2_session* /*s*/, const nghttp2_frame_hd* frame, void* user) {
        self(user).on_frame_begins(*frame);
        return 0;
    }
    static int unknown_frame(nghttp2_session* /*s*/, void** /*payload*/,
                             const nghttp2_frame_hd* /*frame*/, void* /*user*/) {
        return 0;
    }
    static int unknown_chunk(nghttp2_session* /*s*/, const nghttp2_frame_hd* /*frame*/,
                             const std::uint8_t* /*data*/, std::size_t /*size*/, void* /*user*/) {
        return 0;
    }
    static int header(nghttp2_session* /*s*/, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t /*flags*/, void* user) {
        self(user).on_header(frame->hd.stream_id, view(name, name_size), view(value, value_size));
        return 0;
    }
    static int frame_received(nghttp2_session* /*s*/, const nghttp2_frame* frame, void* user) {
        auto& me = self(user);
        const auto id = frame->hd.stream_id;
        if (frame->hd.type == NGHTTP2_HEADERS) {
            me.on_headers(id);
        }
        if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            me.on_end_stream(id);
        }
        if (frame->hd.type == NGHTTP2_GOAWAY) {
            me.on_goaway(goaway_text(frame->goaway));
        }
        if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
            me.on_ping_answered();
        }
        return 0;
    }
    static int data(nghttp2_session* /*s*/, std::uint8_t /*flags*/, std::int32_t id,
                    const std::uint8_t* data, std::size_t size, void* user) {
        self(user).on_data(id, {data, size});
        return 0;
    }
    static int frame_sent(nghttp2_session* /*s*/, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_HEADERS) {
            self(user).on_headers_sent(frame->hd.stream_id);
        } else if (frame->hd.type == NGHTTP2_DATA) {
            self(user).on_data_sent(frame->hd.length);
        } else if (frame->hd.type == NGHTTP2_GOAWAY) {
            auto& me = self(user);
            const bool for_cause = frame->goaway.error_code != NGHTTP2_NO_ERROR;
            me.leaving_ = me.leaving_ || (for_cause && me.role_ == role::server);
            self(user).on_goaway_sent(frame->goaway.error_code);
        }
        return 0;
    }
    static int frame_not_sent(nghttp2_session* /*s*/, const nghttp2_frame* frame, int /*code*/,
                              void* user) {
        if (frame->hd.type == NGHTTP2_HEADERS) {
            self(user).on_headers_not_sent(frame->hd.stream_id);
        }
        return 0;
    }
    static int closed(nghttp2_session* /*s*/, std::int32_t id, std::uint32_t code, void* user) {
        self(user).on_stream_closed(id, code);
        return 0;
    }

    static callbacks_ptr make() {
        nghttp2_session_callbacks* raw = nullptr;
        nghttp2_session_callbacks_new(&raw);
        callbacks_ptr all{raw};
        if (all) {
            nghttp2_session_callbacks_set_on_begin_headers_callback(raw, begin_headers);
            nghttp2_session_callbacks_set_on_begin_frame_callback(raw, frame_begins);
            nghttp2_session_callbacks_set_unpack_extension_callback(raw, unknown_frame);
            nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(raw, unknown_chunk);
            nghttp2_session_callbacks_set_on_header_callback(raw, header);
            nghttp2_session_callbacks_set_on_frame_recv_callback(raw, frame_received);
            nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, data);
            nghttp2_session_callbacks_set_on_frame_send_callback(raw, frame_sent);
            nghttp2_session_callbacks_set_on_frame_not_send_callback(raw, frame_not_sent);
            nghttp2_session_callbacks_set_on_stream_close_callback(raw, closed);
        }
        return all;
    }
};

bool h2_session::start(role as, std::uint32_t max_concurrent_streams,
                       std::uint32_t max_header_list) {
    role_ = as;
    const auto options = make_options();
    const auto all = callbacks::make();
    if (!options || !all) {
        return false;
    }
    nghttp2_session* raw = nullptr;
    const auto made = as == role::client
                          ? nghttp2_session_client_new2(&raw, all.get(), this, options.get())
                          : nghttp2_session_server_new2(&raw, all.get(), this, options.get());
    session_.reset(raw);
    if (made != 0) {
        return false;
    }
    std::vector<nghttp2_settings_entry> settings{
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, max_header_list}};
    if (as == role::client) {
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    } else {
        settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_concurrent_streams});
    }
    return nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0 &&
           nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0, connection_window) == 0;
}

void h2_session::consume(std::int32_t id, std::size_t size) {
    nghttp2_session_consume(session_.get(), id, size);
}

void h2_session::reset(std::int32_t id, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, code);
    flush();
}

void h2_session::say_goodbye(std::uint32_t code, std::string_view text) {
    if (std::exchange(leaving_, true)) {
        return;
    }
    if (text.empty()) {
        nghttp2_session_terminate_session(session_.get(), code);
    } else {
        submit_goaway(session_.get(), code, text);
    }
    flush();
}

void h2_session::announce_end() {
    nghttp2_submit_shutdown_notice(session_.get());
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    flush();
}

void h2_session::take_no_more(std::string_view text) {
    submit_goaway(session_.get(), NGHTTP2_NO_ERROR, text);
    flush();
}

void h2_session::allow_streams(std::uint32_t count) {
    const nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, count};
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &limit, 1);
    flush();
}

bool h2_session::is_over() const {
    auto* const session = session_.get();
    return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0;
}

void h2_session::flush(std::size_t expected) {
    // A closed stream takes nothing more; after the world's end no task may be started for it.
    if (in_nghttp2_ || writing_ || lost_ || !stream_->is_open() ||
        nghttp2_session_want_write(session_.get()) == 0) {
        return;
    }
    auto rest = write_now(expected);
    if (lost_) {
        return;
    }
    if (rest.empty() && nghttp2_session_want_write(session_.get()) == 0) {
        close_when_over();
        return;
    }
    writing_ = true;
    owner_.spawn("write HTTP/2 frames", write_all(shared_from_this(), std::move(rest)));
}

bytes h2_session::write_now(std::size_t expected) {
    bytes out;
    out.reserve(expected);
    collect(out);
    const auto sent = stream_->write_now(out);
    if (!sent) {
        lose(sent.error());
        return {};
    }
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*sent));
    return out;
}

void h2_session::close_when_over() {
    if (!leaving_ && is_over()) {
        stream_->close();
    }
}

void h2_session::collect(bytes& out) {
    in_nghttp2_ = true;
    out.clear();
    while (out.size() < write_at_once) {
        const std::uint8_t* data = nullptr;
        const auto size = nghttp2_session_mem_send(session_.get(), &data);
        if (size <= 0) {
            break;
        }
        out.insert(out.end(), data, data + size);
    }
    in_nghttp2_ = false;
}

task<void> h2_session::write_all(std::shared_ptr<h2_session> self, bytes out) {
    while (!self->lost_) {
        if (out.empty()) {
            self->collect(out);
        }
        if (out.empty()) {
            break;
        }
        const auto deadline = self->owner_.now() + write_timeout;
        if (auto sent = co_await self->stream_->write_all(out, deadline); !sent) {
            self->lose(sent.error());
        }
        out.clear();
    }
    self->writing_ = false;
    self->written_.notify_all();
    if (!self->lost_) {
        self->close_when_over();
    }
}

task<void> h2_session::read_all(std::shared_ptr<h2_session> self, bytes input) {
    self->flush();
    while (!self->lost_) {
        if (self->leaving_) {
            co_await leave(self);
            break;
        }
        if (!input.empty()) {
            self->in_nghttp2_ = true;
            const auto taken =
                nghttp2_session_mem_recv(self->session_.get(), input.data(), input.size());
            self->in_nghttp2_ = false;
            const bool is_much = input.size() >= many_octets;
            bytes{}.swap(input); // held by nobody while waiting
            if (taken < 0) {
                self->lose({io_failure::protocol, nghttp2_strerror(static_cast<int>(taken))});
                break;
            }
            self->on_progress();
            self->flush(is_much ? many_octets : 0); // much came, much may go
            // The writer comes first: it is told of a GOAWAY that nghttp2 sends of its own accord.
            if (self->writing_) {
                co_await self->stream_->yield();
            }
            if (self->leaving_ || self->lost_) {
                continue;
            }
        }
        auto got = co_await self->stream_->read_more(input, self->read_deadline());
        if (!got) {
            const bool carry_on =
                got.error().kind == io_failure::timeout && self->on_read_deadline();
            if (!carry_on) {
                self->lose(got.error());
            }
        }
    }
}

/// After GOAWAY nothing is read but the end, so that the peer gets to see it.
task<void> h2_session::leave(std::shared_ptr<h2_session> self) {
    while (self->writing_ && !self->lost_) {
        co_await self->written_.wait_until(never);
    }
    co_await self->stream_->linger_and_close(self->owner_.now() + linger_time);
    self->lose({io_failure::closed, "ended at this end"});
}

void h2_session::lose(const io_error& why) {
    if (!lost_) {
        lost_ = true;
        stream_->close();
        on_lost(why);
    }
}

headers to_h2_headers(headers all) {
    for (auto& h : all) {
        std::ranges::transform(h.name, h.name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
    }
    std::erase_if(all, [](const header& h) {
        return is_connection_header(h.name) || (h.name == "te" && h.value != "trailers");
    });
    return all;
}

std::vector<nghttp2_nv> to_fields(const headers& pseudo, const headers& all) {
    std::vector<nghttp2_nv> fields;
    fields.reserve(pseudo.size() + all.size());
    for (const auto* const part : {&pseudo, &all}) {
        for (const auto& h : *part) {
            // nghttp2 copies both, and does not write to them.
            fields.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(h.name.data())),
                              reinterpret_cast<std::uint8_t*>(const_cast<char*>(h.value.data())),
                              h.name.size(), h.value.size(), NGHTTP2_NV_FLAG_NONE});
        }
    }
    return fields;
}

} // namespace pomona::net::real
