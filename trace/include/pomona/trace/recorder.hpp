// The event log while a run is going on: numbers, decodes, redacts and writes events, and lets
// others watch them.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/trace/redaction.hpp"
#include "pomona/trace/run_folder.hpp"

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pomona::trace {

class writer;

struct recorder_options {
    std::filesystem::path folder;   ///< made by the recorder; empty: keep in memory only
    bool redact_push_magic = false; ///< lab runs
    /// Nothing is kept or written, and every event has the number 0: for Macs that only make load.
    bool silent = false;
};

/// Implements the worlds' observer. On the world's thread. Writing happens on a thread of its own,
/// in order, bounded: when the disk cannot keep up, recording waits; nothing is dropped.
class recorder final : public net::observer {
  public:
    /// The world gives time and the key of the placeholders. An unusable folder is an error here,
    /// not later.
    static result<std::unique_ptr<recorder>> create(net::world& world, recorder_options options);
    ~recorder() override;

    std::uint64_t on_request(const net::exchange_context& where, const net::request& what) override;
    std::uint64_t on_response(const net::exchange_context& where, const net::request& to,
                              const net::response& what) override;
    std::uint64_t on_failure(const net::exchange_context& where, const net::request& of,
                             const net::transport_error& why) override;
    std::uint64_t on_stream_message(const net::exchange_context& where,
                                    bytes_view message) override;

    // Texts named like a secret are replaced here too.
    std::uint64_t state(const actor& who, std::string name, fields summary,
                        std::uint64_t cause = 0);
    /// About event `cause`, by whoever could compute it (the CA that decrypted, the Mac that
    /// verified).
    std::uint64_t fact(const actor& who, std::string name, fields facts, std::uint64_t cause);
    std::uint64_t step(std::string name, fields summary);
    /// Fault `name` acted on this exchange of a client; its cause is the request. `original`: the
    /// answer of the peer that the client did not get so, null when there was none. Its summary
    /// becomes that of the event, with `about` in front.
    std::uint64_t fault(const net::exchange_context& where, std::string name, const fields& about,
                        const net::request& of, const net::response* original);
    /// From now on events carry this step ("file:line"); empty: none.
    void set_step(std::string where);

    /// All events so far; references stay valid.
    [[nodiscard]] const std::deque<event>& events() const { return events_; }
    /// The body as stored (redacted), from memory or the folder.
    [[nodiscard]] std::optional<bytes> body(const body_ref& ref) const;
    /// Notified after each event.
    net::signal& changed() { return changed_; }
    /// Called once, on the world's thread, when the folder cannot take more; recording goes on in
    /// memory.
    std::function<void(const error&)> on_write_failure;

    /// Writes what is pending and closes the files; the first write error if there was one.
    result<void> finish();
    /// run.json, whole, atomically replaced. After `finish` too.
    result<void> write_description(const std::string& json);

  private:
    recorder(net::world& world, recorder_options options);
    std::uint64_t add(event e);
    event begin(const net::exchange_context& where, kind what) const;
    std::uint64_t add_opening(const net::exchange_context& where, event e);
    /// The event that ends an exchange gets what its request says: its number as cause, its user.
    void end_exchange(const net::exchange_context& where, event& ending);
    std::optional<body_ref> store(bytes stored, std::uint64_t wire_size, bool redacted);
    void report_write_failure();

    net::world* world_;
    recorder_options options_;
    net::signal changed_;
    redactor redactor_;
    std::deque<event> events_;
    std::string step_;
    /// Requests without an answer so far, by exchange id: event numbers of the client's end and the
    /// server's.
    std::unordered_map<std::string, std::pair<std::uint64_t, std::uint64_t>> open_;
    std::unique_ptr<writer> writer_;
    bool failure_told_ = false;
};

} // namespace pomona::trace
