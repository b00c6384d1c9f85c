import { assert, describe, it } from "@effect/vitest"
import { redactKeys, redactSecrets } from "../../../../src/observability/internal/logging/Secrets.ts"

describe("redactSecrets", () => {
  it("redacts exactly what looks like a secret", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["Authorization: Bearer abc.def", "Authorization: Bearer <redacted>"],
      ["key sk-0123456789, then", "key <redacted>, then"],
      ["account ak-0123456789", "account ak-<redacted>"],
      ["redis://user:pass@host/0", "redis://<redacted>@host/0"],
      ["://a@", "://<redacted>@"],
      ["a risk-free task-list of 3 proj", "a risk-free task-list of 3 proj"],
      ["", ""]
    ]
    for (const [text, expected] of rows) assert.strictEqual(redactSecrets(text), expected)
  })

  it("runs in linear time for any text", () => {
    for (const text of ["Bearer ", "sk-", "://a", "org-aaaaa ", "://"]) {
      const long = text.repeat(100_000)
      assert.isAtMost(redactSecrets(long).length, long.length * 4)
    }
  })
})

describe("redactKeys", () => {
  it("keeps what only looks like the id of an account", () =>
    assert.strictEqual(redactKeys("proj-nightly1/sk-0123456789"), "proj-nightly1/<redacted>"))
})
