import { assert, describe, it } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Hedge from "@kimi-effect/core/Hedge"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { BigDecimal, Effect, Layer, References, Stream } from "effect"
import { hello } from "./support/kimi.ts"
import { attempt, eventNames, type Observed, outline, withObserved } from "./support/observed.ts"
import { usageOf } from "../support/responses.ts"

/** The usage of the recorded stream. */
const usageOfStream = usageOf(113, 157, 127)

describe("the span of a stream", () => {
  it.live("lasts until the stream ends", () =>
    withObserved(({ client, records, spans, traced, trees }) =>
      Effect.gen(function* () {
        const during = new Set<string>()
        yield* traced(
          Stream.runForEach(client.stream(hello), () =>
            Effect.sync(() => spans.forEach(({ name, status }) => during.add(`${name} ${status._tag}`)))
          )
        )
        assert.isTrue(during.has("chat kimi-k3 Started"))
        assert.isTrue(during.has("kimi.attempt Started"))
        assert.isFalse(during.has("chat kimi-k3 Ended"))
        const [tree] = trees()
        assert.deepStrictEqual(outline(tree), {
          name: "chat kimi-k3",
          outcome: "ok",
          ended: "success",
          children: [attempt("ok")]
        })
        assert.deepStrictEqual(eventNames(tree), ["kimi.first_token"])
        assert.deepStrictEqual(eventNames(tree?.children[0]), ["kimi.first_token"])
        assert.strictEqual(tree?.attributes["kimi.stream.end"], "complete")
        assert.strictEqual(tree?.attributes["gen_ai.usage.reasoning.output_tokens"], 127)
        assert.deepInclude(records[0], {
          operation: "stream",
          streamEnd: "complete",
          finishReason: "stop",
          outcome: "ok"
        })
        assert.isNumber(records[0]?.timeToFirstToken)
        assert.isAbove(tree?.attributes["kimi.cost"] as number, 0)
        assert.deepInclude(records[0], { isEstimate: false, usage: usageOfStream })
      })
    )
  )

  it.live("has a child for each attempt before the first content", () =>
    withObserved(({ client, records, server, traced, trees }) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.make(503, "server_error", "down"))
        yield* traced(Stream.runDrain(client.stream(hello)))
        assert.deepStrictEqual(outline(trees()[0]), {
          name: "chat kimi-k3",
          outcome: "ok",
          ended: "success",
          children: [attempt("ServiceUnavailableError", "failure"), attempt("ok")]
        })
        assert.deepStrictEqual(trees()[0]?.events[0], ["kimi.retry", { "error.type": "ServiceUnavailableError" }])
        assert.deepInclude(records[0], { attempts: 2, retries: 1 })
      })
    )
  )

  for (const [name, fault, end] of [
    ["breaks after its first content", Fault.ResetMidStream({ afterEvents: 5 }), "broken"],
    ["fails before its first content", Fault.ResetMidStream({ afterEvents: 0 }), "failed"]
  ] as const) {
    it.live(`has the end of one that ${name}`, () =>
      withObserved(
        ({ client, records, server, traced, trees }) =>
          Effect.gen(function* () {
            yield* server.reply(Reply.faulty(fault))
            const error = yield* Effect.flip(traced(Stream.runDrain(client.stream(hello))))
            assert.strictEqual(trees()[0]?.attributes["kimi.stream.end"], end)
            assert.strictEqual(trees()[0]?.children[0]?.attributes["kimi.stream.end"], end)
            assert.strictEqual(trees()[0]?.attributes["error.type"], error._tag)
            assert.strictEqual(records[0]?.streamEnd, end)
            assert.strictEqual(records[0]?.isEstimate, true)
            assert.isDefined(records[0]?.cost)
            assert.strictEqual(records.length, 1)
          }),
        { client: { maxAttempts: 1 } }
      )
    )
  }

  it.live("ends when its consumer stops early", () =>
    withObserved(({ client, records, server, traced, trees }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.faulty(Fault.StallMidStream({ afterEvents: 5 })))
        yield* traced(client.stream(hello).pipe(Stream.take(2), Stream.runDrain))
        assert.deepStrictEqual(outline(trees()[0]), {
          name: "chat kimi-k3",
          outcome: "interrupted",
          ended: "failure",
          children: [attempt("interrupted", "failure")]
        })
        assert.deepInclude(records[0], { streamEnd: "interrupted", outcome: "interrupted", isEstimate: true })
        assert.isDefined(records[0]?.cost)
      })
    )
  )
})

