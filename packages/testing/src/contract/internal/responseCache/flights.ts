/** Concurrent equal calls. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { eventually, exitOf, settle, start } from "../eventually.ts"
import { equal, isTrue } from "../expect.ts"
import { call, makeHost, responseOf, type Service, type Subject, through } from "./Subject.ts"

/** Equal calls to a host that answers when the gate opens. */
const together = (cache: Service, count: number) =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    let interrupted = 0
    const host = makeHost((number) =>
      Effect.as(Deferred.await(gate), responseOf(`answer ${number}`)).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            interrupted += 1
          })
        )
      )
    )
    const ask = through(cache, host.attempt)
    const fibers = yield* Effect.forEach(Array.from({ length: count }), () => start(ask()))
    yield* eventually(
      Effect.sync(() => host.requests() > 0),
      "the host is called"
    )
    yield* settle
    return { ask, fibers, gate, host, interrupted: () => interrupted }
  })

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("makes one request for concurrent equal calls", (cache) =>
    Effect.gen(function* () {
      const { fibers, gate, host } = yield* together(cache, 10)
      yield* Deferred.succeed(gate, undefined)
      const exits = yield* Effect.forEach(fibers, (fiber) => exitOf(fiber, "the call ends"))
      equal([host.requests(), exits.filter(Exit.isSuccess).length], [1, 10])
    }))

  test("continues a request while one of its calls is left", (cache) =>
    Effect.gen(function* () {
      const { fibers, gate } = yield* together(cache, 2)
      const [first, second] = fibers
      if (first === undefined || second === undefined) return
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      isTrue(Exit.isSuccess(yield* exitOf(second, "the other call ends")), "the call failed")
    }))

  test("interrupts a request when its last call is interrupted", (cache) =>
    Effect.gen(function* () {
      const { fibers, host, interrupted } = yield* together(cache, 2)
      yield* Effect.forEach(fibers, Fiber.interrupt)
      yield* eventually(
        Effect.sync(() => interrupted() === host.requests()),
        "the request is interrupted"
      )
    }))

  test("does not cache the response of a call during which its entry was removed", (cache) =>
    Effect.gen(function* () {
      const { ask, fibers, gate, host } = yield* together(cache, 1)
      yield* cache.remove(yield* cache.keyOf(call))
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(fibers, (fiber) => exitOf(fiber, "the call ends"))
      yield* ask()
      equal(host.requests(), 2)
    }))

  test("reports no flight when no call is left", (cache) =>
    Effect.gen(function* () {
      const { fibers, gate } = yield* together(cache, 2)
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(fibers, (fiber) => exitOf(fiber, "the call ends"))
      yield* eventually(
        Effect.map(cache.statistics, ({ flights }) => flights === 0),
        "there is no flight"
      )
    }))
}
