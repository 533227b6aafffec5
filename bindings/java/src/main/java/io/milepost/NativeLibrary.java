// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Finds the native library. In this order: the folder that the system property {@code
 * io.milepost.native} names; the jar, which carries it; the folders of java.library.path.
 */
final class NativeLibrary {
    private static final String JNI = "libmilepost-jni.so";

    /** The others are found beside the first, unless the process has them already. */
    private static final List<String> FILES =
            List.of(JNI, "libmilepost-c.so.1", "liblmdb.so.0", "libxxhash.so.0");

    private NativeLibrary() {}

    static void load() {
        String folder = System.getProperty("io.milepost.native");
        String inside = "/native/linux-" + System.getProperty("os.arch") + "/";
        if (folder != null) {
            System.load(Path.of(folder, JNI).toAbsolutePath().toString());
        } else if (NativeLibrary.class.getResource(inside + JNI) != null) {
            loadFromJar(inside);
        } else {
            System.loadLibrary("milepost-jni");
        }
    }

    /** What is mapped stays when its file is gone, so nothing is left behind. */
    private static void loadFromJar(String inside) {
        try {
            Path folder = Files.createTempDirectory("milepost-java-");
            try {
                for (String name : FILES) {
                    try (InputStream in = NativeLibrary.class.getResourceAsStream(inside + name)) {
                        if (in != null) {
                            Files.copy(in, folder.resolve(name));
                        }
                    }
                }
                System.load(folder.resolve(JNI).toString());
            } finally {
                for (String name : FILES) {
                    Files.deleteIfExists(folder.resolve(name));
                }
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack the native library", e);
        }
    }
}
