// The zip archives that PyTorch writes, by its own reader: other readers refuse some of them.

#include <caffe2/serialize/inline_container.h>

#include <cstring>
#include <string>
#include <vector>

#include "guarded.h"

using caffe2::serialize::PyTorchStreamReader;

// An archive with the names of its records.
struct BalArchive {
  PyTorchStreamReader reader;
  std::vector<std::string> names;

  explicit BalArchive(const char* path) : reader(std::string(path)), names(reader.getAllRecords()) {}
};

extern "C" {

BalArchive* bal_archive_open(const char* path, char* message, std::size_t capacity) {
  BalArchive* archive = nullptr;
  bal::guarded([&] { archive = new BalArchive(path); }, message, capacity);
  return archive;
}

void bal_archive_free(BalArchive* archive) { delete archive; }

std::size_t bal_archive_records(const BalArchive* archive) { return archive->names.size(); }

const char* bal_archive_name(const BalArchive* archive, std::size_t place) { return archive->names.at(place).c_str(); }

bool bal_archive_size(BalArchive* archive, const char* name, std::size_t* size, char* message, std::size_t capacity) {
  return bal::guarded([&] { *size = archive->reader.getRecordSize(name); }, message, capacity);
}

// All `size` bytes of a record.
bool bal_archive_read(BalArchive* archive, const char* name, void* bytes, std::size_t size, char* message,
                      std::size_t capacity) {
  return bal::guarded(
      [&] {
        const std::size_t read = archive->reader.getRecord(name, bytes, size);
        TORCH_CHECK(read == size, "the record ", name, " has ", read, " bytes where ", size, " were announced");
      },
      message, capacity);
}

}  // extern "C"
