package io.heddle.spi;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something that a node produces and that is kept beside the event log: a JSON value, or bytes of a
 * media type. Immutable, if its JSON value is left alone.
 */
public final class Artifact {

  private final String type;

  private final String mediaType;

  private final @Nullable Object json;

  private final byte @Nullable [] bytes;

  private Artifact(String type, String mediaType, @Nullable Object json, byte @Nullable [] bytes) {
    this.type = Objects.requireNonNull(type);
    this.mediaType = Objects.requireNonNull(mediaType);
    this.json = json;
    this.bytes = bytes;
  }

  /**
   * A JSON value.
   *
   * @param type what it is, for example {@code acme.plan}: 1 to 256 characters; part of the log
   * @param content at most 1 MiB as text
   */
  public static Artifact json(String type, @Nullable Object content) {
    return new Artifact(type, "application/json", content, null);
  }

  /**
   * Bytes.
   *
   * @param type what it is, for example {@code acme.chart}: 1 to 256 characters; part of the log
   * @param mediaType for example {@code image/png}: at most 256 characters
   * @param content at most 1 MiB; copied
   */
  public static Artifact bytes(String type, String mediaType, byte[] content) {
    return new Artifact(type, mediaType, null, content.clone());
  }

  /** What it is. */
  public String type() {
    return type;
  }

  /** The media type of its content. */
  public String mediaType() {
    return mediaType;
  }

  /** The JSON value; null also if it is none, see {@link #bytes()}. */
  public @Nullable Object json() {
    return json;
  }

  /** A copy of the bytes; null if it is a JSON value. */
  public byte @Nullable [] bytes() {
    return bytes == null ? null : bytes.clone();
  }
}
