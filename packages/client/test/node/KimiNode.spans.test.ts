import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { attributes as known, spans as knownSpans } from "@kimi-effect/core/Telemetry"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Effect, Fiber, Layer, Stream } from "effect"
import { hello } from "./support/kimi.ts"
import { attempt, eventNames, type Observed, outline, withObserved } from "./support/observed.ts"

describe("the span of a call", () => {
  const tagged = ({ client, server, traced, trees }: Observed) =>
    Effect.gen(function* () {
      const request: ChatRequest = { ...hello, max_completion_tokens: 500 }
      yield* server.reply(
        Reply.chatResponse({
          content: "hi",
          usage: { prompt_tokens: 88, completion_tokens: 40, cached_tokens: 8, reasoning_tokens: 30 }
        })
      )
      yield* client
        .chat(request)
        .pipe(CallOptions.provide({ tenant: "acme", job: "reports", priority: "batch" }), traced)
      return trees()[0]
    })

  it.live("has its attempt as a child", () =>
    withObserved((observed) =>
      Effect.gen(function* () {
        const tree = yield* tagged(observed)
        assert.deepStrictEqual(outline(tree), {
          name: "chat kimi-k3",
          outcome: "ok",
          ended: "success",
          children: [attempt("ok")]
        })
      })
    )
  )

  it.live("has the attributes of the semantic conventions", () =>
    withObserved((observed) =>
      Effect.gen(function* () {
        const tree = yield* tagged(observed)
        const {
          "kimi.request_id": requestId,
          "kimi.host_trace_id": traceId,
          "kimi.cost": cost,
          ...rest
        } = tree?.attributes ?? {}
        assert.isString(requestId)
        assert.isString(traceId)
        // 80 at $1.65 and 8 at $0.165 and 40 at $8.25 a million would be other prices; the catalogue's are in its own test.
        assert.isAbove(cost as number, 0)
        assert.deepStrictEqual(rest, {
          "gen_ai.operation.name": "chat",
          "gen_ai.provider.name": "moonshot_ai",
          "kimi.host": "moonshot",
          "kimi.account": "moonshot",
          "server.address": "127.0.0.1",
          "server.port": Number(new URL(observed.server.url).port),
          "kimi.operation": "chat",
          "gen_ai.request.model": "kimi-k3",
          "gen_ai.request.stream": false,
          "gen_ai.output.type": "text",
          "gen_ai.request.max_tokens": 500,
          "kimi.priority": "batch",
          "kimi.tenant": "acme",
          "kimi.job": "reports",
          "kimi.outcome": "ok",
          "gen_ai.response.id": "chatcmpl-6a97653c31b3adf613a7661f",
          "gen_ai.response.model": "kimi-k3",
          "gen_ai.response.finish_reasons": ["stop"],
          "gen_ai.usage.input_tokens": 88,
          "gen_ai.usage.output_tokens": 40,
          "gen_ai.usage.cache_read.input_tokens": 8,
          "gen_ai.usage.cache_creation.input_tokens": 0,
          "gen_ai.usage.reasoning.output_tokens": 30,
          "kimi.attempts": 1,
          "kimi.retries": 0,
          "kimi.currency": "USD",
          "kimi.estimated": false
        })
      })
    )
  )

  const retried = ({ client, server, traced, trees }: Observed) =>
    Effect.gen(function* () {
      yield* server.reply(ErrorReply.make(503, "server_error", "down"), ErrorReply.make(500, "server_error", "down"))
      yield* traced(client.chat(hello))
      return trees()[0]
    })

  it.live("has a child for every attempt", () =>
    withObserved((observed) =>
      Effect.gen(function* () {
        const tree = yield* retried(observed)
        assert.deepStrictEqual(outline(tree), {
          name: "chat kimi-k3",
          outcome: "ok",
          ended: "success",
          children: [attempt("ServiceUnavailableError", "failure"), attempt("ServerError", "failure"), attempt("ok")]
        })
        assert.deepStrictEqual(
          tree?.children.map(({ attributes }) => attributes["kimi.attempt.number"]),
          [1, 2, 3]
        )
        assert.deepInclude(observed.records[0], { attempts: 3, retries: 2, outcome: "ok", operation: "chat" })
      })
    )
  )

  it.live("has an event with the reason of every retry", () =>
    withObserved((observed) =>
      Effect.gen(function* () {
        const tree = yield* retried(observed)
        assert.deepStrictEqual(tree?.events, [
          ["kimi.retry", { "error.type": "ServiceUnavailableError" }],
          ["kimi.retry", { "error.type": "ServerError" }]
        ])
      })
    )
  )

  const failed = ({ client, server, traced }: Observed) =>
    Effect.gen(function* () {
      yield* server.reply(ErrorReply.make(401, "invalid_authentication_error", "Invalid Authentication"))
      return yield* Effect.flip(traced(client.chat(hello)))
    })

  it.live("ends as a failure with the tag of the error", () =>
    withObserved((observed) =>
      Effect.gen(function* () {
        const error = yield* failed(observed)
        const [tree] = observed.trees()
        assert.strictEqual(tree?.ended, "failure")
        assert.strictEqual(tree?.attributes["error.type"], error._tag)
      })
    )
  )

  it.live("has a record that links the error to the span", () =>
    withObserved((observed) =>
      Effect.gen(function* () {
        const error = yield* failed(observed)
        const { records, spans } = observed
        const [record] = records
        assert.deepStrictEqual(record?.error, {
          tag: error._tag,
          category: error.category,
          severity: error.severity,
          message: error.message,
          hint: error.hint
        })
        assert.strictEqual(record?.outcome, error._tag)
        assert.strictEqual(record?.spanId, spans[0]?.spanId)
        assert.strictEqual(record?.traceId, spans[0]?.traceId)
        assert.strictEqual(record?.requestId, error.requestId)
      })
    )
  )

  it.live("ends as interrupted when its caller is interrupted", () =>
    withObserved(({ client, records, server, traced, trees }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.faulty(Fault.StallBeforeHeaders()))
        const fiber = yield* Effect.forkChild(traced(client.chat(hello)))
        yield* server.awaitRequests(1)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(outline(trees()[0]), {
          name: "chat kimi-k3",
          outcome: "interrupted",
          ended: "failure",
          children: [attempt("interrupted", "failure")]
        })
        assert.deepInclude(records[0], { outcome: "interrupted", isEstimate: true, attempts: 1 })
        assert.isDefined(records[0]?.cost)
      })
    )
  )

  it.live("has no attempt when the request is rejected before it is sent", () =>
    withObserved(({ client, records, traced, trees }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(traced(client.chat({ messages: [] })))
        assert.deepStrictEqual(outline(trees()[0]), { name: "chat kimi-k3", outcome: error._tag, ended: "failure" })
        assert.deepInclude(records[0], { outcome: error._tag, attempts: 0 })
      })
    )
  )

  it.live("has the open circuit that rejected it", () =>
    withObserved(
      ({ client, traced, trees }) =>
        Effect.gen(function* () {
          yield* Effect.flip(traced(client.chat(hello)))
          assert.deepStrictEqual(trees()[0]?.events, [
            ["kimi.breaker.rejected", { "kimi.circuit": "moonshot/kimi-k3", "kimi.circuit.state": "isolated" }]
          ])
          assert.deepStrictEqual(trees()[0]?.children, [])
          yield* Effect.flip(traced(Stream.runDrain(client.stream(hello))))
          assert.deepStrictEqual(eventNames(trees()[1]), ["kimi.breaker.rejected"])
        }),
      {
        stages: Layer.merge(
          Admission.layerOff,
          Layer.effect(
            CircuitBreaker.CircuitBreaker,
            Effect.tap(CircuitBreaker.make(), ({ isolate }) => isolate("moonshot/kimi-k3"))
          )
        )
      }
    )
  )
})

