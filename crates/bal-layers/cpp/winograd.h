// Forward through a convolution of 3x3 and its pooling: see PooledConvolution in kernels.h.
//
// Winograd's F(2x2, 3x3): the 2x2 outputs of a window are A' [(G w G') . (B' d B)] A of the 4x4 inputs d that they read, with
// 16 products for each pair of channels where the definition has 36. Its windows are those of the pooling, so that no output
// is written before its maximum is taken.
//
// Source: Lavin & Gray, CVPR 2016, section 4.1.
#pragma once
#include "pooled_convolution.h"
#include "pooling.h"

namespace bal {
namespace {

// Places of a transformed tile, 4x4.
constexpr int PLACES = 16;

// Windows that meet the weights together, and those of them whose sums are in registers at a time.
constexpr int GROUP = 12;
constexpr int ROWS = 6;

// The weights, transformed: [c / (2 LANES)][PLACES][channels][2 LANES], zeros after the last channel.
class WinogradWeights {
 public:
  static constexpr std::int64_t WIDTH = 2 * LANES;

  WinogradWeights(Features f, Convolution k, const float* weight)
      : channels_(k.channels), values_((f.c + WIDTH - 1) / WIDTH * PLACES * k.channels * WIDTH) {
    for (std::int64_t c = 0; c < f.c; ++c, weight += 9 * k.channels) {
      for (std::int64_t from = 0; from < k.channels; from += LANES) {
        // G w, then (G w) G'.
        Floats rows[4][3], all[4][4];
        for (int x = 0; x < 3; ++x) {
          const Floats w[3] = {load(weight + x * k.channels + from), load(weight + (3 + x) * k.channels + from),
                               load(weight + (6 + x) * k.channels + from)};
          Floats column[4];
          transform(w, column);
          for (int y = 0; y < 4; ++y) rows[y][x] = column[y];
        }
        for (int y = 0; y < 4; ++y) transform(rows[y], all[y]);
        for (int place = 0; place < PLACES; ++place) {
          float* to = values_.data() + (c / WIDTH * PLACES + place) * channels_ * WIDTH + from * WIDTH + c % WIDTH;
          for (int lane = 0; lane < LANES; ++lane) to[lane * WIDTH] = all[place / 4][place % 4][lane];
        }
      }
    }
  }

  // [channels][WIDTH] for output channels from c on, a multiple of WIDTH.
  const float* at(std::int64_t c, int place) {
    return values_.data() + (c / WIDTH * PLACES + place) * channels_ * WIDTH;
  }

 private:
  static void transform(const Floats (&w)[3], Floats (&to)[4]) {
    const Floats outer = 0.5f * (w[0] + w[2]), inner = 0.5f * w[1];
    to[0] = w[0];
    to[1] = outer + inner;
    to[2] = outer - inner;
    to[3] = w[2];
  }

