import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { WaiterDeadlines } from "../../../../src/resilience/internal/admission/WaiterDeadlines.ts"
import { forever, t0 } from "../../support/account.ts"

const waiter = (seconds: number, since = t0) => ({
  maxWait: Duration.seconds(seconds),
  expiresAt: since + seconds * 1_000
})

describe("WaiterDeadlines", () => {
  it("has the earliest deadline of all waiters first", () => {
    const deadlines = new WaiterDeadlines()
    const short = waiter(5)
    for (const each of [waiter(10), short, waiter(10, t0 + 1)]) deadlines.add(each)
    assert.strictEqual(deadlines.first(), t0 + 5_000)
    deadlines.delete(short)
    assert.strictEqual(deadlines.first(), t0 + 10_000)
  })

  it("has no deadline without a waiter", () => {
    const deadlines = new WaiterDeadlines()
    const only = waiter(5)
    deadlines.add(only)
    deadlines.delete(only)
    assert.strictEqual(deadlines.first(), forever)
  })

  it("ignores the end of a waiter that it does not have", () => {
    const deadlines = new WaiterDeadlines()
    deadlines.delete(waiter(5))
    assert.strictEqual(deadlines.first(), forever)
  })

  it("finds only the waiters whose deadline has passed", () => {
    const deadlines = new WaiterDeadlines<ReturnType<typeof waiter>>()
    const [first, second, other] = [waiter(5), waiter(5, t0 + 1_000), waiter(2)]
    for (const each of [first, second, other]) deadlines.add(each)
    const expired: Array<unknown> = []
    deadlines.forEachExpired(t0 + 5_000, (each) => {
      expired.push(each)
      deadlines.delete(each)
    })
    assert.deepStrictEqual(expired, [first, other])
    assert.strictEqual(deadlines.first(), t0 + 6_000)
  })
})