describe("every attribute of a span", () => {
  const types: Record<string, string> = Object.fromEntries(Object.values(known).map(({ name, type }) => [name, type]))
  const typeOf = (value: unknown): string =>
    Array.isArray(value)
      ? "string[]"
      : typeof value === "number"
        ? Number.isInteger(value)
          ? "int"
          : "double"
        : typeof value

  const scenario = ({ client, server, spans, traced }: Observed) =>
    Effect.gen(function* () {
      yield* traced(client.chat({ ...hello, temperature: 1, top_p: 0.95, max_completion_tokens: 64 }))
      yield* server.reply(ErrorReply.make(503, "server_error", "down"))
      yield* traced(Stream.runDrain(client.stream(hello)))
      yield* server.reply(ErrorReply.make(401, "invalid_authentication_error", "no"))
      yield* Effect.flip(traced(client.chat(hello)))
      yield* traced(client.models)
      assert.isAbove(spans.length, 6)
    })
  const observer = { content: { redact: (text: string) => text } }

  it.live("has the documented type", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* scenario(observed)
          for (const [name, value] of observed.spans.flatMap(({ attributes }) => [...attributes])) {
            const type = typeOf(value)
            assert.isTrue(type === types[name] || (type === "int" && types[name] === "double"), `${name} is ${type}`)
          }
        }),
      { observer }
    )
  )

  const documentationOf = (span: { readonly name: string }) => {
    const documented = Object.values(knownSpans).find(
      ({ name }) => span.name === name || (name.startsWith("chat ") && span.name.startsWith("chat "))
    )
    assert.isDefined(documented, span.name)
    return documented
  }

  it.live("is documented for its span", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* scenario(observed)
          for (const span of observed.spans) {
            const documented = documentationOf(span)
            const names = new Set<string>(documented?.attributes.map(({ name }) => name))
            for (const name of span.attributes.keys()) assert.isTrue(names.has(name), `${span.name} has ${name}`)
          }
        }),
      { observer }
    )
  )

  it.live("can only be on documented events", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* scenario(observed)
          for (const span of observed.spans) {
            const events = new Set<string>(documentationOf(span)?.events.map(({ name }) => name))
            for (const [name] of span.events) assert.isTrue(events.has(name), `${span.name} has the event ${name}`)
          }
        }),
      { observer }
    )
  )
})
