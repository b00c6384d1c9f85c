import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as Stage from "../../src/pipeline/Stage.ts"

const stages = ["deadline", "retry", "timeout"].map(Stage.off)
const custom = Stage.make("custom", { options: { is: "custom" } })
const other = Stage.make("other", {})

const namesOf = (result: ReturnType<Pipeline.Edit>) => Result.getOrThrow(result).map(({ name }) => name)

const issuesOf = (result: ReturnType<Pipeline.Edit>) =>
  Result.match(result, { onSuccess: () => assert.fail("the edit was made"), onFailure: ({ issues }) => issues })

/** The stages of a client that is built with these layers. */
const built = (layer: Layer.Layer<never>) =>
  Effect.flatMap(Pipeline.currentEdits, (edits) => Effect.fromResult(Pipeline.applyEdits(stages, edits))).pipe(
    Effect.map((edited) => edited.map(({ name }) => name)),
    Effect.provide(layer)
  )

describe("an edit of a pipeline", () => {
  it("inserts a stage directly outside another", () => {
    assert.deepStrictEqual(namesOf(Pipeline.insertBefore("retry", custom)(stages)), [
      "deadline",
      "custom",
      "retry",
      "timeout"
    ])
  })

  it("inserts a stage directly inside another", () => {
    assert.deepStrictEqual(namesOf(Pipeline.insertAfter("retry", custom)(stages)), [
      "deadline",
      "retry",
      "custom",
      "timeout"
    ])
  })

  it("replaces a stage under its name", () => {
    const edited = Result.getOrThrow(Pipeline.replace("retry", custom)(stages))
    assert.deepStrictEqual(edited[1], { ...custom, name: "retry" })
    assert.strictEqual(edited.length, 3)
  })

  it("removes a stage", () => {
    assert.deepStrictEqual(namesOf(Pipeline.remove("retry")(stages)), ["deadline", "timeout"])
  })

  it("leaves the given stages as they are", () => {
    Pipeline.remove("retry")(stages)
    assert.strictEqual(stages.length, 3)
  })

  it("fails on an unknown stage with the names of those that are known", () => {
    assert.deepStrictEqual(issuesOf(Pipeline.insertBefore("retries", custom)(stages)), [
      { name: 'Pipeline.insertBefore("retries")', expected: "the name of a stage: deadline, retry, timeout" }
    ])
  })

  it("fails on a name that is taken", () => {
    assert.deepStrictEqual(issuesOf(Pipeline.insertAfter("retry", Stage.make("timeout", {}))(stages)), [
      {
        name: 'Pipeline.insertAfter("retry") of "timeout"',
        expected: "a stage whose name is not one of deadline, retry, timeout"
      }
    ])
  })

  it("fails with every edit that cannot be made", () => {
    const result = Pipeline.applyEdits(stages, [
      Pipeline.remove("a"),
      Pipeline.insertBefore("retry", custom),
      Pipeline.replace("b", other)
    ])
    assert.deepStrictEqual(
      issuesOf(result).map(({ name }) => name),
      ['Pipeline.remove("a")', 'Pipeline.replace("b")']
    )
  })

  it("may name a stage that an earlier edit inserted", () => {
    const result = Pipeline.applyEdits(stages, [
      Pipeline.insertBefore("retry", custom),
      Pipeline.insertBefore("custom", other)
    ])
    assert.deepStrictEqual(namesOf(result), ["deadline", "other", "custom", "retry", "timeout"])
  })
})

describe("layers of edits", () => {
  const first = Pipeline.layer(Pipeline.insertBefore("timeout", custom))
  const second = Pipeline.layer(Pipeline.insertBefore("timeout", other), Pipeline.remove("deadline"))

  it.effect("apply from left to right when they are merged", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* built(Layer.mergeAll(first, second)), ["retry", "custom", "other", "timeout"])
      assert.deepStrictEqual(yield* built(Layer.mergeAll(second, first)), ["retry", "other", "custom", "timeout"])
    })
  )

  it.effect("apply before the layer that they are provided to", () =>
    Effect.gen(function* () {
      const provided = first.pipe(Layer.provideMerge(second))
      assert.deepStrictEqual(yield* built(provided), ["retry", "other", "custom", "timeout"])
    })
  )

  it.effect("add up when they are provided one after another", () =>
    Effect.gen(function* () {
      const Names = Context.Service<ReadonlyArray<string>>("Names")
      const layer = Layer.effect(Names, built(Layer.empty)).pipe(Layer.provide(first), Layer.provide(second))
      const context = yield* Layer.build(layer)
      assert.deepStrictEqual(Context.get(context, Names), ["retry", "other", "custom", "timeout"])
    })
  )

  it.effect("apply once when they are provided twice", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* built(Layer.mergeAll(first, first)), ["deadline", "retry", "custom", "timeout"])
    })
  )

  it.effect("fail with a configuration error for what is no edit", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(built(Pipeline.layer(JSON.parse("null"), JSON.parse('"retry"'))))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["Pipeline.layer", "Pipeline.layer"]
      )
    })
  )
})
