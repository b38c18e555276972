package io.heddle.egress;

import io.heddle.egress.EgressFailedException.Kind;
import io.heddle.spi.EgressPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls other systems: what is not refused here is connected to at exactly the addresses that were
 * checked, one connection per call, without redirections, cookies, retries, proxies or decoding of
 * bodies. Thread-safe.
 */
public final class Egress implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Egress.class);

  private static final Duration LONGEST_CHECK = Duration.ofSeconds(5);

  private static final Pattern METHOD = Pattern.compile("[A-Z]{1,20}");

  private static final Set<String> REFUSED_METHODS = Set.of("CONNECT", "TRACE");

  private static final Pattern HEADER = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  private static final Pattern HEADER_VALUE = Pattern.compile("[\\t\\x20-\\x7e\\x80-\\xff]*");

  private static final Set<String> OWN_HEADERS =
      Set.of(
          "connection",
          "content-length",
          "expect",
          "host",
          "http2-settings",
          "keep-alive",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  private final EgressSettings settings;

  private final Guard guard;

  private final List<EgressPolicy> policies;

  private final SSLContext tls;

  private final ExecutorService threads;

  /** Asks the machine's resolver, trusts whom the JVM trusts, and knows no further policies. */
  public Egress(EgressSettings settings) {
    this(settings, AddressResolver.SYSTEM, List.of(), jvmDefault());
  }

  /**
   * @param policies all of which must permit a call
   * @param tls whose certificates are trusted
   */
  public Egress(
      EgressSettings settings,
      AddressResolver resolver,
      List<? extends EgressPolicy> policies,
      SSLContext tls) {
    this.settings = settings;
    this.guard = new Guard(settings, resolver);
    this.policies = List.copyOf(policies);
    this.tls = tls;
    AtomicLong number = new AtomicLong();
    // As many as there are callers, and some more while a resolver hangs.
    this.threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "heddle-egress-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** The trust of the JVM. */
  public static SSLContext jvmDefault() {
    try {
      return SSLContext.getDefault();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("This JVM has no TLS", e);
    }
  }

  /**
   * Whether a URL could be called now; nothing is sent, and {@link #send} checks again. Policies
   * are not asked, for they judge calls.
   *
   * @param url what somebody wants to be called at
   * @throws EgressRefusedException if not, also if the name has no address now
   */
  public void check(String url) {
    Target target = guard.target(url);
    Future<List<InetAddress>> addresses;
    try {
      addresses = threads.submit(() -> guard.addresses(target));
    } catch (RejectedExecutionException e) {
      throw new EgressRefusedException("unresolvable");
    }
    try {
      addresses.get(LONGEST_CHECK.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EgressRefusedException("unresolvable");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof EgressRefusedException refused) {
        throw new EgressRefusedException(refused.reason());
      }
      throw unresolvable(e.getCause());
    } catch (TimeoutException e) {
      addresses.cancel(true);
      throw new EgressRefusedException("unresolvable");
    }
  }

  private static RuntimeException unresolvable(@Nullable Throwable failure) {
    return failure instanceof UnknownHostException
        ? new EgressRefusedException("unresolvable")
        : new IllegalStateException("The addresses of a host could not be looked up", failure);
  }

  /**
   * Makes a call and waits for the answer, at most for the time the request has. An interrupt ends
   * the call.
   *
   * @throws EgressRefusedException if the call must not be made, now
   * @throws EgressFailedException if there is no whole answer
   */
  public EgressResponse send(EgressRequest request) {
    long deadline = System.nanoTime() + request.timeout().toNanos();
    if (request.replay()) {
      throw new EgressRefusedException("replay");
    }
    checkMessage(request);
    Call call = new Call(request, guard.target(request.url()));
    try {
      threads.execute(call);
      return call.answer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      throw new EgressFailedException(Kind.CLOSED);
    } catch (InterruptedException e) {
      call.abort();
      Thread.currentThread().interrupt();
      throw new EgressFailedException(Kind.CLOSED);
    } catch (TimeoutException e) {
      call.abort();
      throw new EgressFailedException(Kind.TIMEOUT);
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    }
  }

  private static RuntimeException failure(@Nullable Throwable failure) {
    if (failure instanceof EgressRefusedException refused) {
      return refused;
    }
    if (failure instanceof IOException io) {
      log.debug("A call failed", io);
      return new EgressFailedException(Exchange.kind(io));
    }
    return new IllegalStateException("A call could not be made", failure);
  }

  private static void checkMessage(EgressRequest request) {
    String method = request.method();
    if (!METHOD.matcher(method).matches() || REFUSED_METHODS.contains(method)) {
      throw new EgressRefusedException("method");
    }
    for (Map.Entry<String, String> header : request.headers().entrySet()) {
      if (!HEADER.matcher(header.getKey()).matches()
          || !HEADER_VALUE.matcher(header.getValue()).matches()
          || OWN_HEADERS.contains(header.getKey().toLowerCase(Locale.ROOT))) {
        throw new EgressRefusedException("header");
      }
    }
  }

  /** Makes no more calls. Those under way end by themselves. */
  @Override
  public void close() {
    threads.shutdown();
  }

  /** Whether it is closed and no call is under way. */
  boolean isQuiet() {
    return threads.isTerminated();
  }

  /** A call under way. */
  private final class Call implements Runnable {

    private final EgressRequest request;

    private final Target target;

    private final CompletableFuture<EgressResponse> answer = new CompletableFuture<>();

    private boolean aborted;

    private @Nullable Exchange exchange;

    Call(EgressRequest request, Target target) {
      this.request = request;
      this.target = target;
    }

    @Override
    public void run() {
      try {
        List<InetAddress> addresses = guard.addresses(target);
        askPolicies(addresses);
        Exchange begun = begin(addresses);
        if (begun != null) {
          try {
            answer.complete(begun.perform());
          } finally {
            begun.end();
          }
        }
        // Whatever it is, the caller is told rather than left waiting.
      } catch (Throwable e) {
        answer.completeExceptionally(e);
      }
    }

    private void askPolicies(List<InetAddress> addresses) {
      EgressPolicy.Call call =
          new EgressPolicy.Call(
              request.purpose(),
              request.tenant(),
              request.runId(),
              request.method(),
              target.scheme(),
              target.host(),
              target.port(),
              addresses);
      for (EgressPolicy policy : policies) {
        if (!isPermitted(policy, call)) {
          throw new EgressRefusedException("policy");
        }
      }
    }

    private boolean isPermitted(EgressPolicy policy, EgressPolicy.Call call) {
      try {
        return policy.permits(call);
      } catch (RuntimeException e) {
        log.warn("An egress policy failed, so that the call is refused", e);
        return false;
      }
    }

    private synchronized @Nullable Exchange begin(List<InetAddress> addresses) {
      if (aborted) {
        return null;
      }
      exchange = new Exchange(target, addresses, request, tls, settings.maxResponseBytes());
      return exchange;
    }

    void abort() {
      Exchange begun;
      synchronized (this) {
        aborted = true;
        begun = exchange;
      }
      if (begun != null) {
        begun.abort();
      }
    }
  }
}