  std::int64_t channels_;
  Buffer values_;
};

inline void transform_input(const Floats (&d)[4], Floats (&to)[4]) {
  to[0] = d[0] - d[2];
  to[1] = d[1] + d[2];
  to[2] = d[2] - d[1];
  to[3] = d[1] - d[3];
}

// B' d B of the tile of 4x4 that begins at `tile`, to [PLACES][GROUP][channels].
inline void winograd_input(std::int64_t channels, std::int64_t width, const float* tile, float* to) {
  for (std::int64_t c = 0; c < channels; c += LANES) {
    Floats rows[4][4];
    for (int x = 0; x < 4; ++x) {
      const float* from = tile + x * channels + c;
      const Floats d[4] = {load(from), load(from + width), load(from + 2 * width), load(from + 3 * width)};
      Floats column[4];
      transform_input(d, column);
      for (int y = 0; y < 4; ++y) rows[y][x] = column[y];
    }
    for (int y = 0; y < 4; ++y) {
      Floats all[4];
      transform_input(rows[y], all);
      for (int x = 0; x < 4; ++x) store(to + (4 * y + x) * GROUP * channels + c, all[x]);
    }
  }
}

// sums[row][block] = sum over channels of inputs[row][channel] * weights[channel][block]
template <int BLOCKS>
inline void winograd_products(std::int64_t channels, const float* inputs, const float* weights, float* sums) {
  Floats in_registers[ROWS][BLOCKS] = {};
  for (std::int64_t channel = 0; channel < channels; ++channel, weights += WinogradWeights::WIDTH) {
    Floats w[BLOCKS];
    for (int b = 0; b < BLOCKS; ++b) w[b] = load(weights + LANES * b);
    for (int row = 0; row < ROWS; ++row) {
      const float input = inputs[row * channels + channel];
      for (int b = 0; b < BLOCKS; ++b) in_registers[row][b] += input * w[b];
    }
  }
  for (int row = 0; row < ROWS; ++row) {
    for (int b = 0; b < BLOCKS; ++b) store(sums + row * BLOCKS * LANES + LANES * b, in_registers[row][b]);
  }
}

// The four outputs A' m A of a window, m at `from` with its places `stride` apart.
inline void winograd_output(const float* from, std::int64_t stride, Floats bias, Floats (&window)[4]) {
  Floats rows[2][4];
  for (int x = 0; x < 4; ++x) {
    Floats m[4];
    for (int y = 0; y < 4; ++y) m[y] = load(from + (4 * y + x) * stride);
    rows[0][x] = m[0] + m[1] + m[2];
    rows[1][x] = m[1] - m[2] - m[3];
  }
  for (int y = 0; y < 2; ++y) {
    window[2 * y] = rows[y][0] + rows[y][1] + rows[y][2] + bias;
    window[2 * y + 1] = rows[y][1] - rows[y][2] - rows[y][3] + bias;
  }
}

template <typename T>
void winograd_forward(Features f, Convolution k, bool relu, const T* x, const float* weight, const float* bias, T* out,
                      std::uint8_t* where) {
  WinogradWeights weights(f, k, weight);
  const std::int64_t windows = (f.h / 2) * (f.w / 2), width = (f.w + 2) * k.channels, size = (f.h + 2) * width;
  const std::int64_t pixels = input(k, f.h) * input(k, f.w) * k.channels;
  // Groups go on over as many images as make their windows whole groups, or nearly.
  constexpr std::int64_t IMAGES = 6;
  Buffer padded(IMAGES * size), inputs(PLACES * GROUP * k.channels), sums(PLACES * ROWS * WinogradWeights::WIDTH);
  for (std::int64_t first = 0; first < f.n; first += IMAGES) {
    const std::int64_t images = f.n - first < IMAGES ? f.n - first : IMAGES;
    for (std::int64_t i = 0; i < images; ++i) pad(f, k, width, x + (first + i) * pixels, padded.data() + i * size);
    for (std::int64_t begin = 0; begin < images * windows; begin += GROUP) {
      const std::int64_t count = images * windows - begin < GROUP ? images * windows - begin : GROUP;
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t window = (begin + i) % windows, row = window / (f.w / 2), column = window % (f.w / 2);
        const float* tile =
            padded.data() + (begin + i) / windows * size + 2 * row * width + 2 * column * k.channels;
        winograd_input(k.channels, width, tile, inputs.data() + i * k.channels);
      }
      const std::int64_t group = first * windows + begin;
      const auto block = [&](auto blocks, std::int64_t c) {
        constexpr int BLOCKS = decltype(blocks)::VALUE;
        for (std::int64_t row = 0; row < count; row += ROWS) {
          for (int place = 0; place < PLACES; ++place) {
            winograd_products<BLOCKS>(k.channels, inputs.data() + (place * GROUP + row) * k.channels,
                                      weights.at(c, place), sums.data() + place * ROWS * BLOCKS * LANES);
          }
          for (std::int64_t i = 0; i < ROWS && row + i < count; ++i) {
            const std::int64_t to = (group + row + i) * f.c + c;
            for (int b = 0; b < BLOCKS; ++b) {
              Floats maxima[4];
              winograd_output(sums.data() + (i * BLOCKS + b) * LANES, ROWS * BLOCKS * LANES, load(bias + c + LANES * b),
                              maxima);
              store_maximum(maxima, relu, out + to + LANES * b, where + to + LANES * b);
            }
          }
        }
      };
      std::int64_t c = 0;
      for (; c + 2 * LANES <= f.c; c += 2 * LANES) block(Side<2>{}, c);
      if (c < f.c) block(Side<1>{}, c);
    }
  }
}

}  // namespace
}  // namespace bal
