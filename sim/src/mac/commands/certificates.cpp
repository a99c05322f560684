// CertificateList: what the profiles and the enrollment have put into the keychain.
#include "mac/commands/handler.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

class certificate_list {
  public:
    void add(const crypto::certificate& cert, bool is_identity) {
        auto der = cert.der();
        if (std::ranges::find(seen_, der) != seen_.end()) {
            return; // the keychain has each once
        }
        const auto name = cert.subject_part("CN");
        out_.emplace_back(
            plist::dict{{"CommonName", name ? *name : crypto::to_text(cert.subject())},
                        {"IsIdentity", is_identity},
                        {"Data", der}});
        seen_.push_back(std::move(der));
    }
    void add(const crypto::identity& id) {
        add(id.cert, true);
        for (const auto& cert : id.chain) {
            add(cert, false);
        }
    }
    plist::array take() { return std::move(out_); }

  private:
    plist::array out_;
    std::vector<bytes> seen_;
};

outcome list_certificates(const command& c, const device_state& state) {
    const auto* managed = c.body.boolean("ManagedOnly");
    const bool managed_only = managed != nullptr && *managed;
    certificate_list list;
    // The device's identity is in the system's keychain, not in a user's.
    if (state.identity != nullptr && !state.is_user_channel()) {
        list.add(*state.identity);
    }
    for (const auto& i : state.profiles.all()) {
        // Schema mdm/commands/certificate.list.yaml: what declarations brought is a status item.
        if (i.from == origin::declaration || (managed_only && !i.is_managed())) {
            continue;
        }
        for (const auto& one : i.identities) {
            list.add(*one.identity);
        }
        for (const auto& p : i.content->payloads) {
            if (const auto read = profile::read_certificates(state.crypto, p)) {
                std::ranges::for_each(*read, [&](const auto& cert) { list.add(cert, false); });
            }
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("CertificateList", list.take());
    return out;
}

constexpr std::array<handler, 1> handlers{{{"CertificateList", list_certificates}}};

} // namespace

std::span<const handler> certificate_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
