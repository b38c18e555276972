package io.heddle.webhook;

import io.heddle.egress.EgressFailedException;
import io.heddle.egress.EgressRefusedException;
import io.heddle.egress.EgressResponse;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;

/** Asks an address, once, whether it wants what somebody wants to be sent to it. Thread-safe. */
public final class Verification {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private static final int CHALLENGE_BYTES = 32;

  private final Sender sender;

  private final DeliveryEncoder encoder;

  private final SecureRandom random = new SecureRandom();

  public Verification(Sender sender, DeliveryEncoder encoder) {
    this.sender = sender;
    this.encoder = encoder;
  }

  /**
   * Sends a challenge and expects it back.
   *
   * @throws UnverifiedException if it does not come
   */
  void verify(Subscription subscription) {
    String challenge = random(CHALLENGE_BYTES);
    EgressResponse response;
    try {
      response =
          sender.post(
              subscription,
              "msg_" + random(24),
              null,
              null,
              null,
              encoder.verification(challenge),
              TIMEOUT);
    } catch (EgressRefusedException | EgressFailedException e) {
      throw new UnverifiedException("The endpoint could not be asked whether it wants deliveries");
    }
    boolean accepted = response.status() >= 200 && response.status() < 300;
    if (!accepted
        || response.truncated()
        || !encoder.verifies(
            challenge, response.headers().getOrDefault("content-type", ""), response.body())) {
      throw new UnverifiedException("The endpoint did not give the challenge back");
    }
  }

  private String random(int bytes) {
    byte[] value = new byte[bytes];
    random.nextBytes(value);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(value);
  }
}
