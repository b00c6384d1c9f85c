import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { makeReference } from "../../support/circuitReference.ts"
import { anyRules, policyOf, walk } from "../../support/circuitWalk.ts"
import { runs, seedOf } from "../../../../../../test/support/depth.ts"

const walks = runs({ sample: 12_000, deep: 120_000 })
const steps = 45

describe("Circuit against its reference", () => {
  it.effect("matches the reference in every random walk", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const seen = new Map<string, number>()
      const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
      for (let number = 0; number < walks; number++) {
        const rules = anyRules(chance)
        const reference = makeReference(rules)
        const story: Array<unknown> = [rules]
        walk({
          chance,
          policy: policyOf(rules),
          steps,
          mayGoBack: true,
          visit: (_, deed, after) => {
            story.push(deed)
            const differs = (what: string, expected: unknown, found: unknown) => {
              if (expected === found) return
              assert.fail(
                `walk ${number}: ${what} is ${String(found)}, not ${String(expected)}: ${JSON.stringify(story)}`
              )
            }
            if (deed._tag === "Open") reference.open(deed.until)
            else if (deed._tag === "Settle") {
              count(reference.settle(deed.permit, deed.outcome, deed.now, deed.until))
            } else {
              const { acquired } = deed
              const expected = reference.acquire(deed.now)
              count(expected.permit === undefined ? `rejected ${after._tag}` : `permitted ${after._tag}`)
              differs("the permit's epoch", expected.permit?.epoch, acquired.permit?.epoch)
              differs("the permit's probe", expected.permit?.probeId, acquired.permit?.probeId)
              const wait = acquired.permit === undefined ? acquired.retryAfter : undefined
              differs("the wait", expected.retryAfter, wait)
            }
            differs("the state", reference.tag(), after._tag)
            const probes = after._tag === "HalfOpen" ? after.probes.length : 0
            differs("the number of probes", after._tag === "HalfOpen" ? reference.probesOut() : 0, probes)
          }
        })
      }
      // Every transition occurred, and often.
      for (const what of [
        "permitted Closed",
        "permitted HalfOpen",
        "rejected Open",
        "rejected HalfOpen",
        "opened by run",
        "opened by failures",
        "opened by slowness",
        "opened by a probe",
        "closed",
        "late",
        "ignored",
        "ignored probe",
        "success probe"
      ]) {
        assert.isAbove(seen.get(what) ?? 0, walks / 24, what)
      }
      for (const what of ["closed by a late probe", "nothing to settle"])
        assert.isAbove(seen.get(what) ?? 0, walks / 240, what)
    }).pipe(Random.withSeed(seedOf("circuit against its reference")))
  )
})
