package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServer;

/** What handlers may do with an answer, on a real server. */
class GzipFilterTest {

  private static final String LONG = "{\"text\":\"%s\"}".formatted("0123456789".repeat(20_000));

  private static WebServer server;

  private static WebCaller caller;

  private static WebCaller asking;

  @BeforeAll
  static void start() {
    server =
        new TomcatServletWebServerFactory(0)
            .getWebServer(
                context -> {
                  context
                      .addFilter("gzip", new GzipFilter(path -> !path.startsWith("/other")))
                      .addMappingForUrlPatterns(EnumSet.allOf(DispatcherType.class), false, "/*");
                  context.addServlet("answers", new Answers()).addMapping("/*");
                });
    server.start();
    caller = WebCaller.anonymous(server.getPort());
    asking = caller.with("Accept-Encoding", "gzip");
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  @Test
  void oneByteIsEnough() {
    compressed("/tiny", "1");
  }

  @Test
  void theLengthIsThatOfTheBytesSent() {
    Answer answer = asking.get("/tiny").is(200);

    assertThat(answer.header("Content-Length")).isEqualTo(String.valueOf(answer.raw().length));
    assertThat(caller.get("/tiny").is(200).header("Content-Length")).isEqualTo("1");
  }

  @Test
  void aWriterIsAsGoodAsAStream() {
    compressed("/writer", "{\"ü\":1}");
  }

  @Test
  void bytesMayComeOneByOneAndBeFlushedInBetween() {
    compressed("/flushed", "{\"a\":1}");
  }

  @Test
  void longAnswersPassAsTheyCome() {
    compressed("/long", LONG);
  }

  @Test
  void whatIsJsonByItsSuffixIsJson() {
    compressed("/problem", "{}");
  }

  @Test
  void anAnswerThatGoesWrongCanStillBeReplaced() {
    Answer answer = asking.get("/replaced").is(500);

    assertThat(answer.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(answer.text()).isEqualTo("{\"error\":1}");
  }

  @Test
  void anAnswerThatGoesWrongCanBeReplacedByText() {
    Answer answer = asking.get("/replaced-by-text").is(500);

    assertThat(answer.header("Content-Encoding")).isNull();
    assertThat(answer.text()).isEqualTo("sorry");
  }

  @Test
  void headersThatAreSentBeforeTheFirstByteSettleIt() {
    Answer answer = asking.get("/committed").is(200);

    assertThat(answer.header("Content-Encoding")).isNull();
    assertThat(answer.text()).isEqualTo("{\"a\":1}");
  }

  @Test
  void otherContentIsLeftAlone() {
    plain("/text", "text");
    plain("/odd-type", "text");
    assertThat(asking.get("/coded").is(200).raw()).asString().isEqualTo("as it is");
    assertThat(asking.get("/coded").header("Content-Encoding")).isEqualTo("br");
  }

  @Test
  void noBodyIsNoBody() {
    Answer answer = asking.get("/empty").is(204);

    assertThat(answer.raw()).isEmpty();
    assertThat(answer.header("Content-Encoding")).isNull();
  }

  @Test
  void pathsOfOthersAreLeftAlone() {
    Answer answer = asking.get("/other/tiny").is(200);

    assertThat(answer.header("Content-Encoding")).isNull();
    assertThat(answer.header("Vary")).isNull();
  }

  @Test
  void aWeakTagStaysTrueOfBoth() {
    assertThat(asking.get("/weak").is(200).header("ETag")).isEqualTo("W/\"a\"");
  }

  private static void compressed(String path, String text) {
    Answer answer = asking.get(path).is(200);
    assertThat(answer.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(answer.text()).isEqualTo(text);
    plainTo(caller, path, text);
  }

  private static void plain(String path, String text) {
    plainTo(asking, path, text);
  }

  private static void plainTo(WebCaller caller, String path, String text) {
    Answer answer = caller.get(path).is(200);
    assertThat(answer.header("Content-Encoding")).isNull();
    assertThat(answer.text()).isEqualTo(text);
    assertThat(answer.header("Vary")).isEqualTo("Accept-Encoding");
  }

  private static final class Answers extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.setContentType("application/json");
      switch (request.getRequestURI()) {
        case "/tiny", "/other/tiny" -> {
          response.setHeader("Content-Length", "1");
          write(response, "1");
        }
        case "/writer" -> {
          response.setCharacterEncoding("UTF-8");
          response.getWriter().write("{\"ü\":1}");
        }
        case "/flushed" -> {
          for (char c : "{\"a\":1}".toCharArray()) {
            response.getOutputStream().write(c);
            response.getOutputStream().flush();
          }
          response.flushBuffer();
        }
        case "/long" -> write(response, LONG);
        case "/problem" -> {
          response.setContentType("application/problem+json");
          write(response, "{}");
        }
        case "/replaced" -> {
          write(response, "{\"half\":");
          response.resetBuffer();
          response.setStatus(500);
          write(response, "{\"error\":1}");
        }
        case "/replaced-by-text" -> {
          write(response, "{\"half\":");
          response.reset();
          response.setStatus(500);
          response.setContentType("text/plain");
          write(response, "sorry");
        }
        case "/committed" -> {
          response.flushBuffer();
          write(response, "{\"a\":1}");
        }
        case "/text" -> {
          response.setContentType("text/plain");
          write(response, "text");
        }
        case "/odd-type" -> {
          response.setHeader("Content-Type", "what?");
          write(response, "text");
        }
        case "/coded" -> {
          response.setHeader("Content-Encoding", "br");
          write(response, "as it is");
        }
        case "/weak" -> {
          response.setHeader("ETag", "W/\"a\"");
          write(response, "{}");
        }
        default -> response.setStatus(204);
      }
    }

    private static void write(HttpServletResponse response, String text) throws IOException {
      response.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}
