/** Every reply that is an error, through the real client over the provider's `HttpClient`. */
import { KimiClient } from "@kimi-effect/client"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as MockProvider from "../src/MockProvider.ts"
import * as Reply from "../src/Reply.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }

const clientOf = (reply: Reply.Reply) =>
  KimiClient.layer({
    apiKey: Redacted.make("sk-test"),
    maxAttempts: 1,
    maxToolArgumentBytes: 10_000,
    connectTimeout: "5 seconds"
  }).pipe(Layer.provide(MockProvider.layerHttp({ script: [reply] })))

type Kimi = KimiClient.KimiClient["Service"]
type Call = (kimi: Kimi) => Effect.Effect<unknown, { readonly _tag: string }>

const chat: Call = (kimi) => kimi.chat(request)
const stream: Call = (kimi) => Stream.runDrain(kimi.stream(request))

const tagOf = (call: Call, reply: Reply.Reply) =>
  Effect.flatMap(KimiClient.KimiClient, (kimi) => Effect.flip(call(kimi))).pipe(
    Effect.map(({ _tag }) => _tag),
    Effect.provide(clientOf(reply))
  )

/** The error of a call whose reply never ends. */
const tagAfterTimeout = (call: Call, reply: Reply.Reply) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(tagOf(call, reply))
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const ofAnyCall: { readonly [tag: string]: Reply.Reply } = {
  DnsError: Reply.dnsFailure(),
  ConnectionRefusedError: Reply.connectionRefused(),
  ConnectionLostError: Reply.connectionLost(),
  TlsError: Reply.tlsFailure(),
  RedirectError: Reply.redirected(),
  GatewayRefusedError: Reply.gatewayRefused(),
  ConnectTimeoutError: Reply.connectTimeout(),
  AuthenticationError: Reply.unauthorized(),
  PermissionDeniedError: Reply.permissionDenied(),
  IpNotAllowedError: Reply.ipNotAllowed(),
  RateLimitError: Reply.rateLimited(),
  DailyLimitError: Reply.dailyLimitReached(),
  OverloadedError: Reply.overloaded(),
  QuotaExceededError: Reply.quotaExceeded(),
  InvalidRequestError: Reply.invalidRequest(),
  UnsupportedParameterError: Reply.unsupportedParameter(),
  ContextLengthError: Reply.contextTooLong(),
  ModelNotFoundError: Reply.modelNotFound(),
  ContentFilterError: Reply.contentFiltered(),
  RequestTooLargeError: Reply.requestTooLarge(),
  UnsupportedMediaError: Reply.unsupportedMedia(),
  ToolSchemaError: Reply.toolSchemaRejected(),
  ToolHistoryError: Reply.toolHistoryRejected(),
  MissingReasoningError: Reply.reasoningMissing(),
  EmptyMessageError: Reply.emptyMessageRejected(),
  ServerError: Reply.serverError(),
  ServiceUnavailableError: Reply.unavailable(),
  GatewayTimeoutError: Reply.gatewayTimeout(),
  RequestCancelledError: Reply.cancelled(),
  InvalidResponseError: Reply.invalidResponse(),
  EmptyResponseError: Reply.emptyResponse(),
  ReasoningBudgetExhaustedError: Reply.reasoningExhausted(),
  MalformedOutputError: Reply.malformedOutput(),
  ToolArgumentsTooLargeError: Reply.toolArgumentsTooLarge(10_000)
}

const ofChat: { readonly [tag: string]: Reply.Reply } = {
  ResponseTooLargeError: Reply.responseTooLarge()
}

const ofStream: { readonly [tag: string]: Reply.Reply } = {
  StreamTruncatedError: Reply.streamTruncated(),
  StreamInterruptedError: Reply.streamInterrupted(),
  StreamDecodeError: Reply.streamCorrupted(),
  StreamFailedError: Reply.streamFailed(),
  EventTooLargeError: Reply.eventTooLarge()
}

describe("Reply", () => {
  for (const [tag, reply] of Object.entries({ ...ofAnyCall, ...ofChat })) {
    it.effect(`fails a chat with ${tag}`, () =>
      Effect.map(tagOf(chat, reply), (actual) => assert.strictEqual(actual, tag))
    )
  }
  for (const [tag, reply] of Object.entries({ ...ofAnyCall, ...ofStream })) {
    it.effect(`fails a stream with ${tag}`, () =>
      Effect.map(tagOf(stream, reply), (actual) => assert.strictEqual(actual, tag))
    )
  }

  it.effect("never lets a chat end before TotalTimeoutError", () =>
    Effect.map(tagAfterTimeout(chat, Reply.never()), (tag) => assert.strictEqual(tag, "TotalTimeoutError"))
  )

  it.effect("never lets a stream begin before FirstTokenTimeoutError", () =>
    Effect.map(tagAfterTimeout(stream, Reply.never()), (tag) => assert.strictEqual(tag, "FirstTokenTimeoutError"))
  )

  it.effect("stalls a stream until IdleTimeoutError", () =>
    Effect.map(tagAfterTimeout(stream, Reply.streamStalled()), (tag) => assert.strictEqual(tag, "IdleTimeoutError"))
  )
})
