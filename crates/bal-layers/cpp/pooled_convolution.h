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

// An output channel with a gradient.
struct Gradient {
  float value;
  std::int32_t channel;
};

// The gradients of an image's windows, in each window by the place of the maximum.
class WindowGradients {
 public:
  WindowGradients(std::int64_t windows, std::int64_t channels)
      : channels_(channels), gradients_(windows * channels), ends_(windows * (NOWHERE + 1)) {}

  template <typename T>
  void list(std::int64_t windows, const T* grad_out, const std::uint8_t* where) {
    for (std::int64_t window = 0; window < windows; ++window, grad_out += channels_, where += channels_) {
      std::int32_t next[NOWHERE + 2] = {};
      for (std::int64_t c = 0; c < channels_; ++c) ++next[where[c] + 1];
      for (int place = 0; place < NOWHERE; ++place) next[place + 1] += next[place];
      Gradient* to = gradients_.data() + window * channels_;
      for (std::int64_t c = 0; c < channels_; ++c) to[next[where[c]]++] = {value(grad_out[c]), static_cast<std::int32_t>(c)};
      std::memcpy(ends_.data() + window * NOWHERE, next, sizeof(std::int32_t) * NOWHERE);
    }
  }

  const Gradient* begin(std::int64_t window, int place) {
    return gradients_.data() + window * channels_ + (place == 0 ? 0 : ends_.data()[window * NOWHERE + place - 1]);
  }
  const Gradient* end(std::int64_t window, int place) {
    return gradients_.data() + window * channels_ + ends_.data()[window * NOWHERE + place];
  }

 private:
  std::int64_t channels_;
  Array<Gradient> gradients_;
  Array<std::int32_t> ends_;
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

// LINES rows of a kernel's taps, for BLOCKS vectors of channels: as many as stay in registers, and enough that sums into one
// need not wait for those before.
template <int SIDE>
struct Shape {
  static constexpr int LINES = SIDE == 3 ? 3 : 1;
  static constexpr int BLOCKS = SIDE == 1 ? 8 : SIDE == 5 ? 2 : 1;
};

template <int SIDE, int BLOCKS>
struct Taps {
  static constexpr int LINES = Shape<SIDE>::LINES;
  static constexpr std::int64_t SIZE = LINES * SIDE * BLOCKS * LANES;
  Floats at[LINES][SIDE][BLOCKS] = {};

  // Those of a kernel or an image at `from`, rows `width` numbers long.
  inline void read(std::int64_t channels, std::int64_t width, const float* from) {
    for_each(channels, width, [&](Floats& tap, std::int64_t i) { tap = load(from + i); });
  }
  inline void write(std::int64_t channels, std::int64_t width, float* to) {
    for_each(channels, width, [&](Floats& tap, std::int64_t i) { store(to + i, tap); });
  }
  inline void add_to(std::int64_t channels, std::int64_t width, float* to) {
    for_each(channels, width, [&](Floats& tap, std::int64_t i) { store(to + i, load(to + i) + tap); });
  }
  // += factor * those at `from`
  inline void add(float factor, std::int64_t channels, std::int64_t width, const float* from) {
    for_each(channels, width, [&](Floats& tap, std::int64_t i) { tap += factor * load(from + i); });
  }

