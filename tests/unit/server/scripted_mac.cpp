#include "scripted_mac.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <fmt/format.h>

namespace pomona::server {

scripted_mac::scripted_mac(lab& l, std::size_t number)
    : key{fixed_key(l.w().crypto(), 1 + number)}, lab_{l} {
    from.device = udid{fmt::format("00000000-0000-0000-0000-{:012X}", number)};
    token = push_token{bytes(32, static_cast<std::uint8_t>(number))};
    magic = push_magic{fmt::format("magic \"{}\"", number)};
}

std::string scripted_mac::token_hex() const {
    return to_hex(token.value());
}

net::task<profile::profile> scripted_mac::fetch_profile(lab& l) {
    const auto r = co_await l.ask(get("/enroll"));
    EXPECT_EQ(r.status, 200U) << text_of(r);
    auto p = profile::parse(l.w().crypto(), r.body);
    EXPECT_TRUE(p) << p.error().message();
    co_return p.value();
}

scep::client_config scripted_mac::scep_config(const profile::profile& p) {
    return profile::read_scep(*p.of_type(profile::scep_type).at(0)).value().client;
}

net::task<scep::action> run_scep(lab& l, scep::client_config config, crypto::private_key key) {
    scep::client client{l.w().crypto(), std::move(config), std::move(key)};
    auto next = client.start(l.w().now());
    while (true) {
        if (const auto* wait = std::get_if<scep::wait_action>(&next)) {
            co_await l.w().sleep_for(wait->delay);
            next = client.on_wait_over(l.w().now());
            continue;
        }
        auto* http = std::get_if<scep::http_action>(&next);
        if (http == nullptr) {
            co_return next;
        }
        net::request r;
        r.method = http->post ? "POST" : "GET";
        r.target = net::parse_url(http->url).value().target;
        r.body = http->body;
        const auto answer = co_await l.ask(std::move(r));
        const auto type = net::find_header(answer.headers, "Content-Type").value_or("");
        next = client.on_response(answer.status, type, answer.body, l.w().now());
    }
}

net::task<void> scripted_mac::get_identity() {
    auto config = scep_config(co_await fetch_profile(lab_));
    auto last = co_await run_scep(lab_, std::move(config), key);
    const auto* done = std::get_if<scep::done_action>(&last);
    EXPECT_NE(done, nullptr);
    identity = std::make_shared<const crypto::identity>(crypto::identity{done->issued, key, {}});
    hang_up();
}

net::task<void> scripted_mac::enroll() {
    co_await get_identity();
    const auto a = co_await authenticate();
    EXPECT_EQ(a.status, 200U) << text_of(a);
    const auto t = co_await token_update();
    EXPECT_EQ(t.status, 200U) << text_of(t);
}

net::task<net::response> scripted_mac::send(std::string path, std::string content_type,
                                            bytes body) {
    if (!connection_ || !connection_->reusable()) {
        connection_ = co_await lab_.connect(identity);
    }
    co_return co_await lab_.exchange(
        connection_, put(std::move(path), std::move(content_type), std::move(body)));
}

net::task<net::response> scripted_mac::checkin(mdm::checkin_message m) {
    return send(checkin_path, std::string{mdm::checkin_content_type}, mdm::write_checkin(m));
}

net::task<net::response> scripted_mac::authenticate() {
    mdm::authenticate a;
    a.topic = pomona::topic{topic};
    a.device_name = "Mac";
    a.model = "Mac15,3";
    a.model_name = "MacBook Pro";
    a.os_version = "15.1";
    a.serial = serial.empty() ? serial_number{"C02" + token_hex().substr(0, 8)} : serial;
    return checkin({from, a});
}

net::task<net::response> scripted_mac::token_update() {
    mdm::token_update t;
    t.topic = pomona::topic{topic};
    t.token = token;
    t.magic = magic;
    return checkin({from, t});
}

net::task<net::response> scripted_mac::check_out() {
    return checkin({from, mdm::check_out{pomona::topic{topic}}});
}

net::task<net::response> scripted_mac::declarative(std::string endpoint,
                                                   std::optional<bytes> data) {
    return checkin({from, mdm::declarative_management{std::move(endpoint), std::move(data)}});
}

net::task<net::response> scripted_mac::report(mdm::command_status status, std::string uuid) {
    mdm::report r;
    r.from = from;
    r.status = status;
    r.uuid = command_uuid{std::move(uuid)};
    if (status == mdm::command_status::error) {
        r.errors.push_back({12021, "MCMDMErrorDomain", "unknown request", ""});
    }
    return send("/mdm", std::string{mdm::command_content_type}, mdm::write_report(r));
}

std::string uuid_in(const net::response& r) {
    EXPECT_EQ(r.status, 200U) << text_of(r);
    if (r.body.empty()) {
        return {};
    }
    const auto c = mdm::parse_command(r.body);
    EXPECT_TRUE(c) << text_of(r);
    return c ? c->uuid.value() : "not a command";
}

} // namespace pomona::server
