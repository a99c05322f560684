// The server's side of HTTP/2 on one connection: h2_server.cpp takes requests, h2_answer.cpp sends
// what answers them.
#pragma once

#include "real/h2_session.hpp"
#include "real/server_session.hpp"

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace pomona::net::real {

/// A request and its answer.
struct h2_served {
    h2_served(world& owner, std::shared_ptr<byte_budget> budget)
        : drained{owner}, held{std::move(budget)} {}
    request what;
    std::string authority;
    std::size_t header_bytes = 0;
    std::size_t header_fields = 0;
    unsigned refusal = 0;            ///< the status that answers a request beyond a limit
    bool refused_for_now = false;    ///< trying again may help
    bool reset_after_answer = false; ///< the rest of the request is not wanted
    bool header_done = false;
    bool whole = false;
    bool closed = false;
    time_point due = never; ///< until then the request has to end, or its answer to be taken

    bytes out; ///< of the response's body
    std::size_t out_sent = 0;
    bool out_complete = true;
    std::shared_ptr<message_queue> queue;
    signal drained;
    byte_lease held;
};
using served_ptr = std::shared_ptr<h2_served>;

class h2_server final : public h2_session, public drainable {
  public:
    explicit h2_server(server_setup setup);
    bool begin();
    // RFC 9113 section 6.8: first a GOAWAY that still takes what is on its way, and after a round
    // trip the one that names the last stream.
    void drain() override;

  private:
    void name_last_stream();
    /// For a client that does not answer the PING.
    static task<void> end_without_answer(std::shared_ptr<h2_server> self);
    static task<void> answer(std::shared_ptr<h2_server> self, std::int32_t id, served_ptr stream);
    static task<void> pump(std::shared_ptr<h2_server> self, std::int32_t id, served_ptr stream,
                           exchange_log log);
    void submit(std::int32_t id, h2_served& stream, unsigned status, headers fields, bool no_body);
    /// False: a task has to do it.
    bool answer_at_once(std::int32_t id, h2_served& stream);
    void flush_answers();
    static task<void> flush_soon(std::shared_ptr<h2_server> self);
    /// An answer that goes wrong on purpose.
    static task<void> fail_on_purpose(std::shared_ptr<h2_server> self, std::int32_t id,
                                      served_ptr stream, reply r);
    void limit_streams(std::optional<std::uint32_t> count);
    static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                             std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                             void* user);
    void await_drain(std::int32_t id, h2_served& stream);

    void refuse(std::int32_t id, h2_served& stream, unsigned status);
    void forget(h2_served& stream);
    void set_due(std::int32_t id, h2_served& stream, time_point due);
    void spend_idle_frame();

    void on_frame_begins(const nghttp2_frame_hd& frame) override;
    void on_begin_headers(std::int32_t id) override;
    void on_header(std::int32_t id, std::string_view name, std::string_view value) override;
    void on_headers(std::int32_t id) override;
    void on_data(std::int32_t id, bytes_view data) override;
    void on_end_stream(std::int32_t id) override;
    void on_headers_sent(std::int32_t id) override;
    void on_data_sent(std::size_t size) override;
    void on_goaway_sent(std::uint32_t code) override;
    void on_stream_closed(std::int32_t id, std::uint32_t code) override;
    void on_ping_answered() override {
        if (setup_.draining->begun) {
            name_last_stream();
        }
    }
    void on_progress() override {
        if (setup_.draining->begun && is_over()) {
            close_connection();
        }
    }
    time_point read_deadline() override;
    bool on_read_deadline() override;
    void on_lost(const io_error& why) override;

    [[nodiscard]] const server_limits& limits() const { return setup_.options->limits; }
    [[nodiscard]] h2_served* find(std::int32_t id) {
        const auto found = streams_.find(id);
        return found == streams_.end() ? nullptr : found->second.get();
    }

    server_setup setup_;
    drain_membership member_;
    std::unordered_map<std::int32_t, served_ptr> streams_;
    std::set<std::pair<time_point, std::int32_t>> due_;
    rate_budget idle_frames_;
    time_point settings_by_; ///< the client's first SETTINGS are due
    bool settled_ = false;   ///< they have come
    bool last_stream_named_ = false;
    bool flush_due_ = false;        ///< flush_soon is on its way
    std::uint32_t streams_allowed_; ///< as SETTINGS has it
    std::size_t running_ = 0;       ///< handlers at work, of closed streams too
};

} // namespace pomona::net::real
