// See kernels.h. BAL_KERNELS names the function that hands out this compilation's kernels.
#include "kernels.h"

#include <cstring>

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

// Zeros at first. Not a std::vector: the linker keeps one copy of a template's functions for all
// compilations of this file, perhaps the one that an older processor cannot run.
template <typename T>
class Array {
 public:
  explicit Array(std::int64_t size) : size_(size), values_(new T[size]()) {}
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { delete[] values_; }

  void clear() { std::memset(values_, 0, sizeof(T) * size_); }
  T* data() { return values_; }

 private:
  std::int64_t size_;
  T* values_;
};

using Buffer = Array<float>;

inline Ints load_where(const std::uint8_t* from) {
  Bytes b;
  std::memcpy(&b, from, sizeof b);
  return __builtin_convertvector(b, Ints);
}

// The ReLU of the maximum of four, and where it is. A NaN wins, as in max_pool2d.
template <typename T>
inline void store_maximum(const Floats (&window)[4], T* out, std::uint8_t* where) {
  Floats best = window[0];
  Ints place = {};
  for (int p = 1; p < 4; ++p) {
    const Ints wins = (window[p] > best) | (window[p] != window[p]);
    best = wins ? window[p] : best;
    place = wins ? Ints{} + p : place;
  }
  const Ints held = best <= 0.0f;
  store(out, held ? Floats{} : best);
  const Bytes bytes = __builtin_convertvector(held ? Ints{} + NOWHERE : place, Bytes);
  std::memcpy(where, &bytes, sizeof bytes);
}

template <typename T>
void pool_forward(Features f, const T* in, T* out, std::uint8_t* where) {
  const std::int64_t row = f.w * f.c;
  for (std::int64_t image = 0; image < f.n; ++image, in += f.h * row) {
    for (std::int64_t y = 0; y < f.h / 2; ++y) {
      for (std::int64_t x = 0; x < f.w / 2; ++x, out += f.c, where += f.c) {
        const T* corner = in + 2 * y * row + 2 * x * f.c;
        for (std::int64_t c = 0; c < f.c; c += LANES) {
          const Floats window[4] = {load(corner + c), load(corner + f.c + c), load(corner + row + c),
                                    load(corner + row + f.c + c)};
          store_maximum(window, out + c, where + c);
        }
      }
    }
  }
}

template <typename T>
void pool_backward(Features f, const T* grad_out, const std::uint8_t* where, T* grad_in) {
  const std::int64_t row = f.w * f.c;
  const bool covered = f.h % 2 == 0 && f.w % 2 == 0;
  if (!covered) {
    std::memset(static_cast<void*>(grad_in), 0, sizeof(T) * f.n * f.h * row);
  }
  for (std::int64_t image = 0; image < f.n; ++image, grad_in += f.h * row) {
    for (std::int64_t y = 0; y < f.h / 2; ++y) {
      for (std::int64_t x = 0; x < f.w / 2; ++x, grad_out += f.c, where += f.c) {
        T* corner = grad_in + 2 * y * row + 2 * x * f.c;
        for (std::int64_t c = 0; c < f.c; c += LANES) {
          const Floats gradient = load(grad_out + c);
          const Ints place = load_where(where + c);
          store(corner + c, (place == 0) ? gradient : Floats{});
          store(corner + f.c + c, (place == 1) ? gradient : Floats{});
          store(corner + row + c, (place == 2) ? gradient : Floats{});
          store(corner + row + f.c + c, (place == 3) ? gradient : Floats{});
        }
      }
    }
  }
}

// One channel of an image with a border of zeros. The 4x4 patch at (2y, 2x) holds all that the four
// convolutions of pooled pixel (y, x) read.
class Padded {
 public:
  explicit Padded(Features f) : h_(f.h), w_(f.w), values_((f.h + 2) * (f.w + 2)) {}

  template <typename T>
  void read(const T* image) {
    for (std::int64_t y = 0; y < h_; ++y) {
      for (std::int64_t x = 0; x < w_; ++x) at(y + 1, x + 1) = value(image[y * w_ + x]);
    }
  }

