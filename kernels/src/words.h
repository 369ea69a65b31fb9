// Work space of 32-bit words on cache-line boundaries. Not initialised.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace cipherprune {

class Words {
 public:
  Words() = default;
  explicit Words(size_t count) : at(static_cast<uint32_t*>(std::aligned_alloc(64, (count * 4 + 127) / 64 * 64))) {
    if (!at) throw std::bad_alloc();
  }
  ~Words() { std::free(at); }
  Words(Words&& other) noexcept : at(other.at) { other.at = nullptr; }
  Words& operator=(Words&& other) noexcept {
    uint32_t* mine = at;
    at = other.at;
    other.at = mine;
    return *this;
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  uint32_t* data() { return at; }
  const uint32_t* data() const { return at; }
  uint32_t& operator[](size_t i) { return at[i]; }
  uint32_t operator[](size_t i) const { return at[i]; }

 private:
  uint32_t* at = nullptr;
};

}  // namespace cipherprune
