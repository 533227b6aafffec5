// SPDX-License-Identifier: Apache-2.0
//
// Effects, and the blocks they stand in in the change feed: reading any bytes ends, what is read is
// packed to the same bytes again, and blanking an effect leaves a block whose others are as they
// were. The checksum of the block is set right. The input is the first sequence and the block.
#include <xxhash.h>

#include "core/effect.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/records.hpp"
#include "store/effect_block.hpp"
#include "store/feed_block.hpp"

namespace milepost::fuzz {
namespace {

using store::FeedBlock;

void set_checksum(std::uint64_t first, std::string& block) {
  if (block.size() < store::kFeedBlockChecksum) return;
  const std::size_t size = block.size() - store::kFeedBlockChecksum;
  const std::uint64_t sum = XXH3_64bits_withSeed(block.data(), size, first);
  std::memcpy(block.data() + size, &sum, sizeof sum);
}

void look_at(std::span<const std::byte> effect) {
  const core::EffectView view = core::view_effect(effect);
  (void)core::tells_of(effect, {view.run_id, {}, ~std::uint64_t{0}});
  const auto read = core::read_effect(effect);
  if (!read) return;
  require(read->kind == view.kind && read->run_id == view.run_id, "both look alike");
  if (read->kind == core::EffectKind::forget) (void)core::view_forget(effect);
  const auto copy = store::EffectPtr::copy(effect, 7);
  require(copy.bytes().size() == effect.size() && copy.sequence() == 7);
}

std::vector<std::string> effects_of(FeedBlock block) {
  std::vector<std::string> all;
  while (const auto effect = block.next()) {
    require(effect->size() >= core::kEffectHeaderSize, "an effect has a header");
    look_at(*effect);
    all.emplace_back(reinterpret_cast<const char*>(effect->data()), effect->size());
  }
  require(all.size() == block.last_sequence() - block.first_sequence() + 1, "as many as it says");
  return all;
}

void check_block(std::uint64_t first, const std::string& block) {
  const auto read = FeedBlock::read(first, bytes_of(block));
  if (!read) return require(read.error().code == Errc::corrupt, "or it says why not");
  const std::vector<std::string> effects = effects_of(*read);
  store::FeedBlockWriter writer;
  writer.begin(first);
  for (const std::string& effect : effects) writer.add(bytes_of(effect));
  const auto packed = writer.finish();
  require(std::string_view(reinterpret_cast<const char*>(packed.data()), packed.size()) == block,
          "it is packed to the same bytes");
  const std::size_t which = block.size() % effects.size();
  std::string blanked = block;
  store::blank_effect(first, first + which, std::as_writable_bytes(std::span(blanked)));
  const auto after = FeedBlock::read(first, bytes_of(blanked));
  require(after.has_value(), "a blanked block is whole");
  const std::vector<std::string> left = effects_of(*after);
  require(left.size() == effects.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto kind = core::view_effect(bytes_of(left[i])).kind;
    require(i == which ? kind == core::EffectKind::blank : left[i] == effects[i],
            "one is blank, the others are as they were");
  }
}

void run(Input input) {
  Bytes bytes(input);
  const auto first = bytes.take<std::uint64_t>() >> 8;
  std::string block = bytes.rest();
  check_block(first, block);
  set_checksum(first, block);
  check_block(first, block);
  if (block.size() >= core::kEffectHeaderSize) look_at(bytes_of(block));
}

Seeds seeds() {
  Seeds all;
  store::FeedBlockWriter writer;
  const std::uint64_t first = 1;
  writer.begin(first);
  std::uint64_t sequence = first;
  for (const std::string& seed : record_seeds()) {
    MadeRecord made;
    Bytes bytes(input_of(seed));
    fill_record(bytes, made);
    const auto effect = store::EffectPtr::make(made.record);
    writer.add(effect.bytes());
    writer.add(store::EffectPtr::make_removal(core::EffectKind::purge, made.record.run_id, sequence)
                   .bytes());
    writer.add(store::EffectPtr::make_forget({made.record.profile_id, {}, 9}, sequence).bytes());
  }
  const auto block = writer.finish();
  append(all.emplace_back(), first << 8);
  all.back().append(reinterpret_cast<const char*>(block.data()), block.size());
  writer.begin(300);
  writer.add(store::EffectPtr::make_removal(core::EffectKind::erase, Uuid{}, 300).bytes());
  const auto small = writer.finish();
  append(all.emplace_back(), std::uint64_t{300} << 8);
  all.back().append(reinterpret_cast<const char*>(small.data()), small.size());
  return all;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"effect", milepost::fuzz::run, milepost::fuzz::seeds, 4'000, 6'000})
