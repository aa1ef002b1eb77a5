#pragma once
// Bound values as libpq wants them: all in binary. Private to the engine.

#include <bit>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/database.h"
#include "base/postgres_row.h"
#include "base/utf8.h"

namespace leadbridge {

// Refers to the Params, which must outlive it.
class PostgresValues {
public:
    explicit PostgresValues(Params params) {
        numbers_.reserve(params.size());
        for (const auto& param : params) {
            std::visit(*this, param.value());
        }
    }

    void operator()(std::nullptr_t) { add('n', PostgresType::unknown, nullptr, 0); }

    void operator()(std::int64_t v) {
        add_number('i', PostgresType::int8, static_cast<std::uint64_t>(v));
    }

    void operator()(double v) {
        add_number('d', PostgresType::float8, std::bit_cast<std::uint64_t>(v));
    }

    void operator()(std::string_view v) {
        if (v.find('\0') != std::string_view::npos || !is_utf8(v)) {
            throw ConstraintViolation("a text is not UTF-8 or holds a zero byte; only a blob may");
        }
        add('t', PostgresType::text, v.data() == nullptr ? "" : v.data(), v.size());
    }

    void operator()(Blob v) {
        add('b',
            PostgresType::bytes,
            v.bytes.data() == nullptr ? "" : v.bytes.data(),
            v.bytes.size());
    }

    int count() const { return static_cast<int>(data_.size()); }

    bool has_null() const { return signature_.find('n') != std::string::npos; }

    std::vector<unsigned> types_of_all() const { return types_; }

    // A letter for each type: statements are prepared for the types they are used with.
    const std::string& signature() const { return signature_; }

    const unsigned* types() const { return types_.data(); }

    const char* const* data() const { return data_.data(); }

    const int* lengths() const { return lengths_.data(); }

    const int* formats() const { return formats_.data(); }

private:
    static std::string network_order(std::uint64_t value) {
        std::string bytes(8, '\0');
        for (std::size_t i = 8; i > 0; value >>= 8) {
            bytes[--i] = static_cast<char>(value & 0xff);
        }
        return bytes;
    }

    void add_number(char letter, PostgresType type, std::uint64_t value) {
        const auto& bytes = numbers_.emplace_back(network_order(value));
        add(letter, type, bytes.data(), bytes.size());
    }

    void add(char letter, PostgresType type, const char* data, std::size_t length) {
        signature_ += letter;
        types_.push_back(static_cast<unsigned>(type));
        data_.push_back(data);
        lengths_.push_back(static_cast<int>(length));
        formats_.push_back(1);
    }

    std::string signature_;
    std::vector<std::string> numbers_;
    std::vector<unsigned> types_;
    std::vector<const char*> data_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

}  // namespace leadbridge
