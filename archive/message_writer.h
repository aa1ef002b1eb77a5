#pragma once
// Opened messages become rows: message, conversation, participants, media to fetch, recalls,
// consent, and what crm is to be told. One transaction per slice; writing a message twice equals
// once (its msgid).

#include <cstdint>
#include <string>
#include <vector>

#include "archive/message.h"
#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/vault.h"

namespace leadbridge::archive {

struct OpenedMessage {
    std::int64_t envelope_id = 0;
    std::int64_t seq = 0;
    Message message;  // msgid is set
    std::string raw;  // its JSON, as decrypted
};

struct WrittenCount {
    std::int64_t stored = 0;
    std::int64_t duplicates = 0;
    std::int64_t media = 0;
    std::int64_t told = 0;  // rows for crm
};

class MessageWriter {
public:
    static constexpr std::size_t slice_rows = 80;

    MessageWriter(Database& archive, Vault& vault, const Clock& clock, IdSource& ids)
        : archive_(archive), vault_(vault), clock_(clock), ids_(ids) {}

    // messages: any number, by seq. What was written before an error stays written.
    Result<WrittenCount> write(CorpId corp, std::vector<OpenedMessage> messages);

private:
    Database& archive_;
    Vault& vault_;
    const Clock& clock_;
    IdSource& ids_;
};

}  // namespace leadbridge::archive
