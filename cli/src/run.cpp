#include "bugs.hpp"
#include "command.hpp"
#include "doctor.hpp"
#include "interrupts.hpp"
#include "key_progress.hpp"
#include "messages.hpp"
#include "pomona/reports/console.hpp"
#include "pomona/scenario/parse.hpp"
#include "pomona/scenario/runner.hpp"
#include "pomona/stack/stack.hpp"
#include "report_files.hpp"
#include "run_options.hpp"
#include "scenario_files.hpp"
#include "scep_options.hpp"
#include "settings.hpp"
#include "version.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <stop_token>
#include <unistd.h>

namespace pomona::cli {
namespace {

/// pomona-runs/<scenario>-<date>-<time>, made unique; pomona-runs/latest points at it.
std::filesystem::path default_folder(const std::filesystem::path& file) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    std::string stamp = to_rfc3339(now);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
    stamp[8] = '-';
    const auto base = std::filesystem::path{"pomona-runs"} / (file.stem().string() + '-' + stamp);
    auto folder = base;
    for (int n = 2; std::filesystem::exists(folder); ++n) {
        folder = base.string() + '-' + std::to_string(n);
    }
    return folder;
}

void point_latest_at(const std::filesystem::path& folder) {
    std::error_code ignored; // a convenience: a folder that cannot hold a link still has its run
    const auto link = folder.parent_path() / "latest";
    std::filesystem::remove(link, ignored);
    std::filesystem::create_directory_symlink(folder.filename(), link, ignored);
}

result<std::unique_ptr<targets::adapter>> make_adapter(net::world& world,
                                                       const stack::target& target) {
    auto trust = crypto::certificate::from_pem(world.crypto(), as_bytes(target.trust));
    if (!trust) {
        return std::unexpected(trust.error());
    }
    return targets::make_nanomdm_adapter(
        world, {target.api.url,
                std::make_shared<const std::vector<crypto::certificate>>(std::move(*trust)),
                target.api.user, target.api.key});
}

/// Null when the target has no portal.
std::unique_ptr<targets::apple_client> make_apple_client(net::world& world,
                                                         const stack::target& target) {
    if (target.portal_url.empty()) {
        return nullptr;
    }
    auto trust = crypto::certificate::from_pem(world.crypto(), as_bytes(target.apns.trust));
    return std::make_unique<targets::apple_client>(
        world, targets::apple_options{
                   .portal_url = target.portal_url,
                   .user = target.api.user,
                   .key = target.api.key,
                   .abm_url = target.abm_url,
                   .trust = std::make_shared<const std::vector<crypto::certificate>>(
                       trust ? *std::move(trust) : std::vector<crypto::certificate>{})});
}

/// What the server's TLS chains to, DER.
std::vector<bytes> roots_of(net::world& world, const stack::target& target) {
    std::vector<bytes> out;
    if (const auto trust = crypto::certificate::from_pem(world.crypto(), as_bytes(target.trust))) {
        for (const auto& root : *trust) {
            out.push_back(root.der());
        }
    }
    return out;
}

/// One scenario from its keys to its reports.
class scenario_run {
  public:
    scenario_run(const scenario::scenario& what, const run_options& options,
                 std::filesystem::path folder)
        : what_{what},
          options_{options},
          folder_{std::move(folder)},
          interrupts_{[this] { on_signal(); }} {}

    exit_code run() {
        if (!build()) {
            return code_;
        }
        auto adapter = make_adapter(stack_->world(), stack_->target());
        if (!adapter) {
            complain(adapter.error().message(), "look at `trust` and `api` of the target file");
            return exit_code::unusable_target;
        }
        if (!probe(**adapter)) {
            return code_;
        }
        carry_out(**adapter);
        return code_;
    }

  private:
    void on_signal() {
        stop_keys_.request_stop();
        if (auto* world = world_.load()) {
            world->interrupt();
        }
    }
    [[nodiscard]] exit_code signal_code() const {
        return static_cast<exit_code>(128 + interrupts_.caught());
    }

