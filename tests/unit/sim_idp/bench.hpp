// The identity provider without sockets, in virtual time, and a browser's part of a sign-in.
#pragma once

#include "idp/answers.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace pomona::sim::idp {

using json = nlohmann::json;
using namespace std::chrono_literals;

class provider : public testing::Test {
  protected:
    provider();
    ~provider() override { world_->shutdown(); }

    void advance(duration d) { world_->run(world_->sleep_for(d)); }
    /// The query of a good authorization request, for the confidential client; changed as told.
    static form asked(form changes = {});
    net::response authorize(const form& query);
    /// What the login form on that page sends; `who` and the password filled in.
    net::response log_in(const net::response& page, const std::string& who = "ada@example.org",
                         const std::string& password = "secret",
                         const std::string& action = "sign-in");
    /// A parameter of where an answer leads.
    static std::string back(const net::response& r, std::string_view name);
    /// A code for `asked(changes)`.
    std::string code(form changes = {});
    net::response token(form changes);
    /// The tokens for a new code; anything else fails the test.
    json tokens();
    net::response userinfo(const std::string& token);
    net::reply manage(const std::string& method, const std::string& path, const json& body = {});

    std::unique_ptr<net::world> world_;
    std::unique_ptr<state> state_;
};

std::string text_of(const net::response& r);

} // namespace pomona::sim::idp
