import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PublicLookup from "../../../src/node/internal/publicLookup.ts"

interface Looked {
  readonly error: Error | null
  readonly address: unknown
}

const lookUp = (addresses: ReadonlyArray<string>, all: boolean) =>
  Effect.callback<Looked>((resume) => {
    const lookup = PublicLookup.make((_name, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
      )
    )
    lookup("images.example.com", { all }, (error, address) => resume(Effect.succeed({ error, address })))
  })

describe("a lookup of public addresses", () => {
  it.effect("returns all of them", () =>
    Effect.gen(function* () {
      const { address, error } = yield* lookUp(["8.8.8.8", "2606:4700:4700::1111"], true)
      assert.isNull(error)
      assert.deepStrictEqual(address, [
        { address: "8.8.8.8", family: 4 },
        { address: "2606:4700:4700::1111", family: 6 }
      ])
    })
  )

  it.effect("returns the first where one is requested", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* lookUp(["8.8.8.8", "1.1.1.1"], false)).address, "8.8.8.8")
    })
  )

  for (const addresses of [
    ["127.0.0.1"],
    ["8.8.8.8", "10.0.0.1"],
    ["::1"],
    ["::ffff:169.254.169.254"],
    ["fe80::1%lo0"],
    ["not an address"]
  ]) {
    it.effect(`refuses a name with another address: ${addresses.join(", ")}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* lookUp(addresses, true)).error?.name, "PrivateAddress")
        assert.strictEqual((yield* lookUp(addresses, false)).error?.name, "PrivateAddress")
      })
    )
  }

  it.effect("passes the failure of the resolver on", () =>
    Effect.gen(function* () {
      const failure = new Error("ENOTFOUND")
      const error = yield* Effect.callback<Error | null>((resume) => {
        const lookup = PublicLookup.make((_name, _options, callback) => callback(failure, []))
        lookup("images.example.com", { all: true }, (error) => resume(Effect.succeed(error)))
      })
      assert.strictEqual(error, failure)
    })
  )
})
