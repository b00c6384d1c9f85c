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

  it.live.each([
    { provider: "moonshot", currency: "USD", text: "12.5 USD available: " },
    { provider: "moonshot-cn", currency: "CNY", text: "12.5 CNY available: " },
    { provider: "custom", currency: undefined, text: "12.5 available: " }
  ])("has the currency of the region of $provider", ({ currency, provider, text }) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const args = ["balance", "--provider", provider]
        assert.include((yield* runKimi(args, { env })).stdout, text)
        const { stdout } = yield* runKimi([...args, "--json"], { env })
        assert.strictEqual(decoded("balance", stdout).currency, currency)
      })
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
