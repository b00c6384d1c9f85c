import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Pool } from "undici"
import { vi } from "vitest"
import { loadPools } from "../../../src/node/internal/undiciModules.ts"

// As a version of undici would have it that exports its pool by name.
vi.mock("undici/lib/dispatcher/pool.js", () => ({ default: { Pool: class {} } }))

describe("undiciModules", () => {
  it.effect("loads the whole of undici when a file does not export what it is named after", () =>
    Effect.gen(function* () {
      const modules = yield* loadPools
      assert.strictEqual(modules.Pool, Pool)
    })
  )
})
