// Work space of 32-bit words on cache-line boundaries. Not initialised.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

namespace cipherprune {

/** Asks for words before they are read, where they come from far and the processor would not see it coming. */
inline void prefetchWords(const uint32_t* at, size_t count) {
  constexpr size_t line = 16;
  for (size_t i = 0; i < count; i += line) __builtin_prefetch(at + i);
}

class Words {
 public:
  Words() = default;
  explicit Words(size_t count);
  ~Words();
  Words(Words&& other) noexcept { swap(other); }
  Words& operator=(Words&& other) noexcept {
    swap(other);
    return *this;
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  uint32_t* data() { return at; }
  const uint32_t* data() const { return at; }
  uint32_t& operator[](size_t i) { return at[i]; }
  uint32_t operator[](size_t i) const { return at[i]; }

 private:
  void swap(Words& other) noexcept {
    std::swap(at, other.at);
    std::swap(bytes, other.bytes);
  }

  uint32_t* at = nullptr;
  size_t bytes = 0;
};

}  // namespace cipherprune
