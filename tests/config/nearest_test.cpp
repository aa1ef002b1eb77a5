#include "config/nearest.h"

#include <gtest/gtest.h>

namespace leadbridge::config {
namespace {

TEST(Nearest, CountsEdits) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("listne", "listen"), 1U);
    EXPECT_EQ(edit_distance("abc", "abc"), 0U);
}

TEST(Nearest, FindsTheWordMeant) {
    const std::set<std::string> known{"listen", "data_dir", "tls_cert", "tls_key"};
    EXPECT_EQ(nearest("datadir", known), "data_dir");
    EXPECT_EQ(nearest("tls_certificate", known), "tls_cert");
    EXPECT_EQ(nearest("anything", {}), "");
}

}  // namespace
}  // namespace leadbridge::config
