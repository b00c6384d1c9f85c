import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { runs, seedOf } from "../../../../../test/support/depth.ts"
import { CassetteFormatError, CassetteVersionError } from "../../../src/CassetteErrors.ts"
import { Interaction } from "../../../src/cassette/Interaction.ts"
import * as CassetteText from "../../../src/internal/cassette/cassetteText.ts"

const interaction = (path: string, answer: number): Interaction => ({
  request: {
    method: "POST",
    origin: "https://api.moonshot.ai",
    path,
    headers: {},
    body: { json: { model: "kimi-k3" } }
  },
  response: { status: 200, headers: { b: "2", a: "1" }, body: { json: { answer } } }
})

const parse = (text: string) => CassetteText.parse("test", text)
const failure = (text: string) => Effect.flip(parse(text))
const damage = (change: (text: string) => string) =>
  failure(change(CassetteText.render([interaction("/a", 1), interaction("/b", 2)])))

describe("cassetteText", () => {
  it("has one block for each interaction, with one line for each header", () => {
    assert.strictEqual(
      CassetteText.render([interaction("/v1/chat/completions", 1)]),
      `{
  "format": "kimi-cassette",
  "version": 1,
  "interactions": [
    {
      "request": {
        "method": "POST",
        "origin": "https://api.moonshot.ai",
        "path": "/v1/chat/completions",
        "headers": {},
        "body": {"json":{"model":"kimi-k3"}}
      },
      "response": {
        "status": 200,
        "headers": {
          "a": "1",
          "b": "2"
        },
        "body": {"json":{"answer":1}}
      }
    }
  ]
}
`
    )
  })

  it("does not depend on the order in which different requests were recorded", () => {
    const recorded = [interaction("/a", 1), interaction("/b", 2), interaction("/c", 3)]
    assert.strictEqual(CassetteText.render(recorded), CassetteText.render(recorded.toReversed()))
  })

  it.effect("keeps the order of the same request", () =>
    Effect.gen(function* () {
      const read = yield* parse(CassetteText.render([interaction("/a", 2), interaction("/a", 1)]))
      assert.deepStrictEqual(
        read.map(({ response }) => response.body),
        [{ json: { answer: 2 } }, { json: { answer: 1 } }]
      )
    })
  )

  it.effect("of a newer version is a CassetteVersionError", () =>
    Effect.gen(function* () {
      const error = yield* damage((text) => text.replace('"version": 1', '"version": 2'))
      assert.instanceOf(error, CassetteVersionError)
      assert.include(error.message, "update the package")
    })
  )

  it.effect("that is not JSON names the line", () =>
    Effect.gen(function* () {
      const error = yield* damage((text) => text.replace('"headers": {},', '"headers": {,'))
      assert.instanceOf(error, CassetteFormatError)
      assert.include(error.message, "at line 10")
    })
  )

  it.effect("with a wrong member names its path", () =>
    Effect.gen(function* () {
      const error = yield* damage((text) => text.replaceAll('"status": 200', '"status": "ok"'))
      assert.strictEqual((error as CassetteFormatError).path, "interactions[0].response.status")
    })
  )

  it.effect("of another format is a CassetteFormatError", () =>
    Effect.map(failure('{"version":1,"interactions":[]}'), (error) => assert.instanceOf(error, CassetteFormatError))
  )

  it.effect("that is nested deeper than the stack is a CassetteFormatError", () =>
    Effect.map(
      damage((text) => text.replace('{"model":"kimi-k3"}', `${"[".repeat(100_000)}${"]".repeat(100_000)}`)),
      (error) => assert.instanceOf(error, CassetteFormatError)
    )
  )

  it.effect.prop(
    "reads what it renders",
    [Schema.Array(Interaction)],
    ([interactions]) =>
      Effect.gen(function* () {
        const text = CassetteText.render(interactions)
        assert.strictEqual(CassetteText.render(yield* parse(text)), text)
      }),
    { arbitrary: { seed: seedOf("cassettes"), runs: runs({ sample: 100, deep: 3_000 }) } }
  )
})
