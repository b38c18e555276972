package io.heddle.web;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/**
 * An answer that is compressed if it turns out to be JSON, which is known when its first byte is
 * written. The beginning is held back, so that an answer that goes wrong can still be replaced.
 */
final class GzipResponse extends HttpServletResponseWrapper {

  private static final int HELD = 16 * 1024;

  private static final long UNKNOWN = -1;

  private @Nullable Body body;

  private @Nullable PrintWriter writer;

  private long plainLength = UNKNOWN;

  private boolean headed;

  GzipResponse(HttpServletResponse response) {
    super(response);
  }

  /** Sends what is still held. Nothing can be written after this. */
  void finish() throws IOException {
    if (writer != null) {
      writer.flush();
    }
    if (body == null) {
      head(false);
    } else {
      body.finish();
    }
  }

  @Override
  public ServletOutputStream getOutputStream() throws IOException {
    if (body == null) {
      body = new Body(super.getOutputStream());
    }
    return body;
  }

  @Override
  public PrintWriter getWriter() throws IOException {
    if (writer == null) {
      Charset charset = Charset.forName(getCharacterEncoding());
      writer = new PrintWriter(new OutputStreamWriter(getOutputStream(), charset));
    }
    return writer;
  }

  @Override
  public void flushBuffer() throws IOException {
    if (writer != null) {
      writer.flush();
    }
    if (body == null) {
      head(false);
    } else {
      body.release();
    }
    super.flushBuffer();
  }

  @Override
  public void resetBuffer() {
    super.resetBuffer();
    forget();
  }

  @Override
  public void reset() {
    super.reset();
    forget();
  }

  private void forget() {
    if (headed) {
      // Set, but not sent: what comes instead is judged anew.
      super.setHeader("Content-Encoding", null);
      headed = false;
    }
    body = null;
    writer = null;
    plainLength = UNKNOWN;
  }

  @Override
  public void setContentLength(int length) {
    plainLength = length;
  }

  @Override
  public void setContentLengthLong(long length) {
    plainLength = length;
  }

  @Override
  public void setHeader(String name, @Nullable String value) {
    if (value == null || !holdsLength(name, value)) {
      super.setHeader(name, value);
    }
  }

  @Override
  public void addHeader(String name, String value) {
    if (!holdsLength(name, value)) {
      super.addHeader(name, value);
    }
  }

  @Override
  public void setIntHeader(String name, int value) {
    setHeader(name, Integer.toString(value));
  }

  @Override
  public void addIntHeader(String name, int value) {
    addHeader(name, Integer.toString(value));
  }

  // The length of the plain bytes would be wrong for the compressed ones.
  private boolean holdsLength(String name, String value) {
    if (!name.equalsIgnoreCase("Content-Length")) {
      return false;
    }
    plainLength = Long.parseLong(value);
    return true;
  }

  private boolean isCompressible() {
    String type = getContentType();
    if (type == null || getHeader("Content-Encoding") != null) {
      return false;
    }
    try {
      MediaType parsed = MediaType.parseMediaType(type);
      return parsed.getSubtype().equals("json") || parsed.getSubtype().endsWith("+json");
    } catch (InvalidMediaTypeException e) {
      return false;
    }
  }

  /** Makes the headers final, once. */
  private void head(boolean compressed) {
    if (headed || isCommitted()) {
      return;
    }
    headed = true;
    if (compressed) {
      super.setHeader("Content-Encoding", GzipFilter.CODING);
    } else if (plainLength != UNKNOWN) {
      super.setContentLengthLong(plainLength);
    }
    String tag = getHeader("ETag");
    // A 304 has no body to compress and stands for the answer that would have.
    if (tag != null && (compressed || getStatus() == SC_NOT_MODIFIED)) {
      super.setHeader("ETag", GzipFilter.compressedTag(tag));
    }
  }

  /** The body: decides at its first byte what becomes of all of them. */
  private final class Body extends ServletOutputStream {

    private final ServletOutputStream target;

    private @Nullable OutputStream coded;

    private @Nullable ByteArrayOutputStream held;

    Body(ServletOutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      coded().write(bytes, offset, length);
      if (held != null && held.size() > HELD) {
        release();
      }
    }

    private OutputStream coded() throws IOException {
      OutputStream stream = coded;
      if (stream == null) {
        // Once the headers are out it is too late for another coding.
        if (!headed && !isCommitted() && isCompressible()) {
          held = new ByteArrayOutputStream();
          stream = new GZIPOutputStream(new Sink());
        } else {
          head(false);
          stream = target;
        }
        coded = stream;
      }
      return stream;
    }

    /** Lets the beginning go; from here on bytes pass as they come. */
    void release() throws IOException {
      coded();
      ByteArrayOutputStream beginning = held;
      if (beginning != null) {
        head(true);
        held = null;
        beginning.writeTo(target);
      }
    }

    void finish() throws IOException {
      OutputStream stream = coded;
      if (stream == null) {
        head(false);
      } else if (stream != target) {
        stream.close();
        ByteArrayOutputStream all = held;
        if (all != null) {
          head(true);
          if (!isCommitted()) {
            GzipResponse.super.setContentLengthLong(all.size());
          }
          held = null;
          all.writeTo(target);
        }
      }
    }

    @Override
    public void flush() throws IOException {
      // A document is of no use in parts; what is held goes with the rest.
      if (held == null && coded != null) {
        coded.flush();
      }
    }

    @Override
    public boolean isReady() {
      return target.isReady();
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      target.setWriteListener(listener);
    }

    /** Where compressed bytes go: to the beginning that is held, then to the caller. */
    private final class Sink extends OutputStream {

      @Override
      public void write(int b) throws IOException {
        (held == null ? target : held).write(b);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        (held == null ? target : held).write(bytes, offset, length);
      }
    }
  }
}
