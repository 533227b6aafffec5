// SPDX-License-Identifier: Apache-2.0
//
// The only file that sees OpenSSL.
#include "digest.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace milepost::http {

struct Hasher::State {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Hasher::Hasher() : state_(std::make_unique<State>()) {}

Hasher::~Hasher() {
  EVP_MD_CTX_free(state_->context);
  EVP_MD_free(state_->algorithm);
}

bool Hasher::sha256(std::string_view text, Digest& out) noexcept {
  if (state_->algorithm == nullptr || state_->context == nullptr) return false;
  unsigned size = 0;
  return EVP_DigestInit_ex2(state_->context, state_->algorithm, nullptr) == 1 &&
         EVP_DigestUpdate(state_->context, text.data(), text.size()) == 1 &&
         EVP_DigestFinal_ex(state_->context, out.data(), &size) == 1 && size == out.size();
}

bool random_bytes(Digest& out) noexcept {
  return RAND_bytes(out.data(), static_cast<int>(out.size())) == 1;
}

}  // namespace milepost::http
