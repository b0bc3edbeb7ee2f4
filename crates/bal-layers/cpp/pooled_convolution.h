// Backward through a convolution and its pooling: see PooledConvolution in kernels.h.
#pragma once
#include "convolution.h"

namespace bal {
namespace {

// A window where an output channel has a gradient, and where in the padded image its convolution begins.
struct Entry {
  float gradient;
  std::int32_t corner;
};

// Those of one image and LANES output channels, rows of the padded image `width` numbers long: listed together, since the
// channels of a window lie side by side, and well before they are used.
class Entries {
 public:
  explicit Entries(std::int64_t windows) : windows_(windows), entries_(LANES * windows) {}

  // `grad_out` and `where` at the first of the channels.
  template <typename T>
  void list(Features f, std::int64_t channels, std::int64_t width, const T* grad_out, const std::uint8_t* where) {
    // Where the maximum at each place lies; the last is never kept.
    const std::int32_t right = static_cast<std::int32_t>(channels), down = static_cast<std::int32_t>(width);
    const std::int32_t places[NOWHERE + 1] = {0, right, down, right + down, 0};
    std::int64_t counts[LANES] = {};
    for (std::int64_t y = 0; y < f.h / 2; ++y) {
      for (std::int64_t x = 0; x < f.w / 2; ++x, grad_out += f.c, where += f.c) {
        const std::int32_t corner = static_cast<std::int32_t>(2 * y * width + 2 * x * channels);
        for (int c = 0; c < LANES; ++c) {
          entries_.data()[c * windows_ + counts[c]] = {value(grad_out[c]), corner + places[where[c]]};
          counts[c] += where[c] != NOWHERE;
        }
      }
    }
    std::memcpy(counts_, counts, sizeof counts);
  }

  const Entry* of(std::int64_t c) { return entries_.data() + c * windows_; }
  std::int64_t count(std::int64_t c) { return counts_[c]; }

 private:
  std::int64_t windows_;
  Array<Entry> entries_;
  std::int64_t counts_[LANES];
};

// An image with its padding, rows `width` numbers long.
template <typename T>
void pad(Features f, Convolution k, std::int64_t width, const T* image, float* padded) {
  const std::int64_t row = input(k, f.w) * k.channels;
  for (std::int64_t y = 0; y < input(k, f.h); ++y) {
    float* to = padded + (y + k.padding) * width + k.padding * k.channels;
    for (std::int64_t i = 0; i < row; i += LANES) store(to + i, load(image + y * row + i));
  }
}

template <typename T>
void crop(Features f, Convolution k, std::int64_t width, const float* padded, T* image) {
  const std::int64_t row = input(k, f.w) * k.channels;
  for (std::int64_t y = 0; y < input(k, f.h); ++y) {
    const float* from = padded + (y + k.padding) * width + k.padding * k.channels;
    for (std::int64_t i = 0; i < row; i += LANES) store(image + y * row + i, load(from + i));
  }
}

// A row of a kernel's taps, [SIDE][channels], for BLOCKS vectors of channels; one of them stays in registers.
template <int SIDE, int BLOCKS>
struct Row {
  Floats taps[SIDE][BLOCKS];

  inline void read(std::int64_t channels, const float* from) {
    for (int tap = 0; tap < SIDE; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) taps[tap][b] = load(from + tap * channels + LANES * b);
    }
  }

  inline void write(std::int64_t channels, float* to) const {
    for (int tap = 0; tap < SIDE; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) store(to + tap * channels + LANES * b, taps[tap][b]);
    }
  }
};

// to += sum over entries of gradient * image[corner]
template <int SIDE, int BLOCKS>
inline void gather(std::int64_t channels, const Entry* entries, std::int64_t count, const float* image, float* to) {
  Row<SIDE, BLOCKS> sum;
  sum.read(channels, to);
  for (std::int64_t i = 0; i < count; ++i) {
    Row<SIDE, BLOCKS> at;
    at.read(channels, image + entries[i].corner);
    for (int tap = 0; tap < SIDE; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) sum.taps[tap][b] += entries[i].gradient * at.taps[tap][b];
    }
  }
  sum.write(channels, to);
}

