// A client of the emulated Apple Business Manager, without sockets, in virtual time.
#pragma once

#include "abm/dep_api.hpp"
#include "pomona/protocol/abm/oauth1.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace pomona::sim::abm {

using json = nlohmann::ordered_json;

/// One organisation with two MDM servers, "S1" and "S2", both with tokens.
class dep : public testing::Test {
  protected:
    dep();
    ~dep() override { world_->shutdown(); }

    /// GET /session, signed. Anything of it may be changed before it is signed.
    net::response sign_in(const std::function<void(pomona::abm::oauth_request&)>& change = {},
                          const std::string& server = "S1");
    /// A session of that server, made when there is none.
    std::string session(const std::string& server = "S1");
    net::response call(const std::string& method, const std::string& target, const json& body = {},
                       const std::string& server = "S1");
    /// The body of a 200; anything else fails the test.
    json good(const std::string& method, const std::string& target, const json& body = {},
              const std::string& server = "S1");
    /// "400 INVALID_CURSOR".
    std::string refused(const std::string& method, const std::string& target, const json& body = {},
                        const std::string& server = "S1");
    void add_devices(std::size_t count, const std::string& server = "S1",
                     const std::string& prefix = "C");
    std::string define(json extra = {}, const std::string& server = "S1");
    void advance(duration d) { world_->run(world_->sleep_for(d)); }
    [[nodiscard]] time_point now() const { return world_->now(); }

    std::unique_ptr<net::world> world_;
    organization org_;
    std::unique_ptr<dep_state> state_;
    int version_ = 10;
    std::vector<net::header> extra_headers_;
    std::map<std::string, std::string> sessions_;
};

std::string text_of(const net::response& r);
std::vector<std::string> serials_of(const json& devices);

} // namespace pomona::sim::abm
