#include "real/client_core.hpp"

#include <algorithm>

namespace pomona::net::real {

namespace {

class handle final : public connection {
  public:
    explicit handle(std::shared_ptr<client_core> core) : core_{std::move(core)} {}
    ~handle() override { core_->close(); }

    std::shared_ptr<const connection_info> info() const override { return core_->info(); }
    bool reusable() const override { return core_->reusable(); }
    task<exchange_result> exchange(request what, time_point deadline, annotation note) override {
        return core_->exchange(std::move(what), deadline, std::move(note));
    }
    task<subscription> subscribe(request what, time_point deadline, annotation note) override {
        return core_->subscribe(std::move(what), deadline, std::move(note));
    }
    void close() override { core_->close(); }

  private:
    std::shared_ptr<client_core> core_;
};

} // namespace

std::shared_ptr<connection> make_handle(std::shared_ptr<client_core> core) {
    return std::make_shared<handle>(std::move(core));
}

transport_error to_transport_error(const io_error& why, bool after_send) {
    auto kind = transport_failure::reset;
    if (why.kind == io_failure::timeout) {
        kind = transport_failure::timeout;
    } else if (why.kind == io_failure::alert) {
        kind = transport_failure::tls_alert;
    }
    return {kind, after_send, why.detail, 0};
}

bool line_splitter::put(bytes_view data, std::vector<bytes>& out) {
    while (!data.empty()) {
        const auto end = std::ranges::find(data, static_cast<std::uint8_t>('\n'));
        const auto length = static_cast<std::size_t>(end - data.begin());
        if (partial_.size() + length > max_line) {
            return false;
        }
        partial_.insert(partial_.end(), data.begin(), end);
        if (end == data.end()) {
            return true;
        }
        out.push_back(std::exchange(partial_, {}));
        data = data.subspan(length + 1);
    }
    return true;
}

} // namespace pomona::net::real
