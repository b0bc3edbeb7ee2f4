// The first layer: see Stem in kernels.h.
#pragma once
#include "convolution.h"
#include "pooling.h"

namespace bal {
namespace {

// Pixels of the patch that the four convolutions of a window read together, by row; to whole vectors.
template <int SIDE>
struct Patch {
  static constexpr int WIDTH = SIDE + 1;
  static constexpr int VECTORS = (WIDTH * WIDTH + LANES - 1) / LANES;
  static constexpr int SIZE = VECTORS * LANES;

  // Where tap (row, column) of the kernel reads, when the convolution is at place p of its window.
  static int index(int p, int row, int column) { return WIDTH * (p / 2 + row) + p % 2 + column; }
};

// One channel of an image with its padding. The patch of pooled pixel (y, x) begins at (2y, 2x).
template <int SIDE>
class Padded {
 public:
  Padded(Features f, Convolution k)
      : h_(input(k, f.h)), w_(input(k, f.w)), padding_(k.padding), width_(f.w + SIDE - 1), values_((f.h + SIDE - 1) * width_) {}

  template <typename T>
  void read(const T* image) {
    for (std::int64_t y = 0; y < h_; ++y) {
      for (std::int64_t x = 0; x < w_; ++x) at(y + padding_, x + padding_) = value(image[y * w_ + x]);
    }
  }

  template <typename T>
  void write(T* image) {
    for (std::int64_t y = 0; y < h_; ++y) {
      for (std::int64_t x = 0; x < w_; ++x) assign(image[y * w_ + x], at(y + padding_, x + padding_));
    }
  }

  void clear() { values_.clear(); }

  void patch(std::int64_t y, std::int64_t x, float* to) {
    for (int row = 0; row < WIDTH; ++row) {
      std::memcpy(to + WIDTH * row, &at(2 * y + row, 2 * x), WIDTH * sizeof(float));
    }
  }

  void add_patch(std::int64_t y, std::int64_t x, const float* patch) {
    for (int row = 0; row < WIDTH; ++row) {
      float* to = &at(2 * y + row, 2 * x);
      for (int column = 0; column < WIDTH; ++column) to[column] += patch[WIDTH * row + column];
    }
  }

 private:
  static constexpr int WIDTH = Patch<SIDE>::WIDTH;

  float& at(std::int64_t y, std::int64_t x) { return values_.data()[y * width_ + x]; }

  std::int64_t h_, w_, padding_, width_;
  Buffer values_;
};

// The convolutions of one window for BLOCKS vectors of output channels. `weight`: [channels * SIDE^2][c].
template <int SIDE, int BLOCKS, typename T>
inline void stem_window(const float* patches, std::int64_t channels, const float* weight, const float* bias,
                        std::int64_t c, bool relu, T* out, std::uint8_t* where) {
  using P = Patch<SIDE>;
  Floats sums[4][BLOCKS];
  for (int b = 0; b < BLOCKS; ++b) {
    for (int p = 0; p < 4; ++p) sums[p][b] = load(bias + LANES * b);
  }
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const float* patch = patches + P::SIZE * channel;
    for (int row = 0; row < SIDE; ++row) {
      for (int column = 0; column < SIDE; ++column) {
        const float* taps = weight + (SIDE * SIDE * channel + SIDE * row + column) * c;
        for (int b = 0; b < BLOCKS; ++b) {
          const Floats tap = load(taps + LANES * b);
          for (int p = 0; p < 4; ++p) sums[p][b] += tap * patch[P::index(p, row, column)];
        }
      }
    }
  }
  for (int b = 0; b < BLOCKS; ++b) {
    const Floats window[4] = {sums[0][b], sums[1][b], sums[2][b], sums[3][b]};
    store_maximum(window, relu, out + LANES * b, where + LANES * b);
  }
}

template <int SIDE, typename T>
void stem_forward(Features f, Convolution k, bool relu, const T* x, const float* weight, const float* bias, T* out,
                  std::uint8_t* where) {
  using P = Patch<SIDE>;
  const std::int64_t channels = k.channels, size = SIDE * SIDE * channels;
  Buffer taps(size * f.c);
  for (std::int64_t c = 0; c < f.c; ++c) {
    for (std::int64_t tap = 0; tap < size; ++tap) taps.data()[tap * f.c + c] = weight[c * size + tap];
  }
  // The patches of every window of an image, [h/2 * w/2][channels][P::SIZE].
  const std::int64_t windows = (f.h / 2) * (f.w / 2);
  Buffer patches(windows * channels * P::SIZE);
  Padded<SIDE> padded(f, k);
  for (std::int64_t image = 0; image < f.n; ++image) {
    for (std::int64_t channel = 0; channel < channels; ++channel, x += input(k, f.h) * input(k, f.w)) {
      padded.read(x);
      for (std::int64_t i = 0; i < windows; ++i) {
        padded.patch(i / (f.w / 2), i % (f.w / 2), patches.data() + (i * channels + channel) * P::SIZE);
      }
    }
    for (std::int64_t i = 0; i < windows; ++i, out += f.c, where += f.c) {
      const float* patch = patches.data() + i * channels * P::SIZE;
      std::int64_t c = 0;
      for (; c + 2 * LANES <= f.c; c += 2 * LANES) {
        stem_window<SIDE, 2>(patch, channels, taps.data() + c, bias + c, f.c, relu, out + c, where + c);
      }
      if (c < f.c) stem_window<SIDE, 1>(patch, channels, taps.data() + c, bias + c, f.c, relu, out + c, where + c);
    }
  }
}

// Only one of the four convolutions of a window gets a gradient, by channel another one: each place has its own
// copy of the kernel, already shifted in the patch, and NOWHERE one of zeros.
template <int SIDE, typename T>
void stem_backward_input(Features f, Convolution k, const float* weight, const T* grad_out, const std::uint8_t* where,
                         T* grad_x) {
  using P = Patch<SIDE>;
  // Channels that are added apart, so that one sum need not wait for the other, as far as registers go.
  constexpr int APART = P::VECTORS > 4 ? 1 : 2;
  const std::int64_t channels = k.channels;
  Buffer shifted(channels * (NOWHERE + 1) * f.c * P::SIZE);
  const auto kernel = [&](std::int64_t channel, int place, std::int64_t c) {
    return shifted.data() + ((channel * (NOWHERE + 1) + place) * f.c + c) * P::SIZE;
  };
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    for (int place = 0; place < 4; ++place) {
      for (std::int64_t c = 0; c < f.c; ++c) {
        for (int tap = 0; tap < SIDE * SIDE; ++tap) {
          kernel(channel, place, c)[P::index(place, tap / SIDE, tap % SIDE)] =
              weight[(c * channels + channel) * SIDE * SIDE + tap];
        }
      }
    }
  }
  const std::int64_t pooled = (f.h / 2) * (f.w / 2) * f.c;
  Padded<SIDE> padded(f, k);
  for (std::int64_t image = 0; image < f.n; ++image, grad_out += pooled, where += pooled) {
    for (std::int64_t channel = 0; channel < channels; ++channel, grad_x += input(k, f.h) * input(k, f.w)) {
      padded.clear();
      const T* gradient = grad_out;
      const std::uint8_t* place = where;
      for (std::int64_t row = 0; row < f.h / 2; ++row) {
        for (std::int64_t column = 0; column < f.w / 2; ++column, gradient += f.c, place += f.c) {
          Floats sums[APART][P::VECTORS] = {};
          for (std::int64_t c = 0; c < f.c; c += APART) {
            for (int i = 0; i < APART; ++i) {
              const float* taps = kernel(channel, place[c + i], c + i);
              const float g = value(gradient[c + i]);
              for (int v = 0; v < P::VECTORS; ++v) sums[i][v] += g * load(taps + LANES * v);
            }
          }
          float patch[P::SIZE];
          for (int v = 0; v < P::VECTORS; ++v) {
            store(patch + LANES * v, APART == 2 ? sums[0][v] + sums[APART - 1][v] : sums[0][v]);
          }
          padded.add_patch(row, column, patch);
        }
      }
      padded.write(grad_x);
    }
  }
}

