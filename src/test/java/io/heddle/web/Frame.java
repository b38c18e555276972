package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A frame of a stream, as it went over the wire. */
record Frame(long id, String event, String data) {

  private static final Pattern FRAME =
      Pattern.compile("\\Gid: (\\d+)\nevent: ([a-z.]+)\ndata: ([^\n]+)\n\n");

  /** Everything in a stream but its signs of life must be a frame. */
  static List<Frame> all(String stream) {
    String text = stream.replace(":keepalive\n\n", "");
    List<Frame> frames = new ArrayList<>();
    assertThat(text.substring(whole(text, frames))).isEmpty();
    return frames;
  }

  /** The frames of a stream that was cut somewhere. */
  static List<Frame> whole(String cutStream) {
    List<Frame> frames = new ArrayList<>();
    whole(cutStream.replace(":keepalive\n\n", ""), frames);
    return frames;
  }

  private static int whole(String text, List<Frame> frames) {
    Matcher matcher = FRAME.matcher(text);
    int end = 0;
    while (matcher.find()) {
      frames.add(new Frame(Long.parseLong(matcher.group(1)), matcher.group(2), matcher.group(3)));
      end = matcher.end();
    }
    return end;
  }

  Map<String, @Nullable Object> json() {
    return Json.parseObject(data);
  }
}
