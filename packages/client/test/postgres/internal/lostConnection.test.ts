import { assert, describe, it } from "@effect/vitest"
import { AuthenticationError, ConnectionError, SqlError, UnknownError } from "effect/sql/SqlError"
import { isLost } from "../../../src/postgres/internal/lostConnection.ts"

const server = (operation: "connect" | "query", code: string, severityUnlocalized: string) =>
  new SqlError({
    reason: new UnknownError({ cause: Object.assign(new Error("refused"), { code, severityUnlocalized }), operation })
  })

describe("a lost connection", () => {
  it.each(["57P01", "57P02", "57P03", "57P05", "53300", "25006"])("is one that ends with %s", (code) => {
    assert.isTrue(isLost(server("connect", code, "FATAL")))
  })

  it("is one whose socket has ended", () => {
    assert.isTrue(isLost(new SqlError({ reason: new ConnectionError({ cause: new Error("closed") }) })))
  })

  it("is one that any fatal error has ended", () => {
    assert.isTrue(isLost(server("query", "57P04", "FATAL")))
  })

  it("is not one that the server refuses for its database", () => {
    assert.isFalse(isLost(server("connect", "3D000", "FATAL")))
  })

  it("is not one that the server refuses for its password", () => {
    assert.isFalse(isLost(new SqlError({ reason: new AuthenticationError({ cause: new Error("no") }) })))
  })

  it("is not one on which a statement has failed", () => {
    assert.isFalse(isLost(server("query", "22P02", "ERROR")))
  })
})
