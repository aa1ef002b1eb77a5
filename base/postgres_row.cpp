#include "base/postgres_row.h"

#include <libpq-fe.h>

#include <bit>
#include <charconv>
#include <cmath>

namespace leadbridge {

namespace {

// Network byte order.
std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) {
        value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
}

std::int64_t signed_of(std::string_view bytes) {
    const auto value = big_endian(bytes);
    const auto unused = 64 - static_cast<int>(bytes.size()) * 8;
    return unused >= 64 ? 0
                        : static_cast<std::int64_t>(value << unused) >> unused;  // keeps the sign
}

// numeric: int16 digits of base 10,000 after four int16 of header (count, weight of the first,
// sign, scale). Sums and averages of integers come as such.
template <class Number>
Number numeric_of(std::string_view bytes) {
    const auto word = [&](std::size_t i) {
        return static_cast<std::int16_t>(big_endian(bytes.substr(i * 2, 2)));
    };
    const auto digits = word(0);
    const auto weight = word(1);
    const bool negative = word(2) != 0;
    Number value = 0;
    for (int i = 0; i <= weight || (std::is_floating_point_v<Number> && i < digits); ++i) {
        const auto digit =
            static_cast<Number>(i < digits ? word(4 + static_cast<std::size_t>(i)) : 0);
        if (i <= weight) {
            value = value * 10'000 + (negative ? -digit : digit);
        } else {
            value +=
                (negative ? -digit : digit) * static_cast<Number>(std::pow(10'000.0, weight - i));
        }
    }
    return value;
}

template <class Number>
Number leading_number(std::string_view text) {
    Number value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

std::int64_t affected_rows(const pg_result* result) {
    auto* of = const_cast<pg_result*>(result);  // libpq only reads it
    return std::string_view(PQcmdStatus(of)).starts_with("SELECT")
               ? 0
               : leading_number<std::int64_t>(PQcmdTuples(of));
}

bool PostgresRow::null(int column) const {
    return PQgetisnull(result_, row_, column) != 0;
}

std::string_view PostgresRow::bytes(int column) const {
    const char* value = PQgetvalue(result_, row_, column);
    return value == nullptr
               ? std::string_view{}
               : std::string_view(
                     value, static_cast<std::size_t>(PQgetlength(result_, row_, column))
                 );
}

PostgresType PostgresRow::type(int column) const {
    return static_cast<PostgresType>(PQftype(result_, column));
}

std::int64_t PostgresRow::integer(int column) const {
    const auto value = bytes(column);
    switch (type(column)) {
        case PostgresType::boolean:
        case PostgresType::int2:
        case PostgresType::int4:
        case PostgresType::int8:
        case PostgresType::xid8:
            return signed_of(value);
        case PostgresType::oid:
            return static_cast<std::int64_t>(big_endian(value));
        case PostgresType::float4:
        case PostgresType::float8:
            return static_cast<std::int64_t>(real(column));
        case PostgresType::numeric:
            return value.empty() ? 0 : numeric_of<std::int64_t>(value);
        default:
            return leading_number<std::int64_t>(value);
    }
}

double PostgresRow::real(int column) const {
    const auto value = bytes(column);
    switch (type(column)) {
        case PostgresType::float8:
            return value.empty() ? 0 : std::bit_cast<double>(big_endian(value));
        case PostgresType::float4:
            return value.empty()
                       ? 0
                       : std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(value)));
        case PostgresType::numeric:
            return value.empty() ? 0 : numeric_of<double>(value);
        case PostgresType::text:
        case PostgresType::bytes:
        case PostgresType::unknown:
            return leading_number<double>(value);
        default:
            return static_cast<double>(integer(column));
    }
}

std::string_view PostgresRow::text(int column) const {
    if (null(column)) {
        return {};
    }
    switch (type(column)) {
        case PostgresType::boolean:
        case PostgresType::int2:
        case PostgresType::int4:
        case PostgresType::int8:
        case PostgresType::xid8:
        case PostgresType::oid:
        case PostgresType::numeric:
            return written_.emplace_back(std::to_string(integer(column)));
        case PostgresType::float4:
        case PostgresType::float8:
            return written_.emplace_back(std::to_string(real(column)));
        default:
            return bytes(column);
    }
}

std::string_view PostgresRow::blob(int column) const {
    return text(column);
}

}  // namespace leadbridge
