// Who is pushed when: wakes Macs that have commands, once for many reasons, again when APNs or the
// Mac does not react, never in a hot loop.
#pragma once

#include "pomona/net/world.hpp"
#include "push/apns_link.hpp"
#include "push/push_identity.hpp"
#include "store/store.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace pomona::server {

struct push_result {
    bool accepted = false;
    std::string apns_id;
    std::string error; ///< empty when accepted
};

/// A push that somebody waits for.
class push_attempt {
  public:
    explicit push_attempt(net::world& w) : done_{w} {}
    void finish(push_result r);
    /// nullopt at the deadline.
    static net::task<std::optional<push_result>> wait(std::shared_ptr<push_attempt> of,
                                                      time_point deadline);

  private:
    std::optional<push_result> result_;
    net::signal done_;
};

class pusher : public std::enable_shared_from_this<pusher> {
  public:
    pusher(net::world& w, std::shared_ptr<store> keep, net::endpoint apns, net::trust_store trust);

    /// Starts the schedule; once.
    void start();
    net::task<void> stop();
    /// Ends the schedule without waiting for anything.
    void abandon();

    void use(push_identity identity);
    [[nodiscard]] const std::optional<push_identity>& identity() const { return identity_; }
    /// The trouble with the push certificate that APNs told last; empty: none.
    [[nodiscard]] const std::string& certificate_problem() const { return problem_; }
    [[nodiscard]] unsigned connections_opened() const { return link_.opened(); }

    /// Pushes now. Several at once become one push. With `coalesce`, one that APNs has accepted
    /// within the last seconds counts as this one, when the Mac has not come since.
    std::shared_ptr<push_attempt> push(enrollment_id id, std::uint64_t cause, bool coalesce);
    /// Pushes at `when` if commands are waiting then.
    void push_if_pending(const enrollment_id& id, time_point when, std::uint64_t cause);
    /// The Mac has asked for commands, or has said that it will come by itself.
    void note_contact(const enrollment_id& id);

  private:
    struct target {
        std::optional<time_point> due;
        bool forced = false;   ///< push also without waiting commands
        bool reminder = false; ///< only if the Mac has been quiet
        bool sending = false;
        bool missed = false; ///< fell due while sending
        unsigned failures = 0;
        unsigned reminders = 0;
        time_point begun, accepted; ///< of the newest push that APNs has accepted
        time_point contact;
        std::string apns_id;
        std::uint64_t cause = 0;
        std::vector<std::shared_ptr<push_attempt>> waiting; ///< for the next push
    };
    struct sent {
        push_result result;
        std::optional<duration> again; ///< try again after this
        bool remind_later = false;
    };

    void schedule(const std::string& id, target& t, time_point when);
    void remind(const std::string& id, target& t);
    void unschedule(const std::string& id, target& t);
    static net::task<void> run_schedule(std::shared_ptr<pusher> self);
    static net::task<void> send_one(std::shared_ptr<pusher> self, std::string id);
    net::task<sent> send(std::string id, bool forced, bool reminder, unsigned failures,
                         std::uint64_t cause);
    net::task<sent> judge(std::string id, push_target to, unsigned failures,
                          net::exchange_result answer);

    net::world& world_;
    std::shared_ptr<store> keep_;
    apns_link link_;
    std::optional<push_identity> identity_;
    std::string problem_;
    std::map<std::string, target> targets_;
    std::set<std::pair<time_point, std::string>> due_;
    std::size_t in_flight_ = 0;
    bool stopped_ = false;
    net::signal changed_;
    net::task_group tasks_;
};

} // namespace pomona::server
