package io.heddle.autoconfigure;

import io.heddle.web.ClientCertificates;
import io.heddle.web.ForwardedCertificates;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the host.
 *
 * @param apiKeys API keys by key id.
 * @param auth Who may call and what, beside the holders of API keys.
 * @param keys API keys that the host gives out and keeps in its database.
 * @param claim How this node takes part in executing runs.
 * @param limits Ceilings for what a caller may ask for; they are enforced and advertised.
 * @param rateLimit How many requests a node takes of one caller or tenant.
 * @param retry How long a failed node waits for its next attempt.
 * @param workflows Workflow definitions that the host offers to every tenant.
 * @param conformance What only a test deployment serves.
 * @param idempotency Records of answered mutations.
 * @param effects Side effects of nodes.
 * @param stream Event streams.
 * @param masterKey Key that seals the secrets this host keeps in its database: 32 bytes in base64.
 *     Without it they are protected by the database alone.
 * @param masterKeyPrevious Master keys from before, which still open what they sealed; it is sealed
 *     anew with the master key.
 * @param masterKeyNext Key that other hosts have as their master key already; it opens what they
 *     sealed.
 * @param interrupts Questions to people and other systems.
 * @param retention How long what has ended is kept.
 * @param audit The log of what callers did.
 * @param shutdown How this node stops.
 * @param egress Which other systems this host calls.
 * @param webhooks Events that are told to other systems.
 * @param telemetry Traces and metrics that are sent to a collector.
 * @param secrets Secrets that nodes get.
 * @param retryAfter What callers are told to wait while the host cannot serve, in whole seconds.
 * @param publicUrl URL under which others reach this host, for example
 *     'https://heddle.example.com'; whoever is called back is told links that begin with it.
 *     Without it they are told paths.
 */