    bool build() {
        stack::stack_options o;
        o.world = options_.virtual_world ? stack::world_kind::simulated : stack::world_kind::real;
        o.seed = options_.seed;
        o.trace_folder = folder_;
        for (const auto& g : what_.groups) {
            if (g.cloned_from) {
                continue;
            }
            o.groups.push_back(
                {g.name, g.count, g.persona, g.http, g.users, g.own_persona, g.manner});
            if (g.manner.present == sim::mac::presentation::header) {
                o.certificate_header = g.manner.certificate_header;
            }
        }
        if (options_.target) {
            o.external = options_.target->value;
        }
        if (what_.works_apple() && !options_.target) {
            o.portal_bind = net::endpoint{"127.0.0.1", 0};
        }
        if (what_.uses_abm() && !options_.target) {
            o.abm_bind = net::endpoint{"127.0.0.1", 0};
        }
        if (what_.signs_in() && !options_.target) {
            o.idp_bind = net::endpoint{"127.0.0.1", 0};
            o.portal_bind = net::endpoint{"127.0.0.1", 0};
        }
        o.bugs = options_.bugs;
        o.scep_legacy = options_.scep_legacy;
        o.seed_schema = options_.seed_schema;
        o.on_keys = key_progress_bar(options_.style.quiet);
        o.stop = stop_keys_.get_token();
        auto made = stack::stack::create(std::move(o));
        if (!made) {
            if (interrupts_.caught() != 0) {
                code_ = signal_code();
                return false;
            }
            const bool folder_trouble = made.error().code == trace::errc::full ||
                                        made.error().code == trace::errc::cannot_write;
            complain(made.error().message(),
                     folder_trouble ? "name another folder with --out" : "");
            code_ = folder_trouble ? exit_code::internal : exit_code::unusable_target;
            return false;
        }
        stack_ = std::move(*made);
        world_ = &stack_->world();
        stack_->recorder().on_write_failure = [this](const error& why) {
            write_failure_ = why.message();
            stack_->world().interrupt();
        };
        return true;
    }

    net::task<void> probe_task(targets::adapter* adapter, result<std::string>* outcome) {
        *outcome = co_await adapter->probe();
    }

    /// A target that is not usable from the start is no failed run: nothing was judged.
    bool probe(targets::adapter& adapter) {
        result<std::string> outcome;
        const bool over = stack_->run(probe_task(&adapter, &outcome));
        if (over && outcome) {
            return true;
        }
        if (over) {
            complain(stack_->target().url + ": " + outcome.error().message(),
                     "is the server running, and does the target file fit it?");
            code_ = exit_code::unusable_target;
        } else {
            code_ = write_failure_.empty() ? signal_code() : exit_code::internal;
        }
        stack_->shutdown();
        static_cast<void>(stack_->recorder().finish());
        return false;
    }

    void carry_out(targets::adapter& adapter) {
        if (!options_.style.quiet) {
            std::cout << what_.name << " (" << what_.mac_count()
                      << (what_.mac_count() == 1 ? " Mac, " : " Macs, ")
                      << (options_.virtual_world ? "virtual" : "real") << " world, seed "
                      << options_.seed << ", " << target_name() << ")\n";
        }
        const auto& style = options_.style;
        auto apple = make_apple_client(stack_->world(), stack_->target());
        scenario::runner runner{{stack_->world(), stack_->recorder(), stack_->fleet(), adapter,
                                 stack_->target().enroll_url, stack_->target().ade_url,
                                 options_.seed, options_.target.has_value(), apple.get(),
                                 roots_of(stack_->world(), stack_->target()),
                                 stack_->target().ade_web_url},
                                what_,
                                [&style](const scenario::step_outcome& s) {
                                    if (!style.quiet) {
                                        std::cout << reports::step_line(s, style) << std::endl;
                                    }
                                }};
        const bool over = stack_->run(runner.run());
        auto outcome = runner.conclude(options_.strict, over ? std::string{} : cut_off());
        stack_->shutdown();
        finish(outcome);
    }

    /// With the bugs planted in it, so that no report of theirs is taken for one of the server.
    [[nodiscard]] std::string target_name() const {
        auto out = stack_->target().name;
        for (const auto& bug : options_.bug_names) {
            out += (out == stack_->target().name ? " with " : ", ") + bug;
        }
        return out;
    }

    [[nodiscard]] std::string cut_off() const {
        if (!write_failure_.empty()) {
            return "the run folder cannot be written: " + write_failure_;
        }
        if (interrupts_.caught() != 0) {
            return interrupts_.caught() == SIGTERM ? "ended by SIGTERM" : "ended by SIGINT";
        }
        return "nothing could happen any more: every task waits for another";
    }

