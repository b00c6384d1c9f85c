import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { balanceReader } from "../../src/internal/balanceReader.ts"
import { providers } from "../../src/Provider.ts"
import { balanceJson, hostApiOf } from "../support/hosts.ts"

const api = () => hostApiOf(providers.moonshot, () => Effect.succeed(balanceJson(3)))

describe("balanceReader", () => {
  it.effect("reads the balance of the account", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* balanceReader(api())).available_balance, 3)
    })
  )

  it("is the same effect for the same host API", () => {
    const one = api()
    assert.strictEqual(balanceReader(one), balanceReader(one))
  })

  it("is another effect for another host API", () => {
    assert.notStrictEqual(balanceReader(api()), balanceReader(api()))
  })
})
