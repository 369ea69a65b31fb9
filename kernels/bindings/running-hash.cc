#include "src/transcript/running-hash.h"

#include "binding.h"

namespace cipherprune {

namespace {

View<uint8_t> bytesOf(const Arguments& a, const char* name, size_t length) {
  const View<uint8_t> bytes = a.bytes(name);
  a.expectLength(name, bytes.length, length);
  return bytes;
}

RunningHashState* stateOf(const Arguments& a) {
  const View<uint8_t> state = bytesOf(a, "state", kRunningHashStateBytes);
  a.expect(reinterpret_cast<uintptr_t>(state.data) % alignof(RunningHashState) == 0, "state", "a multiple of 8 as address");
  return reinterpret_cast<RunningHashState*>(state.data);
}

void update(const Arguments& a) {
  const View<uint8_t> bytes = a.bytes("bytes");
  runningHashUpdate(bytesOf(a, "key", kRunningHashKeyBytes).data, stateOf(a), bytes.data, bytes.length);
}

void digest(const Arguments& a) {
  runningHashDigest(bytesOf(a, "key", kRunningHashKeyBytes).data, *stateOf(a),
                    bytesOf(a, "digest", kRunningHashDigestBytes).data);
}

}  // namespace

void addRunningHash(Bindings& bindings) {
  bindings.add<update>("runningHashUpdate");
  bindings.add<digest>("runningHashDigest");
}

}  // namespace cipherprune
