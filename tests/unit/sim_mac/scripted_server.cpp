#include "scripted_server.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/apns/message.hpp"
#include "pomona/protocol/scep/message.hpp"
#include "pomona/sim/device_ca/device_ca.hpp"

#include <algorithm>
#include <stdexcept>

namespace pomona::sim::mac {
namespace {

/// Made once: an RSA key takes a tenth of a second and more.
bytes fixed_key(std::string_view role) {
    const auto ctx = crypto::context::seeded(as_bytes(role));
    return crypto::private_key::generate_rsa(ctx).value().to_der();
}
crypto::private_key ca_key(const net::world& w) {
    static const auto der = fixed_key("scripted ca");
    return crypto::private_key::from_der(w.crypto(), der).value();
}
crypto::private_key mac_key(const net::world& w) {
    static const auto der = fixed_key("scripted mac");
    return crypto::private_key::from_der(w.crypto(), der).value();
}

crypto::certificate_spec spec_of(const net::world& w, std::string name, std::uint8_t serial) {
    crypto::certificate_spec s;
    s.subject = {{"CN", std::move(name)}};
    s.serial = {0x21, serial};
    s.not_before = w.now() - 1h;
    s.not_after = w.now() + 24h * 300;
    return s;
}

crypto::identity make_ca(const net::world& w, const crypto::private_key& key) {
    auto s = spec_of(w, "Scripted CA", 1);
    s.ca = true;
    s.usage = {.digital_signature = true,
               .key_encipherment = true,
               .key_cert_sign = true,
               .crl_sign = true};
    return {.cert = crypto::self_sign(s, key).value(), .key = key, .chain = {}};
}

crypto::identity make_tls(const net::world& w, const crypto::identity& ca) {
    auto key = crypto::private_key::generate_p256(w.crypto()).value();
    auto s = spec_of(w, "localhost", 2);
    s.usage = {.digital_signature = true};
    s.extended_usage = {"serverAuth"};
    s.dns_names = {"localhost", "elsewhere"};
    auto cert = crypto::issue(s, key.public_key_info(), ca).value();
    return {.cert = std::move(cert), .key = std::move(key), .chain = {}};
}

} // namespace

scripted_server::scripted_server(net::world& w, const crypto::private_key& key)
    : world_{&w}, ca_{make_ca(w, key)}, tls_{make_tls(w, ca_)} {
    scep.key_size = 2048;
    scep.key_usage = 5;
    scep.client.subject = {{"O", "Test"}, {"CN", "%SerialNumber%"}};
    scep.client.challenge = "secret";
    listen(0);
}

void scripted_server::listen(std::uint16_t port) {
    listener_ = listen_at({"localhost", port});
}

void scripted_server::also_listen_as(const std::string& host) {
    foreign_ = listen_at({host, 0});
}

std::unique_ptr<net::listener> scripted_server::listen_at(net::endpoint where) {
    net::listen_options how;
    how.bind = std::move(where);
    how.tls = net::server_tls{
        .identity = tls_, .alpn = {"h2", "http/1.1"}, .ask_client_certificate = true};
    how.who = actor{"server"};
    return world_->listen(std::move(how), [this](net::incoming in) { return serve(std::move(in)); })
        .value();
}

net::task<void> scripted_server::restart() {
    const auto port = listener_->local().port;
    co_await listener_->drain(world_->now() + 1min);
    listener_.reset();
    listen(port);
}

void scripted_server::crash() {
    const auto port = listener_->local().port;
    listener_.reset();
    listen(port);
}

profile::profile scripted_server::enrollment_profile() const {
    auto mdm = settings;
    mdm.server_url = url("/mdm");
    mdm.checkin_url = url("/checkin");
    auto identity = scep;
    identity.client.url = url("/scep");
    auto identity_payload =
        payload_of(std::string{profile::scep_type}, identity_uuid, profile::write_scep(identity));
    auto root = payload_of(std::string{profile::root_type}, "AAAAAAAA-0000-4000-8000-000000000003",
                           {{"PayloadContent", ca_.cert.der()}});
    return profile_of("org.example.enroll",
                      {mdm_payload_of(mdm), std::move(identity_payload), std::move(root)});
}

std::vector<std::string> scripted_server::names(std::size_t from) const {
    std::vector<std::string> out;
    for (auto i = from; i < log.size(); ++i) {
        out.push_back(log[i].what);
    }
    return out;
}

const seen_request& scripted_server::last(const std::string& what) const {
    for (auto i = log.rbegin(); i != log.rend(); ++i) {
        if (i->what == what) {
            return *i;
        }
    }
    throw std::out_of_range{"the server saw no " + what};
}

std::size_t scripted_server::count(const std::string& what) const {
    return static_cast<std::size_t>(std::ranges::count(log, what, &seen_request::what));
}

std::string scripted_server::name_of(const net::incoming& in) const {
    const auto path = net::path_of(in.what.target);
    if (path == "/scep") {
        return net::query_parameter(in.what.target, "operation").value_or("?");
    }
    if (path == "/enroll") {
        return "profile";
    }
    if (path == "/.well-known/com.apple.remotemanagement") {
        return "discovery";
    }
    if (path.starts_with("/web/")) {
        return std::string{path};
    }
    if (path == "/account") {
        return net::find_header(in.what.headers, "Authorization") ? "profile" : "sign-in";
    }
    if (in.what.method == "GET") {
        return std::string{path};
    }
    if (net::media_type(in.what.headers) == mdm::checkin_content_type) {
        const auto message = mdm::parse_checkin(in.what.body);
        if (!message) { // those of the bootstrap token have no type of their own
            return *plist::parse_dict(in.what.body).value().string(mdm::key::message_type);
        }
        const auto* ddm = std::get_if<mdm::declarative_management>(&message->body);
        return ddm ? ddm->endpoint : std::string{mdm::message_type(*message)};
    }
    const auto report = mdm::parse_report(in.what.body).value();
    auto out = std::string{mdm::to_text(report.status)};
    if (!report.uuid.empty()) {
        out += ' ' + report.uuid.value();
    }
    return out;
}

net::task<net::reply> scripted_server::serve(net::incoming in) {
    auto what = name_of(in);
    const auto& chain = in.connection->peer_chain;
    log.push_back(
        {what, in.what, chain.empty() ? "" : to_hex(chain.front().sha256()), world_->now()});
    if (net::path_of(in.what.target) == "/mdm") {
        co_await world_->sleep_for(command_delay);
    }
    net::reply out;
    auto& scripted = script[what];
    if (scripted.empty()) {
        out.what = usual(what, in);
    } else {
        out.what = std::move(scripted.front());
        scripted.pop_front();
    }
    if (out.what.status == 0) {
        co_await world_->sleep_for(1h);
        out.what.status = 200;
    }
    co_return out;
}

net::response scripted_server::usual(const std::string& what, const net::incoming& in) {
    const auto path = net::path_of(in.what.target);
    if (what == "profile") {
        return profile_answer();
    }
    if (path == "/scep") {
        return scep_reply(in.what);
    }
    if (path.starts_with("/files/")) {
        return http(404);
    }
    return path == "/mdm" ? next_command() : http(200);
}

net::response scripted_server::next_command() {
    if (commands.empty()) {
        return http(200);
    }
    auto [uuid, body] = std::move(commands.front());
    commands.pop_front();
    const auto* type = body.string("RequestType");
    const mdm::command c{
        .uuid = command_uuid{uuid}, .request_type = type ? *type : "", .body = body};
    return http(200, std::string{mdm::xml_content_type}, pomona::to_text(mdm::write_command(c)));
}

net::response scripted_server::scep_reply(const net::request& r) {
    const auto operation = net::query_parameter(r.target, "operation");
    if (operation == "GetCACert") {
        return http(200, "application/x-x509-ca-cert", pomona::to_text(ca_.cert.der()));
    }
    if (operation == "GetCACaps") {
        return http(200, "text/plain", "SCEPStandard\nAES\nSHA-256\nPOSTPKIOperation\n");
    }
    const auto message = scep::open_message(world_->crypto(), r.body).value();
    const auto request = scep::open_envelope(world_->crypto(), message.envelope, ca_).value();
    const auto wanted = crypto::read_request(world_->crypto(), request.content).value();
    auto s = spec_of(*world_, "", static_cast<std::uint8_t>(10 + issued.size()));
    s.subject = wanted.subject;
    s.usage = {.digital_signature = true, .key_encipherment = true};
    s.extended_usage = {"clientAuth"};
    issued.push_back(crypto::issue(s, wanted.public_key_info, ca_).value());
    const scep::reply_options options{.transaction_id = message.transaction_id,
                                      .recipient_nonce = message.sender_nonce,
                                      .sender_nonce = world_->random(16),
                                      .signing_time = world_->now()};
    const auto reply =
        scep::build_success(world_->crypto(), {issued.back()}, message.signer, ca_, options)
            .value();
    return http(200, "application/x-pki-message", pomona::to_text(reply));
}

mac_bench::mac_bench() : world{net::make_virtual_world({.seed = 7, .start = {}})} {
    recorder = trace::recorder::create(*world, {}).value();
    world->observe(recorder.get());
    server = std::make_unique<scripted_server>(*world, ca_key(*world));
}

mac_bench::~mac_bench() {
    world->shutdown();
}

net::task<void> mac_bench::set_up(mac_bench* b, net::task<void> test) {
    auto started = co_await apns::service::start(*b->world, {});
    b->apple = std::move(started.value());
    auto identity = co_await b->apple->issue_push_identity(test_topic);
    b->push_identity_ = std::make_shared<const crypto::identity>(std::move(identity.value()));
    auto trust = std::make_shared<const std::vector<crypto::certificate>>(1, b->apple->root());
    b->link = std::make_unique<apns::device_link>(
        *b->world, apns::link_options{.server = b->apple->local(), .trust = std::move(trust)});
    b->env = std::make_unique<environment>(environment{
        .world = *b->world,
        .recorder = *b->recorder,
        .push = *b->link,
        .system_trust =
            std::make_shared<const std::vector<crypto::certificate>>(1, b->server->root())});
    b->env->devices = (co_await device_ca::make(*b->world, {})).value();
    auto hw = test_hardware(b->persona_name);
    hw.wire = b->wire;
    b->subject = std::make_unique<mac>(*b->env, actor{"mac-0001"}, std::move(hw),
                                       mac_key(*b->world), b->users);
    co_await std::move(test);
}

void mac_bench::run(net::task<void> test) {
    EXPECT_TRUE(world->run(set_up(this, std::move(test)))) << "the world got stuck";
}

net::task<void> mac_bench::enroll(mac_bench* b) {
    auto done = co_await b->subject->enroll(b->server->url("/enroll"));
    EXPECT_TRUE(done) << done.error().at << ": " << done.error().reason;
}

net::task<void> mac_bench::push(std::string magic) {
    const auto& enrolled = *states("enrolled").back();
    if (magic.empty()) {
        magic = enrolled.summary.text("PushMagic");
    }
    // An update of macOS may have given the Mac another token since.
    co_await push(to_hex(subject->token().value()), std::move(magic));
}

net::task<void> mac_bench::push(std::string token, std::string magic) {
    auto trust = std::make_shared<const std::vector<crypto::certificate>>(1, apple->root());
    net::open_options how{
        .server = apple->local(),
        .tls = net::client_tls{.trust = trust, .identity = push_identity_, .alpn = {"h2"}},
        .deadline = world->now() + 10s,
        .note = {.who = actor{"server"}, .channel = "apns"}};
    auto opened = co_await world->open(std::move(how));
    const auto connection = opened.value();
    net::request what{.method = "POST",
                      .target = "/3/device/" + token,
                      .headers = {{"apns-topic", test_topic.value()}, {"apns-push-type", "mdm"}},
                      .body = to_bytes(pomona::apns::mdm_payload(push_magic{magic}))};
    auto answer = co_await connection->exchange(std::move(what), world->now() + 10s,
                                                {.who = actor{"server"}, .channel = "apns"});
    EXPECT_EQ(answer.value().status, 200U);
}

std::vector<const trace::event*> mac_bench::states(std::string_view name) const {
    std::vector<const trace::event*> out;
    for (const auto& e : recorder->events()) {
        if (e.kind == trace::kind::state && e.name == name && e.actor == "mac-0001") {
            out.push_back(&e);
        }
    }
    return out;
}

} // namespace pomona::sim::mac
