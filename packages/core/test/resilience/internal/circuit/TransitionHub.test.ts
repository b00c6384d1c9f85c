import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Scope, Stream } from "effect"
import type { Transition } from "../../../../src/resilience/internal/circuit/Circuits.ts"
import { TransitionHub } from "../../../../src/resilience/internal/circuit/TransitionHub.ts"

const transition = (at: number): Transition => ({ key: "circuit", from: "Closed", to: "Open", at })

/** A subscription, which begins with its first pull. */
const subscribe = Effect.fnUntraced(function* (hub: TransitionHub, scope: Scope.Scope) {
  const pull = yield* Scope.provide(Stream.toPull(hub.transitions), scope)
  const first = yield* Effect.forkIn(pull, scope, { startImmediately: true })
  return { pull, first }
})

const publishAll = (hub: TransitionHub, count: number) => {
  for (let at = 0; at < count; at++) hub.publish(transition(at))
}

describe("subscribers to transitions", () => {
  it.effect("each receive what is published", () =>
    Effect.gen(function* () {
      const hub = new TransitionHub()
      const scope = yield* Effect.scope
      const subscribers = [yield* subscribe(hub, scope), yield* subscribe(hub, scope)]
      publishAll(hub, 2)
      for (const { first, pull } of subscribers) {
        assert.deepStrictEqual(yield* Fiber.join(first), [transition(0)])
        assert.deepStrictEqual(yield* pull, [transition(1)])
      }
    })
  )

  it.effect("lose the oldest when they are slow", () =>
    Effect.gen(function* () {
      const hub = new TransitionHub()
      const scope = yield* Effect.scope
      const { first, pull } = yield* subscribe(hub, scope)
      hub.publish(transition(-1))
      yield* Fiber.await(first)
      publishAll(hub, 300)
      const received = yield* pull
      assert.deepStrictEqual([received.length, received[0]?.at, received.at(-1)?.at], [256, 44, 299])
    })
  )

  it.effect("keep what is published after an interrupted pull", () =>
    Effect.gen(function* () {
      const hub = new TransitionHub()
      const { first, pull } = yield* subscribe(hub, yield* Effect.scope)
      yield* Fiber.interrupt(first)
      hub.publish(transition(1))
      assert.deepStrictEqual(yield* pull, [transition(1)])
    })
  )
})
