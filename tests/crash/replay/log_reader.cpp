// SPDX-License-Identifier: Apache-2.0
//
// Reads back what the recorder wrote.
#include "replay/log_reader.hpp"

#include <cstring>
#include <fstream>
#include <stdexcept>

namespace milepost::crash {

LogReader::LogReader(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read the log " + path);
  bytes_.resize(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes_.data()), static_cast<std::streamsize>(bytes_.size()));
  std::size_t at = 0;
  const auto text = [this](std::size_t from, std::size_t size) {
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + from, size);
  };
  while (bytes_.size() - at >= sizeof(LogHeader)) {
    LogEntry entry{};
    std::memcpy(&entry.header, bytes_.data() + at, sizeof(LogHeader));
    if (entry.header.magic != kLogMagic) throw std::runtime_error("damaged log " + path);
    const std::size_t size = sizeof(LogHeader) + entry.header.path_size +
                             entry.header.second_path_size + entry.header.data_size;
    if (bytes_.size() - at < size) break;
    at += sizeof(LogHeader);
    entry.path = text(at, entry.header.path_size);
    at += entry.header.path_size;
    entry.second_path = text(at, entry.header.second_path_size);
    at += entry.header.second_path_size;
    entry.data = std::span(bytes_).subspan(at, entry.header.data_size);
    at += entry.header.data_size;
    entries_.push_back(entry);
  }
}

}  // namespace milepost::crash
