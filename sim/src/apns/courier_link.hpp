// One life of the device's connection: opened, its stream begun, requests on it. What to do when it
// ends is device_link's.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/net/world.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::apns {

/// One line of the device's stream.
struct pushed {
    push_token token;
    topic for_topic;
    bytes payload;
};
std::optional<pushed> read_push(bytes_view line);

/// An open connection with its stream; shared by the requests that are under way on it.
struct courier {
    std::shared_ptr<net::connection> connection;
    std::shared_ptr<net::message_stream> messages;
    std::string stream_id;
};
/// Null when it could not be had until the deadline; the observer knows why.
net::task<std::shared_ptr<courier>> open_courier(net::world& world, net::open_options how,
                                                 net::annotation note);

/// Who wants a token.
struct token_owner {
    udid device;
    topic for_topic;
    push_token had; ///< before; empty: none
};
/// The token of a device and topic, subscribed on this stream. A transport failure or a stream that
/// the service does not know is `std::errc::connection_reset`: worth another try.
net::task<result<push_token>> register_on(std::shared_ptr<courier> c, token_owner who,
                                          net::annotation note, time_point deadline);

enum class token_call { subscribe, unsubscribe, unregister };
/// The tokens that the service does not know, when it has answered (to `subscribe`; others have
/// none); nullopt when the stream is not known or the connection broke. Many tokens go out as
/// several requests; `unregister` takes one.
net::task<std::optional<std::vector<push_token>>>
tell_tokens(std::shared_ptr<courier> c, token_call what, std::vector<push_token> tokens,
            net::annotation note, time_point deadline);

} // namespace pomona::sim::apns