 private:
  template <typename Function>
  inline void for_each(std::int64_t channels, std::int64_t width, Function function) {
    for (int line = 0; line < LINES; ++line) {
      for (int tap = 0; tap < SIDE; ++tap) {
        for (int b = 0; b < BLOCKS; ++b) function(at[line][tap][b], line * width + tap * channels + LANES * b);
      }
    }
  }
};

// Calls `function` for all rows of a kernel and all channels, in such pieces: with the number of vectors, the first row and
// the first channel.
template <int SIDE, typename Function>
inline void for_pieces(std::int64_t channels, Function function) {
  constexpr int BLOCKS = Shape<SIDE>::BLOCKS;
  for (int line = 0; line < SIDE; line += Shape<SIDE>::LINES) {
    std::int64_t from = 0;
    for (; from + BLOCKS * LANES <= channels; from += BLOCKS * LANES) function(Side<BLOCKS>{}, line, from);
    if constexpr (BLOCKS > 2) {
      for (; from + BLOCKS / 2 * LANES <= channels; from += BLOCKS / 2 * LANES) function(Side<BLOCKS / 2>{}, line, from);
    }
    if constexpr (BLOCKS > 1) {
      for (; from < channels; from += LANES) function(Side<1>{}, line, from);
    }
  }
}

// The sums of a window's gradients whose maxima are at one place meet in registers, and go to the image once.
template <int SIDE, typename T>
void convolution_backward_input(Features f, Convolution k, const float* weight, const T* grad_out,
                                const std::uint8_t* where, T* grad_x) {
  const std::int64_t windows = (f.h / 2) * (f.w / 2), width = (f.w + SIDE - 1) * k.channels, line_size = SIDE * k.channels;
  // Piece by piece [c][taps]: one is in the nearest cache while all windows of an image meet it.
  Buffer pieces(f.c * SIDE * line_size);
  float* piece = pieces.data();
  for_pieces<SIDE>(k.channels, [&](auto blocks, int line, std::int64_t from) {
    using Piece = Taps<SIDE, decltype(blocks)::VALUE>;
    for (std::int64_t c = 0; c < f.c; ++c, piece += Piece::SIZE) {
      Piece taps;
      taps.read(k.channels, line_size, weight + (c * SIDE + line) * line_size + from);
      taps.write(decltype(blocks)::VALUE * LANES, Piece::SIZE / Piece::LINES, piece);
    }
  });
  Buffer padded((f.h + SIDE - 1) * width);
  WindowGradients gradients(windows, f.c);
  for (std::int64_t image = 0; image < f.n; ++image) {
    padded.clear();
    gradients.list(windows, grad_out, where);
    const float* weights = pieces.data();
    for_pieces<SIDE>(k.channels, [&](auto blocks, int line, std::int64_t from) {
      using Piece = Taps<SIDE, decltype(blocks)::VALUE>;
      for (std::int64_t window = 0; window < windows; ++window) {
        float* corner = padded.data() + (2 * (window / (f.w / 2)) + line) * width + 2 * (window % (f.w / 2)) * k.channels;
        for (int place = 0; place < NOWHERE; ++place) {
          Piece sums;
          const Gradient* end = gradients.end(window, place);
          for (const Gradient* at = gradients.begin(window, place); at < end; ++at) {
            sums.add(at->value, decltype(blocks)::VALUE * LANES, Piece::SIZE / Piece::LINES,
                     weights + at->channel * Piece::SIZE);
          }
          sums.add_to(k.channels, width, corner + (place / 2) * width + (place % 2) * k.channels + from);
        }
      }
      weights += f.c * Piece::SIZE;
    });
    crop(f, k, width, padded.data(), grad_x);
    grad_x += input(k, f.h) * input(k, f.w) * k.channels;
    grad_out += windows * f.c;
    where += windows * f.c;
  }
}

template <int SIDE, typename T>
void convolution_backward_weights(Features f, Convolution k, const T* x, const T* grad_out, const std::uint8_t* where,
                                  float* grad_weight, float* grad_bias) {
  const std::int64_t windows = (f.h / 2) * (f.w / 2), width = (f.w + SIDE - 1) * k.channels, line_size = SIDE * k.channels;
  Buffer padded((f.h + SIDE - 1) * width);
  Buffer biases(f.c);
  Entries entries(windows);
  std::memset(grad_weight, 0, sizeof(float) * f.c * SIDE * line_size);
  std::memset(grad_bias, 0, sizeof(float) * f.c);
  for (std::int64_t image = 0; image < f.n; ++image) {
    pad(f, k, width, x, padded.data());
    for (std::int64_t c = 0; c < f.c; ++c) {
      const std::int64_t lane = c % LANES;
      if (lane == 0) entries.list(f, k.channels, width, grad_out + c, where + c);
      for_pieces<SIDE>(k.channels, [&](auto blocks, int line, std::int64_t from) {
        float* to = grad_weight + (c * SIDE + line) * line_size + from;
        const float* corner = padded.data() + line * width + from;
        Taps<SIDE, decltype(blocks)::VALUE> sums;
        sums.read(k.channels, line_size, to);
        const Entry *at = entries.of(lane), *end = at + entries.count(lane);
        for (; at < end; ++at) sums.add(at->gradient, k.channels, width, corner + at->corner);
        sums.write(k.channels, line_size, to);
      });
    }
    add_bias_gradient(f, grad_out, where, biases, grad_bias);
    x += input(k, f.h) * input(k, f.w) * k.channels;
    grad_out += windows * f.c;
    where += windows * f.c;
  }
}

}  // namespace
}  // namespace bal
