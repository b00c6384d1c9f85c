import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi balance", () => {
  it.live("prints cash with vouchers", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["balance", "--json"], { env }), ({ stdout }) =>
        assert.strictEqual(decoded("balance", stdout).available, 12.5)
      )
    )
  )

  it.live("fails at a host without balances", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["balance", "--provider", "together"], { env }), ({ code, stderr }) => {
        assert.strictEqual(code, 16)
        assert.include(stderr, "UnsupportedOperationError")
      })
    )
  )
})
