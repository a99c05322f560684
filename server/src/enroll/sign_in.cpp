#include "enroll/sign_in.hpp"

#include "pomona/foundation/encoding.hpp"

namespace pomona::server {
namespace {

constexpr std::size_t salt_bytes = 8;
constexpr std::size_t proof_bytes = 16;

bytes proof_of(bytes_view key, bytes_view salt, const serial_number& serial) {
    bytes data{salt.begin(), salt.end()};
    const auto text = as_bytes(serial.value());
    data.insert(data.end(), text.begin(), text.end());
    auto out = crypto::hmac_sha256(key, data);
    out.resize(proof_bytes);
    return out;
}

} // namespace

void waiting_sign_ins::put(waiting_sign_in what) {
    while (order_.size() >= most) {
        all_.erase(order_.front());
        order_.pop_front();
    }
    order_.push_back(what.with.state);
    auto key = what.with.state;
    all_.insert_or_assign(std::move(key), std::move(what));
}

std::optional<waiting_sign_in> waiting_sign_ins::take(std::string_view state, time_point now) {
    const auto found = all_.find(state);
    if (found == all_.end()) {
        return std::nullopt;
    }
    auto out = std::move(found->second);
    all_.erase(found);
    std::erase(order_, out.with.state);
    return out.ends > now ? std::optional{std::move(out)} : std::nullopt;
}

std::string write_enroll_reference(bytes_view key, bytes_view salt, const serial_number& serial) {
    bytes out{salt.begin(), salt.end()};
    const auto proof = proof_of(key, salt, serial);
    out.insert(out.end(), proof.begin(), proof.end());
    return to_base64url(out);
}

bool is_reference_of(bytes_view key, std::string_view reference, const serial_number& serial) {
    const auto raw = from_base64_liberal(reference);
    if (!raw || raw->size() != salt_bytes + proof_bytes) {
        return false;
    }
    const bytes_view all{*raw};
    return crypto::equal_constant_time(all.subspan(salt_bytes),
                                       proof_of(key, all.first(salt_bytes), serial));
}

} // namespace pomona::server
