import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { observeExit } from "../../src/internal/observeExit.ts"

describe("observeExit", () => {
  it.effect("calls the function once when the fiber ends", () =>
    Effect.gen(function* () {
      const deferred = yield* Deferred.make<string>()
      const fiber = yield* Effect.forkChild(Deferred.await(deferred), { startImmediately: true })
      const exits: Array<Exit.Exit<string>> = []
      observeExit(fiber, (exit) => exits.push(exit))
      assert.deepStrictEqual(exits, [])
      yield* Deferred.succeed(deferred, "done")
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(exits, [Exit.succeed("done")])
    })
  )

  it.effect("calls the function at once when the fiber has ended", () =>
    Effect.sync(() => {
      const exits: Array<Exit.Exit<string>> = []
      observeExit(Effect.runFork(Effect.succeed("done")), (exit) => exits.push(exit))
      assert.deepStrictEqual(exits, [Exit.succeed("done")])
    })
  )

  it.effect("keeps nothing of the function when the fiber has ended", () =>
    Effect.gen(function* () {
      const deferred = yield* Deferred.make<string>()
      const fiber = yield* Effect.forkChild(Deferred.await(deferred), { startImmediately: true })
      // As garbage among the old objects of V8 does.
      const observers: Array<unknown> = []
      const observed = {
        ...fiber,
        addObserver: (observer: (exit: Exit.Exit<string>) => void) => {
          observers.push(observer)
          return fiber.addObserver(observer)
        }
      }
      const add = (): WeakRef<object> => {
        const call = { response: undefined as unknown }
        observeExit(observed, (exit) => {
          call.response = exit
        })
        return new WeakRef(call)
      }
      const call = add()
      yield* Deferred.succeed(deferred, "done")
      yield* Fiber.await(fiber)
      setFlagsFromString("--expose-gc")
      const collect: () => void = runInNewContext("gc")
      // A weak reference is strong until its turn of the event loop ends.
      yield* Effect.promise(() => new Promise(setImmediate))
      collect()
      assert.isUndefined(call.deref())
      assert.strictEqual(observers.length, 1)
    })
  )
})
