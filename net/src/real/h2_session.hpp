// One HTTP/2 connection over nghttp2: what client and server have in common (RFC 9113).
#pragma once

#include "pomona/net/http.hpp"
#include "pomona/net/world.hpp"
#include "real/socket_stream.hpp"

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>

namespace pomona::net::real {

/// Reads and writes; tells a derived class what arrives. Flow control is manual: what is given to
/// on_data must be consumed. nghttp2's callbacks may submit frames but not read or write.
class h2_session : public std::enable_shared_from_this<h2_session> {
  public:
    h2_session(const h2_session&) = delete;
    h2_session& operator=(const h2_session&) = delete;
    virtual ~h2_session() = default;

    /// Reads until the connection ends. `input` is what has been read already.
    static task<void> read_all(std::shared_ptr<h2_session> self, bytes input);

  protected:
    enum class role { client, server };
    h2_session(world& owner, std::shared_ptr<socket_stream> stream)
        : owner_{owner}, stream_{std::move(stream)}, written_{owner} {}

    /// False without memory.
    bool start(role as, std::uint32_t max_concurrent_streams, std::uint32_t max_header_list);
    /// Sends what has been submitted: at once as far as the socket takes it, which may end in
    /// on_lost; the rest by a task. Inside a callback of nghttp2 it is put off until its end.
    /// `expected`: so many octets or more, where that is known.
    void flush(std::size_t expected = 0);
    void consume(std::int32_t id, std::size_t size);
    /// RST_STREAM.
    void reset(std::int32_t id, std::uint32_t code);
    /// GOAWAY, and the end once it is sent. What still arrives is dropped unread.
    void say_goodbye(std::uint32_t code, std::string_view text = {});
    /// GOAWAY that takes what is on its way, and a PING whose answer says that nothing is any more.
    void announce_end();
    /// GOAWAY with the last stream that was taken; the connection ends with its last stream.
    void take_no_more(std::string_view text);
    /// SETTINGS_MAX_CONCURRENT_STREAMS from now on.
    void allow_streams(std::uint32_t count);
    [[nodiscard]] bool is_over() const;
    void close_connection() { stream_->close(); }
    [[nodiscard]] socket_stream& stream() { return *stream_; }
    /// Closes, and calls on_lost. nghttp2 is not called any more after it.
    void lose(const io_error& why);

    virtual void on_begin_headers(std::int32_t /*id*/) {}
    virtual void on_header(std::int32_t id, std::string_view name, std::string_view value) = 0;
    virtual void on_headers(std::int32_t id) = 0;
    virtual void on_data(std::int32_t id, bytes_view data) = 0;
    virtual void on_end_stream(std::int32_t id) = 0;
    virtual void on_headers_sent(std::int32_t /*id*/) {}
    virtual void on_headers_not_sent(std::int32_t /*id*/) {}
    virtual void on_stream_closed(std::int32_t id, std::uint32_t code) = 0;
    /// `why`: the code's name, and the peer's words where it has some (escaped, cut).
    virtual void on_goaway(std::string /*why*/) {}
    virtual void on_ping_answered() {}
    /// Before a frame of any type, unknown ones and CONTINUATION too, is taken.
    virtual void on_frame_begins(const nghttp2_frame_hd& /*frame*/) {}
    /// Octets of DATA frames.
    virtual void on_data_sent(std::size_t /*size*/) {}
    /// nghttp2 or a derived class ends the connection with this code, for a reason if not 0.
    virtual void on_goaway_sent(std::uint32_t /*code*/) {}
    /// When the reading is to be interrupted, and what then; false ends the connection.
    virtual time_point read_deadline() { return never; }
    virtual bool on_read_deadline() { return true; }
    /// After some bytes have been taken.
    virtual void on_progress() {}
    /// The connection is over.
    virtual void on_lost(const io_error& why) = 0;

    [[nodiscard]] nghttp2_session* session() const { return session_.get(); }
    [[nodiscard]] world& owner() const { return owner_; }
    [[nodiscard]] bool is_lost() const { return lost_; }

  private:
    struct callbacks;
    static task<void> write_all(std::shared_ptr<h2_session> self, bytes out);
    static task<void> leave(std::shared_ptr<h2_session> self);
    void collect(bytes& out);
    /// What the socket did not take.
    bytes write_now(std::size_t expected);
    void close_when_over();

    world& owner_;
    std::shared_ptr<socket_stream> stream_;
    c_ptr<nghttp2_session, nghttp2_session_del> session_;
    role role_ = role::client;
    signal written_;       ///< the writer has nothing left
    bool writing_ = false; ///< write_all is at work
    bool in_nghttp2_ = false;
    bool leaving_ = false; ///< GOAWAY has been submitted, nothing more is read
    bool lost_ = false;
};

/// Pseudo-headers first, then `all`. The result points into its arguments.
std::vector<nghttp2_nv> to_fields(const headers& pseudo, const headers& all);
/// `all` as HTTP/2 carries them: lower-case, without those that belong to a connection (RFC 9113
/// section 8.2.2).
headers to_h2_headers(headers all);

} // namespace pomona::net::real
