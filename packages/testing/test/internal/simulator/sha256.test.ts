import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Digest from "effect/crypto/Digest"
import { Cause, Effect, Exit } from "effect"
import { service } from "../../../src/internal/simulator/digest.ts"
import { sha256 } from "../../../src/internal/simulator/sha256.ts"

const bytesOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 167 + size) % 256)

describe("sha256", () => {
  it("agrees with Node for every size up to three blocks", () => {
    for (let size = 0; size <= 192; size += 1) {
      const expected = createHash("sha256").update(bytesOf(size)).digest("hex")
      assert.strictEqual(Buffer.from(sha256(bytesOf(size))).toString("hex"), expected, `${size} bytes`)
    }
  })

  it("agrees with Node for a megabyte", () => {
    const data = bytesOf(1_048_576)
    assert.strictEqual(Buffer.from(sha256(data)).toString("hex"), createHash("sha256").update(data).digest("hex"))
  })
})

describe("the digest of a simulation", () => {
  it.effect("formats a digest as lowercase hexadecimal digits", () =>
    Effect.gen(function* () {
      const expected = createHash("sha256").update("abc").digest("hex")
      assert.strictEqual(yield* service.digestHex(Digest.sha256, new TextEncoder().encode("abc")), expected)
    })
  )

  it.effect("uses the implementation of an algorithm that has one", () =>
    Effect.gen(function* () {
      const expected = createHash("md5").update("abc").digest("hex")
      assert.strictEqual(yield* service.digestHex(Digest.md5, new TextEncoder().encode("abc")), expected)
    })
  )

  it.effect("dies with the name of an algorithm that it does not have", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(service.digest(Digest.sha512, new Uint8Array()))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "SHA-512")
    })
  )
})
