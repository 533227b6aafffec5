// SPDX-License-Identifier: Apache-2.0
//
// The functions that Java calls: one for everything, and a short cut for the read whose
// cost matters most. No array of Java's is pinned and no critical section is entered: a request is
// copied before the call, a reply after it, so the collector never waits for a commit.
#include <jni.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

static JavaVM* machine;
static jclass native_class;
static jmethodID method_raise;
static jmethodID method_log;

JNIEXPORT jint JNI_OnLoad(JavaVM* vm, void* reserved) {
  (void)reserved;
  JNIEnv* env = NULL;
  if ((*vm)->GetEnv(vm, (void**)&env, JNI_VERSION_10) != JNI_OK) return JNI_ERR;
  const jclass found = (*env)->FindClass(env, "io/milepost/Native");
  if (found == NULL) return JNI_ERR;
  native_class = (*env)->NewGlobalRef(env, found);
  if (native_class == NULL) return JNI_ERR;
  method_raise = (*env)->GetStaticMethodID(env, native_class, "raise", "(IIIZ[B)V");
  method_log = (*env)->GetStaticMethodID(env, native_class, "log", "(JI[B)V");
  if (method_raise == NULL || method_log == NULL) return JNI_ERR;
  machine = vm;
  return JNI_VERSION_10;
}

static jbyteArray bytes_of(JNIEnv* env, const void* data, size_t size) {
  const jbyteArray bytes = (*env)->NewByteArray(env, (jsize)size);
  if (bytes != NULL) (*env)->SetByteArrayRegion(env, bytes, 0, (jsize)size, data);
  return bytes;
}

/* Lets Java throw what the error says. */
static void raise(JNIEnv* env, milepost_status status, const milepost_error* err) {
  const jbyteArray message = bytes_of(env, err->message, strlen(err->message));
  if (message == NULL) return; /* OutOfMemoryError is on its way */
  (*env)->CallStaticVoidMethod(env, native_class, method_raise, status, err->system,
                               (jint)err->applied, (jboolean)(err->retry_safe != 0), message);
}

void mj_log(void* user, int32_t level, const char* text, size_t size) {
  JNIEnv* env = NULL;
  const jint state = (*machine)->GetEnv(machine, (void**)&env, JNI_VERSION_10);
  if (state == JNI_EDETACHED) {
    if ((*machine)->AttachCurrentThreadAsDaemon(machine, (void**)&env, NULL) != JNI_OK) return;
  } else if (state != JNI_OK) {
    return;
  }
  if (!(*env)->ExceptionCheck(env)) {
    const jbyteArray bytes = bytes_of(env, text, size);
    if (bytes != NULL) {
      (*env)->CallStaticVoidMethod(env, native_class, method_log, (jlong)(uintptr_t)user,
                                   (jint)level, bytes);
      (*env)->DeleteLocalRef(env, bytes);
    }
    (*env)->ExceptionClear(env); /* A hook must not throw; what it throws ends here. */
  }
  if (state == JNI_EDETACHED) (*machine)->DetachCurrentThread(machine);
}

static mj_operation operation_of(jint number) {
  const mj_operation* const tables[] = {mj_basics, mj_commands, mj_reads, mj_upkeep, mj_works};
  if (number < 0 || number >= MJ_OPERATIONS) return NULL;
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; ++i) {
    if (tables[i][number] != NULL) return tables[i][number];
  }
  return NULL;
}

JNIEXPORT jbyteArray JNICALL Java_io_milepost_Native_call(JNIEnv* env, jclass self, jint number,
                                                          jlong handle, jbyteArray request,
                                                          jint size) {
  (void)self;
  uint8_t small[1024];
  uint8_t* bytes = small;
  milepost_error err = {.struct_size = sizeof err};
  const mj_operation operation = operation_of(number);
  if ((size_t)size > sizeof small) bytes = malloc((size_t)size);
  if (operation == NULL || bytes == NULL) {
    const milepost_status status =
        operation == NULL ? MILEPOST_E_INTERNAL : MILEPOST_E_OUT_OF_MEMORY;
    raise(env, status, &err);
    return NULL;
  }
  if (size > 0) (*env)->GetByteArrayRegion(env, request, 0, size, (jbyte*)bytes);
  mj_in in = {bytes, bytes + size, 0};
  mj_out out;
  mj_out_begin(&out);
  milepost_status status = operation((uint64_t)handle, &in, &out, &err);
  jbyteArray reply = NULL;
  if (status == MILEPOST_OK && (out.failed || out.size > INT32_MAX)) {
    status = MILEPOST_E_OUT_OF_MEMORY;
  }
  if (status == MILEPOST_OK && in.overrun) status = MILEPOST_E_INTERNAL;
  if (status == MILEPOST_OK) {
    reply = bytes_of(env, out.data, out.size);
  } else {
    raise(env, status, &err);
  }
  mj_out_end(&out);
  if (bytes != small) free(bytes);
  return reply;
}

static milepost_id id_of(jlong high, jlong low) {
  const uint64_t halves[] = {__builtin_bswap64((uint64_t)high), __builtin_bswap64((uint64_t)low)};
  milepost_id id;
  memcpy(id.bytes, halves, sizeof id.bytes);
  return id;
}

/* The public JSON, or null if there is no such run. */
JNIEXPORT jbyteArray JNICALL Java_io_milepost_Native_json(JNIEnv* env, jclass self, jlong handle,
                                                          jboolean moment, jlong high, jlong low,
                                                          jlong organization_high,
                                                          jlong organization_low) {
  (void)self;
  const milepost_id id = id_of(high, low);
  const milepost_id organization = id_of(organization_high, organization_low);
  milepost_error err; /* only its size is read, and a failure sets all of it */
  err.struct_size = sizeof err;
  char json[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  const milepost_status status =
      moment ? milepost_snapshot_get_json((milepost_snapshot){(uint64_t)handle}, &id, &organization,
                                          json, sizeof json, &size, &err)
             : milepost_tracker_get_json((milepost_tracker){(uint64_t)handle}, &id, &organization,
                                         json, sizeof json, &size, &err);
  if (status == MILEPOST_OK) return bytes_of(env, json, size);
  if (status != MILEPOST_E_NOT_FOUND) raise(env, status, &err);
  return NULL;
}
