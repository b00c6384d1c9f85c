import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Pull, Scope, Stream } from "effect"
import { EventHub } from "../../src/internal/EventHub.ts"

interface Counted {
  readonly at: number
}

const event = (at: number): Counted => ({ at })

/** A subscription, which begins with its first pull. */
const subscribe = Effect.fnUntraced(function* (hub: EventHub<Counted>, scope: Scope.Scope) {
  const pull = yield* Scope.provide(Stream.toPull(hub.events), scope)
  const first = yield* Effect.forkIn(pull, scope, { startImmediately: true })
  return { pull, first }
})

const publishAll = (hub: EventHub<Counted>, count: number) => {
  for (let at = 0; at < count; at++) hub.publish(event(at))
}

describe("subscribers to events", () => {
  it.effect("each receive what is published", () =>
    Effect.gen(function* () {
      const hub = new EventHub<Counted>()
      const scope = yield* Effect.scope
      const subscribers = [yield* subscribe(hub, scope), yield* subscribe(hub, scope)]
      publishAll(hub, 2)
      for (const { first, pull } of subscribers) {
        assert.deepStrictEqual(yield* Fiber.join(first), [event(0)])
        assert.deepStrictEqual(yield* pull, [event(1)])
      }
    })
  )

  it.effect("lose the oldest when they are slow", () =>
    Effect.gen(function* () {
      const hub = new EventHub<Counted>()
      const scope = yield* Effect.scope
      const { first, pull } = yield* subscribe(hub, scope)
      hub.publish(event(-1))
      yield* Fiber.await(first)
      publishAll(hub, 300)
      const received = yield* pull
      assert.deepStrictEqual([received.length, received[0]?.at, received.at(-1)?.at], [256, 44, 299])
    })
  )

  it.effect("keep what is published after an interrupted pull", () =>
    Effect.gen(function* () {
      const hub = new EventHub<Counted>()
      const { first, pull } = yield* subscribe(hub, yield* Effect.scope)
      yield* Fiber.interrupt(first)
      hub.publish(event(1))
      assert.deepStrictEqual(yield* pull, [event(1)])
    })
  )

  it.effect("read what they have not read before the end", () =>
    Effect.gen(function* () {
      const hub = new EventHub<Counted>()
      const { first, pull } = yield* subscribe(hub, yield* Effect.scope)
      publishAll(hub, 2)
      hub.end()
      yield* Fiber.await(first)
      assert.deepStrictEqual(yield* pull, [event(1)])
      assert.isTrue(Pull.isDoneCause(yield* Effect.flip(Effect.sandbox(pull))))
    })
  )

  it.effect("that wait are ended", () =>
    Effect.gen(function* () {
      const hub = new EventHub<Counted>()
      const collected = yield* Effect.forkChild(Stream.runCollect(hub.events), { startImmediately: true })
      hub.end()
      assert.deepStrictEqual(yield* Fiber.join(collected), [])
    })
  )

  it.effect("that come after the end receive nothing", () =>
    Effect.gen(function* () {
      const hub = new EventHub<Counted>()
      hub.end()
      assert.deepStrictEqual(yield* Stream.runCollect(hub.events), [])
    })
  )
})