// image[corner] += gradient * from, for every entry
template <int SIDE, int BLOCKS>
inline void scatter(std::int64_t channels, const Entry* entries, std::int64_t count, const float* from, float* image) {
  Row<SIDE, BLOCKS> row;
  row.read(channels, from);
  for (std::int64_t i = 0; i < count; ++i) {
    float* to = image + entries[i].corner;
    for (int tap = 0; tap < SIDE; ++tap) {
      for (int b = 0; b < BLOCKS; ++b) {
        float* at = to + tap * channels + LANES * b;
        store(at, load(at) + entries[i].gradient * row.taps[tap][b]);
      }
    }
  }
}

// Calls `function` for all channels in blocks of as many vectors as a row of taps may have in registers.
template <int SIDE, typename Function>
inline void for_blocks(std::int64_t channels, Function function) {
  constexpr int BLOCKS = SIDE == 1 ? 8 : SIDE == 3 ? 4 : SIDE == 5 ? 2 : 1;
  std::int64_t k = 0;
  for (; k + BLOCKS * LANES <= channels; k += BLOCKS * LANES) function(Side<BLOCKS>{}, k);
  if constexpr (BLOCKS > 2) {
    for (; k + 2 * LANES <= channels; k += 2 * LANES) function(Side<2>{}, k);
  }
  for (; k < channels; k += LANES) function(Side<1>{}, k);
}

template <int SIDE, typename T>
void convolution_backward_input(Features f, Convolution k, const float* weight, const T* grad_out,
                                const std::uint8_t* where, T* grad_x) {
  const std::int64_t windows = (f.h / 2) * (f.w / 2), width = (f.w + SIDE - 1) * k.channels;
  Buffer padded((f.h + SIDE - 1) * width);
  Entries entries(windows);
  for (std::int64_t image = 0; image < f.n; ++image) {
    padded.clear();
    for (std::int64_t c = 0; c < f.c; ++c) {
      const std::int64_t lane = c % LANES;
      if (lane == 0) entries.list(f, k.channels, width, grad_out + c, where + c);
      for (int row = 0; row < SIDE; ++row) {
        const float* from = weight + (c * SIDE + row) * SIDE * k.channels;
        float* to = padded.data() + row * width;
        for_blocks<SIDE>(k.channels, [&](auto blocks, std::int64_t at) {
          scatter<SIDE, decltype(blocks)::VALUE>(k.channels, entries.of(lane), entries.count(lane), from + at, to + at);
        });
      }
    }
    crop(f, k, width, padded.data(), grad_x);
    grad_x += input(k, f.h) * input(k, f.w) * k.channels;
    grad_out += windows * f.c;
    where += windows * f.c;
  }
}

template <int SIDE, typename T>
void convolution_backward_weights(Features f, Convolution k, const T* x, const T* grad_out, const std::uint8_t* where,
                                  float* grad_weight, float* grad_bias) {
  const std::int64_t windows = (f.h / 2) * (f.w / 2), width = (f.w + SIDE - 1) * k.channels;
  Buffer padded((f.h + SIDE - 1) * width);
  Buffer biases(f.c);
  Entries entries(windows);
  std::memset(grad_weight, 0, sizeof(float) * f.c * SIDE * SIDE * k.channels);
  std::memset(grad_bias, 0, sizeof(float) * f.c);
  for (std::int64_t image = 0; image < f.n; ++image) {
    pad(f, k, width, x, padded.data());
    for (std::int64_t c = 0; c < f.c; ++c) {
      const std::int64_t lane = c % LANES;
      if (lane == 0) entries.list(f, k.channels, width, grad_out + c, where + c);
      for (int row = 0; row < SIDE; ++row) {
        const float* from = padded.data() + row * width;
        float* to = grad_weight + (c * SIDE + row) * SIDE * k.channels;
        for_blocks<SIDE>(k.channels, [&](auto blocks, std::int64_t at) {
          gather<SIDE, decltype(blocks)::VALUE>(k.channels, entries.of(lane), entries.count(lane), from + at, to + at);
        });
      }
    }
    add_bias_gradient(f, grad_out, where, biases, grad_bias);
    x += input(k, f.h) * input(k, f.w) * k.channels;
    grad_out += windows * f.c;
    where += windows * f.c;
  }
}

}  // namespace
}  // namespace bal
