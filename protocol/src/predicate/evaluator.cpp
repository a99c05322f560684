// What a predicate says about the values of a Mac. Follows NSPredicate: NULL is never less or
// greater than anything, and an operand that an operator does not take raises an error.
#include "predicate/tree.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>

namespace pomona::predicate {
namespace {

using nlohmann::json;

/// Choice: what one evaluation may cost, in terms and in kibibytes of text compared.
constexpr std::size_t max_steps = 200'000;

const json nothing;

class evaluator {
  public:
    evaluator(const tree& t, const source& from) : tree_{&t}, from_{&from} {}

    outcome run() {
        const bool holds = test(tree_->root);
        if (stopped_) {
            return *std::move(stopped_);
        }
        return {holds ? verdict::is_true : verdict::is_false, {}};
    }

  private:
    using value = const json*;

    bool stop(verdict how, std::string why) {
        if (!stopped_) {
            stopped_ = outcome{how, std::move(why)};
        }
        return false;
    }
    value fail(std::string why) {
        stop(verdict::failed, std::move(why));
        return &nothing;
    }
    /// False when it has become too much, or was stopped before.
    bool charge(std::size_t steps) {
        steps_ += steps;
        if (steps_ > max_steps) {
            stop(verdict::not_evaluable, "the evaluation takes too long");
        }
        return !stopped_;
    }
    value keep(json made) {
        made_.push_back(std::move(made));
        return &made_.back();
    }

    bool test(term_index i) {
        const auto& t = tree_->terms[i];
        if (!charge(1)) {
            return false;
        }
        switch (t.is) {
        case operation::constant:
            return t.literal.get<bool>();
        case operation::negation:
            return !test(t.of[0]);
        case operation::all_of:
            return std::ranges::all_of(t.of, [&](term_index one) { return test(one); });
        case operation::any_of:
            // After an error the rest does not matter.
            return std::ranges::any_of(t.of, [&](term_index one) { return stopped_ || test(one); });
        default:
            return compare(t);
        }
    }

    bool compare(const term& t) {
        const auto left = read(t.of[0]);
        const auto right = read(t.of[1]);
        if (stopped_) {
            return false;
        }
        if (t.how_many == quantity::one) {
            return compare(t, *left, *right);
        }
        if (!left->is_array() && !left->is_null()) {
            return stop(verdict::failed, "the left side of ANY, ALL or NONE is no collection");
        }
        const auto hit = [&](const json& one) { return compare(t, one, *right); };
        if (t.how_many == quantity::all) {
            return std::ranges::all_of(*left, hit);
        }
        return std::ranges::any_of(*left, hit) == (t.how_many == quantity::any);
    }

    bool compare(const term& t, const json& left, const json& right) {
        if (!charge(1)) {
            return false;
        }
        switch (t.is) {
        case operation::equal:
            return equal(left, right, t.options);
        case operation::unequal:
            return !equal(left, right, t.options);
        case operation::less:
        case operation::less_or_equal:
        case operation::greater:
        case operation::greater_or_equal:
            return ordered(t.is, left, right, t.options);
        case operation::between:
            return between(left, right, t.options);
        case operation::in:
            return contains(right, left, t.options);
        case operation::contains:
            return contains(left, right, t.options);
        default:
            return compare_text(t, left, right);
        }
    }

    static bool is_number(const json& j) { return j.is_number() || j.is_boolean(); }
    static double number_of(const json& j) {
        return j.is_boolean() ? (j.get<bool>() ? 1.0 : 0.0) : j.get<double>();
    }
    std::u32string folded(const json& j, match_options how) {
        const auto& text = j.get_ref<const std::string&>();
        return charge(1 + text.size() / 64) ? fold(text, how) : std::u32string{};
    }

    bool equal(const json& a, const json& b, match_options how) {
        if (a.is_string() && b.is_string()) {
            if (how == match_options{}) {
                return a == b;
            }
            return folded(a, how) == folded(b, how);
        }
        if (is_number(a) && is_number(b)) {
            return a.is_number_integer() && b.is_number_integer() ? a == b
                                                                  : number_of(a) == number_of(b);
        }
        return a == b;
    }

