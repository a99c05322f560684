#include "pomona/faults/catalogue.hpp"

#include <algorithm>
#include <array>

namespace pomona::faults {

namespace {

using net::disturbance;
using net::wire_fault;
using kind = parameter::kind;

constexpr std::int64_t hour = 3'600'000;

const parameter delay_parameter{.name = "delay",
                                .type = kind::length,
                                .standard = "2s",
                                .min = 1,
                                .max = 24 * hour,
                                .words = {},
                                .about = "how much later it arrives"};
const parameter as_parameter{.name = "as",
                             .type = kind::word,
                             .standard = "reset",
                             .words = {"reset", "timeout"},
                             .about = "what the Mac notices: the end of the connection at once, or "
                                      "nothing until its deadline"};

parameter number(std::string_view name, std::string_view standard, std::int64_t min,
                 std::int64_t max, std::string_view about) {
    return {name, kind::number, standard, min, max, {}, about};
}

net::transport_failure lost_as(const settings& with) {
    return with.word("as") == "timeout" ? net::transport_failure::timeout
                                        : net::transport_failure::reset;
}

disturbance delayed(disturbance::what what, const settings& with) {
    disturbance d;
    d.kind = what;
    d.delay = with.length("delay");
    return d;
}

disturbance lost(disturbance::what what, const settings& with) {
    disturbance d;
    d.kind = what;
    d.lost_as = lost_as(with);
    return d;
}

disturbance plain(disturbance::what what) {
    disturbance d;
    d.kind = what;
    return d;
}

disturbance on_wire(wire_fault what) {
    disturbance d;
    d.kind = disturbance::what::wire;
    d.wire = what;
    return d;
}

/// Cuts the body to its half, or changes octets of it so that each is another one.
disturbance altering(disturbance::what what, const settings& with, draws random) {
    disturbance d;
    d.kind = what;
    if (with.word("how") == "cut") {
        d.alter = [](bytes& body) {
            const bool any = !body.empty();
            body.resize(body.size() / 2);
            return any;
        };
        return d;
    }
    const auto octets = static_cast<std::size_t>(with.number("octets"));
    d.alter = [octets, random](bytes& body) {
        auto own = random;
        for (std::size_t i = 0; i < octets && !body.empty(); ++i) {
            const auto at = static_cast<std::size_t>(own.below(body.size()));
            body[at] ^= static_cast<std::uint8_t>(1 + own.below(255));
        }
        return !body.empty();
    };
    return d;
}

disturbance answering(const settings& with) {
    disturbance d;
    d.kind = disturbance::what::answer_instead;
    d.processed = with.word("processed") == "yes";
    d.answer.status = static_cast<unsigned>(with.number("status"));
    if (const auto after = with.number("retry_after"); after > 0) {
        d.answer.headers.push_back({"Retry-After", std::to_string(after)});
    }
    d.answer.headers.push_back({"Content-Length", "0"});
    return d;
}

const std::vector<parameter> altering_parameters{
    {.name = "how",
     .type = kind::word,
     .standard = "flip",
     .words = {"flip", "cut"},
     .about = "other octets, or only the first half"},
    number("octets", "1", 1, 1000, "flip: how many octets change, at seeded places")};

constexpr std::string_view sends_until_2xx =
    "The Mac keeps a result and sends it again until a 2xx; the server matches it by CommandUUID "
    "and takes it once.";
constexpr std::string_view sending_commands = "Apple, \"Sending MDM commands\"";

void add_message_faults(std::vector<fault>& to) {
    to.push_back({"alter-answer", tier::message, target::answer, false,
                  "The answer's body arrives with other octets, or cut.",
                  "The Mac refuses what it cannot read, and nothing of it takes effect: a signed "
                  "profile with a wrong signature is not installed.",
                  "RFC 5652 section 5.6; Apple, \"Implementing device management\"",
                  altering_parameters, [](const settings& with, draws random) {
                      return altering(disturbance::what::alter_answer, with, random);
                  }});
    to.push_back({"alter-body", tier::message, target::request, false,
                  "The request's body arrives with other octets, or cut.",
                  "A server that checks Mdm-Signature, or parses strictly, refuses it; nothing "
                  "changes, and the Mac sends the same again where it does so.",
                  "Apple, \"Managing certificates for MDM servers and devices\"; RFC 8894 section "
                  "3.2.1.4",
                  altering_parameters, [](const settings& with, draws random) {
                      return altering(disturbance::what::alter_request, with, random);
                  }});
    to.push_back({"answer-status",
                  tier::message,
                  target::request,
                  false,
                  "An answer with a status of its own comes in place of the peer's.",
                  "A 5xx says nothing about the request: a result is sent again, an enrollment in "
                  "its beginning is rolled back; nothing documented depends on Retry-After.",
                  "RFC 9110 section 15.6.4; Apple, \"Sending MDM commands\"",
                  {number("status", "503", 300, 599, "the status"),
                   number("retry_after", "1", 0, 86'400, "Retry-After in seconds; 0: none"),
                   {.name = "processed",
                    .type = kind::word,
                    .standard = "no",
                    .words = {"no", "yes"},
                    .about = "whether the peer gets the request all the same"}},
                  [](const settings& with, draws) { return answering(with); }});
    to.push_back({"delay-answer",
                  tier::message,
                  target::answer,
                  false,
                  "The answer arrives later.",
                  "Nothing: both ends wait, the Mac up to its own deadline.",
                  "RFC 9110 section 2.2",
                  {delay_parameter},
                  [](const settings& with, draws) {
                      return delayed(disturbance::what::delay_answer, with);
                  }});
    to.push_back({"delay-request",
                  tier::message,
                  target::request,
                  false,
                  "The request is sent later.",
                  "Nothing: both ends wait.",
                  "RFC 9110 section 2.2",
                  {delay_parameter},
                  [](const settings& with, draws) {
                      return delayed(disturbance::what::delay_request, with);
                  }});
    to.push_back(
        {"drop-answer",
         tier::message,
         target::answer,
         false,
         "The peer has processed the request, its answer is lost.",
         sends_until_2xx,
         sending_commands,
         {as_parameter},
         [](const settings& with, draws) { return lost(disturbance::what::drop_answer, with); }});
    to.push_back(
        {"drop-request",
         tier::message,
         target::request,
         false,
         "The request is lost before it reaches the peer.",
         "The Mac sends a result again until a 2xx; the server offers a command again "
         "until its result came.",
         sending_commands,
         {as_parameter},
         [](const settings& with, draws) { return lost(disturbance::what::drop_request, with); }});
    to.push_back(
        {"duplicate-request",
         tier::message,
         target::request,
         false,
         "The request arrives twice, the second time right behind the first answer, and "
         "the second answer is lost.",
         "PUT is idempotent: the same status twice counts once, the same SCEP request "
         "gets the same certificate or is refused, TokenUpdate keeps its values.",
         "RFC 9110 section 9.2.2; Apple, \"Sending MDM commands\"; RFC 8894 section 4.3",
         {},
         [](const settings&, draws) { return plain(disturbance::what::duplicate_request); }});
    to.push_back({"refuse-connection",
                  tier::message,
                  target::request,
                  false,
                  "The connection is refused; nothing is sent.",
                  "The Mac tries again: a result with growing pauses, anything else at the next "
                  "push.",
                  sending_commands,
                  {},
                  [](const settings&, draws) { return plain(disturbance::what::refuse); }});
}

void add_wire_faults(std::vector<fault>& to) {
    using what = wire_fault::what;
    to.push_back({"goaway",
                  tier::wire,
                  target::request,
                  true,
                  "The Mac's end says GOAWAY behind the request and uses the connection no more.",
                  "The server still answers what is under way; the next request comes on another "
                  "connection.",
                  "RFC 9113 section 6.8",
                  {number("code", "0", 0, 13, "the error code; 0: NO_ERROR")},
                  [](const settings& with, draws) {
                      return on_wire({.kind = what::goaway,
                                      .code = static_cast<std::uint32_t>(with.number("code"))});
                  }});
    to.push_back({"rechunk",
                  tier::wire,
                  target::request,
                  false,
                  "The body comes in many small pieces: chunked in HTTP/1.1, DATA frames in "
                  "HTTP/2.",
                  "The server puts the pieces together; the message is the same.",
                  "RFC 9112 section 7.1; RFC 9113 section 6.1",
                  {number("octets", "7", 1, 65'536, "of a piece")},
                  [](const settings& with, draws) {
                      return on_wire({.kind = what::rechunk,
                                      .bytes = static_cast<std::size_t>(with.number("octets"))});
                  }});
    to.push_back({"reset",
                  tier::wire,
                  target::request,
                  false,
                  "The connection is reset (TCP RST) behind the request.",
                  "The server lives on, and whatever it did with the request it can take again.",
                  "RFC 9293 section 3.5.2; Apple, \"Sending MDM commands\"",
                  {},
                  [](const settings&, draws) { return on_wire({.kind = what::reset}); }});
    to.push_back({"rst-stream",
                  tier::wire,
                  target::request,
                  true,
                  "The request's stream is reset; the connection goes on.",
                  "The server drops what belongs to the stream and nothing else; other streams "
                  "are answered.",
                  "RFC 9113 section 6.4",
                  {number("code", "8", 0, 13, "the error code; 8: CANCEL")},
                  [](const settings& with, draws) {
                      return on_wire({.kind = what::rst_stream,
                                      .code = static_cast<std::uint32_t>(with.number("code"))});
                  }});
    to.push_back({"slow-bytes",
                  tier::wire,
                  target::request,
                  false,
                  "The request comes a few octets at a time.",
                  "The server waits within its own limits, and serves others meanwhile.",
                  "RFC 9110 section 15.5.9",
                  {number("octets", "64", 1, 65'536, "at a time"),
                   {.name = "pause",
                    .type = kind::length,
                    .standard = "5ms",
                    .min = 1,
                    .max = 60'000,
                    .words = {},
                    .about = "between them"}},
                  [](const settings& with, draws) {
                      return on_wire({.kind = what::slow_bytes,
                                      .bytes = static_cast<std::size_t>(with.number("octets")),
                                      .pause = with.length("pause")});
                  }});
    to.push_back({"tls-alert",
                  tier::wire,
                  target::request,
                  false,
                  "A fatal TLS alert (bad_record_mac) comes in place of the request.",
                  "The server ends that connection and forgets it; a new handshake works.",
                  "RFC 8446 section 6.2; RFC 5246 section 7.2.2",
                  {},
                  [](const settings&, draws) { return on_wire({.kind = what::tls_alert}); }});
    to.push_back({"truncate-body",
                  tier::wire,
                  target::request,
                  false,
                  "The connection is closed in the middle of the request's body.",
                  "The server takes no part of an incomplete message; the Mac sends it again.",
                  "RFC 9112 section 8; RFC 9113 section 8.1.1",
                  {number("percent", "50", 0, 99, "of the body that is sent")},
                  [](const settings& with, draws) {
                      return on_wire({.kind = what::truncate_body,
                                      .percent = static_cast<unsigned>(with.number("percent"))});
                  }});
}

} // namespace

std::string_view to_text(tier t) {
    return t == tier::message ? "message" : "wire";
}

std::string_view to_text(effect e) {
    switch (e) {
    case effect::late:
        return "late";
    case effect::lost:
        return "lost";
    case effect::other:
        return "other";
    case effect::twice:
        return "twice";
    }
    return {};
}

effect effect_of(const net::disturbance& d) {
    using what = disturbance::what;
    switch (d.kind) {
    case what::delay_request:
    case what::delay_answer:
        return effect::late;
    case what::refuse:
    case what::drop_request:
    case what::drop_answer:
        return effect::lost;
    case what::duplicate_request:
        return effect::twice;
    case what::alter_request:
    case what::alter_answer:
    case what::answer_instead:
        return effect::other;
    case what::wire:
        break;
    }
    using wire = wire_fault::what;
    const bool is_whole = d.wire.kind == wire::rechunk || d.wire.kind == wire::slow_bytes ||
                          d.wire.kind == wire::goaway;
    return is_whole ? effect::late : effect::lost;
}

const std::vector<fault>& catalogue() {
    static const auto all = [] {
        std::vector<fault> out;
        add_message_faults(out);
        add_wire_faults(out);
        return out;
    }();
    return all;
}

const fault* find(std::string_view id) {
    const auto found = std::ranges::find(catalogue(), id, &fault::id);
    return found == catalogue().end() ? nullptr : &*found;
}

std::vector<std::string_view> ids() {
    std::vector<std::string_view> out;
    for (const auto& f : catalogue()) {
        out.push_back(f.id);
    }
    return out;
}

} // namespace pomona::faults
