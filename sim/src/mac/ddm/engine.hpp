// Declarative management of one channel as a machine without I/O: it says what to ask or fetch
// next, applies what came, and reports.
#pragma once

#include "mac/ddm/declaration_set.hpp"
#include "mac/ddm/documents.hpp"
#include "mac/ddm/evaluation.hpp"
#include "mac/ddm/host.hpp"
#include "mac/ddm/in_effect.hpp"
#include "mac/ddm/status.hpp"

#include <deque>
#include <optional>
#include <string>
#include <variant>

namespace pomona::sim::mac {

/// One DeclarativeManagement message.
struct ddm_message {
    ddm::endpoint where;
    std::optional<bytes> data; ///< of `status` only
};
using ddm_request = std::variant<ddm_message, ddm_download>;

/// Observed (F1): tokens; when they differ declaration-items, the new and changed declarations
/// (activations first), the documents they need, tokens again until they are stable, then one
/// status report.
class ddm_engine {
  public:
    /// Both outlive it.
    ddm_engine(ddm_host& host, declaration_cache& cache) : host_{&host}, cache_{&cache} {}

    /// A DeclarativeManagement command was acknowledged; `tokens` is its Data. What a sync that did
    /// not finish had begun is forgotten; its status report is not.
    std::optional<ddm_request> start(const std::optional<bytes>& tokens);
    /// Something on the Mac may have changed, or `next_due` has come: predicates are evaluated
    /// anew, and what has to be told is told. Nothing while a synchronisation is under way, which
    /// looks at the end of it.
    std::optional<ddm_request> look_again();
    /// The answer to the last message. Nullopt: it is over.
    std::optional<ddm_request> on_answer(unsigned status, bytes_view body);
    /// What came of the last download; nullopt: no answer.
    std::optional<ddm_request> on_document(std::optional<downloaded> answer,
                                           const std::string& why);
    /// There was no answer to the message.
    void on_failure();

    [[nodiscard]] bool is_over() const { return state_ == state::over; }
    /// Did it go through? False with a reason in `problem`.
    [[nodiscard]] bool succeeded() const { return problem_.empty(); }
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// When `look_again` is due by itself: the daily full report, or a repetition.
    [[nodiscard]] time_point next_due() const;
    /// Of the set that is held; empty at first.
    [[nodiscard]] const std::string& token() const { return token_; }
    [[nodiscard]] const declaration_set& held() const { return held_; }
    /// Effective settings of a combined or single type; null: none.
    [[nodiscard]] nlohmann::json settings(std::string_view type) const {
        return effects_.settings(type);
    }
    /// Is a configuration of `type` in effect?
    [[nodiscard]] bool has_active(std::string_view type) const;

    /// The end of the enrollment: everything is un-applied (DDM-058).
    void withdraw() { effects_.clear(*host_); }

    /// Between synchronisations only: what one of them had begun is not kept.
    [[nodiscard]] plist::dict save() const;
    result<void> load(const plist::dict& saved);

  private:
    enum class state { over, tokens, items, declaration, document, status };
    class reader; // of predicates
    std::optional<ddm_request> take_tokens(const ddm::tokens& t);
    std::optional<ddm_request> take_manifest(bytes_view body);
    std::optional<ddm_request> take_declaration(unsigned status, bytes_view body);
    std::optional<ddm_request> fetch_next();
    std::optional<ddm_request> apply();
    std::optional<ddm_request> settle();
    std::optional<ddm_request> report();
    std::optional<ddm_request> finish();
    std::optional<ddm_request> fail(std::string why);
    void note_failure();
    std::optional<ddm_request> ask(ddm::endpoint::what target, state next);
    [[nodiscard]] evaluation judge() const;
    [[nodiscard]] std::optional<nlohmann::json> value_of(std::string_view item) const;
    [[nodiscard]] std::optional<nlohmann::json> property(std::string_view name) const;
    void say(status_builder& report, const std::string& item) const;
    [[nodiscard]] nlohmann::json capabilities() const;
    [[nodiscard]] bool reports_fully() const;

    ddm_host* host_;
    declaration_cache* cache_;
    declaration_set held_;
    std::string token_;
    document_store documents_;
    in_effect effects_;
    reported_items reported_;
    std::optional<time_point> last_full_; ///< full report, or the first

    state state_ = state::over;
    ddm::manifest manifest_;
    std::deque<ddm::endpoint> to_fetch_;
    std::deque<declaration_ptr> to_download_;
    bool asks_again_ = false; ///< after settling: tokens, not the report
    bool full_now_ = false;
    bool sync_failed_ = false;
    bool attempt_failed_ = false; ///< a download
    reported_items in_flight_;
    int rounds_ = 0;
    unsigned failures_ = 0; ///< one after the other
    time_point failed_at_;
    std::string problem_;
};

} // namespace pomona::sim::mac
