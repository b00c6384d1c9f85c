import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Equal, Schema } from "effect"
import * as ErrorFacts from "../../src/errors/ErrorFacts.ts"
import { classes, codec, isKimiError, KimiError } from "../../src/errors/KimiError.ts"
import { refusal, throughText } from "../support/codec.ts"

const tags = Object.keys(classes).toSorted()

describe("KimiError", () => {
  it("tells at least 35 failures apart", () => {
    assert.isAtLeast(tags.length, 35)
  })

  it("has one class for every row of facts", () => {
    assert.deepStrictEqual(tags, Object.keys(ErrorFacts.table).toSorted())
  })

  it("identifies every class by package and tag", () => {
    for (const [tag, Class] of Object.entries(classes)) assert.strictEqual(Class.identifier, `@kimi-effect/core/${tag}`)
  })

  for (const [tag, Class] of Object.entries(classes)) {
    it.effect.prop(
      `${tag} comes back equal and of its own class from JSON text`,
      [Class],
      ([error]) =>
        Effect.gen(function* () {
          const encoded = yield* Schema.encodeEffect(codec)(error)
          const decoded = yield* Schema.decodeUnknownEffect(codec)(throughText(encoded))
          assert.isTrue(Equal.equals(decoded, error))
          assert.strictEqual(Object.getPrototypeOf(decoded), Class.prototype)
          assert.strictEqual(decoded.name, tag)
          assert.strictEqual(decoded._tag, tag)
          assert.strictEqual(decoded.message, error.message)
        }),
      { arbitrary: { seed: tag, runs: 50 } }
    )
  }

  // The property above compares with `Equal`, so `Equal` must see differences.
  it("tells errors apart by tag, by message and by every member", () => {
    const error = new classes.DnsError({ message: "a", code: "ENOTFOUND" })
    assert.isTrue(Equal.equals(error, new classes.DnsError({ message: "a", code: "ENOTFOUND" })))
    assert.isFalse(Equal.equals(error, new classes.DnsError({ message: "b", code: "ENOTFOUND" })))
    assert.isFalse(Equal.equals(error, new classes.DnsError({ message: "a", code: "EAI_AGAIN" })))
    assert.isFalse(Equal.equals(error, new classes.TlsError({ message: "a", code: "ENOTFOUND" })))
  })

  it.effect("recognises an error of every class", () =>
    Effect.gen(function* () {
      for (const Class of Object.values(classes)) {
        const errors: ReadonlyArray<KimiError> = yield* Arbitrary.sampleEffect(Arbitrary.schema(Class), {
          seed: 1,
          count: 3
        })
        assert.isTrue(errors.every(isKimiError), Class.identifier)
      }
    })
  )

  it("takes nothing else for an error of the library", () => {
    for (const value of [
      undefined,
      null,
      "DnsError",
      new Error("DnsError"),
      { _tag: "DnsError", message: "not an instance" }
    ]) {
      assert.isFalse(isKimiError(value))
    }
  })

  it("refuses an encoded error whose tag it does not know, or which lacks a member of its class", () => {
    assert.isDefined(refusal(codec, { _tag: "NoSuchError", message: "a" }))
    assert.isDefined(refusal(codec, { _tag: "__proto__", message: "a" }))
    assert.include(refusal(codec, { _tag: "ModelRetiredError", message: "a", successor: "kimi-k3" }), "retiredOn")
  })

  it("writes a duration and a partial answer in a form that JSON keeps", () => {
    const partial = {
      content: "So",
      reasoning_content: "",
      tool_calls: [],
      usage: { prompt_tokens: 3, completion_tokens: 1 }
    }
    const error = new classes.StreamTruncatedError({ message: "cut", retryAfter: Duration.millis(1500), partial })
    const encoded = throughText(Schema.encodeSync(codec)(error))
    assert.deepInclude(encoded, { _tag: "StreamTruncatedError", message: "cut", partial })
    assert.notProperty(encoded, "stack")
    assert.notProperty(encoded, "hint")
  })

  it("is the schema of every class, and so of their union", () => {
    assert.isTrue(Schema.is(KimiError)(new classes.OverloadedError({ message: "busy" })))
    assert.isFalse(Schema.is(classes.DnsError)(new classes.OverloadedError({ message: "busy" })))
  })
})
