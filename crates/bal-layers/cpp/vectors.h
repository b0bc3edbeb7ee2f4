// Vectors of numbers, and memory for them. As every file that kernels.cpp is made of, in an unnamed namespace: each
// compilation has its own.
#pragma once
#include <cstdint>
#include <cstring>
#include <new>

#include "kernels.h"

namespace bal {
namespace {

// Vectors of 8 by the extension that GCC and Clang share: any instruction set has them, in as many
// registers as it needs.
typedef float Floats __attribute__((vector_size(32)));
typedef std::int32_t Ints __attribute__((vector_size(32)));
typedef std::uint32_t Words __attribute__((vector_size(32)));
typedef std::uint16_t Halves __attribute__((vector_size(16)));
typedef std::uint8_t Bytes __attribute__((vector_size(8)));

inline Floats load(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

inline void store(float* to, Floats v) { std::memcpy(to, &v, sizeof v); }

inline Floats load(const Bfloat16* from) {
  Halves h;
  std::memcpy(&h, from, sizeof h);
  const Words bits = __builtin_convertvector(h, Words) << 16;
  Floats v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}

// To nearest, ties to even; a NaN keeps its upper bits, of which one is set.
inline void store(Bfloat16* to, Floats v) {
  Words bits;
  std::memcpy(&bits, &v, sizeof bits);
  const Words rounded = bits + 0x7fff + ((bits >> 16) & 1);
  const Words kept = (v == v) ? rounded : (bits | 0x400000);
  const Halves h = __builtin_convertvector(kept >> 16, Halves);
  std::memcpy(to, &h, sizeof h);
}

inline float value(float v) { return v; }

inline float value(Bfloat16 v) {
  const std::uint32_t bits = std::uint32_t{v.bits} << 16;
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

inline void assign(float& to, float v) { to = v; }

inline void assign(Bfloat16& to, float v) {
  std::uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  bits = v == v ? bits + 0x7fff + ((bits >> 16) & 1) : bits | 0x400000;
  to.bits = static_cast<std::uint16_t>(bits >> 16);
}

// Zeros at first, from the beginning of a cache line: a vector that lies in two of them takes twice as long. Not a
// std::vector: the linker keeps one copy of a template's functions for all compilations of this file, perhaps the one
// that an older processor cannot run.
template <typename T>
class Array {
 public:
  explicit Array(std::int64_t size)
      : size_(size), values_(static_cast<T*>(::operator new(sizeof(T) * size, CACHE_LINE))) {
    clear();
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { ::operator delete(values_, CACHE_LINE); }

  void clear() { std::memset(values_, 0, sizeof(T) * size_); }
  T* data() { return values_; }

 private:
  static constexpr std::align_val_t CACHE_LINE{64};
  std::int64_t size_;
  T* values_;
};

using Buffer = Array<float>;

inline Ints load_where(const std::uint8_t* from) {
  Bytes b;
  std::memcpy(&b, from, sizeof b);
  return __builtin_convertvector(b, Ints);
}

}  // namespace
}  // namespace bal