  template <typename T>
  void write(T* image) {
    for (std::int64_t y = 0; y < h_; ++y) {
      for (std::int64_t x = 0; x < w_; ++x) assign(image[y * w_ + x], at(y + 1, x + 1));
    }
  }

  void clear() { values_.clear(); }

  void patch(std::int64_t y, std::int64_t x, float* to) {
    for (int row = 0; row < 4; ++row) std::memcpy(to + 4 * row, &at(2 * y + row, 2 * x), 4 * sizeof(float));
  }

  void add_patch(std::int64_t y, std::int64_t x, const float* patch) {
    for (int row = 0; row < 4; ++row) {
      float* to = &at(2 * y + row, 2 * x);
      for (int column = 0; column < 4; ++column) to[column] += patch[4 * row + column];
    }
  }

 private:
  float& at(std::int64_t y, std::int64_t x) { return values_.data()[y * (w_ + 2) + x]; }

  std::int64_t h_, w_;
  Buffer values_;
};

// Where tap (row, column) of a 3x3 kernel reads in the patch, when the convolution is at place p of its window.
inline int in_patch(int p, int row, int column) { return 4 * (p / 2 + row) + p % 2 + column; }

// The convolutions of one window for BLOCKS vectors of output channels. `weight`: [channels * 9][c].
template <int BLOCKS, typename T>
inline void stem_window(const float* patches, std::int64_t channels, const float* weight,
                        const float* bias, std::int64_t c, T* out, std::uint8_t* where) {
  Floats sums[4][BLOCKS];
  for (int b = 0; b < BLOCKS; ++b) {
    for (int p = 0; p < 4; ++p) sums[p][b] = load(bias + LANES * b);
  }
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const float* patch = patches + 16 * channel;
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 3; ++column) {
        const float* taps = weight + (9 * channel + 3 * row + column) * c;
        for (int b = 0; b < BLOCKS; ++b) {
          const Floats tap = load(taps + LANES * b);
          for (int p = 0; p < 4; ++p) sums[p][b] += tap * patch[in_patch(p, row, column)];
        }
      }
    }
  }
  for (int b = 0; b < BLOCKS; ++b) {
    const Floats window[4] = {sums[0][b], sums[1][b], sums[2][b], sums[3][b]};
    store_maximum(window, out + LANES * b, where + LANES * b);
  }
}

template <typename T>
void stem_forward(Features f, std::int64_t channels, const T* x, const float* weight, const float* bias, T* out,
                  std::uint8_t* where) {
  Buffer taps(9 * channels * f.c);
  for (std::int64_t c = 0; c < f.c; ++c) {
    for (std::int64_t tap = 0; tap < 9 * channels; ++tap) {
      taps.data()[tap * f.c + c] = weight[c * 9 * channels + tap];
    }
  }
  // The patches of every window of an image, [h/2 * w/2][channels][16].
  const std::int64_t windows = (f.h / 2) * (f.w / 2);
  Buffer patches(windows * channels * 16);
  Padded padded(f);
  for (std::int64_t image = 0; image < f.n; ++image) {
    for (std::int64_t channel = 0; channel < channels; ++channel, x += f.h * f.w) {
      padded.read(x);
      for (std::int64_t i = 0; i < windows; ++i) {
        padded.patch(i / (f.w / 2), i % (f.w / 2), patches.data() + (i * channels + channel) * 16);
      }
    }
    for (std::int64_t i = 0; i < windows; ++i, out += f.c, where += f.c) {
      const float* patch = patches.data() + i * channels * 16;
      std::int64_t c = 0;
      for (; c + 2 * LANES <= f.c; c += 2 * LANES) {
        stem_window<2>(patch, channels, taps.data() + c, bias + c, f.c, out + c, where + c);
      }
      if (c < f.c) stem_window<1>(patch, channels, taps.data() + c, bias + c, f.c, out + c, where + c);
    }
  }
}

