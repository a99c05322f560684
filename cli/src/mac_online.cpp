// `pomona mac online` and `pomona mac shell`: Macs that stay and answer pushes.
#include "macs.hpp"
#include "pomona/foundation/source.hpp"

#include <fmt/format.h>

#include <iostream>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace pomona::cli::macs {
namespace {

using sim::mac::mac;

net::task<void> show_events(stack::mac_host* host, bool json) {
    auto& recorder = host->recorder();
    std::size_t seen = 0;
    while (true) {
        for (; seen < recorder.events().size(); ++seen) {
            if (const auto line = line_of(recorder.events()[seen], json); !line.empty()) {
                std::cout << line << '\n';
            }
        }
        std::cout << std::flush;
        co_await recorder.changed().wait_until(net::never);
    }
}

void bring_online(stack::mac_host& host, const std::vector<mac*>& macs, bool json) {
    host.world().spawn("events on the terminal", show_events(&host, json));
    for (auto* m : macs) {
        m->resume();
    }
}

net::task<void> stay(stack::mac_host* host, std::vector<mac*> macs, bool json) {
    bring_online(*host, macs, json);
    co_await host->world().sleep_until(net::never);
}

exit_code stay_online(const settings& s) {
    auto w = work::open(s);
    if (!w) {
        return w.error();
    }
    const auto macs = (*w)->select(s, 0);
    if (!macs) {
        return macs.error();
    }
    // Not on standard output, which holds the events alone.
    std::cerr << macs->size() << (macs->size() == 1 ? " Mac is" : " Macs are")
              << " online. Ctrl-C ends it.\n";
    return (*w)->run(stay(&(*w)->host(), *macs, s.flag("json")), exit_code::ok);
}

/// Lines of standard input, read beside the world's thread; a read never waits for long, so that an
/// interrupt ends it.
class line_reader {
  public:
    explicit line_reader(net::world& w) : world_{&w} {}

    /// Nullopt at the end.
    net::task<std::optional<std::string>> next() {
        while (true) {
            if (const auto end = pending_.find('\n'); end != std::string::npos) {
                auto line = pending_.substr(0, end);
                pending_.erase(0, end + 1);
                co_return line;
            }
            if (over_) {
                co_return pending_.empty() ? std::nullopt
                                           : std::optional{std::exchange(pending_, {})};
            }
            std::string more;
            bool end = false;
            auto read = [&more, &end] { read_some(more, end); };
            co_await world_->offload(read, duration{});
            pending_ += more;
            over_ = end || pending_.size() > max_line;
        }
    }

  private:
    static constexpr std::size_t max_line = 64 * 1024;
    static void read_some(std::string& more, bool& end) {
        constexpr int patience_ms = 200;
        pollfd in{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        if (::poll(&in, 1, patience_ms) <= 0) {
            return;
        }
        std::string buffer(4096, '\0');
        const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        end = got <= 0;
        more.assign(buffer, 0, got > 0 ? static_cast<std::size_t>(got) : 0);
    }

    net::world* world_;
    std::string pending_;
    bool over_ = false;
};

arguments words_of(const std::string& line) {
    std::istringstream in{line};
    arguments out;
    for (std::string word; in >> word;) {
        out.push_back(std::move(word));
    }
    return out;
}

void print_words() {
    for (const auto& a : actions()) {
        std::string left = "  " + std::string{a.name} + ' ' + std::string{a.operands};
        left.resize(std::max<std::size_t>(left.size() + 2, 26), ' ');
        std::cout << left << a.summary << '\n';
    }
    std::cout << "  show                    What it is and holds\n"
                 "  quit                    Ends the shell\n";
}

/// True: the shell goes on.
net::task<bool> obey(stack::mac_host* host, mac* m, std::string line) {
    auto words = words_of(line);
    if (words.empty()) {
        co_return true;
    }
    const auto name = words.front();
    words.erase(words.begin());
    if (name == "quit" || name == "exit") {
        co_return false;
    }
    if (name == "help") {
        print_words();
        co_return true;
    }
    if (name == "show") {
        std::cout << describe({.name = m->who().value(),
                               .link = *host->link_of(m->who().value()),
                               .snapshot = host->snapshot(*m)});
        co_return true;
    }
    std::vector<std::string_view> names{"show", "quit", "help"};
    for (const auto& a : actions()) {
        names.push_back(a.name);
        if (a.name != name) {
            continue;
        }
        const auto done = co_await a.run(host, m, std::move(words));
        if (done) {
            std::cout << *done << '\n';
        } else {
            complain(done.error().what, done.error().how);
        }
        co_return true;
    }
    const auto near = nearest(name, names);
    complain("there is no word `" + name + "`",
             near.empty() ? "`help` lists them" : "did you mean `" + near + "`?");
    co_return true;
}

net::task<void> converse(stack::mac_host* host, mac* m, bool json) {
    bring_online(*host, {m}, json);
    line_reader lines{host->world()};
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    while (true) {
        if (terminal) {
            std::cout << m->who().value() << "> " << std::flush;
        }
        auto line = co_await lines.next();
        if (!line || !co_await obey(host, m, *std::move(line))) {
            co_return;
        }
        std::cout << std::flush;
    }
}

exit_code open_shell(const settings& s) {
    if (s.operands().size() != 1) {
        return usage_error("`pomona mac shell` takes one name", "`pomona mac list` shows them");
    }
    auto w = work::open(s);
    if (!w) {
        return w.error();
    }
    const auto m = (*w)->load(s.operands().front());
    if (!m) {
        return m.error();
    }
    return (*w)->run(converse(&(*w)->host(), *m, s.flag("json")), exit_code::ok);
}

std::vector<option> online_options() {
    return {{"all", 0, "", "All Macs of the store", "", false}};
}

} // namespace

std::vector<verb> online_verbs() {
    return {{"online", "NAME…",
             "Keeps Macs connected to the push service, and shows what they do, until it is ended",
             "online --all", online_options, stay_online},
            {"shell", "NAME",
             "The same with one Mac, which does what the lines of standard input say",
             "shell mac-0001", no_options, open_shell}};
}

} // namespace pomona::cli::macs
