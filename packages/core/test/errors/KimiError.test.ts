import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Equal, Schema } from "effect"
import * as ErrorFacts from "../../src/errors/ErrorFacts.ts"
import { classes, codec, isKimiError, KimiError } from "../../src/errors/KimiError.ts"
import { refusal, throughText } from "../support/codec.ts"

const tags = Object.keys(classes).toSorted()

describe("KimiError", () => {
  it("distinguishes at least 35 failures", () => {
    assert.isAtLeast(tags.length, 35)
  })

  it("has one class for every row of the table", () => {
    assert.deepStrictEqual(tags, Object.keys(ErrorFacts.table).toSorted())
  })

  it("identifies every class by its tag within the package", () => {
    for (const [tag, Class] of Object.entries(classes)) assert.strictEqual(Class.identifier, `@kimi-effect/core/${tag}`)
  })

  for (const [tag, Class] of Object.entries(classes)) {
    it.effect.prop(
      `${tag} is equal after a round trip through JSON text`,
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

  // The property above compares with `Equal`, which must therefore detect differences.
  it("compares errors by value", () => {
    const error = new classes.DnsError({ message: "a", code: "ENOTFOUND" })
    assert.isTrue(Equal.equals(error, new classes.DnsError({ message: "a", code: "ENOTFOUND" })))
    assert.isFalse(Equal.equals(error, new classes.DnsError({ message: "b", code: "ENOTFOUND" })))
    assert.isFalse(Equal.equals(error, new classes.DnsError({ message: "a", code: "EAI_AGAIN" })))
    assert.isFalse(Equal.equals(error, new classes.TlsError({ message: "a", code: "ENOTFOUND" })))
  })

  it.effect("recognizes errors of every class", () =>
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

  it("does not recognize other values as errors of the library", () => {
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

  it("refuses an encoded error with an unknown tag", () => {
    assert.isDefined(refusal(codec, { _tag: "NoSuchError", message: "a" }))
    assert.isDefined(refusal(codec, { _tag: "__proto__", message: "a" }))
  })

  it("refuses an encoded error that lacks a member of its class", () => {
    assert.include(refusal(codec, { _tag: "ModelRetiredError", message: "a", successor: "kimi-k3" }), "retiredOn")
  })

  it("encodes structured members as JSON", () => {
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

  it("is a schema that every class matches", () => {
    assert.isTrue(Schema.is(KimiError)(new classes.OverloadedError({ message: "busy" })))
  })

  it("has classes whose schemas match only their own instances", () => {
    assert.isFalse(Schema.is(classes.DnsError)(new classes.OverloadedError({ message: "busy" })))
  })
})
