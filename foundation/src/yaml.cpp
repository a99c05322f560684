#include "pomona/foundation/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <sstream>

namespace pomona::yaml {
namespace {

constexpr std::size_t max_bytes = 1U << 20U;
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_nodes = 100'000;

/// Thrown through yaml-cpp, which has no other way to stop; never leaves this file.
struct stop {
    problem why;
};

/// Builds the tree. yaml-cpp's own Node API would keep duplicate keys silently: hence the event
/// stream.
class builder final : public YAML::EventHandler {
  public:
    explicit builder(std::string file) : file_{std::move(file)} {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) {
            refuse(mark, "a second document in one file",
                   "one file holds one document: remove the `---`");
        }
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        plain(mark, anchor);
        add(make(mark, kind::null));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "an alias (*name) is not allowed", "write the value out, or use `vars`");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        plain(mark, anchor);
        if (tag != "?" && tag != "!") {
            refuse(mark, "a tag (" + tag + ") is not allowed",
                   "remove it; quote the value if it is text");
        }
        auto n = make(mark, kind::scalar);
        n.text = value;
        n.quoted = tag == "!";
        n.where.length = static_cast<int>(
            std::max<std::size_t>(1, value.find('\n') == std::string::npos ? value.size() : 1));
        add(std::move(n));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, kind::sequence);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, kind::mapping);
    }
    void OnMapEnd() override { close(); }

    node take() { return std::move(root_); }

  private:
    struct level {
        node n;
        bool has_key = false;
        std::string key;
        location key_where;
    };

    [[noreturn]] void refuse(const YAML::Mark& mark, std::string message, std::string help) const {
        throw stop{{place(mark), std::move(message), std::move(help)}};
    }
    [[nodiscard]] location place(const YAML::Mark& mark) const {
        return {file_, mark.line + 1, mark.column + 1, 1};
    }

    void plain(const YAML::Mark& mark, YAML::anchor_t anchor) const {
        if (anchor != YAML::NullAnchor) {
            refuse(mark, "an anchor (&name) is not allowed", "write the value out, or use `vars`");
        }
    }
    node make(const YAML::Mark& mark, kind k) {
        if (++nodes_ > max_nodes) {
            refuse(mark, "the file has more than 100,000 nodes", "split it");
        }
        node n;
        n.kind = k;
        n.where = place(mark);
        return n;
    }
    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, kind k) {
        plain(mark, anchor);
        if (tag != "?" && tag != "!") {
            refuse(mark, "a tag (" + tag + ") is not allowed", "remove it");
        }
        if (stack_.size() >= max_depth) {
            refuse(mark, "nested more than 64 levels deep", "");
        }
        stack_.push_back({make(mark, k), false, {}, {}});
    }
    void close() {
        auto done = std::move(stack_.back().n);
        stack_.pop_back();
        add(std::move(done));
    }
    void add(node n) {
        if (stack_.empty()) {
            root_ = std::move(n);
            return;
        }
        auto& top = stack_.back();
        if (top.n.kind == kind::sequence) {
            top.n.items.push_back(std::move(n));
        } else if (top.has_key) {
            top.n.members.push_back({std::move(top.key), top.key_where, std::move(n)});
            top.has_key = false;
        } else {
            take_key(top, std::move(n));
        }
    }
    void take_key(level& top, node n) {
        if (n.kind != kind::scalar) {
            throw stop{{n.where, "a key has to be a plain word", ""}};
        }
        if (const auto* first = top.n.find(n.text)) {
            throw stop{{n.where, "the key `" + n.text + "` stands here a second time",
                        "the first one is on line " + std::to_string(first->where.line)}};
        }
        top.has_key = true;
        top.key = std::move(n.text);
        top.key_where = n.where;
    }

    std::string file_;
    node root_;
    std::vector<level> stack_;
    std::size_t nodes_ = 0;
    int documents_ = 0;
};

template <class T>
std::optional<T> from_text(const node& n) {
    if (n.kind != kind::scalar || n.quoted) {
        return std::nullopt;
    }
    T value{};
    const auto* const last = n.text.data() + n.text.size();
    const auto [end, code] = std::from_chars(n.text.data(), last, value);
    return code == std::errc{} && end == last ? std::optional{value} : std::nullopt;
}

} // namespace

const node* node::find(std::string_view key) const {
    for (const auto& m : members) {
        if (m.key == key) {
            return &m.value;
        }
    }
    return nullptr;
}

std::optional<bool> node::boolean() const {
    if (kind != yaml::kind::scalar || quoted || (text != "true" && text != "false")) {
        return std::nullopt;
    }
    return text == "true";
}

std::optional<std::int64_t> node::integer() const {
    return from_text<std::int64_t>(*this);
}
std::optional<double> node::number() const {
    return from_text<double>(*this);
}

std::expected<node, problem> read(const std::string& file, std::string_view text) {
    if (text.size() > max_bytes) {
        return std::unexpected(
            problem{{file, 1, 1, 1}, "the file is larger than 1 MiB", "split it"});
    }
    std::istringstream stream{std::string{text}};
    builder tree{file};
    try {
        YAML::Parser parser{stream};
        if (!parser.HandleNextDocument(tree)) {
            return std::unexpected(
                problem{{file, 1, 1, 1}, "the file is empty", "begin with `pomona: 1`"});
        }
        parser.HandleNextDocument(tree); // a second one is refused by the builder
    } catch (const stop& s) {
        return std::unexpected(s.why);
    } catch (const YAML::Exception& e) {
        return std::unexpected(
            problem{{file, std::max(e.mark.line, 0) + 1, std::max(e.mark.column, 0) + 1, 1},
                    "not YAML: " + e.msg,
                    ""});
    }
    return tree.take();
}

} // namespace pomona::yaml
