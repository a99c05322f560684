#include "mac/file_vault.hpp"

namespace pomona::sim::mac {
namespace {

constexpr std::size_t recovery_key_bytes = 24;

bool flag_of(const plist::dict& d, std::string_view key, bool otherwise) {
    const auto* found = d.boolean(key);
    return found == nullptr ? otherwise : *found;
}

} // namespace

void set_file_vault(core& self, bool on, std::uint64_t cause) {
    auto& s = self.box.security;
    s.file_vault_at_log_in = false;
    if (!on) {
        s.recovery_key.clear();
        s.institutional_key = false;
    } else if (s.recovery_key.empty()) {
        s.recovery_key = recovery_key_of(self.world().crypto().random(recovery_key_bytes));
    }
    if (self.box.power.file_vault != on) {
        self.box.power.file_vault = on;
        self.record("file-vault", {{"on", on}}, cause);
    }
}

void follow_file_vault_profile(core& self, const profile::profile& installed, std::uint64_t cause) {
    for (const auto* p : installed.of_type("com.apple.MCX.FileVault2")) {
        const auto* enable = p->content.string("Enable");
        if (enable == nullptr || *enable != "On" || self.box.power.file_vault) {
            continue;
        }
        // Schema com.apple.MCX.FileVault2: an institutional key comes with a certificate.
        const bool certificate = p->content.data("Certificate") != nullptr ||
                                 p->content.string("PayloadCertificateUUID") != nullptr;
        self.box.security.institutional_key = self.box.security.institutional_key || certificate;
        if (flag_of(p->content, "Defer", false)) {
            self.box.security.file_vault_at_log_in = true;
        } else {
            set_file_vault(self, true, cause);
        }
    }
}

void file_vault_at_log_in(core& self, std::uint64_t cause) {
    if (self.box.security.file_vault_at_log_in) {
        set_file_vault(self, true, cause);
    }
}

} // namespace pomona::sim::mac
