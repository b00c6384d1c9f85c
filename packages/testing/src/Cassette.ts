/**
 * Records the HTTP traffic of a client in a file and replays it, so that tests
 * run against real responses without a network.
 *
 * **Details**
 *
 * - A cassette is below the client: retries, circuits, costs and the decoding of
 *   streams run as in production.
 * - Requests are compared as canonical JSON, without the members of
 *   `match.ignore`. The same request several times is answered in the recorded
 *   order.
 * - A request that the cassette does not contain fails with `CassetteMissError`,
 *   which names the nearest request and the members that differ. It is never
 *   retried.
 * - Keys and account ids are redacted before anything is written, and a
 *   recording in which a secret is left is not written.
 *
 * **Example** (A test that replays)
 *
 * ```ts
 * const kimi = KimiClient.layer({ apiKey: Redacted.make("sk-any") }).pipe(
 *   Layer.provide(Cassette.layer({ name: "greeting" })),
 *   Layer.provide(CassetteStore.layerFile({ folder: "test/cassettes" }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { CassetteError, CassetteFormatError, CassetteStoreError, CassetteVersionError } from "./CassetteErrors.ts"
import { CassetteStore } from "./CassetteStore.ts"
import type { Interaction } from "./cassette/Interaction.ts"
import type { MatchOptions } from "./cassette/Matching.ts"
import type { RedactionOptions } from "./cassette/Redaction.ts"
import * as CassetteText from "./internal/cassette/cassetteText.ts"
import * as DescribeRequest from "./internal/cassette/describeRequest.ts"
import { identityOf, type Matcher, matcherOf } from "./internal/cassette/identity.ts"
import { record } from "./internal/cassette/record.ts"
import { Recorder } from "./internal/cassette/Recorder.ts"
import { Redactor } from "./internal/cassette/Redactor.ts"
import { replay } from "./internal/cassette/replay.ts"
import { Tape } from "./internal/cassette/Tape.ts"
import { scaleOf, type Timing } from "./internal/cassette/timing.ts"

/**
 * - `replay`: answers from the cassette and sends nothing.
 * - `auto`: answers from the cassette, and sends and records what it does not contain.
 * - `record`: sends every request. What the cassette has for a request is replaced when the request is recorded again.
 * - `passthrough`: sends every request and records nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = "replay" | "auto" | "record" | "passthrough"

/**
 * Options of a cassette.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The name of the cassette in its store, such as `greeting` or `agents/weather`. */
  readonly name: string
  /**
   * Defaults to the variable `KIMI_CASSETTE_MODE`, otherwise `replay`. It is
   * always `replay` when the variable `CI` is set to anything but `false`, `no`, `off` or `0`.
   */
  readonly mode?: Mode | undefined
  /** How requests are compared. */
  readonly match?: MatchOptions | undefined
  /**
   * The response to a request whose recorded responses were all replayed: a
   * `CassetteMissError`, or the last of them again. Defaults to `miss`.
   */
  readonly exhausted?: "miss" | "repeatLast" | undefined
  /**
   * The times at which a replay delivers: at once, as recorded, or as recorded
   * times a factor. They are on the `Clock`. Defaults to `instant`.
   */
  readonly timing?: Timing | undefined
  /** Whether latencies and the times of events are recorded. They change with every recording. Defaults to `false`. */
  readonly recordTiming?: boolean | undefined
  /** What is redacted in addition to keys and account ids. */
  readonly redact?: RedactionOptions | undefined
}

/**
 * @category services
 * @since 0.1.0
 */
export class Cassette extends Context.Service<
  Cassette,
  {
    readonly name: string
    /** The mode that is in effect. */
    readonly mode: Mode
    /**
     * Starts from the beginning, for the next test of those that share the layer.
     * What was recorded since can then be replayed.
     */
    readonly reset: Effect.Effect<void, CassetteFormatError | CassetteVersionError | CassetteStoreError>
    /** The recorded requests that were not replayed since the last reset, such as `#2 GET /v1/models`. */
    readonly unused: Effect.Effect<ReadonlyArray<string>>
    /**
     * Writes what was recorded. Recordings are written when they are complete, and
     * when the layer is released, which dies with this error; `save` reports it as a failure.
     */
    readonly save: Effect.Effect<void, CassetteError>
  }
>()("@kimi-effect/testing/Cassette") {}

/**
 * The interactions of a cassette, for programs that analyse traffic, and for
 * `MockServer`, which serves them to any client.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recording {
  readonly name: string
  readonly interactions: ReadonlyArray<Interaction>
}

/**
 * Reads a cassette. One that does not exist is empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (
  name: string
): Effect.Effect<Recording, CassetteFormatError | CassetteVersionError | CassetteStoreError, CassetteStore> =>
  Effect.flatMap(CassetteStore, (store) => readFrom(store, name))

const readFrom = Effect.fnUntraced(function* (store: CassetteStore["Service"], name: string) {
  const text = yield* store.read(name)
  return { name, interactions: text === undefined ? [] : yield* CassetteText.parse(name, text) }
})

const isSet = (value: string): boolean => !["", "0", "false", "no", "off"].includes(value.trim().toLowerCase())

/** Continuous integration must not depend on a host or pay for calls. */
const modeOf = Effect.fnUntraced(function* (requested: Mode | undefined) {
  const ci = yield* Config.withDefault(Config.String("CI"), "")
  if (isSet(ci)) return "replay"
  return (
    requested ??
    (yield* Config.withDefault(
      Config.Literals(["replay", "auto", "record", "passthrough"], "KIMI_CASSETTE_MODE"),
      "replay" as const
    ))
  )
})

