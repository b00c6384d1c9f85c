import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as CircuitWindow from "../../../../src/resilience/internal/circuit/CircuitWindow.ts"

const good: CircuitWindow.CallResult = { isFailure: false, isSlow: false }
const bad: CircuitWindow.CallResult = { isFailure: true, isSlow: false }
const slow: CircuitWindow.CallResult = { isFailure: false, isSlow: true }

const count: CircuitWindow.Window = { _tag: "Count", size: 3 }
const second: CircuitWindow.Window = { _tag: "Time", millis: 1_000 }

const remember = (
  window: CircuitWindow.Window,
  calls: ReadonlyArray<readonly [at: number, call: CircuitWindow.CallResult]>,
  memory = CircuitWindow.empty(window)
) => calls.reduce((memory, [at, call]) => CircuitWindow.add(memory, window, call, at), memory)

const callsAt = (memory: CircuitWindow.WindowState, window: CircuitWindow.Window, now: number) =>
  CircuitWindow.count(memory, window, now).calls

describe("A window over a number of calls", () => {
  it("counts calls by how they ended", () => {
    assert.deepStrictEqual(CircuitWindow.count(CircuitWindow.empty(count), count, 0), {
      calls: 0,
      failures: 0,
      slow: 0
    })
    const memory = remember(count, [
      [0, good],
      [0, bad],
      [0, slow]
    ])
    assert.deepStrictEqual(CircuitWindow.count(memory, count, 0), { calls: 3, failures: 1, slow: 1 })
  })

  it("drops the oldest call for the newest, but none as time passes", () => {
    const memory = remember(count, [
      [0, bad],
      [0, slow],
      [0, good],
      [0, good]
    ])
    assert.deepStrictEqual(CircuitWindow.count(memory, count, 1e12), { calls: 3, failures: 0, slow: 1 })
    const next = CircuitWindow.add(memory, count, good, 0)
    assert.deepStrictEqual(CircuitWindow.count(next, count, 0), { calls: 3, failures: 0, slow: 0 })
  })
})

describe("A window over a span of time", () => {
  it("counts a call exactly until its slot has left", () => {
    const memory = remember(second, [[100, bad]])
    assert.deepStrictEqual(CircuitWindow.count(memory, second, 1_099), { calls: 1, failures: 1, slow: 0 })
    assert.deepStrictEqual(CircuitWindow.count(memory, second, 1_100), { calls: 0, failures: 0, slow: 0 })
    const late = remember(second, [[199, bad]])
    assert.strictEqual(callsAt(late, second, 1_099), 1)
    assert.strictEqual(callsAt(late, second, 1_100), 0)
  })

  it("drops slots one by one", () => {
    const memory = remember(second, [
      [0, bad],
      [99, slow],
      [100, good],
      [950, bad]
    ])
    assert.deepStrictEqual(CircuitWindow.count(memory, second, 999), { calls: 4, failures: 2, slow: 1 })
    assert.deepStrictEqual(CircuitWindow.count(memory, second, 1_000), { calls: 2, failures: 1, slow: 0 })
    assert.deepStrictEqual(CircuitWindow.count(memory, second, 1_100), { calls: 1, failures: 1, slow: 0 })
    assert.strictEqual(callsAt(memory, second, 1_900), 0)
  })

  it("has at most ten slots for any number of calls", () => {
    const many = Array.from({ length: 5_000 }, (_, index) => [index * 3, good] as const)
    const memory = remember(second, many)
    assert.isTrue(memory._tag === "Time" && memory.earlier.length < 10)
  })

  it("adds to the newest slot if the clock goes back a little", () => {
    const memory = remember(second, [
      [550, bad],
      [120, slow]
    ])
    assert.deepStrictEqual(CircuitWindow.count(memory, second, 120), { calls: 2, failures: 1, slow: 1 })
    assert.strictEqual(callsAt(memory, second, 1_499), 2)
    assert.strictEqual(callsAt(memory, second, 1_500), 0)
  })

  it("drops slots that are ahead by a whole window if the clock goes back far", () => {
    const memory = remember(second, [
      [5_000, bad],
      [4_099, good]
    ])
    assert.strictEqual(callsAt(memory, second, 4_100), 1)
    const day = remember(second, [[86_400_000, bad]])
    assert.strictEqual(callsAt(day, second, 0), 0)
    const after = remember(second, [[0, good]], day)
    assert.strictEqual(callsAt(after, second, 999), 1)
    assert.strictEqual(callsAt(after, second, 1_000), 0)
  })

  it.effect("counts the calls of the slots that it covers, at any time", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const below = (bound: number) => Math.floor(chance.nextDoubleUnsafe() * bound)
      for (let number = 0; number < 2_000; number++) {
        const tenth = 1 + below(50)
        const window: CircuitWindow.Window = { _tag: "Time", millis: tenth * 10 }
        const times: Array<number> = []
        let memory = CircuitWindow.empty(window)
        let now = below(1e12)
        for (let call = 0; call < 30; call++) {
          now += below(tenth * 3)
          times.push(now)
          memory = CircuitWindow.add(memory, window, good, now)
          const from = now - (now % tenth) - 9 * tenth
          assert.strictEqual(callsAt(memory, window, now), times.filter((time) => time >= from).length)
        }
      }
    }).pipe(Random.withSeed("window"))
  )
})

