import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Option, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as Hedge from "../../src/resilience/Hedge.ts"
import { stepwise } from "./support/breaker.ts"
import { answer, call, errorOf, events, type Play, scripted } from "./support/hedge.ts"
import { computeOutcome } from "./support/hedgeReference.ts"

type Chance = Random.Random

const between = (chance: Chance, from: number, to: number): number =>
  from + Math.floor(chance.nextDoubleUnsafe() * (to - from + 1))

const isLucky = (chance: Chance, part: number): boolean => chance.nextDoubleUnsafe() < part

/** Multiples of ten, so that many things happen in the same instant. */
const anyPlay = (chance: Chance): Play => {
  const isSilent = isLucky(chance, 0.1)
  return {
    ...(isSilent ? {} : { first: 10 * between(chance, 0, 30) }),
    isBroken: isLucky(chance, 0.3),
    rest: 10 * between(chance, 0, 10),
    isCut: isLucky(chance, 0.2),
    isStubborn: !isSilent && isLucky(chance, 0.2),
    // The quarter keeps the end of a close apart from everything else.
    ...(isLucky(chance, 0.4) ? { closing: between(chance, 1, 40) + 0.25 } : {})
  }
}

describe("Hedge in random scenarios", () => {
  it.effect("matches the reference in 2,000 scenarios", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const seen = new Map<string, number>()
      const count = (what: string, isSo: boolean) => isSo && seen.set(what, (seen.get(what) ?? 0) + 1)
      for (let suite = 0; suite < 100; suite++) {
        const after = 10 * between(chance, 1, 20)
        const capacity = between(chance, 1, 4)
        const ratio = between(chance, 0, 4) / 4
        const hedge = yield* Hedge.make({ delay: Duration.millis(after), budget: { ratio, capacity } })
        let tokens = capacity
        let hedges = 0
        let hedgeWins = 0
        let refused = 0
        for (let number = 1; number <= 20; number++) {
          yield* TestClock.setTime(0)
          const plays = [anyPlay(chance), anyPlay(chance)] as const
          const script = scripted(...plays)
          tokens = Math.min(capacity, tokens + ratio)
          const scenario = { after, plays, isPaid: tokens >= 1, interruptAt: Infinity }
          const mustBeInterrupted = computeOutcome(scenario).end === Infinity
          const interruptAt = mustBeInterrupted || isLucky(chance, 0.4) ? between(chance, 0, 450) + 0.5 : Infinity
          const expected = computeOutcome({ ...scenario, interruptAt })

          const came: Array<StreamEvent> = []
          const times = new Set<number>()
          let end: number | undefined
          const fiber = yield* Effect.forkChild(
            Stream.runForEach(hedge.stream(script.stream)(call), (event) =>
              Effect.map(Clock.currentTimeMillis, (now) => {
                came.push(event)
                times.add(now)
              })
            ).pipe(
              Effect.onExit(() =>
                Effect.map(Clock.currentTimeMillis, (now) => {
                  end = now
                })
              )
            ),
            { startImmediately: true }
          )
          if (interruptAt !== Infinity) {
            yield* TestClock.adjust(Duration.millis(interruptAt))
            yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
          }
          yield* TestClock.adjust("1 minute")

          const about = JSON.stringify({ ...scenario, interruptAt, expected, log: script.log })
          const exit = fiber.pollUnsafe()
          if (exit === undefined) assert.fail(`still running: ${about}`)
          const error = Exit.isFailure(exit) ? Option.getOrUndefined(Exit.findErrorOption(exit)) : undefined
          assert.deepStrictEqual(
            error,
            expected.failedWith === undefined ? undefined : errorOf(expected.failedWith),
            about
          )
          assert.deepStrictEqual(came, events(expected.winner ?? 0).slice(0, 2 * expected.pairs), about)
          assert.deepStrictEqual([...times], [...new Set(expected.times)], about)
          assert.strictEqual(end, expected.end, about)
          assert.strictEqual(script.opened(), expected.opened, about)
          assert.strictEqual(script.open(), 0, about)

          if (expected.opened === 2) {
            hedges++
            tokens -= 1
          } else if (expected.isAsked) refused++
          if (expected.isHedgeWin) hedgeWins++
          assert.deepStrictEqual(yield* hedge.state, { calls: number, hedges, hedgeWins, refused, tokens }, about)
          count("refused", expected.isAsked && expected.opened === 1)
          count("hedge won", expected.isHedgeWin)
          count("first won a race", expected.winner === 0 && expected.opened === 2)
          count("both failed", expected.failedWith === 0 && expected.pairs === 0 && expected.opened === 2)
          count("cut", expected.failedWith !== undefined && expected.pairs === 1)
          count("interrupted in the race", interruptAt < Infinity && expected.opened === 2 && expected.pairs === 0)
          count("interrupted in the rest", interruptAt < Infinity && expected.pairs === 1)
          count("waited for its loser", expected.times[0] !== undefined && expected.times[0] % 10 !== 0)
        }
      }
      for (const what of [
        "refused",
        "hedge won",
        "first won a race",
        "both failed",
        "cut",
        "interrupted in the race",
        "interrupted in the rest",
        "waited for its loser"
      ]) {
        assert.isAtLeast(seen.get(what) ?? 0, 30, what)
      }
    }).pipe(Random.withSeed("hedged streams"))
  )

  for (const kind of ["stream", "plain"] as const) {
    it.effect(`leaves nothing open after 1,000 interruptions at any step, ${kind}`, () =>
      Effect.gen(function* () {
        const budget = { ratio: 1, capacity: 1_000 }
        const hedge = yield* Hedge.make({ delay: "3 millis", responseDelay: "3 millis", budget })
        let opened = 0
        let finished = 0
        const once = Effect.gen(function* () {
          const chance = yield* Random.Random
          const play = (): Play => ({
            first: between(chance, 0, 5),
            isBroken: isLucky(chance, 0.2),
            isStubborn: isLucky(chance, 0.2),
            rest: between(chance, 0, 3),
            ...(isLucky(chance, 0.3) ? { closing: 1 } : {})
          })
          const script = scripted(play(), play())
          yield* Effect.sleep(Duration.millis(between(chance, 0, 300)))
          const run =
            kind === "stream"
              ? Stream.runForEach(hedge.stream(script.stream)(call), () =>
                  // Where one is used, the other has been closed.
                  Effect.sync(() => assert.strictEqual(script.open(), 1, script.log.join()))
                )
              : Effect.map(hedge.effect(script.plain)(call), ({ id }) =>
                  assert.include([answer(0).id, answer(1).id], id)
                )
          const fiber = yield* Effect.forkChild(stepwise(Effect.exit(run)))
          yield* Effect.sleep(Duration.millis(between(chance, 0, 7)))
          const turns = between(chance, 0, 40)
          for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(script.open(), 0, script.log.join())
          opened += script.opened()
          const ended = yield* Fiber.await(fiber)
          finished += Exit.isSuccess(ended) ? 1 : 0
          const exit = Exit.isSuccess(ended) ? ended.value : ended
          assert.isFalse(Exit.hasDies(exit), String(exit))
        })
        const all = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 1_000 }, () => once),
            { concurrency: "unbounded", discard: true }
          )
        )
        for (let millis = 0; millis < 350; millis++) yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
        const { calls, hedges, hedgeWins } = yield* hedge.state
        assert.isAtMost(opened, calls + hedges)
        assert.isAtLeast(hedgeWins, 30)
        assert.isAtLeast(finished, 100)
        assert.isAtMost(finished, 900)
      }).pipe(Random.withSeed(`interrupted ${kind}`))
    )
  }
})
