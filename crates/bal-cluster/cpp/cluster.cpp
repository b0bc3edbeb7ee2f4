// LibTorch's TCP store and its group of Gloo, behind a C interface of bytes.
#define USE_C10D_GLOO
#include <ATen/Version.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/types.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

using std::chrono::milliseconds;

using StorePointer = c10::intrusive_ptr<c10d::Store>;

struct Store {
  StorePointer tcp;
  // The same, with the prefix of its keys.
  StorePointer store;

  Store(StorePointer connection, const std::string& prefix)
      : tcp(connection), store(c10::make_intrusive<c10d::PrefixStore>(prefix, connection)), prefix_(prefix) {}

  Store* clone() const { return new Store(tcp->clone(), prefix_); }

 private:
  std::string prefix_;
};

struct Group {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
  int size;
};

struct Blob {
  std::vector<std::uint8_t> bytes;
};

// Where a call writes why it failed.
struct Message {
  char* text;
  std::size_t capacity;
};

void say(Message message, const char* text) { std::snprintf(message.text, message.capacity, "%s", text); }

// Whether `function` went through; no exception crosses into Rust.
template <typename Function>
bool guarded(Message message, Function function) {
  try {
    function();
    return true;
  } catch (const c10::Error& error) {
    say(message, error.what_without_backtrace());
  } catch (const std::exception& error) {
    say(message, error.what());
  } catch (...) {
    say(message, "an exception that LibTorch does not describe");
  }
  return false;
}

// A view of bytes that the caller keeps until the call is over.
at::Tensor view(const std::uint8_t* bytes, std::size_t length) {
  return at::from_blob(const_cast<std::uint8_t*>(bytes), {static_cast<std::int64_t>(length)}, at::kByte);
}

}  // namespace

extern "C" {

// The vectors that LibTorch has chosen: "AVX512", "AVX2", "DEFAULT", ..
void bal_cluster_capability(char* text, std::size_t capacity) {
  std::string name;
  const Message message{text, capacity};
  if (guarded(message, [&] { name = at::get_cpu_capability(); })) say(message, name.c_str());
}

Store* bal_cluster_store_new(const char* host, std::uint16_t port, bool serve, const char* prefix, std::int64_t timeout,
                             char* text, std::size_t capacity) {
  Store* made = nullptr;
  guarded({text, capacity}, [&] {
    // What c10d writes by itself, such as traces of connections that are tried again; errors are returned anyway.
    if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = 3;
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = serve;
    options.waitWorkers = false;
    options.timeout = milliseconds(timeout);
    made = new Store(c10::make_intrusive<c10d::TCPStore>(std::string(host), options), prefix);
  });
  return made;
}

// The same store by another connection.
Store* bal_cluster_store_clone(const Store* store, char* text, std::size_t capacity) {
  Store* made = nullptr;
  guarded({text, capacity}, [&] { made = store->clone(); });
  return made;
}

void bal_cluster_store_free(Store* store) { delete store; }

bool bal_cluster_store_set(Store* store, const char* key, const std::uint8_t* bytes, std::size_t length, char* text,
                           std::size_t capacity) {
  return guarded({text, capacity}, [&] { store->store->set(key, std::vector<std::uint8_t>(bytes, bytes + length)); });
}

// What is at the keys, once all are there: each value's length in 8 bytes, then the value. Null with an empty message when
// they are not there within so many milliseconds.
Blob* bal_cluster_store_get(Store* store, const char* const* keys, std::size_t count, std::int64_t timeout, char* text,
                            std::size_t capacity) {
  Blob* blob = nullptr;
  guarded({text, capacity}, [&] {
    try {
      store->tcp->setTimeout(milliseconds(timeout));
      std::vector<std::uint8_t> all;
      for (const auto& value : store->store->multiGet(std::vector<std::string>(keys, keys + count))) {
        const std::uint64_t length = value.size();
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&length);
        all.insert(all.end(), bytes, bytes + sizeof length);
        all.insert(all.end(), value.begin(), value.end());
      }
      blob = new Blob{std::move(all)};
    } catch (const c10::DistStoreError& error) {
      if (std::strstr(error.what_without_backtrace(), "wait timeout") == nullptr) throw;
    }
  });
  return blob;
}

// 1 when the key is there, 0 when it is not, -1 after an error.
int bal_cluster_store_check(Store* store, const char* key, char* text, std::size_t capacity) {
  bool found = false;
  const bool asked = guarded({text, capacity}, [&] { found = store->store->check({key}); });
  return asked ? (found ? 1 : 0) : -1;
}

bool bal_cluster_store_add(Store* store, const char* key, std::int64_t by, std::int64_t* sum, char* text,
                           std::size_t capacity) {
  return guarded({text, capacity}, [&] { *sum = store->store->add(key, by); });
}

bool bal_cluster_store_delete(Store* store, const char* key, char* text, std::size_t capacity) {
  return guarded({text, capacity}, [&] { store->store->deleteKey(key); });
}

bool bal_cluster_store_push(Store* store, const char* queue, const std::uint8_t* bytes, std::size_t length, char* text,
                            std::size_t capacity) {
  return guarded({text, capacity},
                 [&] { store->store->queuePush(queue, std::vector<std::uint8_t>(bytes, bytes + length)); });
}

// The first of the queue; an empty queue leaves `*blob` as it is.
bool bal_cluster_store_pop(Store* store, const char* queue, Blob** blob, char* text, std::size_t capacity) {
  return guarded({text, capacity}, [&] {
    if (store->store->queueLen(queue) > 0) *blob = new Blob{store->store->queuePop(queue, false)};
  });
}

const std::uint8_t* bal_cluster_blob_bytes(const Blob* blob) { return blob->bytes.data(); }

std::size_t bal_cluster_blob_length(const Blob* blob) { return blob->bytes.size(); }

void bal_cluster_blob_free(Blob* blob) { delete blob; }

// `interface`: the name of one, or an address of this machine.
Group* bal_cluster_group_new(const Store* store, int rank, int size, const char* interface, bool is_address,
                             std::int64_t timeout, char* text, std::size_t capacity) {
  Group* made = nullptr;
  guarded({text, capacity}, [&] {
    using Gloo = c10d::ProcessGroupGloo;
    auto options = Gloo::Options::create(milliseconds(timeout));
    options->devices.push_back(is_address ? Gloo::createDeviceForHostname(interface)
                                          : Gloo::createDeviceForInterface(interface));
    const std::unique_ptr<Store> clone(store->clone());
    made = new Group{c10::make_intrusive<Gloo>(clone->store, rank, size, options), size};
  });
  return made;
}

void bal_cluster_group_free(Group* group) { delete group; }

bool bal_cluster_group_broadcast(Group* group, std::uint8_t* bytes, std::size_t length, int root, char* text,
                                 std::size_t capacity) {
  return guarded({text, capacity}, [&] {
    std::vector<at::Tensor> tensors{view(bytes, length)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    group->gloo->broadcast(tensors, options)->wait();
  });
}

// `all`: room for `length` bytes of each rank, in their order.
bool bal_cluster_group_all_gather(Group* group, const std::uint8_t* own, std::uint8_t* all, std::size_t length,
                                  char* text, std::size_t capacity) {
  return guarded({text, capacity}, [&] {
    std::vector<at::Tensor> in{view(own, length)};
    std::vector<std::vector<at::Tensor>> out(1);
    for (int rank = 0; rank < group->size; rank++) out[0].push_back(view(all + rank * length, length));
    group->gloo->allgather(out, in)->wait();
  });
}

}  // extern "C"
