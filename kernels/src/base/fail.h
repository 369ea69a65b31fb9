// How kernels refuse what their callers should have checked.
#pragma once
#include <string>

namespace cipherprune {

/** Never returns: throws std::invalid_argument or, where C++ has no exceptions (WASM), an error of JavaScript. */
[[noreturn]] void fail(const std::string& message);

}  // namespace cipherprune
