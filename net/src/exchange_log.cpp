#include "exchange_log.hpp"

#include "exchange_tap.hpp"
#include "pomona/net/world.hpp"

#include <algorithm>

namespace pomona::net {

std::uint64_t exchange_log::request(const net::request& what) {
    auto* const who = world_->observed_by();
    const auto tap = where_.note.tap;
    std::uint64_t event = 0;
    if (who != nullptr && (!tap || !tap->silent)) {
        if (tap && tap->meant) {
            auto told = what;
            told.body = *tap->meant;
            event = who->on_request(where_, told);
        } else {
            event = who->on_request(where_, what);
        }
        where_.note.cause = event;
    }
    if (tap) {
        tap->told = true;
        note_place(*tap);
    }
    return event;
}

void exchange_log::note_place(exchange_tap& tap) const {
    tap.where = where_;
    tap.where.note.tap.reset();
}

void exchange_log::response(const net::request& to, net::response& what) {
    if (where_.note.tap) {
        return;
    }
    auto* const who = world_->observed_by();
    what.event = who == nullptr ? 0 : who->on_response(where_, to, what);
}

void exchange_log::failure(const net::request& of, transport_error& why) {
    if (where_.note.tap) {
        note_place(*where_.note.tap);
        return;
    }
    auto* const who = world_->observed_by();
    why.event = who == nullptr ? 0 : who->on_failure(where_, of, why);
}

std::uint64_t exchange_log::stream_message(bytes_view message) {
    auto* const who = world_->observed_by();
    return who == nullptr ? 0 : who->on_stream_message(where_, message);
}

void log_answer(exchange_log& log, const request& to, reply& what) {
    if (what.how == ending::whole || what.how == ending::cut) {
        log.response(to, what.what);
        return;
    }
    transport_error none{.kind = transport_failure::reset,
                         .after_send = true,
                         .detail = what.how == ending::refused ? "refused on purpose"
                                                               : "not answered on purpose"};
    log.failure(to, none);
}

exchange_context server_context(const listen_options& options, std::string id,
                                std::shared_ptr<const connection_info> connection, endpoint peer,
                                const request& what) {
    exchange_context out;
    out.id = std::move(id);
    out.at = side::server;
    out.note.who = options.who;
    out.note.channel = options.channel_of ? options.channel_of(what) : "http";
    out.connection = std::move(connection);
    out.peer = std::move(peer);
    return out;
}

void complete_headers(request& what, const endpoint& server, bool secure) {
    if (!find_header(what.headers, "Host")) {
        auto value = to_text(server);
        if (server.port == (secure ? 443 : 80)) {
            value.resize(value.rfind(':'));
        }
        what.headers.insert(what.headers.begin(), {"Host", std::move(value)});
    }
    const bool has_length = find_header(what.headers, "Content-Length") ||
                            find_header(what.headers, "Transfer-Encoding");
    if (!has_length && (!what.body.empty() || what.method == "POST" || what.method == "PUT")) {
        what.headers.push_back({"Content-Length", std::to_string(what.body.size())});
    }
}

void complete_headers(response& what) {
    const bool bodyless = what.status < 200 || what.status == 204 || what.status == 304;
    if (!bodyless && !find_header(what.headers, "Content-Length") &&
        !find_header(what.headers, "Transfer-Encoding")) {
        what.headers.push_back({"Content-Length", std::to_string(what.body.size())});
    }
}

bool says_close(const headers& all) {
    const auto value = find_header(all, "Connection");
    return value && std::ranges::equal(*value, std::string_view{"close"}, [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
           });
}

} // namespace pomona::net
