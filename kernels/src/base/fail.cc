#include "fail.h"

#ifdef __wasm__
// Defined in kernels/wasm/module.cc.
namespace cipherprune {
[[noreturn]] void failInJavaScript(bool ofRange, const std::string& message);
void fail(const std::string& message) { failInJavaScript(true, message); }
}
#else
#include <stdexcept>
namespace cipherprune {
void fail(const std::string& message) { throw std::invalid_argument(message); }
}
#endif
