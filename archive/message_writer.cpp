#include "archive/message_writer.h"

#include <algorithm>
#include <iterator>

#include "archive/media_detail.h"
#include "archive/message_slice.h"

namespace leadbridge::archive {

namespace {

PreparedMessage prepare(
    OpenedMessage opened, CorpId corp, Vault& vault, IdSource& ids, UnixMillis now
) {
    PreparedMessage p;
    p.opened = std::move(opened);
    const Message& m = p.message();
    p.id = ids.next();
    p.conversation_id = ids.next();
    p.conversation = conversation_of(m);
    p.side = side_of(m.from);
    p.at_ms = m.at_ms > 0 ? m.at_ms : now;
    p.text = text_of(m);
    p.summary = vault.seal(corp, summary_of(m), summary_place(p.id));
    p.body = vault.seal(corp, p.opened.raw, body_place(p.id));
    for (MediaRef& ref : media_of(m)) {
        const std::int64_t id = ids.next();
        std::string detail = vault.seal(corp, encode_media_detail(ref), media_place(id));
        p.media.push_back({id, std::move(ref), std::move(detail)});
    }
    return p;
}

}  // namespace

Result<WrittenCount> MessageWriter::write(CorpId corp, std::vector<OpenedMessage> messages) {
    WrittenCount total;
    for (std::size_t at = 0; at < messages.size(); at += slice_rows) {
        std::vector<PreparedMessage> prepared;
        for (std::size_t i = at; i < std::min(at + slice_rows, messages.size()); ++i) {
            prepared.push_back(prepare(std::move(messages[i]), corp, vault_, ids_, clock_.now()));
        }
        auto done = archive_.write<WrittenCount>([&](Transaction& tx) -> Result<WrittenCount> {
            MessageSlice slice(tx, corp);
            for (const PreparedMessage& p : prepared) {
                slice.add(p);
            }
            return slice.finish();
        });
        if (!done) {
            return std::move(done).error();
        }
        total.stored += done->stored;
        total.duplicates += done->duplicates;
        total.media += done->media;
        total.told += done->told;
    }
    return total;
}

}  // namespace leadbridge::archive
