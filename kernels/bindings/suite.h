// Arguments that say which symmetric cryptography the parties agreed on.
#pragma once
#include "arguments.h"
#include "src/prg/suite.h"

namespace cipherprune {

/** 0 AES, 1 ChaCha; AES where it is left out. */
inline Suite suiteArgument(const Arguments& arguments, Key key) {
  return arguments.isAbsent(key) ? Suite::aes : static_cast<Suite>(arguments.integer(key, 0, 1));
}

constexpr int64_t kMaxTweak = int64_t{1} << 53;

inline Tweak tweakArgument(const Arguments& arguments, Key tweak, Key suite) {
  return {suiteArgument(arguments, suite), static_cast<uint64_t>(arguments.integer(tweak, 0, kMaxTweak))};
}

}  // namespace cipherprune
