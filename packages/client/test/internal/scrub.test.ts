import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { scrub } from "../../src/internal/scrub.ts"

const key = "Xy7.custom-key/0123456789+="

describe("scrub", () => {
  it("redacts every occurrence of the caller's key, in any format", () => {
    assert.strictEqual(scrub(`no ${key}, really no ${key}`, key), "no <redacted>, really no <redacted>")
    for (const odd of ["$&$1(.*)[a]", "....", "a b c d"]) {
      assert.strictEqual(scrub(`<${odd}>`, odd), "<<redacted>>")
    }
  })

  it("redacts other credentials", () => {
    assert.strictEqual(scrub("Authorization: Bearer abc.def-ghi", undefined), "Authorization: Bearer <redacted>")
    assert.strictEqual(scrub("authorization:bearer  abc, next", undefined), "authorization:Bearer <redacted>, next")
    assert.strictEqual(scrub('{"key":"sk-AbCd_12-34"}', undefined), '{"key":"<redacted>"}')
    assert.strictEqual(scrub("sk-abcdef and sk-abcde", undefined), "<redacted> and sk-abcde")
    assert.strictEqual(scrub("at https://user:pass@host/v1", undefined), "at https://<redacted>@host/v1")
    assert.strictEqual(scrub("redis://:pass@host:6379", undefined), "redis://<redacted>@host:6379")
  })

  it("redacts every kind of id", () => {
    assert.strictEqual(
      scrub("Your account org-0123456789abcdef<ak-0123456789ab> request, uid-012345, proj-abcdef", undefined),
      "Your account org-<redacted><ak-<redacted>> request, uid-<redacted>, proj-<redacted>"
    )
  })

  it("does not change ordinary text", () => {
    for (const text of [
      "",
      "invalid temperature: only 1 is allowed for this model",
      "ask-me, task-123456, risk-averse, org-1",
      "https://api.moonshot.ai/v1/chat/completions",
      "write to a@b.example",
      "你好 👋"
    ]) {
      assert.strictEqual(scrub(text, key), text)
    }
  })

  it("does not redact a secret that is too short", () => {
    assert.strictEqual(scrub("the cat sat", "at"), "the cat sat")
    assert.strictEqual(scrub("the cat sat", ""), "the cat sat")
    assert.strictEqual(scrub("the cat sat", "cat"), "the cat sat")
    assert.strictEqual(scrub("the cats sat", "cats"), "the <redacted> sat")
  })

  it("truncates to 2 KB with a mark", () => {
    assert.strictEqual(scrub("x".repeat(2_048), undefined), "x".repeat(2_048))
    assert.strictEqual(scrub("x".repeat(2_049), undefined), `${"x".repeat(2_048)}…`)
    assert.strictEqual(scrub("x".repeat(8_193), key), `${"x".repeat(2_048)}…`)
  })

  it("redacts a key before truncating", () => {
    const text = `${"x".repeat(2_040)}${key}`
    assert.strictEqual(scrub(text, key), `${"x".repeat(2_040)}<redacte…`)
    assert.strictEqual(scrub(`${"x".repeat(2_039)} sk-0123456789`, undefined), `${"x".repeat(2_039)} <redacte…`)
  })

  it("leaves no start of a key that the input limit splits", () => {
    const long = "k0123456789".repeat(12)
    for (let before = 0; before < long.length; before += 7) {
      const out = scrub("x".repeat(before) + long.repeat(200), long)
      assert.notInclude(out, "0123", `${before} characters before`)
      assert.isAtMost(out.length, 2_049)
    }
  })

  it("reads at most 8 KB of a hostile text", () => {
    const size = 1_000_000
    const hostile = [
      "Bearer ".repeat(size / 7),
      "Bearer" + " ".repeat(size),
      "://".repeat(size / 3),
      "://" + "a".repeat(size),
      "sk-".repeat(size / 3),
      "org-ak-uid-proj-".repeat(size / 16),
      "://a".repeat(size / 4) + "@",
      "\u0000".repeat(size),
      key.repeat(size / key.length)
    ]
    for (const text of hostile) {
      assert.strictEqual(scrub(text, undefined), scrub(text.slice(0, 8_192), undefined))
      assert.isAtMost(scrub(text, key).length, 2_049)
    }
  })

  it("reads no further even if most of the text was redacted", () => {
    const text = `sk-${"a".repeat(200)} `.repeat(5_000)
    assert.isAtMost(scrub(text, undefined).length, (8_192 / 204) * "<redacted> ".length + 204)
  })

  it.prop("redacts the key at any position", [Schema.String, Schema.String], ([before, after]) => {
    assert.notInclude(scrub(`${before}${key}${after}${key}`, key), key)
  })
})
