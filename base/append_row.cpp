#include "base/append_row.h"

namespace leadbridge {

namespace {

struct ToParam {
    Param operator()(std::nullptr_t) const { return nullptr; }

    Param operator()(std::int64_t v) const { return v; }

    Param operator()(double v) const { return v; }

    Param operator()(const std::string& v) const { return v; }

    Param operator()(const std::vector<char>& v) const { return Blob{{v.data(), v.size()}}; }
};

Param param(const OwnedValue& value) {
    return std::visit(ToParam{}, value);
}

std::string_view bytes(const OwnedValue& value) noexcept {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    if (const auto* blob = std::get_if<std::vector<char>>(&value)) {
        return {blob->data(), blob->size()};
    }
    return {};
}

const OwnedValue& at(const AppendRow& row, int column) {
    return row.values.at(static_cast<std::size_t>(column));
}

}  // namespace

std::vector<Param> params_of(const AppendRow& row) {
    std::vector<Param> params;
    params.reserve(row.values.size());
    for (const auto& value : row.values) {
        params.push_back(param(value));
    }
    return params;
}

std::vector<Param> key_of(const AppendRow& row) {
    return {param(at(row, row.table->corp_column)), param(at(row, row.table->key_column))};
}

std::string_view body_of(const AppendRow& row) {
    return bytes(at(row, row.table->body_column));
}

std::int64_t bytes_of(const AppendRow& row) noexcept {
    std::size_t sum = 64;
    for (const auto& value : row.values) {
        sum += bytes(value).size() + 8;
    }
    return static_cast<std::int64_t>(sum);
}

ChangedRow changed_row(const AppendRow& row) {
    const auto* corp = std::get_if<std::int64_t>(&at(row, row.table->corp_column));
    const auto* id = std::get_if<std::int64_t>(&at(row, 0));
    if (corp == nullptr || id == nullptr) {
        throw DatabaseError("a row with a change must have an integer id first and an integer corp"
        );
    }
    return {CorpId{*corp}, *id};
}

}  // namespace leadbridge