    bool ordered(operation how, const json& a, const json& b, match_options options) {
        if (a.is_null() || b.is_null()) {
            return false;
        }
        auto order = std::partial_ordering::unordered;
        if (a.is_string() && b.is_string()) {
            order = folded(a, options) <=> folded(b, options);
        } else if (is_number(a) && is_number(b)) {
            order = number_of(a) <=> number_of(b);
        } else {
            return stop(verdict::failed, "values of different types have no order");
        }
        switch (how) {
        case operation::less:
            return order < 0;
        case operation::less_or_equal:
            return order <= 0;
        case operation::greater:
            return order > 0;
        default:
            return order >= 0;
        }
    }

    bool between(const json& a, const json& bounds, match_options how) {
        if (!bounds.is_array() || bounds.size() != 2) {
            return stop(verdict::failed, "BETWEEN takes two bounds");
        }
        return ordered(operation::greater_or_equal, a, bounds[0], how) &&
               ordered(operation::less_or_equal, a, bounds[1], how);
    }

    bool contains(const json& whole, const json& part, match_options how) {
        if (whole.is_null()) {
            return false;
        }
        if (whole.is_array()) {
            return std::ranges::any_of(
                whole, [&](const json& one) { return charge(1) && equal(one, part, how); });
        }
        if (whole.is_string() && part.is_string()) {
            return folded(whole, how).contains(folded(part, how));
        }
        return part.is_null() ? false
                              : stop(verdict::failed, "CONTAINS and IN take a collection or texts");
    }

    bool compare_text(const term& t, const json& left, const json& right) {
        if (left.is_null() || right.is_null()) {
            return false;
        }
        if (!left.is_string() || !right.is_string()) {
            return stop(verdict::failed, "an operator for texts was given something else");
        }
        if (t.is == operation::matches) {
            return matches(left.get_ref<const std::string&>(), right.get_ref<const std::string&>(),
                           t.options);
        }
        const auto text = folded(left, t.options);
        const auto part = folded(right, t.options);
        switch (t.is) {
        case operation::begins_with:
            return text.starts_with(part);
        case operation::ends_with:
            return text.ends_with(part);
        default:
            return charge(text.size() * part.size() / 256) && like(text, part);
        }
    }

    bool matches(const std::string& text, const std::string& expression, match_options how) {
        constexpr std::size_t compiling = 50;
        if (!charge(compiling + text.size() * expression.size() / 256)) {
            return false;
        }
        const auto p = pattern::compile(expression, how.ignore_case);
        return p ? p->matches_whole(text) : stop(verdict::failed, p.error());
    }

    value read(term_index i) {
        if (!charge(1)) {
            return &nothing;
        }
        const auto& t = tree_->terms[i];
        switch (t.is) {
        case operation::literal:
            return &t.literal;
        case operation::aggregate:
            return aggregate(t);
        case operation::status:
            return status(t.text);
        case operation::property:
            return keep(from_->property(t.text).value_or(json{}));
        case operation::variable:
            return variables_[t.text];
        case operation::self:
        case operation::path:
            // Choice: Apple names no object that keys without an operator would be read from.
            stop(verdict::not_evaluable, "a key that belongs to nothing");
            return &nothing;
        case operation::subquery:
            return subquery(t);
        case operation::negative:
        case operation::add:
        case operation::subtract:
        case operation::multiply:
        case operation::divide:
            return calculated(t);
        default:
            return part_of(t);
        }
    }

    value aggregate(const term& t) {
        auto out = json::array();
        for (const auto one : t.of) {
            out.push_back(*read(one));
        }
        return keep(std::move(out));
    }