// Only one of the four convolutions of a window gets a gradient, by channel another one: each place has its own
// copy of the kernel, already shifted in the patch, and NOWHERE one of zeros.
template <typename T>
void stem_backward_input(Features f, std::int64_t channels, const float* weight, const T* grad_out,
                         const std::uint8_t* where, T* grad_x) {
  Buffer shifted(channels * (NOWHERE + 1) * f.c * 16);
  const auto kernel = [&](std::int64_t channel, int place, std::int64_t c) {
    return shifted.data() + ((channel * (NOWHERE + 1) + place) * f.c + c) * 16;
  };
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    for (int place = 0; place < 4; ++place) {
      for (std::int64_t c = 0; c < f.c; ++c) {
        for (int tap = 0; tap < 9; ++tap) {
          kernel(channel, place, c)[in_patch(place, tap / 3, tap % 3)] = weight[(c * channels + channel) * 9 + tap];
        }
      }
    }
  }
  const std::int64_t pooled = (f.h / 2) * (f.w / 2) * f.c;
  Padded padded(f);
  for (std::int64_t image = 0; image < f.n; ++image, grad_out += pooled, where += pooled) {
    for (std::int64_t channel = 0; channel < channels; ++channel, grad_x += f.h * f.w) {
      padded.clear();
      const T* gradient = grad_out;
      const std::uint8_t* place = where;
      for (std::int64_t row = 0; row < f.h / 2; ++row) {
        for (std::int64_t column = 0; column < f.w / 2; ++column, gradient += f.c, place += f.c) {
          // Even and odd channels apart, so that one sum need not wait for the other.
          Floats sums[2][2] = {};
          for (std::int64_t c = 0; c < f.c; c += 2) {
            for (int odd = 0; odd < 2; ++odd) {
              const float* taps = kernel(channel, place[c + odd], c + odd);
              const float g = value(gradient[c + odd]);
              sums[odd][0] += g * load(taps);
              sums[odd][1] += g * load(taps + LANES);
            }
          }
          float patch[16];
          store(patch, sums[0][0] + sums[1][0]);
          store(patch + LANES, sums[0][1] + sums[1][1]);
          padded.add_patch(row, column, patch);
        }
      }
      padded.write(grad_x);
    }
  }
}

// The sum over one image of the gradients that pass, added to grad_bias. `sums`: [c], overwritten.
template <typename T>
void add_bias_gradient(Features f, const T* grad_out, const std::uint8_t* where, Buffer& sums, float* grad_bias) {
  sums.clear();
  for (std::int64_t pixel = 0; pixel < (f.h / 2) * (f.w / 2) * f.c; pixel += f.c) {
    for (std::int64_t c = 0; c < f.c; c += LANES) {
      const Ints passes = load_where(where + pixel + c) != NOWHERE;
      store(sums.data() + c, load(sums.data() + c) + (passes ? load(grad_out + pixel + c) : Floats{}));
    }
  }
  for (std::int64_t c = 0; c < f.c; ++c) grad_bias[c] += sums.data()[c];
}

