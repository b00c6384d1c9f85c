/** Errors that a response of the host means, by tag: the reply, and the call that gets it. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { Options } from "@kimi-effect/core/KimiConfig"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import { hello, withKimi } from "../kimi.ts"
import { call, type Mode } from "../outcome.ts"

interface Setting {
  readonly mode?: Mode
  readonly client?: Options
  readonly request?: ChatRequest
}

/** The error of a call to a host that gives this reply. */
const replied = (reply: Reply.Reply, { client = {}, mode = "chat", request = hello }: Setting = {}) =>
  withKimi((kimi, server) => Effect.andThen(server.replyAlways(reply), Effect.flip(call(kimi, mode, request))), {
    client
  })

const faulty = (fault: Fault.Fault, setting: Setting = { mode: "stream" }) =>
  replied(
    Reply.chatResponse({ content: "A long answer in several words" }, { fault, chunking: { events: 1 } }),
    setting
  )

const { table } = ErrorReply

export const responses = {
  AuthenticationError: replied(table.incorrectApiKey),
  PermissionDeniedError: replied(table.apiNotOpen),
  IpNotAllowedError: replied(table.ipNotAllowed),
  RateLimitError: replied(table.limitRpm),
  DailyLimitError: replied(table.limitTpd),
  OverloadedError: replied(table.engineOverloaded),
  QuotaExceededError: replied(table.quotaSuspended),
  InvalidRequestError: replied(table.invalidRequest),
  UnsupportedParameterError: replied(table.invalidTemperature),
  ContextLengthError: replied(table.inputTooLong),
  ModelNotFoundError: replied(table.modelNotFound),
  ContentFilterError: replied(table.contentFilter),
  RequestTooLargeError: replied(table.requestTooLarge),
  UnsupportedMediaError: replied(table.unsupportedImage),
  ToolSchemaError: replied(table.toolSchemaNoType),
  ToolHistoryError: replied(table.toolCallIdNotFound),
  MissingReasoningError: replied(table.missingReasoning),
  EmptyMessageError: replied(table.emptyMessage),
  ServerError: replied(table.plainText),
  ServiceUnavailableError: replied(table.serverUnavailable),
  GatewayTimeoutError: replied(table.gatewayTimeout),
  RequestCancelledError: replied(table.clientClosed),
  GatewayRefusedError: replied(Reply.html("<html><body>Request blocked</body></html>", { status: 403 })),
  InvalidResponseError: faulty(Fault.MalformedJson(), { mode: "chat" }),
  EmptyResponseError: replied(Reply.chatResponse({ content: "" })),
  ReasoningBudgetExhaustedError: replied(
    Reply.chatResponse({ content: "", reasoning_content: "First of all", finish_reason: "length" })
  ),
  MalformedOutputError: replied(
    Reply.chatResponse({
      content:
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.look:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>"
    }),
    { client: { markup: "fail" } }
  ),
  StreamTruncatedError: faulty(Fault.TruncatedStream({ afterEvents: 2 })),
  StreamInterruptedError: faulty(Fault.ResetMidStream({ afterEvents: 2 })),
  StreamDecodeError: faulty(Fault.CorruptEvent({ afterEvents: 2 })),
  StreamFailedError: faulty(Fault.ErrorInStream({ afterEvents: 2, error: { message: "failed" } })),
  ConnectionLostError: faulty(Fault.ResetBeforeHeaders()),
  RedirectError: faulty(Fault.Redirect({ status: 302, location: "https://example.com/" })),
  FirstTokenTimeoutError: faulty(Fault.StallBeforeHeaders(), {
    mode: "stream",
    client: { firstTokenTimeout: "20 millis" }
  }),
  IdleTimeoutError: faulty(Fault.StallMidStream({ afterEvents: 2 }), {
    mode: "stream",
    client: { idleTimeout: "20 millis" }
  }),
  TotalTimeoutError: faulty(Fault.StallBeforeHeaders(), { mode: "chat", client: { totalTimeout: "20 millis" } }),
  ResponseTooLargeError: faulty(Fault.HugeBody({ bytes: 10_000, contentLength: true }), {
    mode: "chat",
    client: { maxResponseBytes: 1_000 }
  }),
  EventTooLargeError: faulty(Fault.HugeEvent({ afterEvents: 2, bytes: 10_000 }), {
    mode: "stream",
    client: { maxEventBytes: 1_000 }
  }),
  ToolArgumentsTooLargeError: replied(
    Reply.chatResponse({ tool_calls: [{ name: "look", arguments: JSON.stringify({ at: "x".repeat(1_000) }) }] }),
    { client: { maxToolArgumentBytes: 100 } }
  )
} satisfies { readonly [Tag in KimiError["_tag"]]?: Effect.Effect<KimiError, unknown> }