// As above, the other way round: each channel adds its patch to the sum of its place, and the sums are
// shifted back at the end. Image by image, so that long sums keep their digits.
template <int SIDE, typename T>
void stem_backward_weights(Features f, Convolution k, const T* x, const T* grad_out, const std::uint8_t* where,
                           float* grad_weight, float* grad_bias) {
  using P = Patch<SIDE>;
  const std::int64_t pooled = (f.h / 2) * (f.w / 2) * f.c;
  Buffer sums((NOWHERE + 1) * f.c * P::SIZE);
  Buffer biases(f.c);
  Padded<SIDE> padded(f, k);
  std::memset(grad_weight, 0, sizeof(float) * f.c * k.channels * SIDE * SIDE);
  std::memset(grad_bias, 0, sizeof(float) * f.c);
  for (std::int64_t image = 0; image < f.n; ++image, grad_out += pooled, where += pooled) {
    for (std::int64_t channel = 0; channel < k.channels; ++channel, x += input(k, f.h) * input(k, f.w)) {
      padded.read(x);
      sums.clear();
      const T* gradient = grad_out;
      const std::uint8_t* place = where;
      for (std::int64_t row = 0; row < f.h / 2; ++row) {
        for (std::int64_t column = 0; column < f.w / 2; ++column, gradient += f.c, place += f.c) {
          float patch[P::SIZE] = {};
          padded.patch(row, column, patch);
          Floats vectors[P::VECTORS];
          for (int v = 0; v < P::VECTORS; ++v) vectors[v] = load(patch + LANES * v);
          for (std::int64_t c = 0; c < f.c; ++c) {
            float* sum = sums.data() + (place[c] * f.c + c) * P::SIZE;
            const float g = value(gradient[c]);
            for (int v = 0; v < P::VECTORS; ++v) store(sum + LANES * v, load(sum + LANES * v) + g * vectors[v]);
          }
        }
      }
      for (std::int64_t c = 0; c < f.c; ++c) {
        for (int tap = 0; tap < SIDE * SIDE; ++tap) {
          float sum = 0.0f;
          for (int p = 0; p < 4; ++p) {
            sum += sums.data()[(p * f.c + c) * P::SIZE + P::index(p, tap / SIDE, tap % SIDE)];
          }
          grad_weight[(c * k.channels + channel) * SIDE * SIDE + tap] += sum;
        }
      }
    }
    add_bias_gradient(f, grad_out, where, biases, grad_bias);
  }
}

}  // namespace
}  // namespace bal
