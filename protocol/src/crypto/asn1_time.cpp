// World time to ASN.1 time and back, without the C library's time zones and without any clock.
#include "crypto/handles.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace pomona::crypto {

result<asn1_time_ptr> make_asn1_time(time_point t) {
    using namespace std::chrono;
    const auto day = floor<days>(t);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(t) - day};
    const int year = static_cast<int>(date.year());
    char text[32];
    // RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on; its two digits
    // begin with 1950.
    const bool utc_time = year >= 1950 && year < 2050;
    std::snprintf(
        text, sizeof text, utc_time ? "%02d%02u%02u%02d%02d%02dZ" : "%04d%02u%02u%02d%02d%02dZ",
        utc_time ? year % 100 : year, static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    asn1_time_ptr out{ASN1_TIME_new()};
    if (!out || ASN1_TIME_set_string(out.get(), text) != 1) {
        return openssl_failure(errc::library, "ASN.1 time");
    }
    return out;
}

std::optional<time_point> read_asn1_time(const ASN1_TIME* t) {
    using namespace std::chrono;
    std::tm parts{};
    // A null pointer would mean "now".
    if (t == nullptr || ASN1_TIME_to_tm(t, &parts) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    const year_month_day date{year{parts.tm_year + 1900},
                              month{static_cast<unsigned>(parts.tm_mon + 1)},
                              day{static_cast<unsigned>(parts.tm_mday)}};
    if (!date.ok()) {
        return std::nullopt;
    }
    const sys_seconds when =
        sys_days{date} + hours{parts.tm_hour} + minutes{parts.tm_min} + seconds{parts.tm_sec};
    // RFC 5280 section 4.1.2.5: 99991231235959Z says "no end". World time ends in 2262.
    constexpr auto latest = floor<seconds>(time_point::max());
    constexpr auto earliest = ceil<seconds>(time_point::min());
    return time_point{std::clamp(when, sys_seconds{earliest}, sys_seconds{latest})};
}

} // namespace pomona::crypto
