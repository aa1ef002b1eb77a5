#pragma once
// How a command reaches the API: through the daemon's local socket, or, when no daemon holds the
// data directory, by opening the installation itself for the time of the command.

#include <memory>
#include <string>
#include <vector>

#include "base/http_types.h"
#include "base/result.h"
#include "config/settings.h"

namespace leadbridge::gateway {

class App;

class Door {
public:
    explicit Door(config::Settings settings);
    ~Door();

    // An answer with a status below 400 is a value; a problem becomes an Error with its detail and
    // code.
    Result<Response> call(
        Method method,
        std::string path,
        std::string query = "",
        std::string body = "",
        Headers headers = {}
    );
    // GET for the ETag, then PATCH with it.
    Result<Response> patch(
        const std::string& path, const std::string& query, const std::string& body
    );
    // GET for the ETag, then DELETE with it.
    Result<Response> remove(const std::string& path, const std::string& query);

private:
    Result<Response> edit(
        Method method, const std::string& path, const std::string& query, const std::string& body
    );

    config::Settings settings_;
    std::unique_ptr<App> app_;  // made when no daemon answers
};

}  // namespace leadbridge::gateway