// As above, the other way round: each channel adds its patch to the sum of its place, and the sums are
// shifted back at the end. Image by image, so that long sums keep their digits.
template <typename T>
void stem_backward_weights(Features f, std::int64_t channels, const T* x, const T* grad_out,
                           const std::uint8_t* where, float* grad_weight, float* grad_bias) {
  const std::int64_t pooled = (f.h / 2) * (f.w / 2) * f.c;
  Buffer sums((NOWHERE + 1) * f.c * 16);
  Buffer biases(f.c);
  Padded padded(f);
  std::memset(grad_weight, 0, sizeof(float) * f.c * channels * 9);
  std::memset(grad_bias, 0, sizeof(float) * f.c);
  for (std::int64_t image = 0; image < f.n; ++image, grad_out += pooled, where += pooled) {
    for (std::int64_t channel = 0; channel < channels; ++channel, x += f.h * f.w) {
      padded.read(x);
      sums.clear();
      const T* gradient = grad_out;
      const std::uint8_t* place = where;
      for (std::int64_t row = 0; row < f.h / 2; ++row) {
        for (std::int64_t column = 0; column < f.w / 2; ++column, gradient += f.c, place += f.c) {
          float patch[16];
          padded.patch(row, column, patch);
          const Floats upper = load(patch), lower = load(patch + LANES);
          for (std::int64_t c = 0; c < f.c; ++c) {
            float* sum = sums.data() + (place[c] * f.c + c) * 16;
            const float g = value(gradient[c]);
            store(sum, load(sum) + g * upper);
            store(sum + LANES, load(sum + LANES) + g * lower);
          }
        }
      }
      for (std::int64_t c = 0; c < f.c; ++c) {
        for (int tap = 0; tap < 9; ++tap) {
          float sum = 0.0f;
          for (int p = 0; p < 4; ++p) sum += sums.data()[(p * f.c + c) * 16 + in_patch(p, tap / 3, tap % 3)];
          grad_weight[(c * channels + channel) * 9 + tap] += sum;
        }
      }
    }
    add_bias_gradient(f, grad_out, where, biases, grad_bias);
  }
}

// A window where an output channel has a gradient, and where in the padded image its convolution begins.
struct Entry {
  float gradient;
  std::int32_t corner;
};

// Those of one image and output channel; returns how many.
template <typename T>
inline std::int64_t list_entries(Features f, std::int64_t channels, std::int64_t c, const T* grad_out,
                                 const std::uint8_t* where, Entry* entries) {
  const std::int64_t width = (f.w + 2) * channels;
  // Where the maximum at each place lies; the last is never kept.
  const std::int64_t places[NOWHERE + 1] = {0, channels, width, width + channels, 0};
  std::int64_t count = 0;
  for (std::int64_t y = 0; y < f.h / 2; ++y) {
    for (std::int64_t x = 0; x < f.w / 2; ++x, grad_out += f.c, where += f.c) {
      const std::int64_t corner = 2 * y * width + 2 * x * channels + places[where[c]];
      entries[count] = {value(grad_out[c]), static_cast<std::int32_t>(corner)};
      count += where[c] != NOWHERE;
    }
  }
  return count;
}

// An image with a border of zeros, [h + 2][w + 2][channels].
template <typename T>
void pad(Features f, std::int64_t channels, const T* image, float* padded) {
  for (std::int64_t y = 0; y < f.h; ++y) {
    float* to = padded + ((y + 1) * (f.w + 2) + 1) * channels;
    for (std::int64_t i = 0; i < f.w * channels; i += LANES) store(to + i, load(image + y * f.w * channels + i));
  }
}

template <typename T>
void crop(Features f, std::int64_t channels, const float* padded, T* image) {
  for (std::int64_t y = 0; y < f.h; ++y) {
    const float* from = padded + ((y + 1) * (f.w + 2) + 1) * channels;
    for (std::int64_t i = 0; i < f.w * channels; i += LANES) store(image + y * f.w * channels + i, load(from + i));
  }
}

// Rows of three taps, [3][channels], for BLOCKS vectors of channels; one of them stays in registers.
template <int BLOCKS>
struct Row {
  Floats taps[3][BLOCKS];

  inline void read(std::int64_t channels, const float* from) {
    for (int tap = 0; tap < 3; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) taps[tap][b] = load(from + tap * channels + LANES * b);
    }
  }

  inline void write(std::int64_t channels, float* to) const {
    for (int tap = 0; tap < 3; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) store(to + tap * channels + LANES * b, taps[tap][b]);
    }
  }
};

// to += sum over entries of gradient * image[corner]
template <int BLOCKS>
inline void gather(std::int64_t channels, const Entry* entries, std::int64_t count, const float* image, float* to) {
  Row<BLOCKS> sum;
  sum.read(channels, to);
  for (std::int64_t i = 0; i < count; ++i) {
    Row<BLOCKS> at;
    at.read(channels, image + entries[i].corner);
    for (int tap = 0; tap < 3; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) sum.taps[tap][b] += entries[i].gradient * at.taps[tap][b];
    }
  }
  sum.write(channels, to);
}

