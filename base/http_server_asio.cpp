// The one-time sources of Asio and Beast: http_server.cpp, their only user, includes declarations
// only.

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
