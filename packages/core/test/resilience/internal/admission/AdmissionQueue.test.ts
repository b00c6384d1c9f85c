import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { priorities, type Priority } from "../../../../src/CallOptions.ts"
import { AdmissionQueue } from "../../../../src/resilience/internal/admission/AdmissionQueue.ts"
import { between, oneOf } from "../../support/chance.ts"
import { type Caller, makeReference } from "../../support/queueReference.ts"

let names = 0
const caller = (priority: Priority, tenant = ""): Caller => ({ name: (names += 1), priority, tenant })

const fill = (queue: AdmissionQueue<Caller>, count: number, priority: Priority, tenant = "") => {
  const callers = Array.from({ length: count }, () => caller(priority, tenant))
  for (const one of callers) queue.add(one)
  return callers
}

const takeAll = (queue: AdmissionQueue<Caller>): ReadonlyArray<Caller> => {
  const taken: Array<Caller> = []
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next)
  return taken
}

/**
 * A waiting priority is served after a bounded number of others: it is skipped eight
 * times, and once more when another priority has waited as long.
 */
const turns = 10

describe("AdmissionQueue", () => {
  it("is empty at first", () => {
    const queue = new AdmissionQueue<Caller>()
    assert.strictEqual(queue.size, 0)
    assert.isUndefined(queue.peek())
    assert.isUndefined(queue.take())
    assert.isFalse(queue.remove(caller("batch")))
  })

  it("serves by priority, then the oldest of a tenant", () => {
    const queue = new AdmissionQueue<Caller>()
    const swarm = fill(queue, 2, "swarm")
    const batch = fill(queue, 2, "batch")
    const interactive = fill(queue, 2, "interactive")
    assert.strictEqual(queue.size, 6)
    assert.strictEqual(queue.peek(), interactive[0])
    assert.strictEqual(queue.size, 6)
    assert.deepStrictEqual(takeAll(queue), [...interactive, ...batch, ...swarm])
    assert.strictEqual(queue.size, 0)
  })

  it("serves tenants in turn regardless of their numbers of calls", () => {
    const queue = new AdmissionQueue<Caller>()
    fill(queue, 4, "batch", "many")
    fill(queue, 1, "batch", "one")
    fill(queue, 2, "batch", "two")
    assert.deepStrictEqual(
      takeAll(queue).map(({ tenant }) => tenant),
      ["many", "one", "two", "many", "two", "many", "many"]
    )
  })

  it("moves a tenant that comes back to the end", () => {
    const queue = new AdmissionQueue<Caller>()
    fill(queue, 3, "batch", "a")
    fill(queue, 3, "batch", "b")
    fill(queue, 1, "batch", "c")
    const order: Array<string> = []
    for (let turn = 0; turn < 6; turn++) {
      const next = queue.take()
      assert.isDefined(next)
      order.push(next.tenant)
      if (next.tenant === "c") fill(queue, 1, "batch", "c")
    }
    assert.deepStrictEqual(order, ["a", "b", "c", "a", "b", "c"])
  })

  it("removes a call from any position, with the turn of its tenant unchanged", () => {
    const queue = new AdmissionQueue<Caller>()
    const a = fill(queue, 3, "batch", "a")
    const b = fill(queue, 1, "batch", "b")
    for (const gone of [a[0], b[0], a[2]]) {
      assert.isDefined(gone)
      assert.isTrue(queue.remove(gone))
      assert.isFalse(queue.remove(gone))
    }
    assert.strictEqual(queue.sizeOf("batch"), 1)
    assert.deepStrictEqual(takeAll(queue), a.slice(1, 2))
  })

  it("skips the lowest of three waiting priorities at most nine times", () => {
    const queue = new AdmissionQueue<Caller>()
    fill(queue, 100, "interactive")
    fill(queue, 100, "batch")
    fill(queue, 100, "swarm")
    const order = Array.from({ length: 40 }, () => queue.take()?.priority)
    const at = (priority: Priority) => order.flatMap((one, index) => (one === priority ? [index + 1] : []))
    assert.deepStrictEqual(at("batch"), [9, 18, 27, 36])
    assert.deepStrictEqual(at("swarm"), [10, 19, 28, 37])
  })

  it("resets the skip count of a priority without waiting calls", () => {
    const queue = new AdmissionQueue<Caller>()
    fill(queue, 100, "interactive")
    const [gone] = fill(queue, 1, "swarm")
    for (let turn = 0; turn < 7; turn++) assert.strictEqual(queue.take()?.priority, "interactive")
    assert.isDefined(gone)
    queue.remove(gone)
    fill(queue, 1, "swarm")
    for (let turn = 0; turn < 8; turn++) assert.strictEqual(queue.take()?.priority, "interactive")
    assert.strictEqual(queue.take()?.priority, "swarm")
  })

  it("keeps the skip count of a priority of which one call leaves", () => {
    const queue = new AdmissionQueue<Caller>()
    fill(queue, 100, "interactive")
    const [gone] = fill(queue, 2, "batch")
    for (let turn = 0; turn < 8; turn++) assert.strictEqual(queue.take()?.priority, "interactive")
    assert.isDefined(gone)
    queue.remove(gone)
    assert.strictEqual(queue.take()?.priority, "batch")
  })

  it("does not skip a priority without waiting calls", () => {
    const queue = new AdmissionQueue<Caller>()
    fill(queue, 100, "interactive")
    for (let turn = 0; turn < 20; turn++) queue.take()
    fill(queue, 1, "batch")
    assert.strictEqual(queue.take()?.priority, "interactive")
  })

  it("lists the calls of a tenant that wait with the same priority", () => {
    const queue = new AdmissionQueue<Caller>()
    const [first, second] = fill(queue, 2, "batch", "a")
    fill(queue, 1, "interactive", "a")
    fill(queue, 1, "batch", "b")
    assert.deepStrictEqual([...queue.before(caller("batch", "a"))], [first, second])
    assert.deepStrictEqual([...queue.before(caller("swarm", "a"))], [])
  })

  it("counts the calls of each priority", () => {
    const queue = new AdmissionQueue<Caller>()
    fill(queue, 2, "batch")
    fill(queue, 1, "swarm")
    assert.deepStrictEqual(queue.sizes, { interactive: 0, batch: 2, swarm: 1 })
  })

  it.effect("agrees with a list that is searched every time, over random operations", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const seen = { added: 0, taken: 0, removed: 0, empty: 0 }
      /** Calls of other priorities that were served since a priority last was. */
      const starving = new Map<Priority, number>()
      let longest = 0
      const queue = new AdmissionQueue<Caller>()
      const reference = makeReference()
      let busy = 0.5
      for (let step = 0; step < 30_000; step++) {
        if (step % 500 === 0) busy = 0.3 + 0.5 * chance.nextDoubleUnsafe()
        const which = chance.nextDoubleUnsafe()
        if (which < busy && reference.size() < 60) {
          const next = caller(
            oneOf(chance, "interactive", "interactive", "batch", "swarm"),
            oneOf(chance, "", "a", "b", "c")
          )
          queue.add(next)
          reference.add(next)
          seen.added++
        } else if (which > 0.9) {
          const all = reference.all()
          const gone = all[between(chance, 0, all.length - 1)] ?? caller("batch")
          assert.strictEqual(queue.remove(gone), reference.remove(gone))
          seen.removed++
        } else {
          const candidates = priorities.filter(reference.waits)
          assert.strictEqual(queue.peek(), reference.next())
          const taken = queue.take()
          assert.strictEqual(taken, reference.take())
          if (taken === undefined) seen.empty++
          else {
            seen.taken++
            for (const priority of candidates) {
              const turnsOfOthers = priority === taken.priority ? 0 : (starving.get(priority) ?? 0) + 1
              starving.set(priority, turnsOfOthers)
              longest = Math.max(longest, turnsOfOthers)
            }
          }
        }
        for (const priority of priorities) {
          if (!reference.waits(priority)) starving.delete(priority)
          assert.strictEqual(queue.sizeOf(priority), reference.sizeOf(priority))
        }
        assert.strictEqual(queue.size, reference.size())
      }
      // The bound is never exceeded, and it is reached.
      assert.strictEqual(longest, turns - 1)
      for (const [what, times] of Object.entries(seen)) assert.isAbove(times, 300, what)
    }).pipe(Random.withSeed("waiting in line"))
  )
})