    void finish(scenario::run_outcome& outcome) {
        outcome.version = version;
        outcome.seed = options_.seed;
        outcome.world = options_.virtual_world ? "virtual" : "real";
        outcome.target = target_name();
        outcome.rerun = rerun_line(what_, options_);
        auto& recorder = stack_->recorder();
        auto written = recorder.finish();
        outcome.events = recorder.events().size();
        if (!written) {
            outcome.exit = exit_code::internal;
        } else if (interrupts_.caught() != 0 && !outcome.reason.empty()) {
            outcome.exit = signal_code();
        }
        if (auto described = recorder.write_description(scenario::to_json(outcome));
            !described && written) {
            written = described;
        }
        std::vector<const trace::event*> events;
        for (const auto& e : recorder.events()) {
            events.push_back(&e);
        }
        const reports::html_input input{
            &outcome, std::move(events),
            [&recorder](const trace::body_ref& ref) { return recorder.body(ref); }};
        if (auto rendered = write_report_files(folder_, input); !rendered && written) {
            written = rendered;
        }
        std::cout << reports::summary(outcome, written ? folder_.string() : std::string{},
                                      options_.style);
        code_ = outcome.exit;
        if (!written) {
            complain("the run folder cannot be written: " + written.error().message(),
                     "free some room, or name another folder with --out");
            code_ = exit_code::internal;
        }
    }

    const scenario::scenario& what_;
    const run_options& options_;
    std::filesystem::path folder_;
    exit_code code_ = exit_code::ok;
    std::stop_source stop_keys_;
    std::atomic<net::world*> world_{nullptr};
    std::string write_failure_;
    std::unique_ptr<stack::stack> stack_;
    interrupts interrupts_; // last: its thread is gone before anything it could touch
};

exit_code run_all(const std::vector<std::filesystem::path>& files, const run_options& options) {
    std::vector<scenario::scenario> scenarios;
    for (const auto& file : files) {
        auto parsed = scenario::load(file, options.parse);
        if (!parsed) {
            std::cerr << parsed.error().render();
            return exit_code::invalid_input;
        }
        scenarios.push_back(std::move(*parsed));
    }
    if (options.examine && !options.virtual_world) {
        std::size_t macs = 0;
        for (const auto& what : scenarios) {
            macs = std::max(macs, what.mac_count());
        }
        const auto usable =
            examine_before_run(options.target, options.target_file, macs, options.scep_legacy);
        if (usable != exit_code::ok) {
            return usable;
        }
    }
    auto code = exit_code::ok;
    for (const auto& what : scenarios) {
        const std::filesystem::path file{what.file};
        auto folder = options.out ? *options.out : default_folder(file);
        if (options.out && scenarios.size() > 1) {
            folder /= file.stem();
        }
        if (std::filesystem::exists(folder / "trace.ndjson")) {
            return usage_error("the folder " + folder.string() + " already holds a run",
                               "name another one with --out, or remove it");
        }
        const auto one = scenario_run{what, options, folder}.run();
        if (!options.out) {
            point_latest_at(folder);
        }
        code = scenario::worse(code, one);
        if (one == exit_code::interrupted || one == exit_code::terminated) {
            break;
        }
    }
    return code;
}

} // namespace

exit_code run_command(const arguments& args) {
    const auto s = settings::read(
        {"run", "FILE|DIR...",
         "Carries out scenarios: Macs enroll and work against the reference server (started for "
         "the run) or a target,\n"
         "everything that goes over the wire is recorded and judged, and a report is written.\n\n"
         "Exit: 0 as expected, 1 a check or expectation failed, 3 target unusable from the start, "
         "4 file invalid,\n"
         "5 Pomona cannot go on (run folder full), 64 usage, 130/143 interrupted with reports "
         "written.",
         "pomona run scenarios/first-fleet.yaml --macs 50 --world virtual --seed 7",
         with_common(
             {{"target", 't', "FILE", "A server of another process: its target file", "", false},
              {"world", 0, "real|virtual", "Sockets and the machine's clock, or the simulation",
               "real", false},
              {"seed", 0, "N", "Decides every choice of the virtual world", "1", false},
              {"macs", 0, "N", "How many Macs the first group has, instead of the file's count", "",
               false},
              {"out", 0, "DIR", "The run's folder, instead of a new one in pomona-runs/", "",
               false},
              {"var", 0, "NAME=VALUE", "Overrides a variable of the file", "", true},
              bug_option(),
              {"no-doctor", 0, "", "Begin even if `pomona doctor` would find a problem", "", false},
              scep_legacy_option(),
              seed_schema_option(),
              {"strict", 0, "", "should, observed and derived rules fail too, instead of warning",
               "", false}})},
        args);
    if (!s) {
        return s.error();
    }
    const auto files = find_scenarios(s->operands());
    if (!files) {
        return files.error();
    }
    const auto options = read_run_options(*s);
    if (!options) {
        return options.error();
    }
    spdlog::set_level(s->flag("verbose") ? spdlog::level::info : spdlog::level::err);
    return run_all(*files, *options);
}

} // namespace pomona::cli
