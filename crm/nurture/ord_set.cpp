#include "crm/nurture/ord_set.h"

#include <roaring/roaring.h>

#include <new>
#include <utility>

namespace leadbridge::crm {

namespace {

roaring_bitmap_s* checked(roaring_bitmap_s* bitmap) {
    if (bitmap == nullptr) {
        throw std::bad_alloc();
    }
    return bitmap;
}

}  // namespace

void OrdSet::Free::operator()(roaring_bitmap_s* bitmap) const noexcept {
    roaring_bitmap_free(bitmap);
}

OrdSet::OrdSet() : bits_(checked(roaring_bitmap_create())) {}

OrdSet::~OrdSet() = default;

OrdSet::OrdSet(const OrdSet& other) : bits_(checked(roaring_bitmap_copy(other.bits_.get()))) {}

OrdSet& OrdSet::operator=(const OrdSet& other) {
    OrdSet copy(other);
    return *this = std::move(copy);
}

OrdSet::OrdSet(OrdSet&&) noexcept = default;
OrdSet& OrdSet::operator=(OrdSet&&) noexcept = default;

void OrdSet::add(std::uint32_t ord) {
    roaring_bitmap_add(bits_.get(), ord);
}

void OrdSet::add_many(std::span<const std::uint32_t> ords) {
    roaring_bitmap_add_many(bits_.get(), ords.size(), ords.data());
}

void OrdSet::remove(std::uint32_t ord) {
    roaring_bitmap_remove(bits_.get(), ord);
}

bool OrdSet::contains(std::uint32_t ord) const noexcept {
    return roaring_bitmap_contains(bits_.get(), ord);
}

bool OrdSet::empty() const noexcept {
    return roaring_bitmap_is_empty(bits_.get());
}

std::uint64_t OrdSet::count() const noexcept {
    return roaring_bitmap_get_cardinality(bits_.get());
}

void OrdSet::shrink() {
    roaring_bitmap_run_optimize(bits_.get());
    roaring_bitmap_shrink_to_fit(bits_.get());
}

std::size_t OrdSet::bytes() const noexcept {
    return sizeof(OrdSet) + roaring_bitmap_portable_size_in_bytes(bits_.get());
}

OrdSet& OrdSet::operator&=(const OrdSet& other) {
    roaring_bitmap_and_inplace(bits_.get(), other.bits_.get());
    return *this;
}

OrdSet& OrdSet::operator|=(const OrdSet& other) {
    roaring_bitmap_or_inplace(bits_.get(), other.bits_.get());
    return *this;
}

OrdSet& OrdSet::operator-=(const OrdSet& other) {
    roaring_bitmap_andnot_inplace(bits_.get(), other.bits_.get());
    return *this;
}

std::vector<std::uint32_t> OrdSet::from(std::uint32_t from, std::size_t n) const {
    std::vector<std::uint32_t> out(n);
    roaring_uint32_iterator_t at;
    roaring_init_iterator(bits_.get(), &at);
    if (!roaring_move_uint32_iterator_equalorlarger(&at, from)) {
        return {};
    }
    out.resize(roaring_read_uint32_iterator(&at, out.data(), static_cast<std::uint32_t>(n)));
    return out;
}

std::vector<std::uint32_t> OrdSet::down_from(std::uint32_t at, std::size_t n) const {
    std::vector<std::uint32_t> out;
    std::uint64_t rank = roaring_bitmap_rank(bits_.get(), at);
    while (rank > 0 && out.size() < n) {
        rank -= 1;
        std::uint32_t ord = 0;
        roaring_bitmap_select(bits_.get(), static_cast<std::uint32_t>(rank), &ord);
        out.push_back(ord);
    }
    return out;
}

std::uint64_t OrdSet::rank(std::uint32_t at) const noexcept {
    return roaring_bitmap_rank(bits_.get(), at);
}

std::string OrdSet::to_bytes() const {
    std::string out(roaring_bitmap_portable_size_in_bytes(bits_.get()), '\0');
    roaring_bitmap_portable_serialize(bits_.get(), out.data());
    return out;
}

std::optional<OrdSet> OrdSet::from_bytes(std::string_view bytes) {
    roaring_bitmap_t* bits = roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size());
    if (bits == nullptr) {
        return std::nullopt;
    }
    OrdSet out;
    out.bits_.reset(bits);
    return out;
}

bool OrdSet::operator==(const OrdSet& other) const noexcept {
    return roaring_bitmap_equals(bits_.get(), other.bits_.get());
}

}  // namespace leadbridge::crm
