import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Attempt, StreamAttempt } from "../../src/pipeline/Call.ts"
import * as Stage from "../../src/pipeline/Stage.ts"

const attempt: Attempt = () => Effect.never
const streamAttempt: StreamAttempt = () => Stream.never

describe("Stage", () => {
  it("leaves calls unchanged where it is given nothing", () => {
    const stage = Stage.make("empty", {})
    assert.strictEqual(stage.effect(attempt), attempt)
    assert.strictEqual(stage.stream(streamAttempt), streamAttempt)
    assert.deepStrictEqual([stage.name, stage.options], ["empty", {}])
  })

  it("is off when it leaves every call unchanged", () => {
    assert.isTrue(Stage.isOff(Stage.off("cache")))
    assert.isFalse(Stage.isOff(Stage.make("one", { effect: () => attempt })))
    assert.isFalse(Stage.isOff(Stage.make("one", { stream: () => streamAttempt })))
  })

  it("is described as off when it is", () => {
    assert.deepStrictEqual(Stage.off("cache").options, { is: "off" })
  })
})
