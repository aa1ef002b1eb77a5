// The one-time sources of Asio and Beast: their users, http_server*.cpp and websocket.cpp, include
// declarations only.

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
