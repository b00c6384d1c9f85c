import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { runs, seedOf } from "../../../test/support/depth.ts"
import * as CallSchedule from "../src/schedule/CallSchedule.ts"
import * as ScheduleSearch from "../src/ScheduleSearch.ts"
import { leakedPermit } from "./support/plantedBugs/admission.ts"
import { clockJump } from "./support/plantedBugs/stages.ts"
import { plantedBugs } from "./support/plantedBugs.ts"

const timeout = 3_600_000

describe("search", () => {
  it.effect(
    "finds no violation of the client",
    () =>
      Effect.gen(function* () {
        const found = yield* ScheduleSearch.search({
          seed: seedOf("schedules"),
          runs: runs({ sample: 25, deep: 1_000 })
        })
        assert.strictEqual(Option.match(found, { onNone: () => "none", onSome: ScheduleSearch.format }), "none")
      }),
    { timeout }
  )

  for (const [name, bug, law] of plantedBugs) {
    it.effect(
      `finds ${name}`,
      () =>
        Effect.gen(function* () {
          // The seed of `npm test` finds each bug at once.
          const options = { seed: seedOf(name), runs: 1_000, maxShrinks: 0, laws: [law], ...bug }
          const found = Option.getOrUndefined(yield* ScheduleSearch.search(options))
          assert.isDefined(found, `not found within 1,000 schedules`)
        }),
      { timeout }
    )
  }

  const findLeak = Effect.map(ScheduleSearch.search({ seed: "leak", ...leakedPermit }), Option.getOrThrow)

  it.effect("shrinks a leaked permit to one call", () =>
    Effect.gen(function* () {
      const { schedule } = yield* findLeak
      assert.strictEqual(schedule.calls.length, 1)
    })
  )

  it.effect("returns a smallest schedule that violates the law when it is replayed", () =>
    Effect.gen(function* () {
      const { schedule, violations } = yield* findLeak
      assert.deepStrictEqual(yield* ScheduleSearch.replay(schedule, leakedPermit), violations)
    })
  )

  it.effect("returns a seed that makes the failing schedule", () =>
    Effect.gen(function* () {
      const { original, seed } = yield* findLeak
      assert.deepStrictEqual(yield* CallSchedule.make(seed), original)
    })
  )

  it.effect(
    "returns violations of the searched laws only",
    () =>
      Effect.gen(function* () {
        const laws = ["time limits"] as const
        // The leak violates another law, also on the smallest schedule.
        const bugs = { ...leakedPermit, ...clockJump }
        const { violations } = Option.getOrThrow(
          yield* ScheduleSearch.search({ seed: "laws", runs: 1_000, laws, ...bugs })
        )
        assert.deepStrictEqual([...new Set(violations.map(({ law }) => law))], [...laws])
      }),
    { timeout }
  )

  it.effect(
    "keeps the jump that a violation needs",
    () =>
      Effect.gen(function* () {
        const { schedule } = Option.getOrThrow(yield* ScheduleSearch.search({ seed: "jump", ...clockJump }))
        assert.strictEqual(schedule.jumps.length, 1)
      }),
    { timeout }
  )

  it.effect("rejects invalid options", () =>
    Effect.gen(function* () {
      const options = { seed: 1, calls: 0, span: Number.NaN, runs: 1.5, maxShrinks: -1 }
      const error = yield* Effect.flip(ScheduleSearch.search(options))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["calls", "span", "runs", "maxShrinks"]
      )
    })
  )
})

describe("replay", () => {
  it.effect("finds the same violations each time", () =>
    Effect.gen(function* () {
      const schedule = yield* CallSchedule.make("same")
      const [first, again] = yield* Effect.all([
        ScheduleSearch.replay(schedule, leakedPermit),
        ScheduleSearch.replay(schedule, leakedPermit)
      ])
      assert.isNotEmpty(first)
      assert.deepStrictEqual(again, first)
    })
  )
})

describe("format", () => {
  it.effect("contains the data of the schedule", () =>
    Effect.gen(function* () {
      const failure = Option.getOrThrow(yield* ScheduleSearch.search({ seed: "leak", ...leakedPermit }))
      const text = ScheduleSearch.format(failure)
      const data = text.slice(text.indexOf("{", text.indexOf("As data")))
      assert.deepStrictEqual(JSON.parse(data), failure.schedule)
    })
  )

  it.effect("contains the seed", () =>
    Effect.gen(function* () {
      const failure = Option.getOrThrow(yield* ScheduleSearch.search({ seed: "leak", ...leakedPermit }))
      assert.include(ScheduleSearch.format(failure), `"${failure.seed}"`)
    })
  )
})
