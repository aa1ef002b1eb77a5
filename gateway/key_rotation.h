#pragma once
// `leadbridge key rotate`: another master key for this installation. Only the corp keys are wrapped
// anew, in one transaction; no sealed data is rewritten.

#include <string>

#include "base/result.h"
#include "config/settings.h"

namespace leadbridge::gateway {

struct KeyRotated {
    std::string old_key;  // where the former key stands now; "" when it came from the environment
};

// Takes the data directory's lock (throws when a daemon holds it). new_key_file is made, mode 0600,
// where it does not exist. Afterwards security.master_key_file holds the new key and the former one
// stands beside it as FILE.old, FILE.old.2, ...; a key that came from LEADBRIDGE_MASTER_KEY has to
// be changed there by hand.
//
// A crash at any point leaves both keys in files and the database open to exactly one of them; the
// same command again ends what was begun.
Result<KeyRotated> rotate_master_key(
    const config::Settings& settings, const std::string& new_key_file
);

}  // namespace leadbridge::gateway