@ConfigurationProperties("openwop")
record HeddleProperties(
    @DefaultValue Map<String, ApiKey> apiKeys,
    @DefaultValue Auth auth,
    @DefaultValue Keys keys,
    @DefaultValue Claim claim,
    @DefaultValue Limits limits,
    @DefaultValue RateLimit rateLimit,
    @DefaultValue Retry retry,
    @DefaultValue Workflows workflows,
    @DefaultValue Conformance conformance,
    @DefaultValue Idempotency idempotency,
    @DefaultValue Effects effects,
    @DefaultValue Stream stream,
    @Nullable String masterKey,
    @DefaultValue List<String> masterKeyPrevious,
    @Nullable String masterKeyNext,
    @DefaultValue Interrupts interrupts,
    @DefaultValue Retention retention,
    @DefaultValue Audit audit,
    @DefaultValue Shutdown shutdown,
    @DefaultValue Egress egress,
    @DefaultValue Webhooks webhooks,
    @DefaultValue Telemetry telemetry,
    @DefaultValue Secrets secrets,
    @DefaultValue("5s") Duration retryAfter,
    @Nullable String publicUrl) {

  // A key must not reach a log with the rest.
  @Override
  public String toString() {
    return "HeddleProperties";
  }

  /**
   * An API key, of which only the hash is configured.
   *
   * @param sha256 SHA-256 of the key in hexadecimal digits.
   * @param tenant Tenant whose data the key reaches.
   * @param principal Who acts with the key; the same for all keys of one holder. Defaults to the
   *     key id.
   * @param scopes Granted scopes; '*' grants all.
   * @param groups Groups that the holder of the key is in.
   * @param roles Roles that the holder of the key has.
   * @param expiresAt When the key ends, as an ISO-8601 instant.
   * @param test Whether the key is for tests and may use what production keys are refused.
   */
  record ApiKey(
      String sha256,
      @DefaultValue("default") String tenant,
      @Nullable String principal,
      @DefaultValue("*") Set<String> scopes,
      @DefaultValue Set<String> groups,
      @DefaultValue Set<String> roles,
      @Nullable Instant expiresAt,
      @DefaultValue("false") boolean test) {

    @Override
    public String toString() {
      return "ApiKey[tenant=" + tenant + "]";
    }
  }

  /**
   * Who may call and what, beside the holders of API keys.
   *
   * @param issuers Whose signed tokens are taken.
   * @param roles Scopes by role, for callers that have it; '*' for all. A role that is not here
   *     permits nothing. Advertised.
   * @param mtls Certificates of clients, beside their credentials.
   */
  record Auth(
      @DefaultValue List<TokenIssuer> issuers,
      @DefaultValue Map<String, Set<String>> roles,
      @DefaultValue Mtls mtls) {}

  /**
   * Certificates of clients, beside their credentials.
   *
   * @param subjectMapping Where a certificate names the system that connects; without it
   *     certificates are not looked at.
   * @param required Whether callers without a certificate are refused.
   * @param tenants Tenant by the name of the system; its certificate serves callers of no other.
   * @param forwarded Certificates that proxies pass on.
   */
  record Mtls(
      ClientCertificates.@Nullable Mapping subjectMapping,
      @DefaultValue("false") boolean required,
      @DefaultValue Map<String, String> tenants,
      @DefaultValue Forwarded forwarded) {}

  /**
   * Certificates of clients whose connections end at a proxy, which passes them on in a header.
   *
   * @param trustedProxies Addresses and CIDR blocks of the proxies whose header counts; without any
   *     no header is read.
   * @param format How they spell a certificate: 'pem', URL-encoded, as nginx does, or 'xfcc', as
   *     Envoy does.
   * @param header Name of the header. Defaults to 'ssl-client-cert' or 'x-forwarded-client-cert',
   *     by the format.
   * @param bundle Name of the SSL bundle whose trust store has who may have signed a certificate;
   *     read at the start.
   */
  record Forwarded(
      @DefaultValue List<String> trustedProxies,
      @DefaultValue("pem") ForwardedCertificates.Format format,
      @Nullable String header,
      @Nullable String bundle) {}

  /**
   * Somebody whose signed tokens (JWT) are taken.
   *
   * @param issuer What the claim 'iss' must be, to the letter.
   * @param jwksUri Where its public keys are. Defaults to what its OpenID discovery document says.
   * @param audience What must be among the claim 'aud'.
   * @param algorithms Asymmetric signature algorithms that are taken.
   * @param profile Whether its tokens are people's (oidc) or machines' (oauth2).
   * @param tenant Tenant of all its tokens; without it there must be a tenant claim.
   * @param tenantClaim Claim that names the tenant.
   * @param tenantPrefix Put before what the tenant claim says.
   * @param tenants The only values of the tenant claim that are taken.
   * @param scopeClaim Claim that lists the granted scopes, unless groups stand for them.
   * @param scopes What its tokens can grant at most by the scope claim; '*' for all.
   * @param groupScopes Scopes by group; with any, the scope claim is not read.
   * @param groupsClaim Claim that lists the groups of the holder.
   * @param rolesClaim Claim that lists the roles of the holder; none by default.
   * @param disabledSubjects Values of the claim 'sub' that are refused as withdrawn.
   */
  record TokenIssuer(
      String issuer,
      @Nullable URI jwksUri,
      String audience,
      @DefaultValue({"RS256", "ES256"}) List<String> algorithms,
      @DefaultValue("oidc") TokenProfile profile,
      @Nullable String tenant,
      @Nullable String tenantClaim,
      @DefaultValue("") String tenantPrefix,
      @DefaultValue Set<String> tenants,
      @DefaultValue("scope") String scopeClaim,
      @DefaultValue("*") Set<String> scopes,
      @DefaultValue Map<String, Set<String>> groupScopes,
      @DefaultValue("groups") String groupsClaim,
      @Nullable String rolesClaim,
      @DefaultValue Set<String> disabledSubjects) {}

  /** Whose tokens an issuer signs. */
  enum TokenProfile {
    /** People's. */
    OIDC,
    /** Machines'. */
    OAUTH2
  }

  /**
   * API keys that the host gives out and keeps in its database.
   *
   * @param minGrace For how long at least a key that is replaced stays good; advertised.
   * @param cache How long a node goes on with what it knows of a key. Nodes tell each other when a
   *     key is changed; one that is not told may still take a revoked key for so long.
   */
  record Keys(@DefaultValue("24h") Duration minGrace, @DefaultValue("5s") Duration cache) {}

  /**
   * How this node takes part in executing runs.
   *
   * @param ttl How long a node counts as live after its last heartbeat; then others take its runs.
   * @param heartbeat How often a node shows that it lives. Defaults to a quarter of the ttl.
   * @param poll How often a node with free slots looks for due runs nobody told it of.
   * @param slots How many runs this node executes at the same time.
   * @param slotsPerTenant How many runs of one tenant all nodes together execute at the same time;
   *     0 for any number. Runs that several nodes accept in the same instant may exceed it.
   */
  record Claim(
      @DefaultValue("15s") Duration ttl,
      @Nullable Duration heartbeat,
      @DefaultValue("500ms") Duration poll,
      @DefaultValue("64") int slots,
      @DefaultValue("0") int slotsPerTenant) {}

  /**
   * Ceilings for what a caller may ask for.
   *
   * @param maxNodeExecutions Node starts in one run.
   * @param maxLoopIterations Turns of the orchestrators of one run.
   * @param maxRunDuration Time from a run's first step to its end, without the time it is paused.
   * @param maxRequestBody Size of a request body.
   * @param maxSubWorkflowDepth How many runs may be above one that a node starts.
   * @param maxFanOut How many runs that one decision started are executed at the same time.
   * @param maxProcessLosses Processes that may die over one node before it counts as failed.
   * @param maxNodeDuration Time that one call of a node's executor may take before it is
   *     interrupted and counts as failed; a node's 'settings.timeoutMs' can only lower it.
   * @param maxWaitingRuns Runs that wait for a free slot of any node before further ones are
   *     refused; 0 for any number. Looked at once a second.
   * @param maxInFlight Requests this node serves at the same time, open streams and waiting polls
   *     among them; 0 for any number.
   * @param maxDebugBundle Size of the debug bundle of a run, from 64KB to 1GB; what goes beyond it
   *     is cut.
   */
  record Limits(
      @DefaultValue("1000") int maxNodeExecutions,
      @DefaultValue("1000") int maxLoopIterations,
      @DefaultValue("30d") Duration maxRunDuration,
      @DefaultValue("1MB") DataSize maxRequestBody,
      @DefaultValue("16") int maxSubWorkflowDepth,
      @DefaultValue("16") int maxFanOut,
      @DefaultValue("5") int maxProcessLosses,
      @DefaultValue("1h") Duration maxNodeDuration,
      @DefaultValue("100000") int maxWaitingRuns,
      @DefaultValue("4096") int maxInFlight,
      @DefaultValue("8MB") DataSize maxDebugBundle) {}

  /**
   * How many requests a node takes of one caller or tenant; each node counts for itself.
   *
   * @param perKey Requests of one holder of keys in a period; 0 for any number.
   * @param perTenant Requests of one tenant in a period; 0 for any number.
   * @param period The time in which so many requests are taken.
   */
  record RateLimit(
      @DefaultValue("0") int perKey,
      @DefaultValue("0") int perTenant,
      @DefaultValue("1s") Duration period) {}

  /**
   * How long a failed node waits for its next attempt; twice as long each time.
   *
   * @param firstDelay Before the second attempt.
   * @param longestDelay Before any attempt.
   */
  record Retry(
      @DefaultValue("1s") Duration firstDelay, @DefaultValue("1m") Duration longestDelay) {}

  /**
   * Workflow definitions that the host offers to every tenant.
   *
   * @param locations Resource patterns of definition files, for example 'file:workflows/*.json'.
   */
  record Workflows(@DefaultValue List<String> locations) {}

  /**
   * What only a test deployment serves.
   *
   * @param enabled Whether the conformance workflows are offered and advertised.
   * @param fixturesDir Directory with conformance workflows to offer instead of the built-in ones;
   *     those this host cannot execute are left out.
   */
  record Conformance(@DefaultValue("false") boolean enabled, @Nullable String fixturesDir) {}

  /**
   * Records of answered mutations.
   *
   * @param retention How long a mutation can be repeated under its key, at least 24 hours.
   */
  record Idempotency(@DefaultValue("24h") Duration retention) {}

  /**
   * Side effects of nodes.
   *
   * @param retention How long what an effect came to is kept at least, in whole seconds.
   * @param maxWait How long an executor waits for another one that performs the same effect.
   */
  record Effects(@DefaultValue("14d") Duration retention, @DefaultValue("30s") Duration maxWait) {}

  /**
   * The log of what callers did, chained and signed for each tenant.
   *
   * @param enabled Whether there is one. Without it the production profile is not advertised.
   * @param signingKey Ed25519 private key in PKCS #8 as PEM that signs checkpoints. Without one the
   *     hosts of a database make one of their own.
   * @param verificationKeys Public keys that signed checkpoints before, base64 of their SPKI each.
   * @param interval How often recorded entries are sealed into the chains.
   * @param checkpointEntries Entries under one checkpoint at most.
   * @param checkpointInterval How long an entry waits for a checkpoint at most, in whole seconds.
   */
  record Audit(
      @DefaultValue("true") boolean enabled,
      @Nullable String signingKey,
      @DefaultValue List<String> verificationKeys,
      @DefaultValue("1s") Duration interval,
      @DefaultValue("1000") int checkpointEntries,
      @DefaultValue("5m") Duration checkpointInterval) {

    // Never the key.
    @Override
    public String toString() {
      return "Audit[enabled=" + enabled + "]";
    }
  }

  /**
   * How this node stops.
   *
   * @param grace How long nodes in execution may take to end before they are interrupted, and
   *     requests in flight to be answered.
   */
  record Shutdown(@DefaultValue("10s") Duration grace) {}

  /**
   * Traces and metrics that are sent to a collector.
   *
   * @param endpoint URL of the collector, without the paths of OTLP, for example
   *     'http://localhost:4318'. Without it nothing is sent.
   * @param protocol How they are sent: 'http/protobuf' or 'http/json'.
   * @param headers Headers of every request, for example a credential.
   * @param sampling Share of the traces that are recorded, from 0 to 1. A run that was created with
   *     a 'traceparent' is recorded if that says so.
   * @param interval How often metrics are sent.
   */
  record Telemetry(
      @Nullable String endpoint,
      @DefaultValue("http/protobuf") String protocol,
      @DefaultValue Map<String, String> headers,
      @DefaultValue("1") double sampling,
      @DefaultValue("1s") Duration interval) {

    // Headers hold credentials.
    @Override
    public String toString() {
      return "Telemetry[" + protocol + "]";
    }
  }

  /**
   * Event streams.
   *
   * @param keepalive How often a quiet stream carries a comment line, at most 30 seconds.
   * @param lookout How often this node looks for events that another node appended to a log being
   *     read here and that it was not notified of. Make it shorter without notifications.
   * @param notifications Whether nodes notify each other by LISTEN and NOTIFY. Does not work
   *     through a proxy that pools transactions.
   */
  record Stream(
      @DefaultValue("15s") Duration keepalive,
      @DefaultValue("1s") Duration lookout,
      @DefaultValue("true") boolean notifications) {}

  /**
   * Questions to people and other systems.
   *
   * @param tokenSecrets Secrets of signed tokens by key id, at least 32 bytes each in base64; the
   *     first in the order of the ids signs unless told otherwise. Without any the hosts of a
   *     database make one of their own.
   * @param signingKey Id of the secret that signs new tokens.
   */
  record Interrupts(@DefaultValue Map<String, String> tokenSecrets, @Nullable String signingKey) {

    @Override
    public String toString() {
      return "Interrupts" + tokenSecrets.keySet();
    }
  }

  /**
   * How long what has ended is kept.
   *
   * @param window How long a run is kept after its end, at least 7 days.
   * @param development Whether the host is for development only: it may then keep runs for less,
   *     and does not advertise that it keeps them.
   * @param tombstones How long a deleted run is told from one that never was.
   * @param interval How often a node looks for what is no longer kept.
   */
  record Retention(
      @DefaultValue("30d") Duration window,
      @DefaultValue("false") boolean development,
      @DefaultValue("365d") Duration tombstones,
      @DefaultValue("10m") Duration interval) {}

  /**
   * Which other systems this host calls.
   *
   * @param allow Host names, '*.suffix' for the names below one, addresses and CIDR blocks; if
   *     there are any, nothing else is called.
   * @param deny The same, never called; wins over everything.
   * @param allowPrivate Whether http URLs and private and loopback addresses are called, which is
   *     for tests and closed networks.
   * @param maxResponseBody How much of a response's body is read.
   */
  record Egress(
      @DefaultValue List<String> allow,
      @DefaultValue List<String> deny,
      @DefaultValue("false") boolean allowPrivate,
      @DefaultValue("1MB") DataSize maxResponseBody) {}

  /**
   * Secrets that nodes get.
   *
   * @param directory Directory with a file for each secret of a tenant, '<tenant>/<secret id>', and
   *     for those of one principal, '<tenant>/users/<principal>/<secret id>'.
   * @param tenants Secrets by tenant and secret id; read anew each time a node asks.
   */
  record Secrets(
      @Nullable String directory, @DefaultValue Map<String, Map<String, String>> tenants) {

    // Never a secret.
    @Override
    public String toString() {
      return "Secrets[directory=%s]".formatted(directory);
    }
  }

  /**
   * Events that are told to other systems.
   *
   * @param signingKey Ed25519 private key that signs deliveries, as PKCS#8 PEM. Without it and
   *     without a file the hosts of a database make one of their own.
   * @param signingKeyFile File with that key instead.
   * @param previousSigningKeys Keys that signed before or will sign next, private or public, as
   *     PEM; published until they are removed.
   * @param signingKeyRotation How long a key that the hosts made signs before the next one does;
   *     never without it.
   * @param signingKeyOverlap How long such a key is published before it signs, and after another
   *     one does, at least 10 minutes.
   * @param maxSubscriptions Webhooks that one tenant may have.
   * @param durable Whether deliveries that fail are tried again and kept as dead letters in the
   *     end. If not, each is tried once, and a webhook that fails again and again is left alone for
   *     an hour.
   * @param retries Time before the second attempt of a delivery, before the third and so on.
   * @param retryJitter By which share such a time is longer or shorter at random, 0 to 1.
   * @param maxRetryAfter How far a receiver's 'Retry-After' is followed.
   * @param concurrency Webhooks this node sends to at the same time.
   * @param timeout Time that one attempt may take.
   * @param poll How often a node looks for deliveries that it was not told of.
   * @param secretOverlap How long a secret that was replaced still signs, 1 minute to 7 days.
   * @param deliveryRetention How long it is kept that something was delivered.
   * @param deadLetterRetention How long deliveries that were given up are kept.
   */
  record Webhooks(
      @Nullable String signingKey,
      @Nullable String signingKeyFile,
      @DefaultValue List<String> previousSigningKeys,
      @Nullable Duration signingKeyRotation,
      @DefaultValue("24h") Duration signingKeyOverlap,
      @DefaultValue("100") int maxSubscriptions,
      @DefaultValue("true") boolean durable,
      @DefaultValue({"5s", "30s", "2m", "10m", "1h", "6h", "12h"}) List<Duration> retries,
      @DefaultValue("0.2") double retryJitter,
      @DefaultValue("1h") Duration maxRetryAfter,
      @DefaultValue("256") int concurrency,
      @DefaultValue("5s") Duration timeout,
      @DefaultValue("500ms") Duration poll,
      @DefaultValue("24h") Duration secretOverlap,
      @DefaultValue("24h") Duration deliveryRetention,
      @DefaultValue("30d") Duration deadLetterRetention) {

    // Never a key.
    @Override
    public String toString() {
      return "Webhooks";
    }
  }
}
