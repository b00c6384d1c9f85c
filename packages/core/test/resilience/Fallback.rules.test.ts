/** Every error against every kind of step. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Stream } from "effect"
import * as ErrorFacts from "../../src/errors/ErrorFacts.ts"
import { classes } from "../../src/errors/KimiError.ts"
import type { ChatError, StreamError } from "../../src/errors/OperationErrors.ts"
import * as Fallback from "../../src/resilience/Fallback.ts"
import * as Hosts from "./support/fallback.ts"

/** The call is at `a/kimi-k2.6`; the window of kimi-k3 is larger, that of moonshot-v1-128k smaller. */
const places = ["a/kimi-k2.5", "a/kimi-k3", "b/kimi-k2.6", "b/kimi-k3", "b/moonshot-v1-128k", "b/house-model"]
const elsewhere = places.filter((place) => place.startsWith("b/"))
const larger = ["a/kimi-k3", "b/kimi-k3"]

/** Which steps follow which error, listed apart from the code. */
const expected: { readonly [T in Fallback.Tag]: ReadonlyArray<string> } = {
  DnsError: elsewhere,
  ConnectionRefusedError: elsewhere,
  ConnectionLostError: elsewhere,
  TlsError: elsewhere,
  RedirectError: elsewhere,
  GatewayRefusedError: elsewhere,
  ConnectTimeoutError: elsewhere,
  ConnectionPoolTimeoutError: elsewhere,
  FirstTokenTimeoutError: elsewhere,
  IdleTimeoutError: elsewhere,
  TotalTimeoutError: elsewhere,
  BudgetExceededError: [],
  UnknownPriceError: [],
  BudgetStoreError: [],
  CacheMissError: [],
  CassetteMissError: [],
  ClientClosedError: [],
  DeadlineExceededError: [],
  AuthenticationError: [],
  PermissionDeniedError: [],
  IpNotAllowedError: [],
  RateLimitError: elsewhere,
  DailyLimitError: elsewhere,
  OverloadedError: elsewhere,
  QuotaExceededError: elsewhere,
  InvalidRequestError: [],
  UnsupportedParameterError: [],
  ContextLengthError: larger,
  ModelNotFoundError: places,
  ModelRetiredError: places,
  ContentFilterError: [],
  RequestTooLargeError: [],
  UnsupportedMediaError: [],
  ToolSchemaError: [],
  ToolHistoryError: [],
  MissingReasoningError: [],
  EmptyMessageError: [],
  ServerError: elsewhere,
  ServiceUnavailableError: elsewhere,
  GatewayTimeoutError: elsewhere,
  InvalidResponseError: elsewhere,
  EmptyResponseError: elsewhere,
  RequestCancelledError: elsewhere,
  MalformedOutputError: [],
  ReasoningBudgetExhaustedError: [],
  StreamTruncatedError: elsewhere,
  StreamInterruptedError: elsewhere,
  StreamDecodeError: elsewhere,
  StreamFailedError: elsewhere,
  CircuitOpenError: elsewhere,
  AdmissionTimeoutError: elsewhere,
  AdmissionQueueFullError: elsewhere,
  AdmissionLimitError: elsewhere,
  ResponseTooLargeError: [],
  EventTooLargeError: [],
  ToolArgumentsTooLargeError: []
}

const isStreamError = (error: { readonly _tag: string }): error is StreamError => Object.hasOwn(expected, error._tag)

const streamsOnly: ReadonlySet<string> = new Set<Exclude<StreamError, ChatError>["_tag"]>([
  "FirstTokenTimeoutError",
  "IdleTimeoutError",
  "StreamTruncatedError",
  "StreamInterruptedError",
  "StreamDecodeError",
  "StreamFailedError",
  "EventTooLargeError"
])
const isChatError = (error: StreamError): error is ChatError => !streamsOnly.has(error._tag)

/** One error of every class that a call can fail with, without a word on windows. */
const errors = Effect.map(
  Effect.forEach(Object.values(classes), (Class) =>
    Arbitrary.sampleEffect(Arbitrary.schema(Class), { seed: Class.identifier, count: 1 })
  ),
  (samples) =>
    [
      ...samples.flat().filter((error) => isStreamError(error) && error._tag !== "ContextLengthError"),
      new classes.ContextLengthError({ message: "too long" })
    ].filter(isStreamError)
)

describe("the rules of fallback", () => {
  it("are complete", () => {
    assert.sameMembers(Object.keys(ErrorFacts.table).filter(Fallback.isTag), Object.keys(expected))
  })

  it.effect("define the steps that may follow every error", () =>
    Effect.gen(function* () {
      const samples = yield* errors
      assert.strictEqual(samples.length, Object.keys(expected).length)
      for (const error of samples) {
        const streamed: Array<string> = []
        const plain: Array<string> = []
        for (const place of places) {
          const stream = Hosts.stream([Hosts.step(place)], { "a/kimi-k2.6": { error } })
          yield* Effect.exit(Stream.runDrain(stream.run))
          if (stream.log.includes(`open ${place}`)) streamed.push(place)
          if (!isChatError(error)) continue
          const chat = Hosts.chat([Hosts.step(place)], { "a/kimi-k2.6": error })
          yield* Effect.exit(chat.run)
          if (chat.places().includes(place)) plain.push(place)
        }
        assert.deepStrictEqual(streamed, [...expected[error._tag]], error._tag)
        if (isChatError(error)) assert.deepStrictEqual(plain, [...expected[error._tag]], error._tag)
      }
    })
  )

  it.effect("never repeat a model at the same account", () =>
    Effect.gen(function* () {
      for (const error of yield* errors) {
        const { log, run } = Hosts.stream([Hosts.step("a/kimi-k2.6"), Hosts.step("a")], { "a/kimi-k2.6": { error } })
        assert.strictEqual(yield* Effect.flip(Stream.runDrain(run)), error)
        assert.deepStrictEqual(log, ["open a/kimi-k2.6", "close a/kimi-k2.6"])
      }
    })
  )

  it.effect("are replaced by the tags of a step", () =>
    Effect.gen(function* () {
      for (const error of yield* errors) {
        const on = Hosts.stream([Hosts.step("a/kimi-k2.6", { on: [error._tag] })], { "a/kimi-k2.6": { error } })
        yield* Effect.exit(Stream.runDrain(on.run))
        assert.strictEqual(on.log.filter((line) => line.startsWith("open")).length, 2, error._tag)
        const others = Object.keys(expected).filter((tag): tag is Fallback.Tag => tag !== error._tag)
        const off = Hosts.stream([Hosts.step("b/kimi-k3", { on: others })], { "a/kimi-k2.6": { error } })
        assert.strictEqual(yield* Effect.flip(Stream.runDrain(off.run)), error)
      }
    })
  )
})
