#include "pomona/sim/apns/push_portal.hpp"

#include "apns/portal.hpp"
#include "apns/push_upload.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace pomona::sim::apns {
namespace {

using crypto::errc;
using namespace std::chrono_literals;

constexpr std::array<std::pair<push_certificate_kind, std::string_view>, 5> kinds{{
    {push_certificate_kind::good, "good"},
    {push_certificate_kind::expired, "expired"},
    {push_certificate_kind::sandbox_only, "sandbox-only"},
    {push_certificate_kind::no_uid, "no-uid"},
    {push_certificate_kind::other_topic, "other-topic"},
}};

constexpr duration lifetime = std::chrono::days{365}; ///< Apple: one year
constexpr duration backdated = 1h;
constexpr duration vendor_lifetime = std::chrono::days{5 * 365};
const bytes der_null{0x05, 0x00};

crypto::certificate_spec authority_spec(std::string cn, bytes serial, time_point now) {
    crypto::certificate_spec out;
    out.subject = {{"CN", std::move(cn)}, {"O", "Pomona"}};
    out.serial = std::move(serial);
    out.not_before = now - backdated;
    out.not_after = now + vendor_lifetime;
    return out;
}

} // namespace

std::string_view name_of(push_certificate_kind kind) {
    return std::ranges::find(kinds, kind, &decltype(kinds)::value_type::first)->second;
}

std::optional<push_certificate_kind> find_push_certificate_kind(std::string_view name) {
    const auto* found = std::ranges::find(kinds, name, &decltype(kinds)::value_type::second);
    return found == kinds.end() ? std::nullopt : std::optional{found->first};
}

bytes push_portal::draw_serial() {
    auto serial = entropy_.random(16);
    serial.front() = static_cast<std::uint8_t>((serial.front() & 0x7fU) | 0x40U);
    return serial;
}

result<push_portal::issued> push_portal::create(const crypto::context& ctx, std::string_view upload,
                                                time_point now, push_certificate_kind kind) {
    const auto request = read_push_upload(ctx, upload, root_.cert, now);
    if (!request) {
        return std::unexpected(request.error());
    }
    auto entry = entropy_.uuid();
    entries_.emplace(entry, topic{"com.apple.mgmt.External." + entry});
    return issue(std::move(entry), request->public_key_info, now, kind);
}

result<push_portal::issued> push_portal::renew(const crypto::context& ctx, std::string_view entry,
                                               std::string_view upload, time_point now,
                                               push_certificate_kind kind) {
    const auto found = entries_.find(entry);
    if (found == entries_.end()) {
        return fail(errc::malformed, "the portal has no such entry");
    }
    const auto request = read_push_upload(ctx, upload, root_.cert, now);
    if (!request) {
        return std::unexpected(request.error());
    }
    return issue(found->first, request->public_key_info, now, kind);
}

result<push_portal::issued> push_portal::issue(std::string entry, const bytes& public_key,
                                               time_point now, push_certificate_kind kind) {
    const auto name = kind == push_certificate_kind::other_topic ? entropy_.uuid() : entry;
    topic for_topic{"com.apple.mgmt.External." + name};
    crypto::certificate_spec spec;
    if (kind != push_certificate_kind::no_uid) {
        spec.subject.push_back({"UID", for_topic.value()});
    }
    spec.subject.push_back({"CN", "APSP:" + name});
    spec.subject.push_back({"C", "US"});
    spec.serial = draw_serial();
    const bool is_expired = kind == push_certificate_kind::expired;
    spec.not_before = is_expired ? now - lifetime - std::chrono::days{1} : now - backdated;
    spec.not_after = spec.not_before + lifetime;
    spec.usage = {.digital_signature = true, .key_encipherment = true};
    spec.extended_usage = {"clientAuth"};
    spec.extensions = {{std::string{sandbox_client_oid}, der_null}};
    if (kind != push_certificate_kind::sandbox_only) {
        spec.extensions.emplace_back(std::string{production_client_oid}, der_null);
    }
    auto cert = crypto::issue(spec, public_key, root_);
    if (!cert) {
        return std::unexpected(cert.error());
    }
    return issued{
        .entry = std::move(entry), .for_topic = std::move(for_topic), .cert = *std::move(cert)};
}

result<std::vector<crypto::certificate>>
push_portal::vendor_chain(const crypto::private_key& vendor_key, time_point now) {
    // Between a vendor and the root stands one intermediate, as at Apple's.
    auto middle_key = crypto::private_key::generate_p256(vendor_key.owner());
    if (!middle_key) {
        return std::unexpected(middle_key.error());
    }
    auto spec = authority_spec("Emulated Developer Relations CA", draw_serial(), now);
    spec.ca = true;
    spec.usage = {.key_cert_sign = true, .crl_sign = true};
    auto middle = crypto::issue(spec, middle_key->public_key_info(), root_);
    if (!middle) {
        return std::unexpected(middle.error());
    }
    auto leaf_spec = authority_spec("MDM Vendor: Pomona", draw_serial(), now);
    leaf_spec.usage = {.digital_signature = true};
    auto leaf = crypto::issue(leaf_spec, vendor_key.public_key_info(),
                              {.cert = *middle, .key = *middle_key, .chain = {}});
    if (!leaf) {
        return std::unexpected(leaf.error());
    }
    return std::vector{*std::move(leaf), *std::move(middle), root_.cert};
}

} // namespace pomona::sim::apns
