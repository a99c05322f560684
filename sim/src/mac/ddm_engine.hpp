// Declarative management of one channel as a machine without I/O: it says which check-in message to
// send next.
#pragma once

#include "mac/ddm_status.hpp"

#include <deque>
#include <optional>
#include <string>

namespace pomona::sim::mac {

/// One DeclarativeManagement message.
struct ddm_request {
    ddm::endpoint where;
    std::optional<bytes> data; ///< of `status` only
};

/// Observed (F1): tokens; when they differ declaration-items, the new and changed declarations
/// (activations first), tokens again until they are stable, then one status report.
class ddm_engine {
  public:
    explicit ddm_engine(const hardware& machine) : machine_{&machine} {}

    /// A DeclarativeManagement command was acknowledged; `tokens` is its Data. What a sync that did
    /// not finish had begun is forgotten; its status report is not.
    std::optional<ddm_request> start(const std::optional<bytes>& tokens);
    /// The answer to the last request. Nullopt: this synchronisation is over.
    std::optional<ddm_request> on_answer(unsigned status, bytes_view body);
    /// There was none.
    void on_failure();

    /// Did the last synchronisation go through? False with a reason in `problem`.
    [[nodiscard]] bool succeeded() const { return problem_.empty(); }
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// Of the set that is held; empty at first.
    [[nodiscard]] const std::string& token() const { return token_; }
    [[nodiscard]] const declaration_set& held() const { return held_; }

  private:
    enum class state { over, tokens, items, declaration, status };
    std::optional<ddm_request> take_tokens(const ddm::tokens& t);
    std::optional<ddm_request> take_manifest(bytes_view body);
    std::optional<ddm_request> take_declaration(unsigned status, bytes_view body);
    std::optional<ddm_request> fetch_next();
    std::optional<ddm_request> apply();
    std::optional<ddm_request> report();
    std::optional<ddm_request> fail(std::string why);
    std::optional<ddm_request> ask(ddm::endpoint::what target, state next);

    const hardware* machine_;
    declaration_set held_;
    std::string token_;
    reported_items reported_;
    bool report_due_ = true; // the first report comes even when there is nothing else to say

    state state_ = state::over;
    ddm::manifest manifest_;
    std::deque<ddm::endpoint> to_fetch_;
    reported_items in_flight_;
    int rounds_ = 0;
    std::string problem_;
};

} // namespace pomona::sim::mac
