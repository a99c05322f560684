#include "ca/issue_rules.hpp"
#include "store/sql.hpp"

namespace pomona::server::sql {
namespace {

constexpr std::int64_t max_open_challenges = 50'000;

using namespace std::chrono_literals;

bytes der_where(session& s, std::string_view text, const bytes& a) {
    bytes out;
    s.each(
        text,
        [&](sqlite::statement& row) {
            out = row.column_blob(0);
            return false;
        },
        bytes_view{a});
    return out;
}

std::optional<challenge_facts> challenge_of(session& s, const bytes& hash) {
    std::optional<challenge_facts> out;
    s.each(
        "SELECT expires, used_for FROM challenges WHERE hash=?",
        [&](sqlite::statement& row) {
            out = challenge_facts{from_column(row.column_int(0)), row.column_blob(1)};
            return false;
        },
        bytes_view{hash});
    return out;
}

bytes issued_for(session& s, const issue_query& query) {
    bytes out;
    s.each(
        "SELECT der FROM certificates WHERE granted_by=? AND key_hash=?",
        [&](sqlite::statement& row) {
            out = row.column_blob(0);
            return false;
        },
        bytes_view{query.grant}, bytes_view{query.key_hash});
    return out;
}

issue_outcome judge(session& s, const issue_query& query) {
    // SCEP-020: a replayed message never issues a second certificate.
    if (auto replayed =
            der_where(s, "SELECT der FROM certificates WHERE message_hash=?", query.message_hash);
        !replayed.empty()) {
        return {issue_outcome::what::existing, std::move(replayed), {}};
    }
    auto before = issued_for(s, query);
    if (query.renewal) {
        if (!before.empty()) {
            return {issue_outcome::what::existing, std::move(before), {}};
        }
        // SCEP-023: the signer has to be one of the certificates we issued to devices.
        if (!s.exists("SELECT 1 FROM certificates WHERE sha256=?", bytes_view{query.grant})) {
            return {issue_outcome::what::refused, {}, "the signer is not a device of ours"};
        }
        return {issue_outcome::what::may_issue, {}, {}};
    }
    const auto judged =
        judge_challenge(challenge_of(s, query.grant), query.key_hash, !before.empty(), query.now);
    switch (judged.verdict) {
    case issue_verdict::issue:
        return {issue_outcome::what::may_issue, {}, {}};
    case issue_verdict::same_again:
        return {issue_outcome::what::existing, std::move(before), {}};
    case issue_verdict::refuse:
        break;
    }
    return {issue_outcome::what::refused, {}, std::string{judged.reason}};
}

} // namespace

result<void> add_challenge(database& db, const bytes& hash, time_point expires, time_point now) {
    session s{db};
    // Nobody proves who he is at /enroll, so what has expired must not pile up. A day's grace keeps
    // the answer to a late retry.
    s.change("DELETE FROM challenges WHERE expires < ?", to_column(now - 24h));
    s.change("INSERT INTO challenges(hash, expires) VALUES(?, ?)", bytes_view{hash},
             to_column(expires));
    // One in 256 looks whether there are too many: the oldest unused ones then make room, so that
    // whoever asks for profiles without end fills no disk and shuts nobody out.
    if (!hash.empty() && hash.front() == 0) {
        s.change("DELETE FROM challenges WHERE hash IN (SELECT hash FROM challenges WHERE used_for "
                 "IS NULL ORDER BY expires DESC LIMIT -1 OFFSET ?)",
                 max_open_challenges);
    }
    return s.finish();
}

result<issue_outcome> may_issue(database& db, const issue_query& query) {
    session s{db};
    auto out = judge(s, query);
    return s.finish(std::move(out));
}

result<issue_outcome> record_issue(database& db, const issue_query& query,
                                   const issued_certificate& issued) {
    session s{db};
    auto out = judge(s, query);
    if (out.decision != issue_outcome::what::may_issue) {
        return s.finish(std::move(out));
    }
    s.change("INSERT INTO certificates(sha256, serial, der, not_after, key_hash, granted_by, "
             "message_hash) VALUES(?, ?, ?, ?, ?, ?, ?)",
             bytes_view{issued.sha256}, bytes_view{issued.serial}, bytes_view{issued.der},
             to_column(issued.not_after), bytes_view{query.key_hash}, bytes_view{query.grant},
             bytes_view{query.message_hash});
    if (query.renewal) {
        s.change("UPDATE certificates SET renews=? WHERE sha256=?", bytes_view{query.grant},
                 bytes_view{issued.sha256});
    } else {
        s.change("UPDATE challenges SET used_for=? WHERE hash=?", bytes_view{query.key_hash},
                 bytes_view{query.grant});
    }
    return s.finish(std::move(out));
}

result<bytes> issued_certificate_der(database& db, const bytes& sha256) {
    session s{db};
    auto out = der_where(s, "SELECT der FROM certificates WHERE sha256=?", sha256);
    return s.finish(std::move(out));
}

} // namespace pomona::server::sql
