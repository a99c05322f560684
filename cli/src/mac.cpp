// `pomona mac VERB`: persistent Macs by hand.
#include "macs.hpp"
#include "pomona/foundation/source.hpp"

#include <iostream>
#include <iterator>

namespace pomona::cli {
namespace {

using macs::verb;

std::vector<verb> all_verbs() {
    std::vector<verb> out;
    for (const auto& part :
         {macs::store_verbs(), macs::enroll_verbs(), macs::action_verbs(), macs::online_verbs()}) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

void print_overview(const std::vector<verb>& verbs) {
    std::cout << "Usage: pomona mac VERB …\n\nMacs that outlive the command: kept in one SQLite "
                 "file (--store), driven by hand against any MDM server.\n\nVerbs:\n";
    for (const auto& v : verbs) {
        std::string left = "  " + std::string{v.name} + ' ' + v.operands;
        left.resize(std::max<std::size_t>(left.size() + 2, 34), ' ');
        std::cout << left << v.summary << '\n';
    }
    std::cout
        << "\n`pomona mac VERB --help` has the options and an example.\n\nExit: 0 done, 1 the "
           "server or the Mac refused, 3 the server cannot be reached, 4 a file is "
           "invalid,\n5 the store cannot be used, 64 usage, 130/143 interrupted.\n\nExample:\n"
           "  pomona mac enroll -t pomona-data/target.yaml --count 10\n";
}

std::vector<option> options_of(const verb& v) {
    std::vector<option> out = v.options();
    out.push_back({"store", 0, "FILE",
                   "Where the Macs are kept, instead of $XDG_DATA_HOME/pomona/macs.db", "", false});
    out.push_back({"json", 0, "", "As JSON", "", false});
    return with_common(std::move(out));
}

} // namespace

namespace macs {
std::vector<option> no_options() {
    return {};
}
} // namespace macs

exit_code mac_command(const arguments& args) {
    const auto verbs = all_verbs();
    if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
        print_overview(verbs);
        return args.empty() ? exit_code::usage : exit_code::ok;
    }
    std::vector<std::string_view> names;
    for (const auto& v : verbs) {
        names.push_back(v.name);
        if (v.name != args[0]) {
            continue;
        }
        const auto s =
            settings::read({"mac " + std::string{v.name}, v.operands, std::string{v.summary} + '.',
                            "pomona mac " + std::string{v.example}, options_of(v)},
                           {args.begin() + 1, args.end()});
        return s ? v.run(*s) : s.error();
    }
    const auto near = nearest(args[0], names);
    return usage_error("`pomona mac` has no verb `" + args[0] + "`",
                       near.empty() ? "`pomona mac --help` lists them"
                                    : "did you mean `pomona mac " + near + "`?");
}

} // namespace pomona::cli
