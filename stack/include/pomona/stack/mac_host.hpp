// Persistent Macs at work: a real world, and each Mac's state on disk before a message tells of it.
#pragma once

#include "pomona/sim/mac/mac.hpp"
#include "pomona/stack/mac_store.hpp"
#include "pomona/trace/recorder.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pomona::stack {

/// Owns the store while it lives: one process at a time. On one thread.
class mac_host {
  public:
    static result<std::unique_ptr<mac_host>> open(const std::filesystem::path& store);
    mac_host(const mac_host&) = delete;
    mac_host& operator=(const mac_host&) = delete;
    /// As `shutdown`.
    ~mac_host();

    struct new_mac {
        std::string name; ///< empty: the next free one of mac-0001, mac-0002, …
        sim::mac::persona kind;
        std::vector<std::string> users; ///< short names; the first is logged in
        mac_link link;
    };
    /// Keys are made, which takes a tenth of a second each; all are kept when it returns. Errors:
    /// in_use for a name that is taken, unusable for a certificate that is none.
    result<std::vector<sim::mac::mac*>> create(std::vector<new_mac> macs);
    /// From the store; the same object when asked again. Nullptr: there is none. It does nothing
    /// before its `resume`.
    result<sim::mac::mac*> load(const std::string& name);
    /// Another server or push service from now on; for a Mac that is not enrolled. The object of
    /// before is gone.
    result<sim::mac::mac*> relink(const std::string& name, mac_link link);
    result<bool> remove(const std::string& name);
    [[nodiscard]] const mac_link* link_of(const std::string& name) const; ///< of a loaded one
    /// What is kept of it when nothing changes any more.
    [[nodiscard]] static bytes snapshot(const sim::mac::mac& m);
    [[nodiscard]] std::vector<std::string> names(); ///< of all, loaded or not

    /// Runs `main`; false when `interrupt` came. While it runs every change of a Mac is kept; when
    /// it is over everything is.
    bool run(net::task<void> main);
    /// Ends `run` soon, from any thread.
    void interrupt() { world_->interrupt(); }
    /// Keeps what the Macs are now.
    result<void> keep();
    /// Keeps, then ends every task: what is under way then is due again.
    void shutdown();
    /// Why something could not be kept; empty: all was. `run` ends because of it.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    [[nodiscard]] net::world& world() { return *world_; }
    [[nodiscard]] trace::recorder& recorder() { return *recorder_; }

  private:
    explicit mac_host(mac_store store) : store_{std::move(store)} {}
    /// One for all Macs of the same link.
    struct site {
        mac_link link;
        std::unique_ptr<sim::apns::device_link> push;
        std::unique_ptr<sim::mac::environment> env;
    };
    struct resident {
        std::unique_ptr<sim::mac::mac> mac;
        mac_link link;
        bytes kept; ///< the snapshot that is on disk
    };
    result<sim::mac::environment*> site_for(const mac_link& link);
    result<void> keep(const std::string& name, resident& r);
    net::task<void> keep_changes();
    net::task<void> main_task(net::task<void> what);

    mac_store store_;
    std::unique_ptr<net::world> world_;
    std::unique_ptr<trace::recorder> recorder_;
    std::vector<std::unique_ptr<site>> sites_;
    std::map<std::string, resident> macs_;
    std::size_t seen_ = 0; ///< events whose Macs have been kept
    std::string trouble_;
    bool keeping_ = false; ///< keep_changes is at work
    bool down_ = false;
};

} // namespace pomona::stack