describe("The data of a window", () => {
  it("is empty at first", () => {
    assert.deepStrictEqual(CircuitWindow.empty(count), { _tag: "Count", calls: [] })
    assert.deepStrictEqual(CircuitWindow.empty(second), {
      _tag: "Time",
      earlier: [],
      latest: undefined,
      total: { calls: 0, failures: 0, slow: 0 }
    })
  })

  it("has the calls of each slot with their sum", () => {
    const memory = remember(second, [
      [100, bad],
      [250, slow],
      [299, good]
    ])
    assert.deepStrictEqual(memory, {
      _tag: "Time",
      earlier: [{ index: 1, calls: 1, failures: 1, slow: 0 }],
      latest: { index: 2, calls: 2, failures: 0, slow: 1 },
      total: { calls: 3, failures: 1, slow: 1 }
    })
  })
})

describe("A window that is moved in time", () => {
  it("has its calls that much later", () => {
    const moved = CircuitWindow.shift(remember(second, [[100, bad]]), second, 5_000)
    assert.strictEqual(callsAt(moved, second, 4_000), 0)
    assert.strictEqual(callsAt(moved, second, 6_099), 1)
    assert.strictEqual(callsAt(moved, second, 6_100), 0)
  })

  it("stays as it is if it is over a number of calls", () => {
    const memory = remember(count, [[0, bad]])
    assert.strictEqual(CircuitWindow.shift(memory, count, 5_000), memory)
    assert.strictEqual(CircuitWindow.shift(memory, second, 5_000), memory)
  })

  it("stays as it is if it is now over a number of calls", () => {
    const memory = remember(second, [[0, bad]])
    assert.strictEqual(CircuitWindow.shift(memory, count, 5_000), memory)
  })

  it("stays empty", () => {
    assert.deepStrictEqual(CircuitWindow.shift(CircuitWindow.empty(second), second, 5_000), CircuitWindow.empty(second))
  })
})

describe("State of another kind of window", () => {
  it("is dropped", () => {
    const counted = remember(count, [
      [0, bad],
      [0, bad]
    ])
    assert.strictEqual(callsAt(counted, second, 0), 0)
    assert.strictEqual(callsAt(remember(second, [[0, good]], counted), second, 0), 1)
    const timed = remember(second, [
      [0, bad],
      [0, bad]
    ])
    assert.strictEqual(callsAt(timed, count, 0), 0)
    assert.strictEqual(callsAt(remember(count, [[0, good]], timed), count, 0), 1)
  })

  it("is cut to the current size", () => {
    const wide = remember(
      { _tag: "Count", size: 9 },
      Array.from({ length: 9 }, () => [0, bad] as const)
    )
    assert.strictEqual(callsAt(CircuitWindow.add(wide, count, good, 0), count, 0), 3)
  })
})