/** The client below, or that of `fetch`. */
const innerClient = Effect.flatMap(
  Effect.serviceOption(HttpClient.HttpClient),
  Option.match({
    onNone: () => Effect.map(Layer.build(FetchHttpClient.layer), Context.get(HttpClient.HttpClient)),
    onSome: Effect.succeed
  })
)

/** A client without spans: the client below makes them when a request is sent. */
const clientOf = (
  execute: (
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
): HttpClient.HttpClient =>
  HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed
  )

/** Fails an update without changing anything. */
const unchanged = Symbol("unchanged")

/** Locks the cassette as an update does, which shows whether one is possible. */
const checkWritable = (store: CassetteStore["Service"], name: string): Effect.Effect<void, CassetteStoreError> =>
  Effect.catchIf(
    store.update(name, () => Effect.fail(unchanged)),
    (error) => error === unchanged,
    () => Effect.void
  )

/** The number of interactions of each request. */
const countByIdentity = (recording: Recording, matcher: Matcher): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { request } of recording.interactions) {
    const identity = identityOf(request, matcher)
    counts.set(identity, (counts.get(identity) ?? 0) + 1)
  }
  return counts
}

/**
 * Makes a cassette, and the client that uses it. Requests are sent with the
 * `HttpClient` of the context, otherwise with `fetch`.
 *
 * A store that cannot be written is noticed before anything is sent: the mode
 * `record` fails with `CassetteStoreError`, and in the mode `auto` the first
 * request that the cassette does not contain dies with it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<
  { readonly cassette: Cassette["Service"]; readonly client: HttpClient.HttpClient },
  CassetteFormatError | CassetteVersionError | CassetteStoreError | Config.ConfigError,
  CassetteStore | Scope.Scope
> {
  const store = yield* CassetteStore
  const mode = yield* modeOf(options.mode)
  const client = yield* innerClient
  const matcher = matcherOf(options.match)
  const redactor = new Redactor(options.redact)
  const settings = {
    cassette: options.name,
    matcher,
    isLastRepeated: options.exhausted === "repeatLast",
    isOtherOriginUsed: mode === "replay"
  }
  const recording = yield* readFrom(store, options.name)
  // Every request is paid for, so a store that cannot be written is an error before the first.
  if (mode === "record") yield* checkWritable(store, options.name)
  // A recording may contain every request, and then nothing is written.
  const beforeSending =
    mode === "auto"
      ? yield* Effect.cached(Effect.uninterruptible(Effect.orDie(checkWritable(store, options.name))))
      : Effect.void
  const counts = countByIdentity(recording, matcher)
  const kept = (identity: string): number => (mode === "record" ? 0 : (counts.get(identity) ?? 0))
  const recorder = new Recorder({ cassette: options.name, store, matcher, redactor, kept }, yield* Semaphore.make(1))
  let tape = new Tape(recording.interactions, settings)
  yield* Effect.addFinalizer(() => Effect.orDie(recorder.close))

  const recordSettings = { client, recorder, redactor, isTimed: options.recordTiming ?? false }
  const execute = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest
  ): Effect.fn.Return<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> {
    const { plain, sent } = yield* DescribeRequest.readRequest(request)
    const described = DescribeRequest.describe(plain, matcher.headers, redactor)
    const found = mode === "record" ? undefined : tape.next(described)
    if (found !== undefined) return yield* replay(request, plain.url.href, found.response, scaleOf(options.timing))
    if (mode !== "replay") return yield* Effect.andThen(beforeSending, record(recordSettings, sent, described))
    const cause = tape.miss(described)
    return yield* new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({ request, cause, description: cause.message })
    })
  })

  return {
    cassette: Cassette.of({
      name: options.name,
      mode,
      reset: Effect.map(readFrom(store, options.name), ({ interactions }) => {
        tape = new Tape(interactions, settings)
      }),
      unused: Effect.sync(() => tape.unused),
      save: recorder.save
    }),
    client: mode === "passthrough" ? client : clientOf(execute)
  }
})

/**
 * Provides the `HttpClient` that replays or records, and the `Cassette`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  HttpClient.HttpClient | Cassette,
  CassetteFormatError | CassetteVersionError | CassetteStoreError | Config.ConfigError,
  CassetteStore
> =>
  OptionRules.layerOrDie("Cassette", options, (options) =>
    Layer.effectContext(
      Effect.map(make(options), ({ cassette, client }) =>
        Context.make(Cassette, cassette).pipe(Context.add(HttpClient.HttpClient, client))
      )
    )
  )
