// The Apple Business API, /v1/… (Apple, "Apple School and Business Manager API"): devices, MDM
// servers, and moving the ones to the others.
#pragma once

#include "abm/business_auth.hpp"

#include <nlohmann/json_fwd.hpp>

namespace pomona::sim::abm {

struct business_rules {
    std::size_t default_page = 100;
    std::size_t max_page = 1000;
    /// Observed: GET 20 a minute, POST 10 an hour; 0: no limit.
    std::size_t gets_a_minute = 0;
    std::size_t posts_an_hour = 0;
    /// From the request to its being carried out.
    duration activity_time = std::chrono::seconds{5};
};

class business_api {
  public:
    business_api(net::world& world, organization& of) : world_{&world}, of_{&of}, auth_{world} {}

    business_auth& auth() { return auth_; }
    business_rules& rules() { return rules_; }

    /// True for what belongs to this API: /auth/oauth2/… and /v1/….
    static bool serves(std::string_view path);
    net::reply answer(const net::request& what);
    /// Carries out what is due.
    void catch_up();
    [[nodiscard]] std::optional<time_point> next_due() const;

  private:
    net::reply route(const net::request& what);
    net::reply list_devices(const net::request& what);
    net::reply device(std::string_view serial, std::string_view rest);
    net::reply list_servers(const net::request& what);
    net::reply server(const net::request& what, std::string_view id, std::string_view rest);
    net::reply create_activity(const net::request& what);
    net::reply read_activity(std::string_view id);
    void carry_out(activity& a);
    [[nodiscard]] std::optional<net::reply> judge_rate(const net::request& what);

    net::world* world_;
    organization* of_;
    business_auth auth_;
    business_rules rules_;
    std::map<std::string, activity, std::less<>> activities_;
    std::deque<time_point> gets_, posts_;
};

} // namespace pomona::sim::abm