// image[corner] += gradient * from, for every entry
template <int BLOCKS>
inline void scatter(std::int64_t channels, const Entry* entries, std::int64_t count, const float* from, float* image) {
  Row<BLOCKS> row;
  row.read(channels, from);
  for (std::int64_t i = 0; i < count; ++i) {
    float* to = image + entries[i].corner;
    for (int tap = 0; tap < 3; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) {
        float* at = to + tap * channels + LANES * b;
        store(at, load(at) + entries[i].gradient * row.taps[tap][b]);
      }
    }
  }
}

template <typename T>
void convolution_backward_input(Features f, std::int64_t channels, const float* weight, const T* grad_out,
                                const std::uint8_t* where, T* grad_x) {
  const std::int64_t windows = (f.h / 2) * (f.w / 2), width = (f.w + 2) * channels;
  Buffer padded((f.h + 2) * width);
  Array<Entry> entries(windows);
  for (std::int64_t image = 0; image < f.n; ++image) {
    padded.clear();
    for (std::int64_t c = 0; c < f.c; ++c) {
      const std::int64_t count = list_entries(f, channels, c, grad_out, where, entries.data());
      for (int row = 0; row < 3; ++row) {
        const float* from = weight + (c * 9 + row * 3) * channels;
        float* to = padded.data() + row * width;
        std::int64_t k = 0;
        for (; k + 4 * LANES <= channels; k += 4 * LANES) scatter<4>(channels, entries.data(), count, from + k, to + k);
        for (; k < channels; k += LANES) scatter<1>(channels, entries.data(), count, from + k, to + k);
      }
    }
    crop(f, channels, padded.data(), grad_x);
    grad_x += f.h * f.w * channels;
    grad_out += windows * f.c;
    where += windows * f.c;
  }
}

template <typename T>
void convolution_backward_weights(Features f, std::int64_t channels, const T* x, const T* grad_out,
                                  const std::uint8_t* where, float* grad_weight, float* grad_bias) {
  const std::int64_t windows = (f.h / 2) * (f.w / 2), width = (f.w + 2) * channels;
  Buffer padded((f.h + 2) * width);
  Buffer biases(f.c);
  Array<Entry> entries(windows);
  std::memset(grad_weight, 0, sizeof(float) * f.c * 9 * channels);
  std::memset(grad_bias, 0, sizeof(float) * f.c);
  for (std::int64_t image = 0; image < f.n; ++image) {
    pad(f, channels, x, padded.data());
    for (std::int64_t c = 0; c < f.c; ++c) {
      const std::int64_t count = list_entries(f, channels, c, grad_out, where, entries.data());
      for (int row = 0; row < 3; ++row) {
        const float* from = padded.data() + row * width;
        float* to = grad_weight + (c * 9 + row * 3) * channels;
        std::int64_t k = 0;
        for (; k + 4 * LANES <= channels; k += 4 * LANES) gather<4>(channels, entries.data(), count, from + k, to + k);
        for (; k < channels; k += LANES) gather<1>(channels, entries.data(), count, from + k, to + k);
      }
    }
    add_bias_gradient(f, grad_out, where, biases, grad_bias);
    x += f.h * f.w * channels;
    grad_out += windows * f.c;
    where += windows * f.c;
  }
}

template <typename T>
constexpr For<T> KERNELS_FOR = {
    {pool_forward<T>, pool_backward<T>},
    {stem_forward<T>, stem_backward_input<T>, stem_backward_weights<T>},
    {convolution_backward_input<T>, convolution_backward_weights<T>},
};
constexpr Kernels KERNELS = {KERNELS_FOR<float>, KERNELS_FOR<Bfloat16>};

}  // namespace

const Kernels* BAL_KERNELS() { return &KERNELS; }

}  // namespace bal
