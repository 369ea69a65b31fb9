// Work space of 32-bit words on cache-line boundaries. Not initialised.
#pragma once
#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace cipherprune {

class Words {
 public:
  Words() = default;
  explicit Words(size_t count) {
    const size_t alignment = count * 4 >= hugeBytes ? hugeBytes : 64;
    const size_t bytes = (count * 4 / alignment + 1) * alignment;
    at = static_cast<uint32_t*>(std::aligned_alloc(alignment, bytes));
    if (!at) throw std::bad_alloc();
#ifdef __linux__
    if (alignment == hugeBytes) madvise(at, bytes, MADV_HUGEPAGE);    // fewer page faults and TLB misses
#endif
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
  static constexpr size_t hugeBytes = size_t{1} << 21;

  uint32_t* at = nullptr;
};

}  // namespace cipherprune
