import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { call, makeStage } from "../support/cache.ts"

/** A tracer that notes the links of each span, by the names of spans. */
const tracing = () => {
  const links: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const add = span.addLinks.bind(span)
      span.addLinks = (added) => {
        for (const { span: to } of added) links.push(`${span.name} to ${to._tag === "Span" ? to.name : to.spanId}`)
        add(added)
      }
      return span
    }
  })
  return { links, tracer }
}

describe("the spans of calls that share a response", () => {
  it.effect("are linked to that of the call that asked the host", () =>
    Effect.gen(function* () {
      const { links, tracer } = tracing()
      const { chat, upstream } = yield* makeStage()
      const release = upstream.hold()
      const ask = (name: string) =>
        Effect.forkChild(Effect.withTracer(Effect.withSpan(chat(call), name), tracer), { startImmediately: true })
      const fibers = yield* Effect.forEach(["first", "second", "third"], ask)
      yield* TestClock.adjust(0)
      yield* release
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(links, ["second to first", "third to first"])
    })
  )

  it.effect("are not linked to themselves", () =>
    Effect.gen(function* () {
      const { links, tracer } = tracing()
      const { chat, upstream } = yield* makeStage()
      const release = upstream.hold()
      const both = Effect.all([chat(call), chat(call)], { concurrency: 2 })
      const fiber = yield* Effect.forkChild(Effect.withTracer(Effect.withSpan(both, "both"), tracer))
      yield* TestClock.adjust(0)
      yield* release
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(links, [])
    })
  )

  it.effect("need no link where the first call has none", () =>
    Effect.gen(function* () {
      const { links, tracer } = tracing()
      const { chat, upstream } = yield* makeStage()
      const release = upstream.hold()
      const first = yield* Effect.forkChild(chat(call), { startImmediately: true })
      yield* TestClock.adjust(0)
      const second = yield* Effect.forkChild(Effect.withTracer(Effect.withSpan(chat(call), "second"), tracer), {
        startImmediately: true
      })
      yield* TestClock.adjust(0)
      yield* release
      yield* Effect.forEach([first, second], Fiber.join)
      assert.deepStrictEqual(links, [])
    })
  )

  it.effect("of another process get no link", () =>
    Effect.gen(function* () {
      const { links, tracer } = tracing()
      const { chat, upstream } = yield* makeStage()
      const release = upstream.hold()
      const external = Tracer.externalSpan({ spanId: "b7ad6b7169203331", traceId: "0af7651916cd43dd8448eb211c80319c" })
      const first = yield* Effect.forkChild(Effect.withTracer(Effect.withSpan(chat(call), "first"), tracer), {
        startImmediately: true
      })
      yield* TestClock.adjust(0)
      const second = yield* Effect.forkChild(Effect.withParentSpan(chat(call), external), { startImmediately: true })
      yield* TestClock.adjust(0)
      yield* release
      yield* Effect.forEach([first, second], Fiber.join)
      assert.deepStrictEqual(links, [])
    })
  )
})
