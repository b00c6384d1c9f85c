import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type {
  BalanceError,
  ChatError,
  EstimateTokensError,
  ModelsError,
  HostApiError,
  StreamError
} from "@kimi-effect/core/OperationErrors"
import type { ReasoningBudgetExhaustedError } from "@kimi-effect/core/ProviderErrors"
import type { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import type { KimiConfig } from "@kimi-effect/core/KimiConfig"
import * as KimiError from "@kimi-effect/core/KimiError"
import type { Balance } from "@kimi-effect/core/Balance"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { Model } from "@kimi-effect/core/ModelList"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { describe, expect, test } from "tstyche"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import * as KimiNode from "../src/node/KimiNode.ts"

declare const client: KimiClient.KimiClient["Service"]
declare const transport: ChatTransport.ChatTransport["Service"]
declare const request: ChatRequest
declare const apiKey: Redacted.Redacted<string>

type ErrorOf<T> =
  T extends Effect.Effect<infer _A, infer E, infer _R>
    ? E
    : T extends Stream.Stream<infer _A, infer E, infer _R>
      ? E
      : never

type Tags<T> = ErrorOf<T> extends { readonly _tag: infer Tag } ? Tag : never

describe("chat", () => {
  const answer = client.chat(request)

  test("gives an answer, fails with the named union, and needs nothing", () => {
    expect(answer).type.toBe<Effect.Effect<ChatResponse, ChatError>>()
    expect(transport.chat({ ...request, model: "kimi-k3" })).type.toBe<Effect.Effect<ChatResponse, ChatError>>()
  })

  test("knows its errors by tag", () => {
    expect<"RateLimitError">().type.toBeAssignableTo<Tags<typeof answer>>()
    expect<"ContextLengthError">().type.toBeAssignableTo<Tags<typeof answer>>()
    expect<"ReasoningBudgetExhaustedError">().type.toBeAssignableTo<Tags<typeof answer>>()
  })

  test("cannot fail as only a stream can", () => {
    expect<"StreamTruncatedError">().type.not.toBeAssignableTo<Tags<typeof answer>>()
    expect<"IdleTimeoutError">().type.not.toBeAssignableTo<Tags<typeof answer>>()
    expect<"EventTooLargeError">().type.not.toBeAssignableTo<Tags<typeof answer>>()
  })

  test("cannot fail as only a configuration can", () => {
    expect<"ConfigurationError">().type.not.toBeAssignableTo<Tags<typeof answer>>()
  })

  test("loses an error that was caught by its tag", () => {
    const rest = answer.pipe(
      Effect.catchTag("RateLimitError", (error) => {
        expect(error).type.toBe<RateLimitError>()
        return Effect.succeed("later" as const)
      })
    )
    expect(rest).type.toBe<Effect.Effect<ChatResponse | "later", Exclude<ChatError, RateLimitError>>>()
    expect<"RateLimitError">().type.not.toBeAssignableTo<Tags<typeof rest>>()
  })

  test("does not let a tag be caught that it cannot fail with", () => {
    // @ts-expect-error Argument of type '"RatelimitError"' is not assignable
    expect(answer.pipe(Effect.catchTag("RatelimitError", () => Effect.void))).type.not.toBe<never>()
  })
})

describe("a chat request", () => {
  const messages = [{ role: "user", content: "Hello" }] as const

  test("needs messages and nothing else", () => {
    expect(client.chat).type.toBeCallableWith({ messages })
    expect(client.chat).type.not.toBeCallableWith({ model: "kimi-k3" })
    expect(client.stream).type.not.toBeCallableWith({})
  })

  test("has no member that is misspelt", () => {
    expect(client.chat).type.not.toBeCallableWith({ messages, max_completion_token: 1 })
    expect(client.chat).type.not.toBeCallableWith({ messages, maxTokens: 1 })
    expect(client.stream).type.not.toBeCallableWith({ messages, stream: true })
    expect(client.chat).type.toBeCallableWith({ messages, extra_body: { anything: 1 } })
  })

  test("has messages of known roles", () => {
    expect(client.chat).type.not.toBeCallableWith({ messages: [{ role: "usr", content: "Hello" }] })
    expect(client.chat).type.not.toBeCallableWith({ messages: [{ role: "user", contents: "Hello" }] })
  })
})

describe("stream", () => {
  const events = client.stream(request)

  test("gives events, fails with the named union, and needs nothing", () => {
    expect(events).type.toBe<Stream.Stream<StreamEvent, StreamError>>()
    expect(transport.stream({ ...request, model: "kimi-k3" })).type.toBe<Stream.Stream<StreamEvent, StreamError>>()
  })

  test("can fail in every way in which chat can", () => {
    expect<ChatError>().type.toBeAssignableTo<StreamError>()
    expect<StreamError>().type.not.toBeAssignableTo<ChatError>()
  })

  test("loses an error that was caught by its tag", () => {
    const rest = Stream.catchTag(events, "IdleTimeoutError", () => Stream.empty)
    expect<"IdleTimeoutError">().type.not.toBeAssignableTo<Tags<typeof rest>>()
    expect<"FirstTokenTimeoutError">().type.toBeAssignableTo<Tags<typeof rest>>()
  })
})

describe("requests that call no model", () => {
  test("give plain values and fail with the named unions", () => {
    expect(client.models).type.toBe<Effect.Effect<ReadonlyArray<Model>, ModelsError>>()
    expect(client.balance).type.toBe<Effect.Effect<Balance, BalanceError>>()
    expect(client.estimateTokens({ messages: [] })).type.toBe<Effect.Effect<number, EstimateTokensError>>()
  })

  test("cannot fail as only an answer can", () => {
    expect<ReasoningBudgetExhaustedError>().type.not.toBeAssignableTo<ModelsError>()
    for (const operation of [client.models, client.balance, client.estimateTokens({ messages: [] })] as const) {
      expect<"StreamTruncatedError">().type.not.toBeAssignableTo<Tags<typeof operation>>()
      expect<"EmptyResponseError">().type.not.toBeAssignableTo<Tags<typeof operation>>()
      expect<"ToolArgumentsTooLargeError">().type.not.toBeAssignableTo<Tags<typeof operation>>()
      expect<"IdleTimeoutError">().type.not.toBeAssignableTo<Tags<typeof operation>>()
    }
  })

  test("can fail because the host does not offer them", () => {
    expect<"UnsupportedOperationError">().type.toBeAssignableTo<Tags<typeof client.balance>>()
    expect<"UnsupportedOperationError">().type.toBeAssignableTo<Tags<typeof client.models>>()
    expect<ModelsError>().type.toBe<HostApiError>()
    expect<"ContextLengthError">().type.not.toBeAssignableTo<Tags<typeof client.models>>()
    expect<"DeadlineExceededError">().type.not.toBeAssignableTo<Tags<typeof client.models>>()
  })
})

describe("the layers", () => {
  test("have their requirements and the configuration error", () => {
    expect(KimiNode.layer({ apiKey })).type.toBe<Layer.Layer<KimiClient.KimiClient, ConfigurationError>>()
    expect(KimiNode.layerConfig()).type.toBe<Layer.Layer<KimiClient.KimiClient, ConfigurationError>>()
    expect(KimiClient.layer({ apiKey })).type.toBe<
      Layer.Layer<KimiClient.KimiClient, ConfigurationError, HttpClient.HttpClient>
    >()
    expect(KimiClient.layerTransport).type.toBe<
      Layer.Layer<KimiClient.KimiClient, ConfigurationError, KimiConfig | ChatTransport.ChatTransport>
    >()
    expect(ChatTransport.layerHttp).type.toBe<
      Layer.Layer<ChatTransport.ChatTransport, never, KimiConfig | HttpClient.HttpClient>
    >()
  })

  test("take a redacted key and no option that does not exist", () => {
    expect(KimiNode.layer).type.not.toBeCallableWith({ apiKey: "sk-plain" })
    expect(KimiNode.layer).type.not.toBeCallableWith({ apiKey, timeout: 1 })
    expect(KimiNode.layer).type.not.toBeCallableWith({ apiKey, rejectUnauthorized: false })
  })
})

describe("isKimiError", () => {
  class OtherError {
    readonly _tag = "OtherError"
  }

  test("separates the errors of this library from others in Effect.catchIf", () => {
    const mixed = Effect.flatMap(client.chat(request), () => Effect.fail(new OtherError()))
    expect(Effect.catchIf(mixed, KimiError.isKimiError, (error) => Effect.succeed(error.hint))).type.toBe<
      Effect.Effect<string, OtherError>
    >()
  })

  test("narrows an unknown value", () => {
    const value: unknown = undefined
    if (KimiError.isKimiError(value)) expect(value).type.toBe<KimiError.KimiError>()
  })
})
