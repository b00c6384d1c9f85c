import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber } from "effect"
import * as FiberContext from "../../src/internal/FiberContext.ts"

const Name = Context.Reference("test/Name", { defaultValue: () => "outer" })

type OnEnd<A> = (exit: Exit.Exit<A, string>) => Effect.Effect<void> | undefined

const runIn = <A>(effect: Effect.Effect<A, string>, onEnd: OnEnd<A> = () => undefined) =>
  Effect.withFiber((fiber) => FiberContext.runIn(fiber, Context.add(fiber.context, Name, "inner"), () => effect, onEnd))

describe("runIn", () => {
  it.effect("runs the effect in the context", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* runIn(Name), "inner")
    })
  )

  for (const [name, effect] of [
    ["succeeded", Effect.succeed(1)],
    ["failed", Effect.fail("no")],
    ["died", Effect.die("defect")]
  ] as const) {
    it.effect(`restores the context of an effect that ${name}`, () =>
      Effect.gen(function* () {
        const exits: Array<Exit.Exit<number, string>> = []
        const exit = yield* Effect.exit(runIn<number>(effect, (exit) => void exits.push(exit)))
        assert.strictEqual(yield* Name, "outer")
        assert.deepStrictEqual(exits, [exit])
        assert.deepStrictEqual(exit, yield* Effect.exit(effect))
      })
    )
  }

  it.effect("ends in the context around an effect that was interrupted", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const onEnd = (exit: Exit.Exit<never, string>) =>
        Effect.map(Name, (name) => {
          seen.push(`${name} ${Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)}`)
        })
      const fiber = yield* Effect.forkChild(runIn(Effect.never, onEnd), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen, ["outer true"])
    })
  )

  it.effect("fails with the defect of its end", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        runIn(Effect.succeed(1), () => {
          throw new Error("end")
        })
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(yield* Name, "outer")
    })
  )
})