describe("the span of a stream that is recovered", () => {
  const recovered = ({ client, server, traced }: Observed) =>
    Effect.gen(function* () {
      yield* server.reply(Reply.faulty(Fault.ResetMidStream({ afterEvents: 5 })))
      const events = yield* traced(Stream.runCollect(client.stream(hello)))
      assert.isTrue(events.some(({ _tag }) => _tag === "Reset"))
    })

  it.live("has a child for each attempt", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          const { records, trees } = observed
          yield* recovered(observed)
          assert.deepStrictEqual(outline(trees()[0]), {
            name: "chat kimi-k3",
            outcome: "ok",
            ended: "success",
            children: [attempt("StreamInterruptedError", "failure"), attempt("ok")]
          })
          assert.deepInclude(records[0], { attempts: 2, retries: 0, streamEnd: "complete", isEstimate: true })
        }),
      { client: { recovery: "regenerate" } }
    )
  )

  it.live("has a record with the cost of both attempts", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* recovered(observed)
          const [record] = observed.records
          const [usd] = (yield* observed.client.metrics).cost?.currencies ?? []
          assert.deepStrictEqual(
            usd && BigDecimal.format(usd.total),
            record?.cost && BigDecimal.format(record.cost.total)
          )
        }),
      { client: { recovery: "regenerate" } }
    )
  )
})

describe("the span of a hedged stream", () => {
  it.live("has a child for both attempts", () =>
    withObserved(
      ({ client, records, server, traced, trees }) =>
        Effect.gen(function* () {
          yield* server.reply(Reply.faulty(Fault.StallBeforeHeaders()))
          yield* traced(Stream.runDrain(client.stream(hello)))
          assert.sameDeepMembers(trees()[0]?.children.map(outline) ?? [], [
            attempt("interrupted", "failure"),
            attempt("ok")
          ])
          assert.deepInclude(records[0], { attempts: 2, retries: 0, outcome: "ok" })
        }),
      { stages: Layer.mergeAll(CircuitBreaker.layerOff, Admission.layerOff, Hedge.layer({ delay: "20 millis" })) }
    )
  )
})

describe("an observer of calls", () => {
  it.live("does not fail calls when it fails", () =>
    withObserved(
      ({ client, records, text }) =>
        Effect.gen(function* () {
          const answer = yield* client.chat(hello)
          assert.isNotEmpty(answer.text)
          yield* Stream.runDrain(client.stream(hello))
          assert.strictEqual(records.length, 2)
          assert.include(yield* text, 'kimi_outcome="ok"')
        }).pipe(Effect.provideService(References.MinimumLogLevel, "None")),
      { observer: { onCall: [() => Effect.die("broken sink")] } }
    )
  )
})

describe("the span of a cached response", () => {
  const stages = Layer.mergeAll(CircuitBreaker.layerOff, Admission.layerOff, ResponseCache.layerMemory())

  /** A call and two that the cache answers. */
  const threeCalls = ({ client, traced }: Observed) =>
    traced(Effect.all([client.chat(hello), client.chat(hello), Stream.runDrain(client.stream(hello))]))

  it.live("has no attempt", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          const { records, trees } = observed
          yield* threeCalls(observed)
          const [first, second, third] = trees()
          assert.deepStrictEqual(outline(first), {
            name: "chat kimi-k3",
            outcome: "ok",
            ended: "success",
            children: [attempt("ok")]
          })
          for (const cached of [second, third]) assert.deepStrictEqual(cached?.children, [])
          assert.deepStrictEqual(
            records.map(({ attempts, cached, cost }) => [attempts, cached, cost === undefined]),
            [
              [1, undefined, false],
              [0, "memory", true],
              [0, "memory", true]
            ]
          )
        }),
      { stages }
    )
  )

  it.live("has the level of a cache hit with its event", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* threeCalls(observed)
          for (const cached of observed.trees().slice(1)) {
            assert.strictEqual(cached.attributes["kimi.cache.level"], "memory")
            assert.include(eventNames(cached) ?? [], "kimi.cache.hit")
          }
        }),
      { stages }
    )
  )
})

describe("the span of a call that joins an equal one", () => {
  const stages = Layer.mergeAll(CircuitBreaker.layerOff, Admission.layerOff, ResponseCache.layerMemory())

  const joined = ({ client, server, traced }: Observed) =>
    Effect.gen(function* () {
      yield* server.reply(Reply.faulty(Fault.SlowHeaders({ delay: "40 millis" })))
      yield* traced(Effect.all([client.chat(hello), client.chat(hello)], { concurrency: 2 }))
    })

  it.live("has no attempt", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* joined(observed)
          assert.sameDeepMembers(
            observed.trees().map(({ attributes, children }) => [attributes["kimi.cache.level"], children.length]),
            [
              [undefined, 1],
              ["flight", 0]
            ]
          )
        }),
      { stages }
    )
  )

  it.live("is linked to the span of the other", () =>
    withObserved(
      (observed) =>
        Effect.gen(function* () {
          yield* joined(observed)
          // Both end with the response, in either order.
          const calls = observed.spans.filter(({ name }) => name === "chat kimi-k3")
          assert.lengthOf(calls, 2)
          const first = calls.find(({ links }) => links.length === 0)
          const second = calls.find((call) => call !== first)
          assert.deepStrictEqual(
            second?.links.map(({ span: { spanId } }) => spanId),
            [first?.spanId]
          )
        }),
      { stages }
    )
  )
})