    value status(const std::string& name) {
        const auto known = status_.find(name);
        if (known != status_.end()) {
            return &known->second;
        }
        auto now = from_->status(name);
        if (!now) {
            stop(verdict::not_evaluable, "there is no status item " + name);
            return &nothing;
        }
        return &status_.emplace(name, *std::move(now)).first->second;
    }

    value part_of(const term& t) {
        const auto whole = read(t.of[0]);
        if (stopped_ || whole->is_null()) {
            return &nothing;
        }
        switch (t.is) {
        case operation::key:
            return key(*whole, t.text);
        case operation::count:
            return whole->is_structured() ? keep(whole->size())
                                          : fail("only collections are counted");
        case operation::first_element:
        case operation::last_element:
            if (!whole->is_array() || whole->empty()) {
                return fail("there is no such element");
            }
            return t.is == operation::first_element ? &whole->front() : &whole->back();
        default:
            return element(*whole, *read(t.of[1]));
        }
    }

    value key(const json& of, const std::string& name) {
        if (of.is_object()) {
            const auto found = of.find(name);
            return found == of.end() ? &nothing : &*found;
        }
        if (!of.is_array()) {
            return fail("a value without keys was asked for " + name);
        }
        auto all = json::array(); // of an array: of each of its elements
        for (const auto& one : of) {
            if (!charge(1)) {
                return &nothing;
            }
            all.push_back(*key_of_element(one, name));
        }
        return keep(std::move(all));
    }
    value key_of_element(const json& of, const std::string& name) {
        if (of.is_array()) {
            return fail("arrays in arrays have no keys");
        }
        return of.is_null() ? &nothing : key(of, name);
    }

    value element(const json& of, const json& which) {
        if (of.is_object() && which.is_string()) {
            return key(of, which.get<std::string>());
        }
        if (!of.is_array() || !which.is_number_integer() || which < 0 || which >= of.size()) {
            return fail("there is no such element");
        }
        return &of[which.get<std::size_t>()];
    }

    value subquery(const term& t) {
        const auto all = read(t.of[0]);
        auto out = json::array();
        if (!all->is_array() && !all->is_null()) {
            return fail("SUBQUERY takes a collection");
        }
        auto& slot = variables_[t.text];
        const auto before = slot;
        for (const auto& one : *all) {
            variables_[t.text] = &one;
            if (test(t.of[1])) {
                out.push_back(one);
            }
            if (stopped_) {
                break;
            }
        }
        variables_[t.text] = before;
        return keep(std::move(out));
    }

    value calculated(const term& t) {
        const auto a = read(t.of[0]);
        const auto b = t.is == operation::negative ? a : read(t.of[1]);
        if (stopped_ || a->is_null() || b->is_null()) {
            return &nothing;
        }
        if (!is_number(*a) || !is_number(*b)) {
            return fail("only numbers are calculated with");
        }
        const auto x = number_of(*a);
        const auto y = number_of(*b);
        const bool whole = a->is_number_integer() && b->is_number_integer();
        switch (t.is) {
        case operation::negative:
            return keep(number(-x, whole));
        case operation::add:
            return keep(number(x + y, whole));
        case operation::subtract:
            return keep(number(x - y, whole));
        case operation::multiply:
            return keep(number(x * y, whole));
        default:
            if (y == 0) {
                return fail("a division by zero");
            }
            return keep(number(whole ? std::trunc(x / y) : x / y, whole));
        }
    }
    static json number(double d, bool whole) {
        constexpr double exact = 9007199254740992.0; // 2^53
        return whole && std::abs(d) <= exact ? json(static_cast<std::int64_t>(d)) : json(d);
    }

    const tree* tree_;
    const source* from_;
    std::deque<json> made_; ///< values that came about here
    std::map<std::string, json, std::less<>> status_;
    std::map<std::string, value, std::less<>> variables_;
    std::optional<outcome> stopped_;
    std::size_t steps_ = 0;
};

} // namespace

outcome expression::evaluate(const source& from) const {
    return evaluator{*tree_, from}.run();
}

} // namespace pomona::predicate
