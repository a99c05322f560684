// The words that stand for a persona's choices, in its file and where they are shown.
#pragma once

#include "pomona/sim/mac/persona.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace pomona::sim::mac {

template <class Choice>
using word_of = std::pair<Choice, std::string_view>;

inline constexpr std::array platform_words{
    word_of<platform>{platform::macos, "macos"}, word_of<platform>{platform::ios, "ios"},
    word_of<platform>{platform::ipados, "ipados"}, word_of<platform>{platform::tvos, "tvos"}};
inline constexpr std::array form_words{word_of<form>{form::laptop, "laptop"},
                                       word_of<form>{form::desktop, "desktop"},
                                       word_of<form>{form::virtual_machine, "virtual-machine"},
                                       word_of<form>{form::phone, "phone"},
                                       word_of<form>{form::tablet, "tablet"},
                                       word_of<form>{form::tv, "tv"}};
inline constexpr std::array escrow_words{
    word_of<bootstrap_escrow>{bootstrap_escrow::never, "never"},
    word_of<bootstrap_escrow>{bootstrap_escrow::before_token_update, "before-token-update"},
    word_of<bootstrap_escrow>{bootstrap_escrow::after_token_update, "after-token-update"}};
inline constexpr std::array udid_words{word_of<udid_shape>{udid_shape::uuid, "uuid"},
                                       word_of<udid_shape>{udid_shape::hex_40, "hex-40"},
                                       word_of<udid_shape>{udid_shape::chip_ecid, "chip-ecid"}};
inline constexpr std::array attribute_words{
    word_of<cms_attributes>{cms_attributes::none, "none"},
    word_of<cms_attributes>{cms_attributes::signing_time, "signing-time"}};
inline constexpr std::array chain_words{
    word_of<cms_chain>{cms_chain::one_intermediate, "one-intermediate"},
    word_of<cms_chain>{cms_chain::whole, "whole"}};

template <class Choice, std::size_t N>
constexpr std::string_view word_for(const std::array<word_of<Choice>, N>& words, Choice c) {
    const auto found = std::ranges::find(words, c, &word_of<Choice>::first);
    return found == words.end() ? std::string_view{} : found->second;
}

template <class Choice, std::size_t N>
constexpr std::optional<Choice> choice_for(const std::array<word_of<Choice>, N>& words,
                                           std::string_view word) {
    const auto found = std::ranges::find(words, word, &word_of<Choice>::second);
    return found == words.end() ? std::nullopt : std::optional{found->first};
}

} // namespace pomona::sim::mac
