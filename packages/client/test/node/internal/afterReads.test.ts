import { setImmediate } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import { afterReads } from "../../../src/node/internal/afterReads.ts"

describe("afterReads", () => {
  it("runs tasks in order after the code that adds them", async () => {
    const ran: Array<string> = []
    afterReads(() => ran.push("first"))
    afterReads(() => ran.push("second"))
    queueMicrotask(() => ran.push("microtask"))
    assert.deepStrictEqual(ran, [])
    await setImmediate()
    assert.deepStrictEqual(ran, ["microtask", "first", "second"])
  })

  it("runs a task that another adds in a later turn", async () => {
    const ran: Array<string> = []
    afterReads(() => {
      afterReads(() => ran.push("added"))
      ran.push("first")
    })
    await setImmediate()
    assert.deepStrictEqual(ran, ["first"])
    await setImmediate()
    assert.deepStrictEqual(ran, ["first", "added"])
  })

  it("runs the tasks after one that throws", async () => {
    const ran: Array<string> = []
    const failure = new Error("a task failed")
    const caught: Array<unknown> = []
    const listeners = process.listeners("uncaughtException")
    process.removeAllListeners("uncaughtException")
    process.once("uncaughtException", (error) => caught.push(error))
    afterReads(() => {
      throw failure
    })
    afterReads(() => ran.push("next"))
    await setImmediate()
    await setImmediate()
    for (const listener of listeners) process.on("uncaughtException", listener)
    assert.deepStrictEqual(caught, [failure])
    assert.deepStrictEqual(ran, ["next"])
  })
})
