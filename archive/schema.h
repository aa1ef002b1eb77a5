#pragma once
// Tables of the archive. archive.db: pull state, envelopes, messages, conversations, media,
// recalls, consent, gaps, and what is to be told to crm. core.db: how far crm has been told.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/database.h"
#include "crm/staff/corp_purge.h"

namespace leadbridge::archive {

std::span<const Migration> migrations();       // room "archive", on archive.db
std::span<const Migration> feed_migrations();  // room "archive_feed", on core.db
// The tables of archive.db that hold a corp's data, for crm::purge_corp().
std::span<const crm::CorpTable> corp_tables();

enum class EnvelopeState : std::uint8_t {
    received = 0,  // stored, not opened yet
    done = 1,
    waiting_key = 2,  // no private key of its version: opened when one is added
    retry = 3,        // did not open; tried again at next_ms, and when keys change
    poison = 4,       // given up after several tries; kept, tried again when keys change
    duplicate = 5,    // its msgid was stored before
};

enum class MediaState : std::uint8_t {
    waiting = 0,
    stored = 1,
    lost = 2,     // upstream no longer has it
    refused = 3,  // upstream refuses it for good, or its bytes never match
};

enum class ConversationKind : std::uint8_t { single = 1, group = 2, internal = 3, other = 4 };

enum class Side : std::uint8_t { unknown = 0, member = 1, contact = 2, bot = 3 };

// Whose id this is, by its form: from 16 characters on wm, wo = outside person, wb = robot, else a
// member's userid.
Side side_of(std::string_view id) noexcept;

std::string_view to_string(EnvelopeState state) noexcept;
std::string_view to_string(MediaState state) noexcept;
std::string_view to_string(ConversationKind kind) noexcept;
std::string_view to_string(Side side) noexcept;

}  // namespace leadbridge::archive
